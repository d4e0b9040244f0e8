//! The objects of a request as they stand on the wire
//! (`ResponseCreateParams` and `ResponseInputItemParam` of OpenAI's SDK).

use serde_json::value::RawValue;

use crate::wire::{Number, Text, TextOr, wire_object};

wire_object! {
    /// A request.
    struct Body<'a> {
        "model" => model: &'a RawValue,
        "stream" => stream: bool,
        "stream_options" => stream_options: &'a RawValue,
        "input" => input: TextOr<'a, Vec<&'a RawValue>>,
        "instructions" => instructions: Text<'a>,
        "tools" => tools: Vec<&'a RawValue>,
        "tool_choice" => tool_choice: &'a RawValue,
        "parallel_tool_calls" => parallel: bool,
        "text" => text: TextSettings<'a>,
        "reasoning" => reasoning: Reasoning<'a>,
        "include" => include: Vec<Text<'a>>,
        "temperature" => temperature: Number,
        "top_p" => top_p: Number,
        "top_logprobs" => top_logprobs: Number,
        "max_output_tokens" => max_output: Number,
        "service_tier" => service_tier: Text<'a>,
        "user" => user: Text<'a>,
        "safety_identifier" => safety_identifier: Text<'a>,
        "metadata" => metadata: &'a RawValue,
        "prompt_cache_key" => cache_key: Text<'a>,
        "previous_response_id" => previous: Text<'a>,
        "store" => store: bool,
    }
}

wire_object! {
    /// The form of the answer's text.
    struct TextSettings<'a> {
        "format" => format: Format<'a>,
        "verbosity" => verbosity: Text<'a>,
    }
}

wire_object! {
    /// A form, flat.
    struct Format<'a> {
        "type" => kind: Text<'a>,
        "name" => name: Text<'a>,
        "description" => description: Text<'a>,
        "schema" => schema: &'a RawValue,
        "strict" => strict: bool,
    }
}

wire_object! {
    /// How to reason.
    struct Reasoning<'a> {
        "effort" => effort: Text<'a>,
        "summary" => summary: Text<'a>,
        "generate_summary" => generate_summary: Text<'a>,
    }
}

wire_object! {
    /// An item of the input.
    struct Item<'a> {
        "type" => kind: Text<'a>,
        "id" => id: Text<'a>,
        "status" => status: &'a RawValue,
        "role" => role: Text<'a>,
        "content" => content: TextOr<'a, Vec<&'a RawValue>>,
        "call_id" => call_id: Text<'a>,
        "name" => name: Text<'a>,
        "namespace" => namespace: Text<'a>,
        "arguments" => arguments: Text<'a>,
        "input" => input: Text<'a>,
        "output" => output: TextOr<'a, Vec<&'a RawValue>>,
        "summary" => summary: Vec<Part<'a>>,
        "encrypted_content" => encrypted: Text<'a>,
    }
}

wire_object! {
    /// A part of a content.
    struct Part<'a> {
        "type" => kind: Text<'a>,
        "text" => text: Text<'a>,
        "refusal" => refusal: Text<'a>,
        "image_url" => image_url: Text<'a>,
        "detail" => detail: Text<'a>,
        "file_id" => file_id: Text<'a>,
        "file_url" => file_url: Text<'a>,
        "file_data" => file_data: Text<'a>,
        "filename" => filename: Text<'a>,
        "input_audio" => audio: Sound<'a>,
        "annotations" => annotations: Vec<&'a RawValue>,
        "logprobs" => logprobs: &'a RawValue,
    }
}

wire_object! {
    /// Sound in base64.
    struct Sound<'a> {
        "data" => data: Text<'a>,
        "format" => format: Text<'a>,
    }
}

wire_object! {
    /// A tool.
    struct Tool<'a> {
        "type" => kind: Text<'a>,
        "name" => name: Text<'a>,
        "description" => description: Text<'a>,
        "parameters" => parameters: &'a RawValue,
        "strict" => strict: bool,
        "format" => format: &'a RawValue,
        "defer_loading" => deferred: bool,
        "tools" => tools: Vec<&'a RawValue>,
        "search_context_size" => context_size: Text<'a>,
        "user_location" => location: &'a RawValue,
        "filters" => filters: Filters<'a>,
    }
}

wire_object! {
    /// Where to search.
    struct Filters<'a> {
        "allowed_domains" => allowed: Vec<Text<'a>>,
        "blocked_domains" => blocked: Vec<Text<'a>>,
    }
}

wire_object! {
    /// A choice of a tool.
    struct Choosing<'a> {
        "type" => kind: Text<'a>,
        "name" => name: Text<'a>,
        "mode" => mode: Text<'a>,
        "tools" => tools: Vec<Choosing<'a>>,
    }
}
