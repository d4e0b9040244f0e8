//! The objects of an answer as they stand on the wire
//! (<https://platform.openai.com/docs/api-reference/responses/object>).

use serde_json::value::RawValue;

use crate::wire::{Number, Text, wire_object};

wire_object! {
    /// A whole answer.
    struct Response<'a> {
        "id" => id: Text<'a>,
        "model" => model: Text<'a>,
        "created_at" => created: Number,
        "status" => status: Text<'a>,
        "error" => error: &'a RawValue,
        "incomplete_details" => incomplete: Incomplete<'a>,
        "output" => output: Vec<&'a RawValue>,
        "usage" => usage: &'a RawValue,
        "tool_usage" => tool_usage: &'a RawValue,
        "service_tier" => service_tier: Text<'a>,
    }
}

wire_object! {
    /// Why an answer is not complete.
    struct Incomplete<'a> {
        "reason" => reason: Text<'a>,
    }
}

wire_object! {
    /// What an item or part is.
    struct Typed<'a> {
        "type" => kind: Text<'a>,
    }
}

wire_object! {
    /// A message, a call of the client's tools, or reasoning.
    struct Item<'a> {
        "id" => id: Text<'a>,
        "status" => status: Text<'a>,
        "content" => content: Vec<&'a RawValue>,
        "call_id" => call_id: Text<'a>,
        "name" => name: Text<'a>,
        "namespace" => namespace: Text<'a>,
        "arguments" => arguments: &'a RawValue,
        "input" => input: &'a RawValue,
        "summary" => summary: Vec<Part<'a>>,
        "encrypted_content" => encrypted: Text<'a>,
    }
}

wire_object! {
    /// A part of a message, or of reasoning.
    struct Part<'a> {
        "type" => kind: Text<'a>,
        "text" => text: Text<'a>,
        "refusal" => refusal: Text<'a>,
        "annotations" => annotations: Vec<&'a RawValue>,
        "logprobs" => logprobs: Vec<&'a RawValue>,
    }
}

wire_object! {
    /// A picture that the provider's own tool made.
    struct Picture<'a> {
        "result" => result: Text<'a>,
        "output_format" => format: Text<'a>,
    }
}

wire_object! {
    /// What a part of a text is founded on.
    struct Annotation<'a> {
        "type" => kind: Text<'a>,
        "url" => url: Text<'a>,
        "title" => title: Text<'a>,
        "filename" => filename: Text<'a>,
        "start_index" => start: Number,
        "end_index" => end: Number,
    }
}

wire_object! {
    /// An event of a stream; which members it has tells its type
    /// (<https://platform.openai.com/docs/api-reference/responses-streaming>).
    struct Streamed<'a> {
        "type" => kind: Text<'a>,
        "response" => response: &'a RawValue,
        "item" => item: &'a RawValue,
        "item_id" => item_id: Text<'a>,
        "output_index" => output_index: u64,
        "content_index" => content_index: u64,
        "summary_index" => summary_index: u64,
        "delta" => delta: &'a RawValue,
        "text" => text: &'a RawValue,
        "refusal" => refusal: &'a RawValue,
        "arguments" => arguments: &'a RawValue,
        "input" => input: &'a RawValue,
        "annotation" => annotation: &'a RawValue,
        "logprobs" => logprobs: Vec<&'a RawValue>,
        "error" => error: &'a RawValue,
    }
}
