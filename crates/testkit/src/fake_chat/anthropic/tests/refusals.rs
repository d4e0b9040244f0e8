//! What the fake Anthropic refuses, held against what the real API says.

use serde_json::{Value, json};

use super::{asked, body, called, request, result, saying, weather};
use crate::fake_chat::{FakeChat, Wire};
use crate::http::{self, Request};

/// Holds what the fake says of a request with these changes against what the real API says.
#[track_caller]
fn refused(cases: &[(Value, &str)]) {
    let fake = FakeChat::start(Wire::Anthropic);
    for (changes, message) in cases {
        let reply = asked(&fake, changes);
        let error = reply.json();
        assert_eq!(reply.status(), 400, "{changes}: {error}");
        assert_eq!(error["type"], "error");
        assert_eq!(error["error"]["type"], "invalid_request_error", "{changes}");
        let said = error["error"]["message"].as_str().unwrap();
        assert!(said.starts_with(message), "{changes}\nsays  {said}\nnot   {message}");
    }
    assert_eq!(fake.bill().calls, 0);
}

fn call(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "get_weather", "input": {}})
}

#[test]
fn members_are_checked_one_by_one() {
    let block = |block: Value| saying("user", &json!([block]));
    refused(&[
        (json!({"model": null}), "model: Field required"),
        (json!({"max_tokens": null}), "max_tokens: Field required"),
        (json!({"max_tokens": "9"}), "max_tokens: Input should be a valid integer"),
        (json!({"max_tokens": -1}), "max_tokens: Input should be greater than or equal to 0"),
        (json!({"messages": null}), "messages: Field required"),
        (json!({"messages": {}}), "messages: Input should be a valid list"),
        (json!({"messages": []}), "messages: at least one message is required"),
        (json!({"max_completion_tokens": 1}), "max_completion_tokens: Extra inputs are not permitted"),
        (json!({"context_management": {}}), "context_management: Extra inputs are not permitted"),
        (json!({"stream": "yes"}), "stream: Input should be a valid boolean"),
        (json!({"metadata": {"user": "u"}}), "metadata.user: Extra inputs are not permitted"),
        (json!({"temperature": 1.5}), "temperature: range: 0..1"),
        (json!({"temperature": "hot"}), "temperature: Input should be a valid number"),
        (json!({"service_tier": "flex"}), "service_tier: Input should be 'auto' or 'standard_only'"),
        (json!({"stop_sequences": ["\n"]}), "stop_sequences: each stop sequence must contain non-whitespace"),
        (json!({"system": [{"type": "text", "text": ""}]}), "system: text content blocks must be non-empty"),
        (
            json!({"output_config": {"effort": "minimal"}}),
            "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
        ),
        (
            block(json!({"type": "text", "text": "a", "foo": 1})),
            "messages.0.content.0.text.foo: Extra inputs are not permitted",
        ),
        (block(json!({"type": "text", "text": ""})), "messages: text content blocks must be non-empty"),
        (
            block(json!({"type": "text", "text": " "})),
            "messages: text content blocks must contain non-whitespace text",
        ),
        (block(json!({"text": "a"})), "messages.0.content.0.type: Field required"),
        (
            block(json!({"type": "image_url", "image_url": {}})),
            "messages.0.content.0: Input tag 'image_url' found using 'type' does not match any of the expected tags: 'text', 'image'",
        ),
        (
            block(
                json!({"type": "image", "source": {"type": "base64", "data": "AAAA", "media_type": "image/bmp"}}),
            ),
            "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
        ),
        (
            block(
                json!({"type": "image", "source": {"type": "base64", "data": "data:image/png;base64,AAAA", "media_type": "image/png"}}),
            ),
            "messages.0.content.0.image.source.base64.data: invalid base64 data",
        ),
        (
            block(
                json!({"type": "document", "source": {"type": "text", "data": "a", "media_type": "text/html"}}),
            ),
            "messages.0.content.0.document.source.text.media_type: Input should be 'text/plain'",
        ),
        (saying("user", &json!("")), "messages.0: all messages must have non-empty content"),
        (saying("tool", &json!("a")), "messages: Unexpected role \"tool\". Allowed roles"),
        (
            saying("system", &json!("a")),
            "messages: Unexpected role \"system\". The Messages API accepts a top-level `system`",
        ),
        (saying("assistant", &json!("a")), "messages: first message must use the \"user\" role"),
        (
            json!({"messages": [{"role": "user", "content": "a", "name": "n"}]}),
            "messages.0.name: Extra inputs are not permitted",
        ),
        (
            json!({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b "}]}),
            "messages: final assistant content cannot end with trailing whitespace",
        ),
    ]);
}

#[test]
fn tools_and_what_is_asked_of_them_are_checked() {
    let tool = |tool: Value| json!({"tools": [tool]});
    let with = |schema: Value| json!({"tools": [{"name": "t", "input_schema": schema}]});
    let object = json!({"type": "object"});
    let (one, two) =
        (json!({"name": "a", "input_schema": object}), json!({"name": "a", "input_schema": object}));
    refused(&[
        (
            tool(json!({"type": "function", "function": {}})),
            "tools.0: Input tag 'function' found using 'type' does not match any of the expected tags: 'bash_20250124'",
        ),
        (
            tool(json!({"name": "a b", "input_schema": object})),
            "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
        ),
        (tool(json!({"name": "a"})), "tools.0.custom.input_schema: Field required"),
        (
            tool(json!({"name": "a", "parameters": {}, "input_schema": object})),
            "tools.0.custom.parameters: Extra inputs are not permitted",
        ),
        (
            tool(json!({"type": "web_search_20250305", "name": "search"})),
            "tools.0.web_search_20250305.name: Input should be 'web_search'",
        ),
        (
            tool(json!({"name": "a", "strict": true, "input_schema": object})),
            "tools.0.custom: For 'object' type, 'additionalProperties' must be explicitly set to false",
        ),
        (json!({"tools": [one, two]}), "tools: Tool names must be unique."),
        (with(json!({})), "tools.0.custom.input_schema.type: Field required"),
        (with(json!({"type": "string"})), "tools.0.custom.input_schema.type: Input should be 'object'"),
        (
            with(json!({"type": "object", "anyOf": []})),
            "tools.0.custom.input_schema: input_schema does not support oneOf",
        ),
        (
            with(json!({"type": "object", "properties": {"a b": {}}})),
            "tools.0.custom.input_schema.properties: Property keys should match pattern",
        ),
        (
            json!({"tool_choice": {"type": "auto"}}),
            "`tool_choice` may only be specified while providing `tools`.",
        ),
        (
            json!({"tools": weather(), "tool_choice": "auto"}),
            "tool_choice: Input should be a valid dictionary",
        ),
        (
            json!({"tools": weather(), "tool_choice": {"type": "required"}}),
            "tool_choice: Input tag 'required' found",
        ),
        (
            json!({"tools": weather(), "tool_choice": {"type": "tool", "name": "x"}}),
            "Tool 'x' not found in provided tools",
        ),
        (
            json!({"tools": weather(), "tool_choice": {"type": "none", "disable_parallel_tool_use": true}}),
            "tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted",
        ),
    ]);
}

#[test]
fn thinking_is_checked() {
    let on = json!({"type": "enabled", "budget_tokens": 1024});
    refused(&[
        (json!({"thinking": {"type": "enabled"}}), "thinking.enabled.budget_tokens: Field required"),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 100}}),
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        ),
        (json!({"thinking": {"type": "on"}}), "thinking: Input tag 'on' found using 'type'"),
        (
            json!({"thinking": on, "max_tokens": 1024}),
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        ),
        (
            json!({"thinking": on, "temperature": 0.5}),
            "`temperature` may only be set to 1 when thinking is enabled",
        ),
        (json!({"thinking": on, "top_k": 5}), "`top_k` must be unset when thinking is enabled"),
        (json!({"thinking": on, "top_p": 0.5}), "`top_p` must be greater than or equal to 0.95"),
        (
            json!({"thinking": on, "tools": weather(), "tool_choice": {"type": "any"}}),
            "Thinking may not be enabled when tool_choice forces tool use.",
        ),
    ]);
}

#[test]
fn schemas_of_outputs_are_checked() {
    let case = |property: Value| {
        json!({"output_config": {"format": {"type": "json_schema", "schema": {
            "type": "object", "properties": {"a": property}, "required": ["a"], "additionalProperties": false,
        }}}})
    };
    refused(&[
        (
            json!({"output_config": {"format": {"type": "json_schema"}}}),
            "output_config.format.schema: Field required",
        ),
        (
            json!({"output_config": {"format": {"type": "json_object", "schema": {}}}}),
            "output_config.format.type: Input should be 'json_schema'",
        ),
        (
            json!({"output_config": {"format": {"type": "json_schema", "schema": {}, "name": "n"}}}),
            "output_config.format.name: Extra inputs are not permitted",
        ),
        (
            case(json!({"type": "object"})),
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
        ),
        (case(json!({})), "output_config.format.schema: Empty schema ({})"),
        (
            case(json!({"type": "integer", "minimum": 1})),
            "output_config.format.schema: For 'integer' type, property 'minimum' is not supported",
        ),
        (case(json!({"oneOf": []})), "output_config.format.schema: Schema type 'oneOf' is not supported"),
        (
            case(json!({"type": "string", "anyOf": []})),
            "output_config.format.schema: For 'anyOf', 'type' is not supported",
        ),
        (
            case(json!({"type": "array", "items": []})),
            "output_config.format.schema: Invalid schema: Array types",
        ),
        (
            case(json!({"$ref": "#/properties/a"})),
            "output_config.format.schema: Circular reference detected in schema definitions: a -> a",
        ),
    ]);
}

#[test]
fn calls_and_their_results_belong_together() {
    let text = json!({"type": "text", "text": "a"});
    refused(&[
        (
            called(&[call("a b")], &json!([result("a")])),
            "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
        ),
        (
            called(&[json!({"type": "tool_use", "id": "a", "name": "n", "input": "{}"})], &json!("x")),
            "messages.1.content.0.tool_use.input: Input should be a valid dictionary",
        ),
        (
            called(&[call("a")], &json!("no")),
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: a.",
        ),
        (
            called(&[call("a"), call("b")], &json!([result("a")])),
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: b.",
        ),
        (called(&[call("a")], &json!([text, result("a")])), "messages.1: `tool_use` ids were found without"),
        (
            called(&[call("a"), call("a")], &json!([result("a")])),
            "messages.1.content.1: `tool_use` ids must be unique",
        ),
        (
            called(&[call("a")], &json!([result("a"), result("a")])),
            "messages.2: each tool_use must have a single result. Found multiple `tool_result` blocks with id: a",
        ),
        (
            called(&[call("a")], &json!([result("a"), result("c")])),
            "messages.2.content.1: unexpected `tool_use_id` found in `tool_result` blocks: c.",
        ),
        (
            saying("user", &json!([result("a")])),
            "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: a.",
        ),
        (
            saying("user", &json!([call("a")])),
            "messages.0: `tool_use` blocks can only be in `assistant` messages",
        ),
        (
            called(&[result("a")], &json!("x")),
            "messages.1: `tool_result` blocks can only be in `user` messages",
        ),
    ]);
}

#[test]
fn at_most_four_parts_are_cached_the_long_ones_first() {
    let mark =
        |ttl: &str| json!({"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": ttl}});
    let five = vec![mark("5m"); 5];
    refused(&[
        (saying("user", &json!(five)), "A maximum of 4 blocks with cache_control may be provided. Found 5."),
        (
            saying("user", &json!([mark("5m"), mark("1h")])),
            "messages.0.content.1.cache_control.ttl: a ttl='1h' cache_control block must not come after",
        ),
        (
            saying("user", &json!([mark("2h")])),
            "messages.0.content.0.text.cache_control.ttl: Input should be '5m' or '1h'",
        ),
    ]);
}

#[test]
fn the_head_is_checked() {
    let fake = FakeChat::start(Wire::Anthropic);
    fake.require_key("good");
    let plain = |path: &str| Request::post(path, &body(&json!({})));
    let dated = |path: &str| plain(path).header("anthropic-version", "2023-06-01");
    let cases = [
        (dated("/v1/messages"), 401, "x-api-key header is required"),
        (dated("/v1/messages").header("x-api-key", "bad"), 401, "invalid x-api-key"),
        (dated("/v1/messages").bearer("bad"), 401, "invalid x-api-key"),
        (plain("/v1/messages").bearer("good"), 400, "anthropic-version: header is required"),
        (
            plain("/v1/messages").bearer("good").header("anthropic-version", "2024-01-01"),
            400,
            "anthropic-version: \"2024-01-01\" is not a valid version",
        ),
        (dated("/v1/complete").bearer("good"), 404, "Not found"),
        (Request::get("/v1/messages").bearer("good"), 405, "Method Not Allowed"),
    ];
    for (request, status, message) in cases {
        let reply = http::send(fake.address(), &request).unwrap();
        assert_eq!((reply.status(), reply.json()["error"]["message"].as_str()), (status, Some(message)));
    }
    let good = dated("/v1/messages?beta=true").header("x-api-key", "good");
    assert_eq!(http::send(fake.address(), &good).unwrap().status(), 200);
}

#[test]
fn the_new_version_knows_the_system_in_mid_conversation_and_no_sampling() {
    let fake = FakeChat::start(Wire::Anthropic);
    let recent = |changes: &Value| {
        let request = Request::post("/v1/messages", &body(changes));
        http::send(fake.address(), &request.bearer("k").header("anthropic-version", "2026-10-21"))
            .unwrap()
            .json()
    };
    let message = |reply: &Value| reply["error"]["message"].as_str().unwrap_or_default().to_owned();
    for name in ["temperature", "top_p", "top_k"] {
        let reply = recent(&json!({ name: 1 }));
        assert_eq!(message(&reply), format!("{name}: Extra inputs are not permitted"));
    }
    let turns = json!([
        {"role": "user", "content": "a"},
        {"role": "system", "content": [{"type": "text", "text": "b"}]},
    ]);
    assert_eq!(recent(&json!({"messages": turns}))["content"][0]["text"], "You said: a");
    let image = json!([{"role": "user", "content": "a"}, {"role": "system", "content": [{"type": "image"}]}]);
    assert!(
        message(&recent(&json!({"messages": image}))).starts_with("messages.1.content.0: Input tag 'image'")
    );
    let first = json!([{"role": "system", "content": "b"}, {"role": "user", "content": "a"}]);
    let reply = recent(&json!({"messages": first}));
    assert_eq!(message(&reply), "messages: first message must use the \"user\" role");
    // Under the old version a beta brings it.
    let old = request(&body(&json!({"messages": turns}))).header("anthropic-beta", "effort-2025-11-24");
    assert_eq!(http::send(fake.address(), &old).unwrap().status(), 200);
}

#[test]
fn betas_bring_members() {
    let fake = FakeChat::start(Wire::Anthropic);
    let changes = json!({
        "context_management": {"edits": []},
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "system", "output_config": {"effort": "low"}, "content": [
                {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}},
                {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "t"}},
            ]},
        ],
    });
    let betas = "context-management-2025-06-27, per-turn-control-2026-07-01, mid-conversation-tool-changes-2026-07-01";
    let asked = request(&body(&changes)).header("anthropic-beta", betas);
    assert_eq!(http::send(fake.address(), &asked).unwrap().status(), 200);
}
