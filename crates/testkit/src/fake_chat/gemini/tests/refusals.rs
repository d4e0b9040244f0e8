//! What is refused, and in which words.

use serde_json::{Value, json};

use super::*;

fn parts(parts: Value) -> Value {
    json!({"contents": [{"role": "user", "parts": parts}]})
}

fn config(config: Value) -> Value {
    say("hi", json!({"generationConfig": config}))
}

fn parameters(schema: Value) -> Value {
    say("hi", json!({"tools": [{"functionDeclarations": [{"name": "f", "parameters": schema}]}]}))
}

fn tools(tools: Value) -> Value {
    say("hi", json!({"tools": tools}))
}

#[test]
fn forms_are_refused_by_the_front_end() {
    check(
        OLD,
        vec![
            (json!([]), "Unknown name \"\": Root element must be a message."),
            (
                say("hi", json!({"foo": 1})),
                "Invalid JSON payload received. Unknown name \"foo\": Cannot find field.",
            ),
            (
                parts(json!([{"text": "a", "foo": 1}])),
                "Unknown name \"foo\" at 'contents[0].parts[0]': Cannot find field.",
            ),
            (parts(json!([{"text": 5}])), "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 5"),
            (
                parts(json!(["hi"])),
                "Invalid value at 'contents[0].parts[0]' (type.googleapis.com/google.ai.generativelanguage.v1beta.Part), \"hi\"",
            ),
            (
                parts(json!([{"text": ["a"]}])),
                "Unknown name \"text\" at 'contents[0].parts[0]': Proto field is not repeating, cannot start list.",
            ),
            (
                parts(json!([{"text": "a", "inlineData": {"mimeType": "image/png", "data": "aGk="}}])),
                "(oneof), oneof field 'data' is already set. Cannot set '",
            ),
            (
                parts(json!([{"inlineData": {"mimeType": "image/png", "data": "a!"}}])),
                "at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed for \"a!\"",
            ),
            (
                config(json!({"maxOutputTokens": 1.5})),
                "Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32), 1.5",
            ),
            (config(json!({"seed": 3_000_000_000_u32})), "'generation_config.seed' (TYPE_INT32)"),
            (
                config(json!({"thinkingConfig": {"thinkingLevel": "deep"}})),
                "ThinkingConfig.ThinkingLevel), \"deep\"",
            ),
            (config(json!({"routingConfig": {}})), "Unknown name \"routingConfig\" at 'generation_config'"),
            (
                parameters(json!({"type": "object", "$schema": "s"})),
                "Unknown name \"$schema\" at 'tools[0].function_declarations[0].parameters'",
            ),
            (
                parameters(
                    json!({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string", "additionalProperties": false}}}}),
                ),
                "Unknown name \"additionalProperties\" at 'tools[0].function_declarations[0].parameters.properties[0].value.items'",
            ),
            (
                parameters(json!({"type": ["string", "null"]})),
                "Unknown name \"type\" at 'tools[0].function_declarations[0].parameters': Proto field is not repeating",
            ),
            (parameters(json!({"type": "integer", "enum": [1]})), "parameters.enum[0]' (TYPE_STRING), 1"),
            (
                with(vec![
                    user("a"),
                    call(&["f"]),
                    json!({"role": "user", "parts": [{"functionResponse": {"name": "f", "response": "text"}}]}),
                ]),
                "at 'contents[2].parts[0].function_response.response' (type.googleapis.com/google.protobuf.Struct), \"text\"",
            ),
        ],
    );
}

#[test]
fn all_faults_of_form_are_told_with_their_places() {
    let reply = generate(&fake(), OLD, &say("hi", json!({"foo": 1, "generationConfig": {"bar": 2}})));
    let error = &reply.json()["error"];
    assert_eq!(error["message"].as_str().unwrap().lines().count(), 2);
    let violations = &error["details"][0]["fieldViolations"];
    assert_eq!(violations[0].get("field"), None);
    assert_eq!(violations[1]["field"], "generation_config");
}

#[test]
fn contents_are_refused() {
    check(
        OLD,
        vec![
            (json!({}), "* GenerateContentRequest.contents: contents is not specified\n"),
            (json!({"contents": []}), "contents is not specified"),
            (
                with(vec![json!({"role": "user"})]),
                "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n",
            ),
            (
                parts(json!([{}])),
                "* GenerateContentRequest.contents[0].parts[0].data: required oneof field 'data' must have one initialized field\n",
            ),
            (
                say("a", json!({"systemInstruction": {"parts": [{}]}})),
                "GenerateContentRequest.system_instruction.parts[0].data",
            ),
            (
                with(vec![json!({"role": "assistant", "parts": [{"text": "a"}]})]),
                "Please use a valid role: user, model.",
            ),
            (
                parts(json!([{"inlineData": {"mimeType": "png", "data": "aGk="}}])),
                "Unsupported MIME type: png",
            ),
            (
                parts(json!([{"inlineData": {"mimeType": "image/jpg", "data": "aGk="}}])),
                "Unsupported MIME type: image/jpg",
            ),
            (
                parts(json!([{"fileData": {"fileUri": "http://a/b"}}])),
                "Invalid or unsupported file uri: http://a/b",
            ),
            (say("a", json!({"model": "models/other"})), "GenerateContentRequest.model"),
            (
                say("a", json!({"cachedContent": "cachedContents/1", "tools": weather_tools()})),
                "CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config.",
            ),
            (parts(json!([{"text": "a", "thoughtSignature": "c2ln"}])), "Corrupted thought signature."),
        ],
    );
}

#[test]
fn schemas_and_tools_are_refused() {
    let place = "* GenerateContentRequest.tools[0].function_declarations[0].parameters";
    let at = |rest: &str| -> &'static str { Box::leak(format!("{place}{rest}").into_boxed_str()) };
    let object = |properties: Value| json!({"type": "OBJECT", "properties": properties});
    let function = |name: &str| json!({"functionDeclarations": [{"name": name}]});
    check(
        OLD,
        vec![
            (
                parameters(json!({})),
                at(".type: must be specified when not using one_of, any_of or all_of fields"),
            ),
            (parameters(object(json!({}))), at(".properties: should be non-empty for OBJECT type")),
            (parameters(object(json!({"a": {"type": "ARRAY"}}))), at(".properties[a].items: missing field.")),
            (
                parameters(object(json!({"a": {"type": "STRING", "properties": {"b": {"type": "STRING"}}}}))),
                at(".properties[a].properties: only allowed for OBJECT type"),
            ),
            (
                parameters(object(json!({"a": {"type": "INTEGER", "enum": ["1"]}}))),
                at(".properties[a].enum: only allowed for STRING type"),
            ),
            (
                parameters(object(json!({"a": {"type": "STRING", "enum": [""]}}))),
                at(".properties[a].enum[0]: cannot be empty"),
            ),
            (
                parameters(object(json!({"a": {"type": "STRING", "format": "uri"}}))),
                at(".properties[a].format: only 'enum' and 'date-time' are supported for STRING type"),
            ),
            (
                parameters(
                    json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["b"]}),
                ),
                at(".required[0]: property is not defined"),
            ),
            (
                tools(json!([function("1f")])),
                "function_declarations[0].name: Invalid function name. Must start with a letter or an underscore.",
            ),
            (tools(json!([function(&"f".repeat(65))])), "Invalid function name."),
            (tools(json!([function("f"), function("f")])), "Duplicate function declaration found: f"),
            (
                tools(json!([function("f"), {"googleSearch": {}}])),
                "Tool use with function calling is unsupported by the model.",
            ),
            (
                say("a", json!({"toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}})),
                "Function calling config is set without function_declarations.",
            ),
            (
                say(
                    "a",
                    json!({"tools": [function("f")], "toolConfig": {"functionCallingConfig": {"mode": "AUTO", "allowedFunctionNames": ["f"]}}}),
                ),
                "allowed_function_names",
            ),
            (
                say(
                    "a",
                    json!({"tools": [function("f")], "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["g"]}}}),
                ),
                "function 'g' is not in function_declarations",
            ),
            (
                say(
                    "a",
                    json!({"tools": [function("f")], "generationConfig": {"responseMimeType": "application/json"}}),
                ),
                "Function calling with a response mime type: 'application/json' is unsupported",
            ),
        ],
    );
    let mixed = tools(json!([function("f"), {"googleSearch": {}}]));
    check(
        NEW,
        vec![(
            mixed,
            "Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with Function calling.",
        )],
    );
}

#[test]
fn generation_is_refused_by_model() {
    let thinking = |thinking: Value| config(json!({"thinkingConfig": thinking}));
    let schema = json!({"type": "STRING"});
    check(
        OLD,
        vec![
            (
                config(json!({"temperature": 2.5})),
                "* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0, 2]",
            ),
            (config(json!({"topP": 1.1})), "generation_config.top_p"),
            (config(json!({"maxOutputTokens": 0})), "max_output_tokens must be positive"),
            (
                config(json!({"stopSequences": ["1", "2", "3", "4", "5", "6"]})),
                "generation_config.stop_sequences",
            ),
            (
                config(json!({"responseMimeType": "text/html"})),
                "response_mime_type: allowed mimetypes are `text/plain`, `application/json`",
            ),
            (
                config(json!({"responseSchema": schema})),
                "response_schema is only supported when response_mime_type is",
            ),
            (
                config(
                    json!({"responseJsonSchema": schema, "responseSchema": schema, "responseMimeType": "application/json"}),
                ),
                "response_json_schema: must not be set",
            ),
            (config(json!({"candidateCount": 2})), "Multiple candidates is not enabled for this model"),
            (config(json!({"presencePenalty": 0.5})), "Penalty is not enabled for this model"),
            (config(json!({"logprobs": 3})), "generation_config.logprobs"),
            (thinking(json!({"thinkingLevel": "low"})), "Thinking level is not supported for this model."),
            (
                thinking(json!({"thinkingLevel": "low", "thinkingBudget": 1})),
                "You can only set only one of thinking budget and thinking level.",
            ),
            (thinking(json!({"thinkingBudget": 30000})), "The thinking budget (30000) is invalid."),
            (thinking(json!({"thinkingBudget": -2})), "thinking_budget must be in the range [-1, 65535]"),
        ],
    );
    let budget = "Thinking budget is not supported for this model.";
    for (model, wish, words) in [
        (
            "gemini-2.5-pro",
            json!({"thinkingBudget": 0}),
            "Budget 0 is invalid. This model only works in thinking mode.",
        ),
        ("gemini-2.5-flash-lite", json!({"thinkingBudget": 100}), "The thinking budget (100) is invalid."),
        (
            "gemini-3-pro-preview",
            json!({"thinkingLevel": "MEDIUM"}),
            "Thinking level MEDIUM is not supported for this model.",
        ),
        (
            "gemini-3.1-pro-preview",
            json!({"thinkingLevel": "minimal"}),
            "Thinking level MINIMAL is not supported for this model.",
        ),
        (
            "gemini-3.7-flash",
            json!({"thinkingLevel": "MINIMAL"}),
            "Thinking level MINIMAL is not supported for this model.",
        ),
        ("gemini-4-neon", json!({"thinkingBudget": 100}), budget),
        ("gemma-4-31b-it", json!({"thinkingBudget": 100}), budget),
    ] {
        check(model, vec![(thinking(wish), words)]);
    }
}

#[test]
fn keys_and_paths_are_refused() {
    let fake = fake();
    fake.require_key("right");
    let body = say("hi", json!({}));
    let post = |path: &str| Request::post(path, &body);
    let model = "/v1beta/models/m";
    let cases = [
        (post(&format!("{model}:generateContent")), 403, "PERMISSION_DENIED"),
        (
            post(&format!("{model}:generateContent")).header("x-goog-api-key", "wrong"),
            400,
            "INVALID_ARGUMENT",
        ),
        (post(&format!("{model}:generateContent")).bearer("right"), 401, "UNAUTHENTICATED"),
        (post(&format!("{model}:generateContent?key=right")).bearer("right"), 400, "INVALID_ARGUMENT"),
        (post(&format!("{model}:embed?key=right")), 404, "NOT_FOUND"),
        (post("/v2/models/m:generateContent?key=right"), 404, "NOT_FOUND"),
        (Request::get(&format!("{model}:generateContent?key=right")), 404, "NOT_FOUND"),
        (post("/v1beta/models/a b:generateContent?key=right".replace(' ', "%20").as_str()), 404, "NOT_FOUND"),
    ];
    for (request, status, kind) in cases {
        let reply = send(fake.address(), &request).unwrap();
        assert_eq!((reply.status(), reply.json()["error"]["status"].as_str()), (status, Some(kind)));
    }
    let wrong = post(&format!("{model}:generateContent?key=wrong"));
    let error = send(fake.address(), &wrong).unwrap().json();
    assert_eq!(error["error"]["details"][0]["reason"], "API_KEY_INVALID");
    assert_eq!(
        send(fake.address(), &post(&format!("{model}:generateContent?key=right"))).unwrap().status(),
        200
    );
}
