//! The wire objects of the Messages API, flat: one struct per place with every member that may stand there,
//! told apart by its `type`.
//!
//! Source: <https://docs.claude.com/en/api/messages>, and the types of Anthropic's Python SDK 2.12.

use serde_json::value::RawValue;

use crate::wire::{Number, Text, TextOr, wire_object};

wire_object! {
    /// A request.
    struct RequestObject<'a> {
        "model" => model: &'a RawValue,
        "messages" => messages: Vec<MessageObject<'a>>,
        "system" => system: TextOr<'a, Vec<&'a RawValue>>,
        "max_tokens" => max_tokens: u64,
        "stop_sequences" => stop_sequences: Vec<Text<'a>>,
        "stream" => stream: bool,
        "temperature" => temperature: Number,
        "top_p" => top_p: Number,
        "top_k" => top_k: u64,
        "tools" => tools: Vec<&'a RawValue>,
        "tool_choice" => tool_choice: &'a RawValue,
        "thinking" => thinking: &'a RawValue,
        "output_config" => output_config: OutputObject<'a>,
        "output_format" => output_format: FormatObject<'a>,
        "metadata" => metadata: MetadataObject<'a>,
        "service_tier" => service_tier: Text<'a>,
    }
}

wire_object! {
    /// A message of a request.
    struct MessageObject<'a> {
        "role" => role: Text<'a>,
        "content" => content: TextOr<'a, Vec<&'a RawValue>>,
    }
}

wire_object! {
    /// A content block.
    struct BlockObject<'a> {
        "type" => kind: Text<'a>,
        "text" => text: Text<'a>,
        "cache_control" => cache_control: &'a RawValue,
        "citations" => citations: &'a RawValue,
        "source" => source: &'a RawValue,
        "title" => title: Text<'a>,
        "context" => context: Text<'a>,
        "thinking" => thinking: Text<'a>,
        "signature" => signature: Text<'a>,
        "data" => data: Text<'a>,
        "id" => id: Text<'a>,
        "name" => name: Text<'a>,
        "input" => input: &'a RawValue,
        "tool_use_id" => tool_use_id: Text<'a>,
        "content" => content: &'a RawValue,
        "is_error" => is_error: bool,
    }
}

wire_object! {
    /// Where the bytes of an image or document are.
    struct SourceObject<'a> {
        "type" => kind: Text<'a>,
        "media_type" => media_type: Text<'a>,
        "data" => data: Text<'a>,
        "url" => url: Text<'a>,
        "file_id" => file_id: Text<'a>,
        "content" => content: &'a RawValue,
    }
}

wire_object! {
    /// Whether a document is cited from.
    struct CitesObject<'a> {
        "enabled" => enabled: bool,
    }
}

wire_object! {
    /// A citation of any kind.
    struct CitationObject<'a> {
        "url" => url: Text<'a>,
        "source" => source: Text<'a>,
        "title" => title: Text<'a>,
        "document_title" => document_title: Text<'a>,
        "cited_text" => cited_text: Text<'a>,
    }
}

wire_object! {
    /// A cache mark.
    struct MarkObject<'a> {
        "ttl" => ttl: Text<'a>,
    }
}

wire_object! {
    /// A tool.
    struct ToolObject<'a> {
        "type" => kind: Text<'a>,
        "name" => name: Text<'a>,
        "description" => description: Text<'a>,
        "input_schema" => input_schema: &'a RawValue,
        "strict" => strict: bool,
        "cache_control" => cache_control: &'a RawValue,
        "defer_loading" => defer_loading: bool,
    }
}

wire_object! {
    /// The server's web search.
    struct SearchObject<'a> {
        "max_uses" => max_uses: u64,
        "allowed_domains" => allowed_domains: Vec<Text<'a>>,
        "blocked_domains" => blocked_domains: Vec<Text<'a>>,
        "user_location" => user_location: &'a RawValue,
    }
}

wire_object! {
    /// Whether and which tools are to be used.
    struct ChoiceObject<'a> {
        "type" => kind: Text<'a>,
        "name" => name: Text<'a>,
        "disable_parallel_tool_use" => disable_parallel: bool,
    }
}

wire_object! {
    /// What is said of thinking.
    struct ThinkingObject<'a> {
        "type" => kind: Text<'a>,
        "budget_tokens" => budget_tokens: u64,
        "display" => display: Text<'a>,
    }
}

wire_object! {
    /// Effort and form of the answer.
    struct OutputObject<'a> {
        "effort" => effort: Text<'a>,
        "format" => format: FormatObject<'a>,
    }
}

wire_object! {
    /// The form of the answer.
    struct FormatObject<'a> {
        "type" => kind: Text<'a>,
        "schema" => schema: &'a RawValue,
    }
}

wire_object! {
    /// Labels of a request.
    struct MetadataObject<'a> {
        "user_id" => user_id: Text<'a>,
    }
}

wire_object! {
    /// A whole answer; in a stream the message that begins it.
    struct AnswerObject<'a> {
        "id" => id: Text<'a>,
        "type" => kind: Text<'a>,
        "role" => role: Text<'a>,
        "model" => model: Text<'a>,
        "content" => content: Vec<&'a RawValue>,
        "stop_reason" => stop_reason: Text<'a>,
        "stop_sequence" => stop_sequence: Text<'a>,
        "usage" => usage: &'a RawValue,
    }
}

wire_object! {
    /// One event of a stream.
    struct EventObject<'a> {
        "type" => kind: Text<'a>,
        "message" => message: AnswerObject<'a>,
        "index" => index: u64,
        "content_block" => content_block: &'a RawValue,
        "delta" => delta: DeltaObject<'a>,
        "usage" => usage: &'a RawValue,
    }
}

wire_object! {
    /// What goes on in a block or message.
    struct DeltaObject<'a> {
        "type" => kind: Text<'a>,
        "text" => text: Text<'a>,
        "partial_json" => partial_json: Text<'a>,
        "thinking" => thinking: Text<'a>,
        "signature" => signature: Text<'a>,
        "citation" => citation: &'a RawValue,
        "stop_reason" => stop_reason: Text<'a>,
        "stop_sequence" => stop_sequence: Text<'a>,
    }
}
