//! Chat completions on the wire (`ChatCompletionCreateParams`, `ChatCompletion`, `ChatCompletionChunk` of OpenAI's
//! SDK), with what LiteLLM's clients add.

use serde_json::value::RawValue;

use crate::wire::{Number, Text, TextOr, wire_object};

/// The text that a value is; none where it is something else.
pub(super) fn text_of(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

wire_object! {
    /// A request.
    struct Body<'a> {
        "messages" => messages: Vec<Message<'a>>,
        "model" => model: &'a RawValue,
        "stream" => stream: bool,
        "stream_options" => stream_options: &'a RawValue,
        "tools" => tools: Vec<&'a RawValue>,
        "tool_choice" => tool_choice: &'a RawValue,
        "parallel_tool_calls" => parallel: bool,
        "functions" => functions: Vec<Function<'a>>,
        "function_call" => function_call: TextOr<'a, Function<'a>>,
        "response_format" => format: Format<'a>,
        "reasoning_effort" => effort: TextOr<'a, EffortObject<'a>>,
        "thinking" => thinking: Thinking<'a>,
        "verbosity" => verbosity: Text<'a>,
        "temperature" => temperature: Number,
        "top_p" => top_p: Number,
        "top_k" => top_k: Number,
        "frequency_penalty" => frequency_penalty: Number,
        "presence_penalty" => presence_penalty: Number,
        "seed" => seed: i64,
        "logprobs" => logprobs: bool,
        "top_logprobs" => top_logprobs: Number,
        "logit_bias" => logit_bias: &'a RawValue,
        "max_tokens" => max_tokens: Number,
        "max_completion_tokens" => max_completion_tokens: Number,
        "stop" => stop: TextOr<'a, Vec<Text<'a>>>,
        "n" => n: Number,
        "service_tier" => service_tier: Text<'a>,
        "user" => user: Text<'a>,
        "safety_identifier" => safety_identifier: Text<'a>,
        "metadata" => metadata: &'a RawValue,
        "prompt_cache_key" => cache_key: Text<'a>,
        "modalities" => modalities: Vec<Text<'a>>,
        "audio" => audio: &'a RawValue,
        "store" => store: bool,
        "web_search_options" => web_search: SearchOptions<'a>,
    }
}

wire_object! {
    /// A message, asked or answered; a delta of a stream is one too.
    struct Message<'a> {
        "role" => role: Text<'a>,
        "content" => content: TextOr<'a, Vec<&'a RawValue>>,
        "name" => name: Text<'a>,
        "refusal" => refusal: Text<'a>,
        "tool_calls" => tool_calls: Vec<ToolCall<'a>>,
        "tool_call_id" => tool_call_id: Text<'a>,
        "function_call" => function_call: Function<'a>,
        "reasoning_content" => reasoning_content: Text<'a>,
        "reasoning" => reasoning: &'a RawValue,
        "thinking_blocks" => thinking_blocks: Vec<Part<'a>>,
        "annotations" => annotations: Vec<Annotation<'a>>,
        "audio" => audio: Audio<'a>,
        "images" => images: Vec<Part<'a>>,
        "cache_control" => cache: CacheControl<'a>,
    }
}

wire_object! {
    /// A part of a message's content.
    struct Part<'a> {
        "type" => kind: Text<'a>,
        "text" => text: Text<'a>,
        "image_url" => image_url: TextOr<'a, Address<'a>>,
        "video_url" => video_url: TextOr<'a, Address<'a>>,
        "input_audio" => input_audio: Sound<'a>,
        "file" => file: File<'a>,
        "refusal" => refusal: Text<'a>,
        "thinking" => thinking: Text<'a>,
        "signature" => signature: Text<'a>,
        "data" => data: Text<'a>,
        "cache_control" => cache: CacheControl<'a>,
    }
}

wire_object! {
    /// Where an image or film is.
    struct Address<'a> {
        "url" => url: Text<'a>,
        "detail" => detail: Text<'a>,
        "format" => format: Text<'a>,
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
    /// A file.
    struct File<'a> {
        "file_data" => data: Text<'a>,
        "file_id" => id: Text<'a>,
        "filename" => name: Text<'a>,
        "format" => format: Text<'a>,
    }
}

wire_object! {
    /// Spoken output.
    struct Audio<'a> {
        "id" => id: Text<'a>,
        "data" => data: Text<'a>,
        "transcript" => transcript: Text<'a>,
    }
}

wire_object! {
    /// Anthropic's cache mark.
    struct CacheControl<'a> {
        "ttl" => ttl: Text<'a>,
    }
}

wire_object! {
    /// A call of a tool; a stream names it by its index.
    struct ToolCall<'a> {
        "index" => index: u32,
        "id" => id: Text<'a>,
        "type" => kind: Text<'a>,
        "function" => function: Function<'a>,
        "custom" => custom: Custom<'a>,
    }
}

wire_object! {
    /// A function: declared, called or chosen.
    struct Function<'a> {
        "name" => name: Text<'a>,
        "description" => description: Text<'a>,
        "parameters" => parameters: &'a RawValue,
        "strict" => strict: bool,
        "arguments" => arguments: &'a RawValue,
    }
}

wire_object! {
    /// A custom tool: declared, called or chosen.
    struct Custom<'a> {
        "name" => name: Text<'a>,
        "description" => description: Text<'a>,
        "format" => format: CustomFormat<'a>,
        "input" => input: Text<'a>,
    }
}

wire_object! {
    /// The form of a custom tool's text.
    struct CustomFormat<'a> {
        "type" => kind: Text<'a>,
        "grammar" => grammar: Grammar<'a>,
    }
}

wire_object! {
    /// A grammar.
    struct Grammar<'a> {
        "syntax" => syntax: Text<'a>,
        "definition" => definition: Text<'a>,
    }
}

wire_object! {
    /// A declared tool.
    struct Tool<'a> {
        "type" => kind: Text<'a>,
        "function" => function: Function<'a>,
        "custom" => custom: Custom<'a>,
        "cache_control" => cache: CacheControl<'a>,
    }
}

wire_object! {
    /// A choice of a tool.
    struct Choosing<'a> {
        "type" => kind: Text<'a>,
        "function" => function: Function<'a>,
        "custom" => custom: Custom<'a>,
        "allowed_tools" => allowed: Allowed<'a>,
    }
}

wire_object! {
    /// Tools that may be used.
    struct Allowed<'a> {
        "mode" => mode: Text<'a>,
        "tools" => tools: Vec<Choosing<'a>>,
    }
}

wire_object! {
    /// The form of the answer.
    struct Format<'a> {
        "type" => kind: Text<'a>,
        "json_schema" => schema: Schema<'a>,
        "response_schema" => response_schema: &'a RawValue,
    }
}

wire_object! {
    /// A schema with its name.
    struct Schema<'a> {
        "name" => name: Text<'a>,
        "description" => description: Text<'a>,
        "schema" => schema: &'a RawValue,
        "strict" => strict: bool,
    }
}

wire_object! {
    /// Effort with a summary, as LiteLLM takes it.
    struct EffortObject<'a> {
        "effort" => effort: Text<'a>,
        "summary" => summary: Text<'a>,
    }
}

wire_object! {
    /// Anthropic's `thinking`.
    struct Thinking<'a> {
        "type" => kind: Text<'a>,
        "budget_tokens" => budget: Number,
        "display" => display: Text<'a>,
    }
}

wire_object! {
    /// `web_search_options`.
    struct SearchOptions<'a> {
        "search_context_size" => context_size: Text<'a>,
        "user_location" => location: Location<'a>,
    }
}

wire_object! {
    /// The user's place.
    struct Location<'a> {
        "approximate" => approximate: &'a RawValue,
    }
}

wire_object! {
    /// A source of a text.
    struct Annotation<'a> {
        "type" => kind: Text<'a>,
        "url_citation" => url: UrlCitation<'a>,
    }
}

wire_object! {
    /// A page that is cited.
    struct UrlCitation<'a> {
        "url" => url: Text<'a>,
        "title" => title: Text<'a>,
        "start_index" => start: Number,
        "end_index" => end: Number,
    }
}

wire_object! {
    /// An answer, or a chunk of one.
    struct Reply<'a> {
        "id" => id: Text<'a>,
        "object" => object: &'a RawValue,
        "created" => created: Number,
        "model" => model: Text<'a>,
        "choices" => choices: Vec<Choice<'a>>,
        "usage" => usage: &'a RawValue,
        "service_tier" => service_tier: Text<'a>,
        "error" => error: &'a RawValue,
    }
}

wire_object! {
    /// One answer.
    struct Choice<'a> {
        "index" => index: u32,
        "message" => message: Message<'a>,
        "delta" => delta: Message<'a>,
        "finish_reason" => finish: Text<'a>,
        "logprobs" => logprobs: &'a RawValue,
    }
}
