//! The bytes of an answer: a whole response, or the events of a stream.

use serde_json::{Value, json};

use super::super::asked::{Asked, AskedKind};
use super::super::spoken::{Spoken, SpokenBlock, pieces};

/// All answers were made at this moment, so that they are the same on every run.
const CREATED: u64 = 1_700_000_000;
/// Bytes of arguments that make an event.
const ARGUMENT_PIECE: usize = 6;

/// The JSON answer.
pub(in super::super) fn whole(asked: &Asked, said: &Spoken) -> Vec<u8> {
    let answer = match &asked.kind {
        AskedKind::CountTokens => {
            json!({"object": "response.input_tokens", "input_tokens": said.usage.input})
        }
        AskedKind::Generate | AskedKind::Ready(..) => response(asked, said),
    };
    answer.to_string().into_bytes()
}

/// The response object.
pub(super) fn response(asked: &Asked, said: &Spoken) -> Value {
    let body = &asked.extra["body"];
    let or =
        |name: &str, usual: Value| body.get(name).filter(|value| !value.is_null()).cloned().unwrap_or(usual);
    let used = said.usage;
    let input = used.input + used.cache_read + used.cache_write;
    let output = used.output + used.reasoning;
    let mut response = json!({
        "id": format!("resp_fake{:04}", said.number), "object": "response", "created_at": CREATED,
        "status": if said.cut_short { "incomplete" } else { "completed" }, "background": false, "error": null,
        "incomplete_details": if said.cut_short { json!({"reason": "max_output_tokens"}) } else { Value::Null },
        "instructions": or("instructions", Value::Null), "max_output_tokens": or("max_output_tokens", Value::Null),
        "max_tool_calls": null, "model": format!("{}-2026-01-01", asked.model), "output": output_items(asked, said),
        "parallel_tool_calls": or("parallel_tool_calls", json!(true)),
        "previous_response_id": or("previous_response_id", Value::Null), "prompt_cache_key": null,
        "reasoning": or("reasoning", json!({"effort": null, "summary": null})), "safety_identifier": null,
        "service_tier": "default", "store": or("store", json!(true)), "temperature": 1.0,
        "text": or("text", json!({"format": {"type": "text"}})), "tool_choice": or("tool_choice", json!("auto")),
        "tools": or("tools", json!([])), "top_logprobs": 0, "top_p": 1.0,
        "truncation": or("truncation", json!("disabled")),
        "usage": {
            "input_tokens": input, "input_tokens_details": {"cached_tokens": used.cache_read},
            "output_tokens": output, "output_tokens_details": {"reasoning_tokens": used.reasoning},
            "total_tokens": input + output,
        },
        "user": null, "metadata": or("metadata", json!({})),
    });
    if said.unknown_members {
        response["unheard_of"] = json!({"a": 1.0});
    }
    response
}

fn output_items(asked: &Asked, said: &Spoken) -> Vec<Value> {
    let numbered = said.blocks.iter().enumerate();
    numbered.map(|(index, block)| item(asked, said, index, block)).collect()
}

fn item(asked: &Asked, said: &Spoken, index: usize, block: &SpokenBlock) -> Value {
    let id = |prefix: &str| format!("{prefix}_fake{:04}_{index}", said.number);
    match block {
        SpokenBlock::Thinking { text, signature } => {
            let summary = if asked.extra["shows_summary"] == true {
                json!([{"type": "summary_text", "text": text}])
            } else {
                json!([])
            };
            let mut item = json!({"id": id("rs"), "type": "reasoning", "summary": summary});
            if asked.extra["encrypted"] == true {
                item["encrypted_content"] = json!(signature);
            }
            item
        }
        SpokenBlock::Redacted(data) => {
            json!({"id": id("rs"), "type": "reasoning", "summary": [], "encrypted_content": data})
        }
        SpokenBlock::Text(text) => json!({
            "id": id("msg"), "type": "message", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}],
        }),
        SpokenBlock::Call { name, arguments } => {
            let call_id = id("call");
            match (arguments.as_str(), namespace_of(asked, name)) {
                (Some(input), _) => json!({
                    "id": id("ctc"), "type": "custom_tool_call", "status": "completed", "call_id": call_id,
                    "name": name, "input": input,
                }),
                (None, namespace) => {
                    let mut call = json!({
                        "id": id("fc"), "type": "function_call", "status": "completed", "call_id": call_id,
                        "name": name, "arguments": arguments.to_string(),
                    });
                    if let Some(namespace) = namespace {
                        call["namespace"] = namespace;
                    }
                    call
                }
            }
        }
    }
}

fn namespace_of(asked: &Asked, name: &str) -> Option<Value> {
    let tools = asked.extra["body"]["tools"].as_array()?;
    let holds = |tool: &&Value| {
        tool["tools"].as_array().is_some_and(|inner| inner.iter().any(|one| one["name"] == name))
    };
    tools.iter().find(holds).map(|tool| tool["name"].clone())
}

/// The events of a stream.
pub(in super::super) fn frames(asked: &Asked, said: &Spoken) -> Vec<Vec<u8>> {
    let last = response(asked, said);
    let mut first = last.clone();
    first["status"] = json!("in_progress");
    first["output"] = json!([]);
    first["usage"] = Value::Null;
    first["incomplete_details"] = Value::Null;
    let mut events = Events::default();
    events.push("response.created", json!({"response": first}));
    events.push("response.in_progress", json!({"response": first}));
    if said.unknown_members {
        events.push("response.unheard_of", json!({"a": [1.0]}));
    }
    for (index, block) in said.blocks.iter().enumerate() {
        let done = item(asked, said, index, block);
        write_item(index, &done, &mut events);
    }
    let name = if said.cut_short { "response.incomplete" } else { "response.completed" };
    events.push(name, json!({"response": last}));
    events.frames
}

#[derive(Default)]
struct Events {
    frames: Vec<Vec<u8>>,
}

impl Events {
    fn push(&mut self, name: &str, mut data: Value) {
        data["type"] = json!(name);
        data["sequence_number"] = json!(self.frames.len());
        self.frames.push(format!("event: {name}\ndata: {data}\n\n").into_bytes());
    }
}

fn write_item(index: usize, done: &Value, events: &mut Events) {
    let id = &done["id"];
    let mut opened = done.clone();
    opened["status"] = json!("in_progress");
    let place = |more: Value| {
        let mut event = json!({"item_id": id, "output_index": index});
        for (name, value) in more.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        event
    };
    match done["type"].as_str().unwrap_or_default() {
        "message" => {
            opened["content"] = json!([]);
            events.push("response.output_item.added", json!({"output_index": index, "item": opened}));
            let part = &done["content"][0];
            let text = part["text"].as_str().unwrap_or_default();
            let mut empty = part.clone();
            empty["text"] = json!("");
            events.push("response.content_part.added", place(json!({"content_index": 0, "part": empty})));
            for piece in pieces(text) {
                let delta = json!({"content_index": 0, "delta": piece, "logprobs": []});
                events.push("response.output_text.delta", place(delta));
            }
            let whole = json!({"content_index": 0, "text": text, "logprobs": []});
            events.push("response.output_text.done", place(whole));
            events.push("response.content_part.done", place(json!({"content_index": 0, "part": part})));
        }
        "reasoning" => {
            opened["summary"] = json!([]);
            events.push("response.output_item.added", json!({"output_index": index, "item": opened}));
            for (summary, part) in done["summary"].as_array().into_iter().flatten().enumerate() {
                let text = part["text"].as_str().unwrap_or_default();
                let at = |more: Value| {
                    let mut event = place(more);
                    event["summary_index"] = json!(summary);
                    event
                };
                let empty = json!({"part": {"type": "summary_text", "text": ""}});
                events.push("response.reasoning_summary_part.added", at(empty));
                for piece in pieces(text) {
                    events.push("response.reasoning_summary_text.delta", at(json!({"delta": piece})));
                }
                events.push("response.reasoning_summary_text.done", at(json!({"text": text})));
                events.push("response.reasoning_summary_part.done", at(json!({"part": part})));
            }
        }
        kind => {
            let (member, event) = match kind {
                "custom_tool_call" => ("input", "response.custom_tool_call_input"),
                _ => ("arguments", "response.function_call_arguments"),
            };
            opened[member] = json!("");
            events.push("response.output_item.added", json!({"output_index": index, "item": opened}));
            let text = done[member].as_str().unwrap_or_default();
            let letters: Vec<char> = text.chars().collect();
            for piece in letters.chunks(ARGUMENT_PIECE) {
                let piece: String = piece.iter().collect();
                events.push(&format!("{event}.delta"), place(json!({"delta": piece})));
            }
            let mut whole = place(json!({}));
            whole[member] = json!(text);
            events.push(&format!("{event}.done"), whole);
        }
    }
    events.push("response.output_item.done", json!({"output_index": index, "item": done}));
}
