//! The objects of generateContent as they stand on the wire.
//!
//! Proto JSON takes every member in camelCase and in snake_case
//! (<https://protobuf.dev/programming-guides/json/>); camelCase is written.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::wire::{Number, OneOrMany, Text, TextOr, wire_object};

/// Values as they came: a list of them, or one alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Raws<'a>(pub(crate) Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Raws<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'a RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('[') {
            return serde_json::from_str(raw.get()).map(Self).map_err(serde::de::Error::custom);
        }
        Ok(Self(vec![raw]))
    }
}

wire_object! {
    /// A request (<https://ai.google.dev/api/generate-content#request-body>).
    struct Body<'a> {
        "contents" => contents: OneOrMany<Content<'a>>,
        "systemInstruction" | "system_instruction" => system: TextOr<'a, Content<'a>>,
        "tools" => tools: Raws<'a>,
        "toolConfig" | "tool_config" => tool_config: &'a RawValue,
        "generationConfig" | "generation_config" => generation: Generation<'a>,
        "serviceTier" | "service_tier" => service_tier: Text<'a>,
    }
}

wire_object! {
    /// One turn.
    struct Content<'a> {
        "role" => role: Text<'a>,
        "parts" => parts: Raws<'a>,
    }
}

wire_object! {
    /// A part of a turn; which kind it is tells the member that it has (<https://ai.google.dev/api/caching#Part>).
    struct Part<'a> {
        "text" => text: Text<'a>,
        "thought" => thought: bool,
        "thoughtSignature" | "thought_signature" => signature: Text<'a>,
        "inlineData" | "inline_data" => inline: Data<'a>,
        "fileData" | "file_data" => file: Data<'a>,
        "functionCall" | "function_call" => call: FunctionCall<'a>,
        "functionResponse" | "function_response" => response: FunctionResponse<'a>,
        "executableCode" | "executable_code" => code: &'a RawValue,
        "codeExecutionResult" | "code_execution_result" => code_result: &'a RawValue,
        "toolCall" | "tool_call" => tool_call: &'a RawValue,
        "toolResponse" | "tool_response" => tool_response: &'a RawValue,
        "videoMetadata" | "video_metadata" => video: &'a RawValue,
        "mediaResolution" | "media_resolution" => resolution: Resolution<'a>,
    }
}

wire_object! {
    /// Bytes, or where they are.
    struct Data<'a> {
        "mimeType" | "mime_type" => mime_type: Text<'a>,
        "data" => data: Text<'a>,
        "fileUri" | "file_uri" => uri: Text<'a>,
        "displayName" | "display_name" => name: Text<'a>,
    }
}

wire_object! {
    /// How closely a picture is looked at.
    struct Resolution<'a> {
        "level" => level: Text<'a>,
    }
}

wire_object! {
    /// A call of a function.
    struct FunctionCall<'a> {
        "id" => id: Text<'a>,
        "name" => name: Text<'a>,
        "args" => args: &'a RawValue,
    }
}

wire_object! {
    /// What a function gave.
    struct FunctionResponse<'a> {
        "id" => id: Text<'a>,
        "name" => name: Text<'a>,
        "response" => response: &'a RawValue,
        "parts" => parts: OneOrMany<Part<'a>>,
    }
}

wire_object! {
    /// The result in a function's response: `output` and `error` are its documented names, `result` is the SDKs'.
    struct Given<'a> {
        "output" => output: &'a RawValue,
        "result" => result: &'a RawValue,
        "error" => error: &'a RawValue,
    }
}

wire_object! {
    /// A tool: functions, or a member that names a tool of Google's.
    struct ToolObject<'a> {
        "functionDeclarations" | "function_declarations" => functions: OneOrMany<Declaration<'a>>,
    }
}

wire_object! {
    /// A function.
    struct Declaration<'a> {
        "name" => name: Text<'a>,
        "description" => description: Text<'a>,
        "parameters" => parameters: &'a RawValue,
        "parametersJsonSchema" | "parameters_json_schema" => json_schema: &'a RawValue,
    }
}

wire_object! {
    /// How tools are to be used.
    struct ToolConfig<'a> {
        "functionCallingConfig" | "function_calling_config" => calling: Calling<'a>,
    }
}

wire_object! {
    /// Which functions are to be called.
    struct Calling<'a> {
        "mode" => mode: Text<'a>,
        "allowedFunctionNames" | "allowed_function_names" => allowed: Vec<Text<'a>>,
    }
}

wire_object! {
    /// How the answer is made.
    struct Generation<'a> {
        "temperature" => temperature: Number,
        "topP" | "top_p" => top_p: Number,
        "topK" | "top_k" => top_k: Number,
        "candidateCount" | "candidate_count" => candidates: Number,
        "maxOutputTokens" | "max_output_tokens" => max_output: Number,
        "stopSequences" | "stop_sequences" => stop: Vec<Text<'a>>,
        "responseMimeType" | "response_mime_type" => mime_type: Text<'a>,
        "responseSchema" | "response_schema" => schema: &'a RawValue,
        "responseJsonSchema" | "_responseJsonSchema" | "response_json_schema" => json_schema: &'a RawValue,
        "seed" => seed: i64,
        "presencePenalty" | "presence_penalty" => presence_penalty: Number,
        "frequencyPenalty" | "frequency_penalty" => frequency_penalty: Number,
        "responseLogprobs" | "response_logprobs" => wants_logprobs: bool,
        "logprobs" => top_logprobs: Number,
        "thinkingConfig" | "thinking_config" => thinking: Thinking<'a>,
        "responseModalities" | "response_modalities" => modalities: Vec<Text<'a>>,
    }
}

wire_object! {
    /// What is said of reasoning.
    struct Thinking<'a> {
        "includeThoughts" | "include_thoughts" => shown: bool,
        "thinkingBudget" | "thinking_budget" => budget: Number,
        "thinkingLevel" | "thinking_level" => level: Text<'a>,
    }
}

wire_object! {
    /// An answer, or a piece of a streamed one (<https://ai.google.dev/api/generate-content#response-body>).
    struct Reply<'a> {
        "candidates" => candidates: Vec<Candidate<'a>>,
        "promptFeedback" | "prompt_feedback" => feedback: Feedback<'a>,
        "usageMetadata" | "usage_metadata" => usage: &'a RawValue,
        "modelVersion" | "model_version" => model: Text<'a>,
        "responseId" | "response_id" => id: Text<'a>,
        "error" => error: &'a RawValue,
    }
}

wire_object! {
    /// One answer.
    struct Candidate<'a> {
        "content" => content: Content<'a>,
        "index" => index: u32,
        "finishReason" | "finish_reason" => finish: Text<'a>,
        "groundingMetadata" | "grounding_metadata" => grounding: &'a RawValue,
        "logprobsResult" | "logprobs_result" => logprobs: &'a RawValue,
    }
}

wire_object! {
    /// What was wrong with the prompt.
    struct Feedback<'a> {
        "blockReason" | "block_reason" => reason: Text<'a>,
    }
}

wire_object! {
    /// What a search found (<https://ai.google.dev/api/generate-content#GroundingMetadata>).
    struct Grounding<'a> {
        "groundingChunks" | "grounding_chunks" => chunks: Vec<Chunk<'a>>,
        "groundingSupports" | "grounding_supports" => supports: Vec<Support<'a>>,
        "webSearchQueries" | "web_search_queries" => queries: Vec<Text<'a>>,
    }
}

wire_object! {
    /// A source.
    struct Chunk<'a> {
        "web" => web: Source<'a>,
        "retrievedContext" | "retrieved_context" => retrieved: Source<'a>,
        "maps" => maps: Source<'a>,
    }
}

wire_object! {
    /// Where a source is.
    struct Source<'a> {
        "uri" => uri: Text<'a>,
        "title" => title: Text<'a>,
    }
}

wire_object! {
    /// Which sources bear a part of the text.
    struct Support<'a> {
        "segment" => segment: Segment<'a>,
        "groundingChunkIndices" | "grounding_chunk_indices" => chunks: Vec<u32>,
    }
}

wire_object! {
    /// A part of the text, in bytes of UTF-8.
    struct Segment<'a> {
        "partIndex" | "part_index" => part: u32,
        "startIndex" | "start_index" => start: u64,
        "endIndex" | "end_index" => end: u64,
        "text" => text: Text<'a>,
    }
}
