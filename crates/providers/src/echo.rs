//! The built-in model: it answers with the caller's last message, or with a fixed text (LiteLLM's
//! `mock_response`), in OpenAI's wire format, so that the whole way of a call works without a provider.

use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::{Value, json};
use weighhouse_types::Operation;

use crate::ask::Ask;
use crate::client::{Reply, ReplyBody};
use crate::weight::estimate_input;

/// Answers a call here. `text` is what to say; none echoes the last message.
/// `seconds` is the time for the answer's `created`, `id` makes its id.
#[must_use]
pub fn answer(
    ask: &Ask,
    operation: Operation,
    model: &str,
    text: Option<&str>,
    seconds: u64,
    id: &str,
) -> Reply {
    let said = text.map_or_else(|| last_words(ask, operation), str::to_owned);
    let input = estimate_input(ask, operation);
    let words = words_of(&said, ask.peek.max_output);
    let is_cut = words.iter().map(|word| word.len()).sum::<usize>() < said.len();
    let finish = if is_cut { "length" } else { "stop" };
    let usage = json!({
        "prompt_tokens": input, "completion_tokens": words.len(), "total_tokens": input + words.len() as u64,
    });
    let is_chat = operation != Operation::Completion;
    let head = json!({
        "id": format!("{}-{id}", if is_chat { "chatcmpl" } else { "cmpl" }),
        "object": match (is_chat, ask.peek.stream) {
            (true, true) => "chat.completion.chunk",
            (true, false) => "chat.completion",
            (false, _) => "text_completion",
        },
        "created": seconds,
        "model": model,
    });
    if ask.peek.stream {
        return Reply::built_in(
            "text/event-stream",
            ReplyBody::pieces(stream(&head, &words, finish, &usage, is_chat)),
        );
    }
    let text = words.concat();
    let choice = if is_chat {
        json!({"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish})
    } else {
        json!({"index": 0, "text": text, "finish_reason": finish, "logprobs": null})
    };
    let body = with(&head, &[("choices", json!([choice])), ("usage", usage)]);
    Reply::built_in("application/json", ReplyBody::pieces(VecDeque::from([Bytes::from(body.to_string())])))
}

fn stream(head: &Value, words: &[&str], finish: &str, usage: &Value, is_chat: bool) -> VecDeque<Bytes> {
    let chunk = |choices: Value, usage: Option<&Value>| {
        let members = [("choices", choices), ("usage", usage.cloned().unwrap_or(Value::Null))];
        Bytes::from(format!("data: {}\n\n", with(head, &members)))
    };
    let choice = |word: &str, finish: Value| {
        if is_chat {
            let delta =
                if finish.is_null() { json!({"role": "assistant", "content": word}) } else { json!({}) };
            json!([{"index": 0, "delta": delta, "finish_reason": finish}])
        } else {
            json!([{"index": 0, "text": word, "finish_reason": finish}])
        }
    };
    let mut frames: VecDeque<Bytes> =
        words.iter().map(|word| chunk(choice(word, Value::Null), None)).collect();
    frames.push_back(chunk(choice("", finish.into()), None));
    frames.push_back(chunk(json!([]), Some(usage)));
    frames.push_back(Bytes::from_static(b"data: [DONE]\n\n"));
    frames
}

fn with(head: &Value, members: &[(&str, Value)]) -> Value {
    let mut whole = head.clone();
    if let Some(object) = whole.as_object_mut() {
        object.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    whole
}

/// The last message's text, or the prompt.
fn last_words(ask: &Ask, operation: Operation) -> String {
    let member = if operation == Operation::Completion { "prompt" } else { "messages" };
    let Ok(Some(member)) = ask.envelope.member(member) else { return String::new() };
    let value: Value = serde_json::from_slice(ask.envelope.raw(member)).unwrap_or_default();
    let last = value.as_array().and_then(|items| items.last()).unwrap_or(&value);
    match last.get("content").unwrap_or(last) {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => String::new(),
    }
}

/// The text cut after each space, at most `most` pieces: what this model calls its tokens.
fn words_of(text: &str, most: Option<u64>) -> Vec<&str> {
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    text.split_inclusive(' ').take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::PathSays;
    use weighhouse_types::Dialect;

    fn said(body: &str, text: Option<&str>) -> Value {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let ask = Ask::read(&body, Operation::Chat, Dialect::OpenAiChat, PathSays::default()).unwrap();
        let mut reply = answer(&ask, Operation::Chat, "echo", text, 0, "1");
        serde_json::from_slice(&reply.body.next_piece().unwrap()).unwrap()
    }

    #[test]
    fn it_says_the_last_message_or_what_it_was_told() {
        let ask = r#"{"messages":[{"role":"user","content":"no"},{"role":"user","content":[{"type":"text","text":"one two"}]}]}"#;
        assert_eq!(said(ask, None)["choices"][0]["message"]["content"], "one two");
        assert_eq!(said(ask, Some("three"))["choices"][0]["message"]["content"], "three");
        let short = r#"{"max_tokens":1,"messages":[{"role":"user","content":"one two"}]}"#;
        assert_eq!(said(short, None)["choices"][0]["finish_reason"], "length");
    }
}
