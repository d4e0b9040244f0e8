//! A stream for a client of this dialect, written.

use std::collections::BTreeMap;

use weighhouse_types::chat::{
    Block, BlockKind, Citation, Delta, Event, Json, Opening, Signature, StopReason, TextBlock, ToolCall,
};
use weighhouse_types::{Dialect, Error, Usage};

use super::super::answer::{finish_name, logprobs_to, proof_of, write_call, write_founded};
use super::super::error::write_error;
use super::super::usage::write_usage;
use crate::framing::sse::put_data;
use crate::translation::Shown;
use crate::wire::{Object, object};

/// Writes a stream for a client.
#[derive(Clone, Debug)]
pub struct StreamWriter {
    shown: Shown,
    id: Option<String>,
    choices: BTreeMap<u32, ChoiceSoFar>,
    usage: Option<Usage>,
}

/// One answer as far as it was written.
#[derive(Clone, Debug, Default)]
struct ChoiceSoFar {
    /// Calls whose arguments are still coming.
    calls: BTreeMap<u32, ToolCall>,
    /// Texts that were written, in whose bytes sources are placed, and their sources.
    texts: BTreeMap<u32, (String, Vec<Citation>)>,
    /// Blocks of reasoning.
    thoughts: Vec<u32>,
    /// What a search of this dialect's provider found.
    founded: Option<Block>,
    stop: Option<StopReason>,
}

impl StreamWriter {
    /// A stream that begins.
    #[must_use]
    pub const fn new(shown: Shown) -> Self {
        Self { shown, id: None, choices: BTreeMap::new(), usage: None }
    }

    /// Adds what an event becomes to `out`: no frame, one, or several.
    pub fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start(start) => {
                self.id = Some(start.id.clone()).filter(|id| !id.is_empty());
            }
            Event::Open { choice, block, opening } => self.open(*choice, *block, opening, out),
            Event::Delta { choice, block, delta } => self.delta(*choice, *block, delta, out),
            Event::Close { choice, block } => {
                let call = self.choices.get_mut(choice).and_then(|so_far| so_far.calls.remove(block));
                if let Some(call) = call {
                    self.part(*choice, out, |part| write_call(&call, part));
                }
            }
            Event::Usage(usage) => self.usage = Some(usage.clone()),
            Event::Stop { choice, reason, sequence: _ } => {
                self.choices.entry(*choice).or_default().stop = Some(reason.clone());
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

    fn open(&mut self, choice: u32, block: u32, opening: &Opening, out: &mut Vec<u8>) {
        let so_far = self.choices.entry(choice).or_default();
        match opening {
            Opening::Text => drop(so_far.texts.insert(block, (String::new(), Vec::new()))),
            Opening::Refusal => {}
            Opening::Reasoning { id: _ } => so_far.thoughts.push(block),
            Opening::ToolCall { id, name, namespace, kind, signature } => {
                let call = ToolCall {
                    id: id.clone(),
                    name: name.clone(),
                    namespace: namespace.clone(),
                    kind: *kind,
                    arguments: String::new(),
                    signature: signature.clone(),
                };
                so_far.calls.insert(block, call);
            }
            Opening::Whole(whole) => self.whole(choice, whole, out),
        }
    }

    fn delta(&mut self, choice: u32, block: u32, delta: &Delta, out: &mut Vec<u8>) {
        let so_far = self.choices.entry(choice).or_default();
        match delta {
            Delta::Text(text) => {
                if let Some((so_far, _)) = so_far.texts.get_mut(&block) {
                    so_far.push_str(text);
                }
                self.part(choice, out, |part| part.text("text", text));
            }
            Delta::Refusal(text) => self.part(choice, out, |part| part.text("text", text)),
            Delta::Reasoning(text) => self.part(choice, out, |part| write_thought(text, None, part)),
            Delta::ReasoningPart => self.part(choice, out, |part| write_thought("\n\n", None, part)),
            Delta::Signature(signature) => {
                let is_thought = so_far.thoughts.contains(&block);
                self.part(choice, out, |part| {
                    if is_thought {
                        write_thought("", Some(signature), part);
                    } else {
                        part.text("text", "");
                        part.text_if("thoughtSignature", proof_of(Some(signature)).as_deref());
                    }
                });
            }
            Delta::Arguments(text) => {
                if let Some(call) = so_far.calls.get_mut(&block) {
                    call.arguments.push_str(text);
                }
            }
            Delta::Citation(citation) => {
                if let Some((_, citations)) = so_far.texts.get_mut(&block) {
                    citations.push(citation.clone());
                }
            }
            Delta::Logprobs(logprobs) => {
                let result = logprobs_to(logprobs);
                self.chunk(out, |candidates| {
                    candidates.object(|candidate| {
                        candidate.number("index", u64::from(choice));
                        candidate.json_if("logprobsResult", result.as_ref());
                    });
                });
            }
        }
    }

    /// A block that came in one piece.
    fn whole(&mut self, choice: u32, block: &Block, out: &mut Vec<u8>) {
        match &block.kind {
            BlockKind::Text(TextBlock { text, signature, .. }) => self.part(choice, out, |part| {
                part.text("text", text);
                part.text_if("thoughtSignature", proof_of(signature.as_ref()).as_deref());
            }),
            BlockKind::Refusal(text) => self.part(choice, out, |part| part.text("text", text)),
            BlockKind::Reasoning(reasoning) => self.part(choice, out, |part| {
                write_thought(&reasoning.text(), reasoning.signature.as_ref(), part);
            }),
            BlockKind::ToolCall(call) => self.part(choice, out, |part| write_call(call, part)),
            BlockKind::ServerTool(tool) if tool.origin == Dialect::Gemini => {
                if tool.payload.text().starts_with("{\"groundingMetadata\"") {
                    self.choices.entry(choice).or_default().founded = Some(block.clone());
                } else {
                    self.own(choice, &tool.payload, out);
                }
            }
            BlockKind::Foreign(foreign) if foreign.origin == Dialect::Gemini => {
                self.own(choice, &foreign.payload, out);
            }
            BlockKind::Media(media) => {
                if let weighhouse_types::chat::MediaSource::Base64(bytes) = &media.source {
                    let mime_type = media.media_type.as_deref().unwrap_or("image/png");
                    self.part(choice, out, |part| {
                        part.object("inlineData", |inline| {
                            inline.text("mimeType", mime_type);
                            inline.text("data", bytes);
                        });
                    });
                }
            }
            BlockKind::ToolResult(_) | BlockKind::ServerTool(_) | BlockKind::Foreign(_) => {}
        }
    }

    fn own(&mut self, choice: u32, payload: &Json, out: &mut Vec<u8>) {
        self.part(choice, out, |part| part.members_of(payload));
    }

    /// A chunk with one part of one answer.
    fn part(&mut self, choice: u32, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        self.chunk(out, |candidates| {
            candidates.object(|candidate| {
                candidate.object("content", |content| {
                    content.array("parts", |parts| parts.object(fill));
                    content.text("role", "model");
                });
                candidate.number("index", u64::from(choice));
            });
        });
    }

    fn chunk(&self, out: &mut Vec<u8>, fill: impl FnOnce(&mut crate::wire::Array<'_>)) {
        let body = object(|body| {
            body.array("candidates", fill);
            self.write_head(body);
        });
        write_frame(&body, out);
    }

    fn write_head(&self, body: &mut Object<'_>) {
        body.text("modelVersion", &self.shown.model);
        body.text("responseId", self.id.as_deref().unwrap_or(&self.shown.seed));
    }

    /// The last chunk: why every answer ended, and what was used.
    fn end(&mut self, out: &mut Vec<u8>) {
        let body = object(|body| {
            body.array("candidates", |candidates| {
                for (index, choice) in &self.choices {
                    candidates.object(|candidate| choice.write_end(*index, candidate));
                }
            });
            if let Some(usage) = &self.usage {
                body.object("usageMetadata", |members| write_usage(usage, members));
            }
            self.write_head(body);
        });
        write_frame(&body, out);
    }
}

impl ChoiceSoFar {
    fn write_end(&self, index: u32, candidate: &mut Object<'_>) {
        candidate.object("content", |content| {
            content.array("parts", |parts| parts.object(|part| part.text("text", "")));
            content.text("role", "model");
        });
        candidate.text("finishReason", self.stop.as_ref().map_or("STOP", finish_name));
        candidate.number("index", u64::from(index));
        let cited: Vec<(u32, &str, &[Citation])> =
            self.texts.values().map(|(text, citations)| (0, text.as_str(), citations.as_slice())).collect();
        write_founded(self.founded.as_slice(), &cited, candidate);
    }
}

fn write_thought(text: &str, signature: Option<&Signature>, part: &mut Object<'_>) {
    part.text("text", text);
    part.flag("thought", true);
    part.text_if("thoughtSignature", proof_of(signature).as_deref());
}

/// A frame with the line ends that Google writes.
fn write_frame(body: &[u8], out: &mut Vec<u8>) {
    put_data(body, b"\r\n\r\n", out);
}
