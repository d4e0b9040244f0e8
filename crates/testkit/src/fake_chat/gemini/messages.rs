//! The messages of a request to Gemini's developer API, field by field.
//! Names and types are those that the official Python SDK sends to it (`google/genai/models.py`, the functions that end
//! in `_to_mldev`, and `types.py`); what the SDK says only Vertex takes is left out, so it is refused as unknown.

use super::shape::{Field, Kind, Shape, many, one};

const fn shape(name: &'static str, fields: &'static [Field]) -> Shape {
    Shape { name, fields, choice: None }
}

/// `GenerateContentRequest`.
pub(super) static GENERATE: Shape = shape(
    "GenerateContentRequest",
    &[
        one("model", Kind::Text),
        one("system_instruction", Kind::Message(&CONTENT)),
        many("contents", Kind::Message(&CONTENT)),
        many("tools", Kind::Message(&TOOL)),
        one("tool_config", Kind::Message(&TOOL_CONFIG)),
        many("safety_settings", Kind::Message(&SAFETY_SETTING)),
        one("generation_config", Kind::Message(&GENERATION_CONFIG)),
        one("cached_content", Kind::Text),
        one("service_tier", Kind::Word("ServiceTier", &["UNSPECIFIED", "STANDARD", "FLEX", "PRIORITY"])),
        one("store", Kind::Truth),
        one("labels", Kind::Map(&Kind::Text)),
        one("continuation_token", Kind::Bytes),
    ],
);

/// `CountTokensRequest`: contents alone, or a whole request.
pub(super) static COUNT_TOKENS: Shape = shape(
    "CountTokensRequest",
    &[
        one("model", Kind::Text),
        many("contents", Kind::Message(&CONTENT)),
        one("generate_content_request", Kind::Message(&GENERATE)),
    ],
);

static CONTENT: Shape = shape("Content", &[one("role", Kind::Text), many("parts", Kind::Message(&PART))]);

static PART: Shape = Shape {
    name: "Part",
    fields: &[
        one("text", Kind::Text),
        one("inline_data", Kind::Message(&BLOB)),
        one("file_data", Kind::Message(&FILE_DATA)),
        one("function_call", Kind::Message(&FUNCTION_CALL)),
        one("function_response", Kind::Message(&FUNCTION_RESPONSE)),
        one("executable_code", Kind::Message(&EXECUTABLE_CODE)),
        one("code_execution_result", Kind::Message(&CODE_EXECUTION_RESULT)),
        one("tool_call", Kind::Struct),
        one("tool_response", Kind::Struct),
        one("thought", Kind::Truth),
        one("thought_signature", Kind::Bytes),
        one("part_metadata", Kind::Struct),
        one("media_resolution", Kind::Struct),
        one("video_metadata", Kind::Struct),
        one("audio_transcription", Kind::Struct),
        one("media_processing", Kind::Any),
        one("speech_metadata", Kind::Struct),
        one("document_metadata", Kind::Struct),
        one("spreadsheet_metadata", Kind::Struct),
        one("audio_metadata", Kind::Struct),
    ],
    choice: Some(("data", DATA)),
};

const DATA: &[&str] = &[
    "text",
    "inline_data",
    "file_data",
    "function_call",
    "function_response",
    "executable_code",
    "code_execution_result",
    "tool_call",
    "tool_response",
];

static BLOB: Shape =
    shape("Blob", &[one("mime_type", Kind::Text), one("data", Kind::Bytes), one("display_name", Kind::Text)]);

static FILE_DATA: Shape = shape(
    "FileData",
    &[one("mime_type", Kind::Text), one("file_uri", Kind::Text), one("display_name", Kind::Text)],
);

static FUNCTION_CALL: Shape =
    shape("FunctionCall", &[one("id", Kind::Text), one("name", Kind::Text), one("args", Kind::Struct)]);

static FUNCTION_RESPONSE: Shape = shape(
    "FunctionResponse",
    &[
        one("id", Kind::Text),
        one("name", Kind::Text),
        one("response", Kind::Struct),
        many("parts", Kind::Message(&FUNCTION_RESPONSE_PART)),
        one("will_continue", Kind::Truth),
        one(
            "scheduling",
            Kind::Word(
                "FunctionResponse.Scheduling",
                &["SCHEDULING_UNSPECIFIED", "SILENT", "WHEN_IDLE", "INTERRUPT"],
            ),
        ),
    ],
);

static FUNCTION_RESPONSE_PART: Shape = Shape {
    name: "FunctionResponsePart",
    fields: &[
        one("inline_data", Kind::Message(&BLOB)),
        one("file_data", Kind::Message(&FILE_DATA)),
        one("media_processing", Kind::Any),
        one("media_resolution", Kind::Struct),
        one("video_metadata", Kind::Struct),
        one("document_metadata", Kind::Struct),
        one("spreadsheet_metadata", Kind::Struct),
        one("audio_metadata", Kind::Struct),
    ],
    choice: Some(("data", &["inline_data", "file_data"])),
};

static EXECUTABLE_CODE: Shape = shape(
    "ExecutableCode",
    &[
        one("id", Kind::Text),
        one("language", Kind::Word("ExecutableCode.Language", &["LANGUAGE_UNSPECIFIED", "PYTHON"])),
        one("code", Kind::Text),
    ],
);

static CODE_EXECUTION_RESULT: Shape = shape(
    "CodeExecutionResult",
    &[
        one("id", Kind::Text),
        one(
            "outcome",
            Kind::Word(
                "CodeExecutionResult.Outcome",
                &["OUTCOME_UNSPECIFIED", "OUTCOME_OK", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED"],
            ),
        ),
        one("output", Kind::Text),
    ],
);

static TOOL: Shape = shape(
    "Tool",
    &[
        many("function_declarations", Kind::Message(&FUNCTION_DECLARATION)),
        one("google_search", Kind::Message(&GOOGLE_SEARCH)),
        one("google_search_retrieval", Kind::Struct),
        one("google_maps", Kind::Struct),
        one("code_execution", Kind::Message(&NOTHING)),
        one("url_context", Kind::Message(&NOTHING)),
        one("computer_use", Kind::Struct),
        one("file_search", Kind::Struct),
        many("mcp_servers", Kind::Struct),
    ],
);

static NOTHING: Shape = shape("CodeExecution", &[]);

static GOOGLE_SEARCH: Shape =
    shape("GoogleSearch", &[one("search_types", Kind::Struct), one("time_range_filter", Kind::Struct)]);

static FUNCTION_DECLARATION: Shape = shape(
    "FunctionDeclaration",
    &[
        one("name", Kind::Text),
        one("description", Kind::Text),
        one(
            "behavior",
            Kind::Word("FunctionDeclaration.Behavior", &["UNSPECIFIED", "BLOCKING", "NON_BLOCKING"]),
        ),
        one("parameters", Kind::Message(&SCHEMA)),
        one("parameters_json_schema", Kind::Any),
        one("response", Kind::Message(&SCHEMA)),
        one("response_json_schema", Kind::Any),
    ],
);

/// A schema in OpenAPI's manner: `$schema`, `additionalProperties` and what else JSON Schema has are unknown to it.
static SCHEMA: Shape = shape(
    "Schema",
    &[
        one(
            "type",
            Kind::Word(
                "Type",
                &["TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"],
            ),
        ),
        one("format", Kind::Text),
        one("title", Kind::Text),
        one("description", Kind::Text),
        one("nullable", Kind::Truth),
        many("enum", Kind::Text),
        one("items", Kind::Message(&SCHEMA)),
        one("max_items", Kind::Whole),
        one("min_items", Kind::Whole),
        one("properties", Kind::Map(&Kind::Message(&SCHEMA))),
        many("required", Kind::Text),
        one("min_properties", Kind::Whole),
        one("max_properties", Kind::Whole),
        one("minimum", Kind::Number),
        one("maximum", Kind::Number),
        one("min_length", Kind::Whole),
        one("max_length", Kind::Whole),
        one("pattern", Kind::Text),
        one("example", Kind::Any),
        many("any_of", Kind::Message(&SCHEMA)),
        many("property_ordering", Kind::Text),
        one("default", Kind::Any),
    ],
);

static TOOL_CONFIG: Shape = shape(
    "ToolConfig",
    &[
        one("function_calling_config", Kind::Message(&FUNCTION_CALLING_CONFIG)),
        one("retrieval_config", Kind::Struct),
        one("include_server_side_tool_invocations", Kind::Truth),
    ],
);

static FUNCTION_CALLING_CONFIG: Shape = shape(
    "FunctionCallingConfig",
    &[
        one(
            "mode",
            Kind::Word(
                "FunctionCallingConfig.Mode",
                &["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"],
            ),
        ),
        many("allowed_function_names", Kind::Text),
    ],
);

static SAFETY_SETTING: Shape = shape(
    "SafetySetting",
    &[
        one(
            "category",
            Kind::Word(
                "HarmCategory",
                &[
                    "HARM_CATEGORY_UNSPECIFIED",
                    "HARM_CATEGORY_HARASSMENT",
                    "HARM_CATEGORY_HATE_SPEECH",
                    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
                    "HARM_CATEGORY_DANGEROUS_CONTENT",
                    "HARM_CATEGORY_CIVIC_INTEGRITY",
                ],
            ),
        ),
        one(
            "threshold",
            Kind::Word(
                "SafetySetting.HarmBlockThreshold",
                &[
                    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
                    "BLOCK_LOW_AND_ABOVE",
                    "BLOCK_MEDIUM_AND_ABOVE",
                    "BLOCK_ONLY_HIGH",
                    "BLOCK_NONE",
                    "OFF",
                ],
            ),
        ),
    ],
);

static GENERATION_CONFIG: Shape = shape(
    "GenerationConfig",
    &[
        many("stop_sequences", Kind::Text),
        one("response_mime_type", Kind::Text),
        one("response_schema", Kind::Message(&SCHEMA)),
        one("response_json_schema", Kind::Any),
        one("candidate_count", Kind::Whole),
        one("max_output_tokens", Kind::Whole),
        one("temperature", Kind::Number),
        one("top_p", Kind::Number),
        one("top_k", Kind::Whole),
        one("seed", Kind::Whole),
        one("presence_penalty", Kind::Number),
        one("frequency_penalty", Kind::Number),
        one("response_logprobs", Kind::Truth),
        one("logprobs", Kind::Whole),
        one("enable_enhanced_civic_answers", Kind::Truth),
        many(
            "response_modalities",
            Kind::Word(
                "GenerationConfig.Modality",
                &["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO", "VIDEO"],
            ),
        ),
        one("speech_config", Kind::Struct),
        one("thinking_config", Kind::Message(&THINKING_CONFIG)),
        one("image_config", Kind::Message(&IMAGE_CONFIG)),
        one(
            "media_resolution",
            Kind::Word(
                "GenerationConfig.MediaResolution",
                &[
                    "MEDIA_RESOLUTION_UNSPECIFIED",
                    "MEDIA_RESOLUTION_LOW",
                    "MEDIA_RESOLUTION_MEDIUM",
                    "MEDIA_RESOLUTION_HIGH",
                ],
            ),
        ),
        one("audio_transcription_config", Kind::Struct),
        one("translation_config", Kind::Struct),
        many("response_format", Kind::Struct),
    ],
);

static THINKING_CONFIG: Shape = shape(
    "ThinkingConfig",
    &[
        one("include_thoughts", Kind::Truth),
        one("thinking_budget", Kind::Whole),
        one(
            "thinking_level",
            Kind::Word(
                "ThinkingConfig.ThinkingLevel",
                &["THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"],
            ),
        ),
    ],
);

static IMAGE_CONFIG: Shape =
    shape("ImageConfig", &[one("aspect_ratio", Kind::Text), one("image_size", Kind::Text)]);
