//! The bytes of an answer: a whole body, or the events of a stream with the tokens that each bears.

use serde_json::{Value, json};

use super::ask::{Ask, Kind};
use super::bill::Tally;
use super::script::{Script, UsageReport};

const WORD: &str = "tok ";
/// All answers were made at this moment, so that they are the same on every run.
const CREATED: u64 = 1_700_000_000;

/// What the model says to one request, before it is written down.
pub(super) struct Answer<'a> {
    ask: &'a Ask,
    script: &'a Script,
    id: String,
    pieces: Vec<Piece<'a>>,
    finish: &'static str,
    tally: Tally,
    audio: u64,
}

/// One token of the answer.
#[derive(Clone, Copy)]
enum Piece<'a> {
    Text(&'a str),
    Tool { index: usize, id: &'a str, name: &'a str },
    Arguments { index: usize, part: &'a str },
}

/// One event of a stream: its bytes, and the tokens that the caller has once it has them.
pub(super) struct Event {
    pub(super) bytes: Vec<u8>,
    pub(super) tokens: u64,
    /// Whether it bears a piece of the answer, as opposed to a role, an end or a usage.
    pub(super) bearing: bool,
}

impl<'a> Answer<'a> {
    /// Plans the answer; `number` makes its id.
    pub(super) fn plan(ask: &'a Ask, script: &'a Script, number: u64) -> Self {
        let (mut pieces, natural) = plan_pieces(ask, script);
        let limit = ask.most_tokens.filter(|_| !script.ignores_limit);
        let most = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let capped = pieces.len() > most;
        pieces.truncate(most);
        let (cached, reasoning, audio) = match script.usage {
            UsageReport::Detailed { cached, reasoning, audio } => (cached, reasoning, audio),
            _ => (0, 0, 0),
        };
        let prompt = ask.prompt_tokens + audio;
        let visible = tokens(pieces.len()) * ask.choices;
        let prefix = if ask.kind == Kind::Completion { "cmpl" } else { "chatcmpl" };
        Self {
            ask,
            script,
            id: format!("{prefix}-fake-{number}"),
            pieces,
            finish: if capped { "length" } else { natural },
            tally: Tally {
                prompt,
                cached: cached.min(prompt),
                reasoning,
                handed: 0,
                planned: visible + reasoning,
            },
            audio,
        }
    }

    /// What is to be billed.
    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    fn model(&self) -> &str {
        self.script.echo_model.as_deref().unwrap_or(&self.ask.model)
    }

    /// The body of a whole answer.
    pub(super) fn whole(&self) -> String {
        let body = match self.ask.kind {
            Kind::Embedding => return self.embedding(),
            Kind::Chat => self.shell("chat.completion", self.each_choice(|index| self.chat_choice(index))),
            Kind::Completion => self.shell(
                "text_completion",
                self.each_choice(|index| {
                    json!({"index": index, "text": self.text(), "logprobs": null, "finish_reason": self.finish})
                }),
            ),
        };
        let usage = self.reported(self.tally.planned);
        with_usage(&body, (!matches!(self.script.usage, UsageReport::Missing)).then_some(usage.as_str()))
    }

    /// The events of a stream in order, the last one `[DONE]` unless the script leaves it out.
    pub(super) fn events(&self) -> Vec<Event> {
        let mut events = Vec::with_capacity(self.pieces.len() + 4);
        let mut said = self.tally.reasoning;
        if self.ask.kind == Kind::Chat {
            self.push_choices(
                &mut events,
                &mut said,
                false,
                &json!({"role": "assistant", "content": "", "refusal": null}),
            );
        }
        for (count, piece) in self.pieces.iter().enumerate() {
            if self.script.wording.error_after == Some(tokens(count)) {
                return self.broken_off(events);
            }
            self.push_choices(&mut events, &mut said, true, &self.delta(piece));
        }
        if self.script.wording.error_after.is_some_and(|after| after >= tokens(self.pieces.len())) {
            return self.broken_off(events);
        }
        for index in 0..self.ask.choices {
            let choice = match self.ask.kind {
                Kind::Completion => {
                    json!({"index": index, "text": "", "logprobs": null, "finish_reason": self.finish})
                }
                _ => json!({"index": index, "delta": {}, "logprobs": null, "finish_reason": self.finish}),
            };
            self.push(&mut events, &json!([choice]), self.running(said).as_deref(), 0, false);
        }
        self.push_usage(&mut events);
        if !self.script.wording.without_done {
            events.push(Event { bytes: self.line("[DONE]"), tokens: 0, bearing: false });
        }
        self.bear_reasoning(events)
    }

    fn push_choices(&self, events: &mut Vec<Event>, said: &mut u64, bearing: bool, delta: &Value) {
        for index in 0..self.ask.choices {
            let choice = match self.ask.kind {
                Kind::Completion => {
                    json!({"index": index, "text": delta, "logprobs": null, "finish_reason": null})
                }
                _ => json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": null}),
            };
            *said += u64::from(bearing);
            self.push(events, &json!([choice]), self.running(*said).as_deref(), u64::from(bearing), bearing);
        }
    }

    fn push_usage(&self, events: &mut Vec<Event>) {
        let times = match self.script.usage {
            UsageReport::Missing => 0,
            UsageReport::EveryChunk => 1,
            UsageReport::Twice => 2 * u64::from(self.ask.include_usage),
            _ => u64::from(self.ask.include_usage),
        };
        for _ in 0..times {
            self.push(events, &json!([]), Some(&self.reported(self.tally.planned)), 0, false);
        }
    }

    fn push(
        &self,
        events: &mut Vec<Event>,
        choices: &Value,
        usage: Option<&str>,
        tokens: u64,
        bearing: bool,
    ) {
        let object =
            if self.ask.kind == Kind::Completion { "text_completion" } else { "chat.completion.chunk" };
        let mut data = with_usage(&self.shell(object, choices.clone()), usage);
        let number = u64::try_from(events.len()).unwrap_or(u64::MAX);
        if self.script.wording.garbage_at == Some(number) {
            data = String::from(r#"{"id":"chatcmpl-fake","choices":[{"#);
        }
        if let Some((_, bytes)) = self.script.wording.huge_at.filter(|(at, _)| *at == number) {
            data.pop();
            data.push_str(r#","padding":""#);
            data.push_str(&"x".repeat(bytes));
            data.push_str("\"}");
        }
        events.push(Event { bytes: self.line(&data), tokens, bearing });
    }

    fn broken_off(&self, mut events: Vec<Event>) -> Vec<Event> {
        let data = r#"{"error":{"message":"The server had an error while processing your request. Sorry about that!","type":"server_error","param":null,"code":null}}"#;
        events.push(Event { bytes: self.line(data), tokens: 0, bearing: false });
        self.bear_reasoning(events)
    }

    /// Thought comes before the first event.
    fn bear_reasoning(&self, mut events: Vec<Event>) -> Vec<Event> {
        if let Some(first) = events.first_mut() {
            first.tokens += self.tally.reasoning;
        }
        events
    }

    fn line(&self, data: &str) -> Vec<u8> {
        let end = if self.script.wording.crlf { "\r\n" } else { "\n" };
        let comment =
            if self.script.wording.comments { format!(": a comment{end}{end}") } else { String::new() };
        format!("{comment}data: {data}{end}{end}").into_bytes()
    }

    /// The usage member of a chunk before the last; OpenAI says `null` there once usage was asked for.
    fn running(&self, said: u64) -> Option<String> {
        match self.script.usage {
            UsageReport::EveryChunk => Some(self.reported(said)),
            UsageReport::Missing => None,
            _ => self.ask.include_usage.then(|| String::from("null")),
        }
    }

    fn reported(&self, completion: u64) -> String {
        if let UsageReport::Wrong(text) = &self.script.usage {
            return text.clone();
        }
        let prompt = self.tally.prompt;
        let mut usage = json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion});
        if matches!(self.script.usage, UsageReport::Detailed { .. }) {
            usage["prompt_tokens_details"] =
                json!({"cached_tokens": self.tally.cached, "audio_tokens": self.audio});
            usage["completion_tokens_details"] = json!({
                "reasoning_tokens": self.tally.reasoning, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
            });
        }
        usage.to_string()
    }

    fn shell(&self, object: &str, choices: Value) -> Value {
        json!({
            "id": self.id, "object": object, "created": CREATED, "model": self.model(),
            "service_tier": "default", "system_fingerprint": "fp_fake", "choices": choices,
        })
    }

    fn each_choice(&self, choice: impl Fn(u64) -> Value) -> Value {
        (0..self.ask.choices).map(choice).collect()
    }

    fn chat_choice(&self, index: u64) -> Value {
        let calls = self.calls();
        let content = if calls.is_empty() { Value::from(self.text()) } else { Value::Null };
        let mut message =
            json!({"role": "assistant", "content": content, "refusal": null, "annotations": []});
        if !calls.is_empty() {
            message["tool_calls"] = Value::from(calls);
        }
        json!({"index": index, "message": message, "logprobs": null, "finish_reason": self.finish})
    }

    fn text(&self) -> String {
        let texts = self.pieces.iter().map(|piece| if let Piece::Text(text) = piece { text } else { "" });
        texts.collect()
    }

    fn calls(&self) -> Vec<Value> {
        let mut calls: Vec<(&str, &str, String)> = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Tool { id, name, .. } => calls.push((id, name, String::new())),
                Piece::Arguments { part, .. } => {
                    if let Some((_, _, arguments)) = calls.last_mut() {
                        arguments.push_str(part);
                    }
                }
                Piece::Text(_) => {}
            }
        }
        let written = calls.into_iter().map(|(id, name, arguments)| {
            json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
        });
        written.collect()
    }

    fn delta(&self, piece: &Piece<'_>) -> Value {
        match piece {
            Piece::Text(text) if self.ask.kind == Kind::Completion => json!(text),
            Piece::Text(text) => json!({"content": text}),
            Piece::Tool { index, id, name } => json!({"tool_calls": [{
                "index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""},
            }]}),
            Piece::Arguments { index, part } => {
                json!({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
            }
        }
    }

    fn embedding(&self) -> String {
        let data: Value = (0..self.ask.inputs)
            .map(|index| {
                let vector: Vec<f32> = (0..self.ask.dimensions).map(|at| component(index, at)).collect();
                let embedding = if self.ask.base64 { json!(base64(&vector)) } else { json!(vector) };
                json!({"object": "embedding", "index": index, "embedding": embedding})
            })
            .collect();
        let body = json!({"object": "list", "model": self.model(), "data": data});
        let prompt = self.tally.prompt;
        let usage = match &self.script.usage {
            UsageReport::Missing => None,
            UsageReport::Wrong(text) => Some(text.clone()),
            _ => Some(json!({"prompt_tokens": prompt, "total_tokens": prompt}).to_string()),
        };
        with_usage(&body, usage.as_deref())
    }
}

/// The pieces of the answer without a limit, and why it ends.
fn plan_pieces<'a>(ask: &Ask, script: &'a Script) -> (Vec<Piece<'a>>, &'static str) {
    if ask.kind == Kind::Embedding {
        return (Vec::new(), "stop");
    }
    if ask.kind == Kind::Chat && !script.tool_calls.is_empty() {
        let mut pieces = Vec::new();
        for (index, call) in script.tool_calls.iter().enumerate() {
            pieces.push(Piece::Tool { index, id: &call.id, name: &call.name });
            pieces.extend(fours(&call.arguments).map(|part| Piece::Arguments { index, part }));
        }
        return (pieces, "tool_calls");
    }
    if let Some(text) = script.json.as_deref().filter(|_| ask.wants_json || script.parrots) {
        return (fours(text).map(Piece::Text).collect(), "stop");
    }
    let count = usize::try_from(script.tokens).unwrap_or(usize::MAX);
    let most =
        ask.most_tokens.filter(|_| !script.ignores_limit).and_then(|limit| usize::try_from(limit).ok());
    // One more than the limit, so that the plan can see that it was cut.
    let count = most.map_or(count, |most| count.min(most.saturating_add(1)));
    (vec![Piece::Text(WORD); count], "stop")
}

/// The text in parts of four bytes, longer where a character would be cut.
fn fours(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = (4..rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(part)
    })
}

/// The object's text with a last member `usage`, which may be any text.
fn with_usage(body: &Value, usage: Option<&str>) -> String {
    let mut text = body.to_string();
    if let Some(usage) = usage {
        text.pop();
        text.push_str(",\"usage\":");
        text.push_str(usage);
        text.push('}');
    }
    text
}

/// A number that base64 and decimal writing both keep exactly.
fn component(index: u64, at: usize) -> f32 {
    let eighths = (index + tokens(at)) % 8;
    f32::from(u8::try_from(eighths).unwrap_or(0)) / 8.0
}

/// Little-endian floats in base64, as OpenAI packs them.
fn base64(vector: &[f32]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for letter in 0..4 {
            let six = usize::try_from(bits >> (18 - 6 * letter) & 63).unwrap_or(0);
            text.push(if letter > three.len() { '=' } else { char::from(LETTERS[six]) });
        }
    }
    text
}

fn tokens(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::ask::tokens_of;
    use super::*;

    #[test]
    fn a_text_falls_into_tokens_of_four_bytes_but_characters_stay_whole() {
        assert_eq!(fours("{\"a\":1}").collect::<Vec<_>>(), ["{\"a\"", ":1}"]);
        assert_eq!(fours("abcäd").collect::<Vec<_>>(), ["abcä", "d"]);
        assert_eq!(tokens_of(9), 3);
    }

    #[test]
    fn base64_is_the_standard_one() {
        assert_eq!(base64(&[0.0]), "AAAAAA==");
        assert_eq!(base64(&[1.0, 0.5]), "AACAPwAAAD8=");
        assert_eq!(base64(&[0.0, 0.125, 0.25]), "AAAAAAAAAD4AAIA+");
    }
}
