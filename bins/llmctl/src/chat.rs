//! Chats: words as they come to standard output, tokens and cost to standard error.

mod arguments;
mod cost;

use std::io::{self, IsTerminal, Read, Write};

use weighhouse_client::{ChatEvent, ChatMessage, ChatRequest, ChatUsage, Client, Spoken};

pub(crate) use arguments::ChatArguments;

use crate::arguments::Format;
use crate::failure::Failure;
use crate::output::{Output, Table, complain, say};
use crate::terminal;

/// Larger is no prompt.
const MAX_PROMPT_BYTES: u64 = 16 * 1024 * 1024;

/// A conversation.
struct Chat<'client> {
    client: &'client Client,
    request: ChatRequest,
    is_streamed: bool,
    is_quiet: bool,
    /// What was said to be written otherwise than as words.
    format: Option<Format>,
}

/// How a turn went.
struct Turn {
    text: String,
    usage: Option<ChatUsage>,
    finish_reason: Option<String>,
    spoken: Spoken,
    is_stopped: bool,
}

pub(crate) async fn run(
    client: &Client,
    asked: ChatArguments,
    format: Option<Format>,
) -> Result<(), Failure> {
    let format = format.filter(|format| matches!(format, Format::Json | Format::Yaml));
    let system = asked.system.map(|content| ChatMessage { role: "system", content });
    let mut chat = Chat {
        client,
        request: ChatRequest {
            model: asked.model,
            messages: system.into_iter().collect(),
            max_tokens: asked.max_tokens,
        },
        is_streamed: !asked.no_stream && format.is_none(),
        is_quiet: asked.quiet,
        format,
    };
    let prompt = match asked.prompt.filter(|prompt| prompt != "-") {
        Some(prompt) => prompt,
        None if terminal::is_attended() => return chat.converse().await,
        None => from_stdin()?,
    };
    if prompt.trim().is_empty() {
        return Err(Failure::usage("the prompt is empty").hint("llmctl chat MODEL PROMPT"));
    }
    if chat.turn(prompt).await? { Err(Failure::interrupted()) } else { Ok(()) }
}

impl Chat<'_> {
    /// Turn by turn, until the terminal's end. What goes wrong with a turn does not end the others.
    async fn converse(&mut self) -> Result<(), Failure> {
        loop {
            terminal::show("> ")?;
            // The line is read aside, so that Ctrl-C is heard meanwhile.
            let line = tokio::task::spawn_blocking(terminal::line);
            let line = tokio::select! {
                line = line => line.map_err(|error| Failure::other(format!("the terminal: {error}")))??,
                _ = tokio::signal::ctrl_c() => return Err(Failure::interrupted()),
            };
            let Some(line) = line else {
                say("");
                return Ok(());
            };
            if line.trim().is_empty() {
                continue;
            }
            let before = self.request.messages.len();
            if let Err(failure) = self.turn(line.trim_end().to_owned()).await {
                self.request.messages.truncate(before);
                complain(&failure, true);
            }
        }
    }

    /// One turn; whether Ctrl-C stopped it. What was said of the answer stays in the conversation.
    async fn turn(&mut self, prompt: String) -> Result<bool, Failure> {
        self.request.messages.push(ChatMessage { role: "user", content: prompt });
        let turn = if self.is_streamed { self.streamed().await? } else { self.whole().await? };
        if !self.is_quiet {
            self.tell(&turn).await;
        }
        self.request.messages.push(ChatMessage { role: "assistant", content: turn.text });
        Ok(turn.is_stopped)
    }

    async fn streamed(&self) -> Result<Turn, Failure> {
        let mut stream = tokio::select! {
            stream = self.client.stream_chat(&self.request) => stream?,
            _ = tokio::signal::ctrl_c() => return Err(Failure::interrupted()),
        };
        let mut out = Words::default();
        let mut turn = Turn {
            text: String::new(),
            usage: None,
            finish_reason: None,
            spoken: stream.spoken().clone(),
            is_stopped: false,
        };
        loop {
            let event = tokio::select! {
                event = stream.next() => event,
                _ = tokio::signal::ctrl_c() => {
                    turn.is_stopped = true;
                    break;
                }
            };
            match event {
                Ok(Some(ChatEvent::Text(text))) => {
                    out.write(&text)?;
                    turn.text.push_str(&text);
                    // Nobody reads on, so nothing more is paid for.
                    if out.is_closed {
                        break;
                    }
                }
                Ok(Some(ChatEvent::Finished(reason))) => turn.finish_reason = Some(reason),
                Ok(Some(ChatEvent::Usage(usage))) => turn.usage = Some(usage),
                Ok(None) => break,
                Err(error) => {
                    out.end()?;
                    return Err(error.into());
                }
            }
        }
        out.end()?;
        Ok(turn)
    }

    async fn whole(&self) -> Result<Turn, Failure> {
        let answer = tokio::select! {
            answer = self.client.chat(&self.request) => answer?,
            _ = tokio::signal::ctrl_c() => return Err(Failure::interrupted()),
        };
        match self.format {
            Some(format) => Output::new(format, true).write(&answer.written, Table::record)?,
            None => {
                let mut out = Words::default();
                out.write(&answer.text)?;
                out.end()?;
            }
        }
        let (text, usage, finish_reason) = (answer.text, answer.usage, answer.finish_reason);
        Ok(Turn { text, usage, finish_reason, spoken: answer.spoken, is_stopped: false })
    }

    async fn tell(&self, turn: &Turn) {
        let mut words = Vec::new();
        if let Some(usage) = turn.usage {
            words.push(format!("{} tokens in, {} out", usage.prompt_tokens, usage.completion_tokens));
        }
        match cost::of(self.client, &turn.spoken).await {
            Some(cost) => words.push(format!("${cost}")),
            None => words.extend(
                turn.spoken.call_id.iter().map(|id| format!("not booked yet: llmctl spend explain {id}")),
            ),
        }
        if turn.is_stopped {
            words.push("stopped".to_owned());
        }
        if turn.finish_reason.as_deref() == Some("length") {
            words.push("cut at its most tokens".to_owned());
        }
        say(&format!("[{}]", words.join(", ")));
    }
}

/// A model's words on standard output; what could steer a terminal does not reach one.
struct Words {
    is_terminal: bool,
    is_line_open: bool,
    /// Whoever read has read enough.
    is_closed: bool,
}

impl Default for Words {
    fn default() -> Self {
        Self { is_terminal: io::stdout().is_terminal(), is_line_open: false, is_closed: false }
    }
}

impl Words {
    fn write(&mut self, text: &str) -> Result<(), Failure> {
        let harmless = |letter: &char| !letter.is_control() || matches!(letter, '\n' | '\t');
        let shown: String =
            if self.is_terminal { text.chars().filter(harmless).collect() } else { text.to_owned() };
        self.is_line_open = !shown.ends_with('\n') && (self.is_line_open || !shown.is_empty());
        let mut out = io::stdout().lock();
        let written = out.write_all(shown.as_bytes()).and_then(|()| out.flush());
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            // The turn ends quietly, as every other verb does.
            self.is_closed = true;
            return Ok(());
        }
        written.map_err(|error| Failure::other(format!("standard output: {error}")))
    }

    fn end(&mut self) -> Result<(), Failure> {
        if self.is_line_open { self.write("\n") } else { Ok(()) }
    }
}

fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let read = io::stdin().lock().take(MAX_PROMPT_BYTES).read_to_string(&mut text);
    let read = read.map_err(|error| Failure::other(format!("standard input: {error}")))?;
    if read as u64 >= MAX_PROMPT_BYTES {
        return Err(Failure::usage(format!("standard input: it is larger than {MAX_PROMPT_BYTES} bytes")));
    }
    Ok(text)
}
