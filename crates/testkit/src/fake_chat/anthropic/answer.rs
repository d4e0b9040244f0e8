//! Answers as Anthropic writes them: the SDK's `types/message.py` and the events of `types/raw_*_event.py`.

use serde_json::{Value, json};

use crate::fake_chat::asked::{Asked, AskedKind};
use crate::fake_chat::spoken::{Spoken, SpokenBlock, pieces};

/// Bytes of a call's arguments that come in one event.
const ARGUMENTS_PIECE: usize = 7;

/// The JSON of a whole answer.
pub(in crate::fake_chat) fn whole(asked: &Asked, said: &Spoken) -> Vec<u8> {
    if matches!(asked.kind, AskedKind::CountTokens) {
        return json!({"input_tokens": said.usage.input}).to_string().into_bytes();
    }
    let content: Vec<Value> = blocks(asked, said).map(|(_, block)| block).collect();
    let mut message = message(asked, said, content, usage(asked, said));
    message["stop_reason"] = json!(stop(said));
    message["stop_sequence"] = json!(said.stopped_at);
    message.to_string().into_bytes()
}

/// The events of a stream.
pub(in crate::fake_chat) fn frames(asked: &Asked, said: &Spoken) -> Vec<Vec<u8>> {
    let mut started = usage(asked, said);
    // The first event is sent with the first token.
    started["output_tokens"] = json!(said.usage.output.min(1));
    if let Some(usage) = started.as_object_mut() {
        usage.remove("output_tokens_details");
    }
    let message = message(asked, said, Vec::new(), started);
    let mut frames = vec![
        frame("message_start", &json!({"type": "message_start", "message": message})),
        frame("ping", &json!({"type": "ping"})),
    ];
    if said.unknown_members {
        frames.push(frame(
            "fake_notice",
            &json!({"type": "fake_notice", "unheard_of": {"b": 1.50, "a": null}}),
        ));
    }
    for (index, (spoken, block)) in blocks(asked, said).enumerate() {
        let empty = emptied(&block);
        let start = json!({"type": "content_block_start", "index": index, "content_block": empty});
        frames.push(frame("content_block_start", &start));
        for delta in deltas(spoken, &block) {
            let event = json!({"type": "content_block_delta", "index": index, "delta": delta});
            frames.push(frame("content_block_delta", &event));
        }
        let stop = json!({"type": "content_block_stop", "index": index});
        frames.push(frame("content_block_stop", &stop));
    }
    frames.push(frame("message_delta", &ending(asked, said)));
    frames.push(frame("message_stop", &json!({"type": "message_stop"})));
    frames
}

/// The event that says why it ends and what it used, all of it.
fn ending(asked: &Asked, said: &Spoken) -> Value {
    let all = usage(asked, said);
    let mut used = json!({});
    for name in [
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "output_tokens",
        "output_tokens_details",
    ] {
        used[name] = all.get(name).cloned().unwrap_or_default();
    }
    let mut event = json!({
        "type": "message_delta",
        "delta": {"stop_reason": stop(said), "stop_sequence": said.stopped_at},
        "usage": used,
    });
    if said.unknown_members {
        event["unheard_of"] = json!([]);
    }
    event
}

fn frame(name: &str, data: &Value) -> Vec<u8> {
    format!("event: {name}\ndata: {data}\n\n").into_bytes()
}

fn message(asked: &Asked, said: &Spoken, content: Vec<Value>, usage: Value) -> Value {
    let mut message = json!({
        "id": format!("msg_01Fake{:06}", said.number),
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": content,
        "stop_reason": null,
        "stop_sequence": null,
        "usage": usage,
    });
    if said.unknown_members {
        message["unheard_of"] = json!({"deep": [1, {"er": "…"}]});
    }
    message
}

/// The blocks with what they are written as.
fn blocks<'a>(asked: &'a Asked, said: &'a Spoken) -> impl Iterator<Item = (&'a SpokenBlock, Value)> {
    let hidden = asked.extra.get("hides_thinking") == Some(&Value::Bool(true));
    said.blocks.iter().enumerate().map(move |(index, block)| {
        let mut written = match block {
            SpokenBlock::Thinking { text, signature } => {
                let shown = if hidden { "" } else { text };
                json!({"type": "thinking", "thinking": shown, "signature": signature})
            }
            SpokenBlock::Redacted(data) => json!({"type": "redacted_thinking", "data": data}),
            SpokenBlock::Text(text) => json!({"type": "text", "text": text}),
            SpokenBlock::Call { name, arguments } => json!({
                "type": "tool_use",
                "id": format!("toolu_01Fake{:06}_{index}", said.number),
                "name": name,
                "input": arguments,
            }),
        };
        if said.unknown_members {
            written["unheard_of"] = json!(index);
        }
        (block, written)
    })
}

/// A block as it is before its first delta.
fn emptied(block: &Value) -> Value {
    let mut empty = block.clone();
    for (name, nothing) in
        [("text", json!("")), ("thinking", json!("")), ("signature", json!("")), ("input", json!({}))]
    {
        if let Some(member) = empty.get_mut(name) {
            *member = nothing;
        }
    }
    empty
}

fn deltas(spoken: &SpokenBlock, block: &Value) -> Vec<Value> {
    match spoken {
        SpokenBlock::Thinking { signature, .. } => {
            let shown = block.get("thinking").and_then(Value::as_str).unwrap_or_default();
            let thoughts =
                pieces(shown).into_iter().map(|piece| json!({"type": "thinking_delta", "thinking": piece}));
            let signed = json!({"type": "signature_delta", "signature": signature});
            thoughts.chain([signed]).collect()
        }
        // Its data is whole in the block's start.
        SpokenBlock::Redacted(_) => Vec::new(),
        SpokenBlock::Text(text) => {
            pieces(text).into_iter().map(|piece| json!({"type": "text_delta", "text": piece})).collect()
        }
        SpokenBlock::Call { arguments, .. } => {
            let letters: Vec<char> = arguments.to_string().chars().collect();
            let parts = letters.chunks(ARGUMENTS_PIECE).map(|part| part.iter().collect::<String>());
            // The real API begins with an empty piece.
            let parts = [String::new()].into_iter().chain(parts);
            parts.map(|part| json!({"type": "input_json_delta", "partial_json": part})).collect()
        }
    }
}

fn stop(said: &Spoken) -> &str {
    match &said.stop {
        Some(reason) => reason,
        None if said.stopped_at.is_some() => "stop_sequence",
        None if said.cut_short => "max_tokens",
        None if said.calls() => "tool_use",
        None => "end_turn",
    }
}

fn usage(asked: &Asked, said: &Spoken) -> Value {
    let used = said.usage;
    let hour = if asked.extra.get("hour") == Some(&Value::Bool(true)) { used.cache_write } else { 0 };
    let mut usage = json!({
        "input_tokens": used.input,
        "cache_creation_input_tokens": used.cache_write,
        "cache_read_input_tokens": used.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": used.cache_write - hour,
            "ephemeral_1h_input_tokens": hour,
        },
        "output_tokens": used.output + used.reasoning,
        "output_tokens_details": {"thinking_tokens": used.reasoning},
        "service_tier": "standard",
    });
    if said.unknown_members {
        usage["unheard_of_tokens"] = json!(0);
    }
    usage
}
