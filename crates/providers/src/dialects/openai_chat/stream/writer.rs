//! A stream for a client, written.

use std::collections::BTreeMap;

use weighhouse_types::chat::{
    BlockKind, Citation, Delta, Event, MediaKind, Opening, Reasoning, Start, ToolKind,
};
use weighhouse_types::{Dialect, Error, Usage};

use super::super::answer::{finish_name, flat_name, write_image, write_thinking};
use super::super::error::write_error;
use super::super::usage::write_usage;
use crate::framing::sse::put_data;
use crate::thought::id_with;
use crate::translation::Shown;
use crate::wire::{Object, object};

/// Writes a stream for a client.
#[derive(Clone, Debug)]
pub struct StreamWriter {
    shown: Shown,
    start: Start,
    choices: BTreeMap<u32, ChoiceSoFar>,
    usage: Option<Usage>,
}

#[derive(Clone, Debug, Default)]
struct ChoiceSoFar {
    has_begun: bool,
    /// Calls by their block: their index for the client, and their kind.
    calls: BTreeMap<u32, (u64, ToolKind)>,
    /// Reasoning that is open, with what it said.
    thoughts: BTreeMap<u32, Reasoning>,
    /// Where each text begins in the whole, and how long it is, in characters.
    texts: BTreeMap<u32, u64>,
    said: u64,
    /// Entries of lists so far: SDKs put list deltas together by their index.
    thinking_blocks: u64,
    annotations: u64,
    images: u64,
}

impl StreamWriter {
    /// A stream that begins.
    #[must_use]
    pub fn new(shown: Shown) -> Self {
        Self { shown, start: Start::default(), choices: BTreeMap::new(), usage: None }
    }

    /// Adds what an event becomes to `out`: no frame, one, or several.
    pub fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start(start) => {
                self.start = start.clone();
                self.begin(0, out);
            }
            Event::Open { choice, block, opening } => self.open(*choice, *block, opening, out),
            Event::Delta { choice, block, delta } => self.delta(*choice, *block, delta, out),
            Event::Close { choice, block } => self.close(*choice, *block, out),
            Event::Usage(usage) => self.usage = Some(usage.clone()),
            Event::Stop { choice, reason, sequence: _ } => {
                self.begin(*choice, out);
                self.chunk(*choice, |_| {}, Some(finish_name(reason)), out);
            }
            Event::End => self.end(out),
            Event::Failed(error) => self.fail(error, out),
        }
    }

    /// Says that the stream breaks off.
    pub fn fail(&mut self, error: &Error, out: &mut Vec<u8>) {
        let (_, body) = write_error(error);
        write_frame(&body, out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if let Some(usage) = self.usage.as_ref().filter(|_| self.shown.wants_usage) {
            let body = object(|body| {
                self.write_head(body);
                body.array("choices", |_| {});
                body.object("usage", |members| write_usage(usage, members));
            });
            write_frame(&body, out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    /// The first chunk of a choice names the speaker.
    fn begin(&mut self, choice: u32, out: &mut Vec<u8>) {
        let so_far = self.choices.entry(choice).or_default();
        if std::mem::replace(&mut so_far.has_begun, true) {
            return;
        }
        let fill = |delta: &mut Object<'_>| {
            delta.text("role", "assistant");
            delta.text("content", "");
        };
        self.chunk(choice, fill, None, out);
    }

    fn open(&mut self, choice: u32, block: u32, opening: &Opening, out: &mut Vec<u8>) {
        self.begin(choice, out);
        let so_far = self.choices.entry(choice).or_default();
        match opening {
            Opening::Text => drop(so_far.texts.insert(block, so_far.said)),
            Opening::Refusal => {}
            Opening::Reasoning { .. } => drop(so_far.thoughts.insert(block, Reasoning::default())),
            Opening::ToolCall { id, name, namespace, kind, signature } => {
                let index = so_far.calls.len() as u64;
                so_far.calls.insert(block, (index, *kind));
                let id = id_with(id, signature.as_ref(), Dialect::OpenAiChat);
                let name = flat_name(namespace.as_deref(), name);
                self.call(choice, index, out, |call| {
                    call.text("id", &id);
                    let (word, argument) = words_of(*kind);
                    call.text("type", word);
                    call.object(word, |inside| {
                        inside.text("name", &name);
                        inside.text(argument, "");
                    });
                });
            }
            Opening::Whole(whole) => match &whole.kind {
                BlockKind::Reasoning(reasoning) => self.thinking(choice, reasoning, out),
                BlockKind::Media(media) if media.kind == MediaKind::Image => {
                    let index = so_far.images;
                    so_far.images += 1;
                    self.entry(choice, "images", index, out, |part| write_image(media, part));
                }
                BlockKind::Text(text) => {
                    so_far.texts.insert(block, so_far.said);
                    self.delta(choice, block, &Delta::Text(text.text.clone()), out);
                }
                BlockKind::Refusal(text) => self.delta(choice, block, &Delta::Refusal(text.clone()), out),
                BlockKind::Media(_)
                | BlockKind::ToolCall(_)
                | BlockKind::ToolResult(_)
                | BlockKind::ServerTool(_)
                | BlockKind::Foreign(_) => {}
            },
        }
    }

    fn delta(&mut self, choice: u32, block: u32, delta: &Delta, out: &mut Vec<u8>) {
        let so_far = self.choices.entry(choice).or_default();
        match delta {
            Delta::Text(text) => {
                so_far.said += text.chars().count() as u64;
                self.chunk(choice, |delta| delta.text("content", text), None, out);
            }
            Delta::Refusal(text) => self.chunk(choice, |delta| delta.text("refusal", text), None, out),
            Delta::Reasoning(text) => {
                if let Some(reasoning) = so_far.thoughts.get_mut(&block) {
                    match reasoning.parts.last_mut() {
                        Some(part) => part.push_str(text),
                        None => reasoning.parts.push(text.clone()),
                    }
                }
                self.chunk(choice, |delta| delta.text("reasoning_content", text), None, out);
            }
            Delta::ReasoningPart => {
                if let Some(reasoning) =
                    so_far.thoughts.get_mut(&block).filter(|so_far| !so_far.parts.is_empty())
                {
                    reasoning.parts.push(String::new());
                    self.chunk(choice, |delta| delta.text("reasoning_content", "\n\n"), None, out);
                }
            }
            Delta::Signature(signature) => {
                if let Some(reasoning) = so_far.thoughts.get_mut(&block) {
                    reasoning.signature = Some(signature.clone());
                }
            }
            Delta::Arguments(piece) => {
                let Some((index, kind)) = so_far.calls.get(&block).copied() else { return };
                let (word, argument) = words_of(kind);
                self.call(choice, index, out, |call| {
                    call.object(word, |inside| inside.text(argument, piece));
                });
            }
            Delta::Citation(citation) => {
                let before = so_far.texts.get(&block).copied().unwrap_or(0);
                let index = so_far.annotations;
                so_far.annotations += 1;
                self.citation(choice, index, before, citation, out);
            }
            Delta::Logprobs(logprobs) => {
                let body = object(|body| {
                    self.write_head(body);
                    body.array("choices", |list| {
                        list.object(|out| {
                            out.number("index", u64::from(choice));
                            out.object("delta", |_| {});
                            out.json("logprobs", logprobs);
                            out.null("finish_reason");
                        });
                    });
                });
                write_frame(&body, out);
            }
        }
    }

    /// Reasoning with its proof goes out once more as a whole, so that clients can send it back as it is.
    fn close(&mut self, choice: u32, block: u32, out: &mut Vec<u8>) {
        let so_far = self.choices.entry(choice).or_default();
        let reasoning = so_far.thoughts.remove(&block).filter(|reasoning| reasoning.signature.is_some());
        if let Some(reasoning) = reasoning {
            self.thinking(choice, &reasoning, out);
        }
    }

    fn thinking(&mut self, choice: u32, reasoning: &Reasoning, out: &mut Vec<u8>) {
        let so_far = self.choices.entry(choice).or_default();
        let index = so_far.thinking_blocks;
        so_far.thinking_blocks += 1;
        self.entry(choice, "thinking_blocks", index, out, |part| write_thinking(reasoning, part));
    }

    fn citation(&self, choice: u32, index: u64, before: u64, citation: &Citation, out: &mut Vec<u8>) {
        let Some(url) = citation.url.as_deref() else { return };
        self.entry(choice, "annotations", index, out, |annotation| {
            annotation.text("type", "url_citation");
            annotation.object("url_citation", |cited| {
                cited.text("url", url);
                cited.text("title", citation.title.as_deref().unwrap_or_default());
                cited.number("start_index", before + citation.start.unwrap_or(0));
                cited.number("end_index", before + citation.end.unwrap_or(0));
            });
        });
    }

    /// A list of the delta with one entry.
    fn entry(
        &self,
        choice: u32,
        list: &str,
        index: u64,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        let fill = |delta: &mut Object<'_>| {
            delta.array(list, |list| {
                list.object(|entry| {
                    entry.number("index", index);
                    fill(entry);
                });
            });
        };
        self.chunk(choice, fill, None, out);
    }

    fn call(&self, choice: u32, index: u64, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        self.entry(choice, "tool_calls", index, out, fill);
    }

    fn chunk(
        &self,
        choice: u32,
        fill: impl FnOnce(&mut Object<'_>),
        finish: Option<&str>,
        out: &mut Vec<u8>,
    ) {
        let body = object(|body| {
            self.write_head(body);
            body.array("choices", |list| {
                list.object(|out| {
                    out.number("index", u64::from(choice));
                    out.object("delta", fill);
                    match finish {
                        Some(finish) => out.text("finish_reason", finish),
                        None => out.null("finish_reason"),
                    }
                });
            });
        });
        write_frame(&body, out);
    }

    fn write_head(&self, body: &mut Object<'_>) {
        if self.start.id.is_empty() {
            body.text("id", &format!("chatcmpl-{}", self.shown.seed));
        } else {
            body.text("id", &self.start.id);
        }
        body.text("object", "chat.completion.chunk");
        body.signed("created", self.start.created.unwrap_or(self.shown.created));
        body.text("model", &self.shown.model);
        body.text_if("service_tier", self.start.service_tier.as_deref());
    }
}

/// The words for a kind of call, and for what it is called with.
const fn words_of(kind: ToolKind) -> (&'static str, &'static str) {
    match kind {
        ToolKind::Function => ("function", "arguments"),
        ToolKind::Custom => ("custom", "input"),
    }
}

fn write_frame(body: &[u8], out: &mut Vec<u8>) {
    put_data(body, b"\n\n", out);
}
