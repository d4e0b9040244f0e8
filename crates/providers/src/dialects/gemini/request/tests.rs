//! Requests of other dialects as this one says them, and its own there and back.

use proptest::prelude::*;
use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    Block, BlockKind, ChatRequest, CustomTool, Effort, Extra, FunctionTool, Json, Media, MediaKind,
    MediaSource, Message, NativeTool, OutputFormat, Reasoning, ReasoningAsk, Role, Sampling, Signature, Tool,
    ToolCall, ToolChoice, ToolKind, ToolResult, WebSearch,
};

use super::{read_request, write_request};
use crate::translation::{Toward, Written};

fn toward(model: &str, drops: bool) -> Toward<'_> {
    Toward { provider: "gemini", model, facts: None, drops, mends: false, seed: "seed" }
}

fn written(request: &ChatRequest, model: &str) -> Written {
    write_request(request, &toward(model, true)).unwrap()
}

fn body(request: &ChatRequest, model: &str) -> String {
    String::from_utf8(written(request, model).body).unwrap()
}

fn asks(messages: Vec<Message>) -> ChatRequest {
    ChatRequest { messages, ..ChatRequest::default() }
}

fn user(text: &str) -> Message {
    Message::new(Role::User, vec![Block::text(text)])
}

fn call(id: &str, name: &str, kind: ToolKind, arguments: &str) -> Block {
    BlockKind::ToolCall(ToolCall {
        id: id.into(),
        name: name.into(),
        namespace: None,
        kind,
        arguments: arguments.into(),
        signature: None,
    })
    .into()
}

fn result(id: &str, text: &str) -> Block {
    BlockKind::ToolResult(ToolResult {
        call_id: id.into(),
        name: None,
        kind: ToolKind::Function,
        content: vec![Block::text(text)],
        is_error: false,
    })
    .into()
}

#[test]
fn results_stand_together_behind_their_calls() {
    let request = asks(vec![
        user("go"),
        Message::new(
            Role::Assistant,
            vec![call("a", "f", ToolKind::Function, "{}"), call("b", "g", ToolKind::Custom, "free")],
        ),
        user("meanwhile"),
        Message::new(Role::User, vec![result("b", "two")]),
        Message::new(Role::User, vec![result("a", r#"{"one":1}"#), Block::text("and?")]),
    ]);
    let expected = concat!(
        r#"{"contents":[{"role":"user","parts":[{"text":"go"}]},"#,
        r#"{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}},{"functionCall":{"name":"g","args":{"input":"free"}}}]},"#,
        r#"{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"one":1}}},{"functionResponse":{"name":"g","response":{"output":"two"}}},"#,
        r#"{"text":"meanwhile"},{"text":"and?"}]}]}"#
    );
    assert_eq!(body(&request, "gemini-2.5-pro"), expected);
    let third = body(&request, "gemini-3-pro-preview");
    assert!(third.contains(r#"{"functionCall":{"id":"a","name":"f","args":{}},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"id":"b","name":"g","args":{"input":"free"}}}"#), "{third}");
    assert!(third.contains(r#"{"functionResponse":{"id":"a","name":"f","response":{"one":1}}}"#), "{third}");
}

#[test]
fn calls_without_results_are_mended_where_that_is_allowed() {
    let request = asks(vec![
        user("go"),
        Message::new(Role::Assistant, vec![call("a", "f", ToolKind::Function, "{}")]),
        user("stop"),
    ]);
    let mended = write_request(&request, &Toward { mends: true, ..toward("gemini-2.5-pro", true) }).unwrap();
    let text = String::from_utf8(mended.body).unwrap();
    assert!(
        text.contains(
            r#"{"functionResponse":{"name":"f","response":{"error":"no result"}}},{"text":"stop"}"#
        )
    );
    assert!(!body(&request, "gemini-2.5-pro").contains("functionResponse"));
}

#[test]
fn instructions_stand_before_the_conversation_and_names_are_plain() {
    let mut request = asks(vec![
        Message::new(Role::System, vec![Block::text("one")]),
        user("hi"),
        Message::new(Role::Developer, vec![Block::text("two")]),
        Message::new(Role::Assistant, vec![Block::text("")]),
    ]);
    request.tools = vec![
        Tool::Function(FunctionTool {
            name: "list files".into(),
            namespace: Some("fs".into()),
            parameters: Json::parse(r#"{"$schema":"x","type":"object","properties":{}}"#),
            ..FunctionTool::default()
        }),
        Tool::Custom(CustomTool { name: "patch".into(), ..CustomTool::default() }),
    ];
    request.tool_choice = Some(ToolChoice::Named { name: "patch".into(), kind: ToolKind::Custom });
    let got = written(&request, "gemini-2.5-pro");
    let expected = concat!(
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"#,
        r#""systemInstruction":{"parts":[{"text":"one"},{"text":"two"}]},"#,
        r#""tools":[{"functionDeclarations":[{"name":"fs__list_files","parametersJsonSchema":{"type":"object","properties":{}}},"#,
        r#"{"name":"patch","parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}]}],"#,
        r#""toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["patch"]}}}"#
    );
    assert_eq!(String::from_utf8(got.body).unwrap(), expected);
    assert_eq!(got.notes.tools.len(), 2);
    assert_eq!(got.notes.tool("fs__list_files").unwrap().name, "list files");
    let only = asks(vec![Message::new(Role::System, vec![Block::text("be")])]);
    assert!(
        body(&only, "gemini-2.5-pro").starts_with(r#"{"contents":[{"role":"user","parts":[{"text":" "}]}]"#)
    );
}

#[test]
fn media_go_as_bytes_addresses_or_text() {
    let media = |kind, source, media_type: Option<&str>| Media {
        kind,
        source,
        media_type: media_type.map(Into::into),
        name: None,
        detail: None,
        context: None,
        cites: false,
    };
    for (medium, part) in [
        (
            media(MediaKind::Image, MediaSource::Url("https://a.example/x.webp?y=1".into()), None),
            r#"{"fileData":{"mimeType":"image/webp","fileUri":"https://a.example/x.webp?y=1"}}"#,
        ),
        (
            media(MediaKind::Image, MediaSource::Url("https://a.example/x".into()), None),
            r#"{"fileData":{"mimeType":"image/jpeg","fileUri":"https://a.example/x"}}"#,
        ),
        (
            media(MediaKind::Audio, MediaSource::Base64("AAAA".into()), Some("audio/mp3")),
            r#"{"inlineData":{"mimeType":"audio/mp3","data":"AAAA"}}"#,
        ),
        (
            media(MediaKind::Document, MediaSource::Text("words".into()), Some("text/plain")),
            r#"{"text":"words"}"#,
        ),
        (
            media(MediaKind::Document, MediaSource::FileId("files/abc".into()), None),
            r#"{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc"}}"#,
        ),
        (
            media(MediaKind::Video, MediaSource::Url("https://youtu.be/abc".into()), None),
            r#"{"fileData":{"fileUri":"https://youtu.be/abc"}}"#,
        ),
    ] {
        let request = asks(vec![Message::new(Role::User, vec![BlockKind::Media(medium).into()])]);
        assert_eq!(
            body(&request, "gemini-2.5-pro"),
            format!(r#"{{"contents":[{{"role":"user","parts":[{part}]}}]}}"#)
        );
    }
    let foreign = media(MediaKind::Document, MediaSource::FileId("file-abc".into()), None);
    let request = asks(vec![Message::new(Role::User, vec![BlockKind::Media(foreign).into()])]);
    let refused = write_request(&request, &toward("gemini-2.5-pro", false)).unwrap_err();
    assert_eq!(refused.at.as_deref(), Some("file_id"));
}

#[test]
fn what_cannot_be_said_is_refused_by_name_or_left_out() {
    let with = |change: fn(&mut ChatRequest)| {
        let mut request = asks(vec![user("hi")]);
        change(&mut request);
        request
    };
    for (request, model, parameter) in [
        (with(|r| r.sampling.logit_bias = Json::parse("{}")), "gemini-2.5-pro", "logit_bias"),
        (
            with(|r| {
                r.output = OutputFormat::Json;
                r.tools = vec![Tool::Function(FunctionTool { name: "f".into(), ..FunctionTool::default() })];
            }),
            "gemini-2.5-pro",
            "response_format",
        ),
        (with(|r| r.previous_response = Some("r".into())), "gemini-2.5-pro", "previous_response_id"),
        (with(|r| r.sampling.presence_penalty = Some(1.0)), "gemini-3-pro-preview", "presence_penalty"),
        (
            with(|r| {
                r.reasoning = Some(ReasoningAsk { effort: Some(Effort::High), ..ReasoningAsk::default() })
            }),
            "gemini-2.0-flash",
            "reasoning_effort",
        ),
        (
            with(|r| {
                r.tools = vec![Tool::Native(NativeTool {
                    origin: Dialect::AnthropicMessages,
                    name: "bash_20250124".into(),
                    payload: Json::empty_object(),
                    cache: None,
                })]
            }),
            "gemini-2.5-pro",
            "tools",
        ),
        (
            with(|r| {
                r.tools = vec![Tool::WebSearch(WebSearch {
                    allowed_domains: vec!["a".into()],
                    ..WebSearch::default()
                })]
            }),
            "gemini-2.5-pro",
            "web_search.allowed_domains",
        ),
    ] {
        let refused = write_request(&request, &toward(model, false)).unwrap_err();
        assert_eq!(refused.at.as_deref(), Some(parameter));
        assert_eq!(written(&request, model).dropped, [parameter]);
    }
}

#[test]
fn openai_clients_reach_members_that_only_gemini_has() {
    let mut request = asks(vec![user("hi")]);
    request.extra = Extra::of(Dialect::OpenAiChat);
    for (name, value) in [
        ("safety_settings", "[]"),
        ("cachedContent", "\"c\""),
        ("top_k", "5"),
        ("speechConfig", "{}"),
        ("unknown", "1"),
        ("tool_config", "{\"x\":1}"),
    ] {
        request.extra.put(name, Json::parse(value).unwrap());
    }
    request.modalities = vec!["text".into(), "image".into()];
    request.tools = vec![
        Tool::Native(NativeTool {
            origin: Dialect::OpenAiChat,
            name: "url_context".into(),
            payload: Json::parse(r#"{"url_context":{}}"#).unwrap(),
            cache: None,
        }),
        Tool::WebSearch(WebSearch::default()),
    ];
    let expected = concat!(
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"tools":[{"urlContext":{}},{"googleSearch":{}}],"toolConfig":{"x":1},"#,
        r#""generationConfig":{"responseModalities":["TEXT","IMAGE"],"topK":5,"speechConfig":{}},"#,
        r#""safetySettings":[],"cachedContent":"c"}"#
    );
    assert_eq!(body(&request, "gemini-2.5-pro"), expected);
}

#[test]
fn proofs_of_others_stay_here() {
    let thought = |origin| {
        BlockKind::Reasoning(Reasoning {
            parts: vec!["hm".into()],
            signature: Some(Signature { origin, value: "c2ln".into() }),
            ..Reasoning::default()
        })
    };
    let request = asks(vec![
        user("hi"),
        Message::new(
            Role::Assistant,
            vec![thought(Dialect::AnthropicMessages).into(), thought(Dialect::Gemini).into()],
        ),
        user("on"),
    ]);
    let text = body(&request, "gemini-2.5-pro");
    assert_eq!(text.matches("thoughtSignature").count(), 1);
}

fn word() -> impl Strategy<Value = String> {
    "[a-zé\"\\\\ ]{1,8}"
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_][a-z0-9_.-]{0,9}"
}

fn proof() -> impl Strategy<Value = Option<Signature>> {
    proptest::option::of("[A-Za-z0-9]{8}".prop_map(|value| Signature { origin: Dialect::Gemini, value }))
}

fn user_block() -> impl Strategy<Value = Block> {
    prop_oneof![
        word().prop_map(Block::text),
        Just(
            BlockKind::Media(Media {
                kind: MediaKind::Image,
                source: MediaSource::Base64("aGVsbG8=".into()),
                media_type: Some("image/png".into()),
                name: None,
                detail: Some("high".into()),
                context: None,
                cites: false,
            })
            .into()
        ),
    ]
}

/// A turn of the model with its calls, and the turn of the user that answers them.
fn exchange() -> impl Strategy<Value = (Message, Message)> {
    let calls = proptest::collection::vec((name(), "[a-z]{4,6}", proof(), word(), any::<bool>()), 0..3);
    (word(), calls, proptest::collection::vec(user_block(), 1..3)).prop_map(|(text, calls, after)| {
        let (mut said, mut answered) = (vec![Block::text(text)], Vec::new());
        for (place, (name, id, signature, output, is_error)) in calls.into_iter().enumerate() {
            let id = format!("{id}{place}");
            // The first call of a turn has a proof, or would be given one.
            let signature = if place == 0 {
                signature.or(Some(Signature { origin: Dialect::Gemini, value: "QUJD".into() }))
            } else {
                signature
            };
            said.push(
                BlockKind::ToolCall(ToolCall {
                    id: id.clone(),
                    name: name.clone(),
                    namespace: None,
                    kind: ToolKind::Function,
                    arguments: r#"{"n":1.50}"#.into(),
                    signature,
                })
                .into(),
            );
            answered.push(
                BlockKind::ToolResult(ToolResult {
                    call_id: id,
                    name: Some(name),
                    kind: ToolKind::Function,
                    content: vec![Block::text(output)],
                    is_error,
                })
                .into(),
            );
        }
        answered.extend(after);
        (Message::new(Role::Assistant, said), Message::new(Role::User, answered))
    })
}

fn sampling() -> impl Strategy<Value = Sampling> {
    (
        proptest::option::of((0_u8..9).prop_map(|quarters| f64::from(quarters) / 4.0)),
        proptest::option::of(1_u64..100),
        proptest::option::of(any::<i64>()),
    )
        .prop_map(|(temperature, top_k, seed)| Sampling {
            temperature,
            top_k,
            seed,
            ..Sampling::default()
        })
}

fn output() -> impl Strategy<Value = OutputFormat> {
    let schema = Json::parse(r#"{"type":"object","properties":{"a":{"type":["string","null"]}}}"#).unwrap();
    prop_oneof![
        Just(OutputFormat::Text),
        Just(OutputFormat::Json),
        Just(OutputFormat::Schema { name: None, description: None, schema, strict: None }),
    ]
}

fn tool() -> impl Strategy<Value = Tool> {
    (name(), proptest::option::of(word())).prop_map(|(name, description)| {
        let parameters = Json::parse(r#"{"type":"object","properties":{"n":{"type":"number"}}}"#);
        Tool::Function(FunctionTool { name, description, parameters, ..FunctionTool::default() })
    })
}

fn request() -> impl Strategy<Value = ChatRequest> {
    (
        proptest::option::of(word()),
        proptest::collection::vec(user_block(), 1..3),
        proptest::collection::vec(exchange(), 0..4),
        proptest::collection::btree_map(name(), tool(), 0..3),
        sampling(),
        output(),
        proptest::collection::vec(word(), 0..3),
    )
        .prop_map(|(system, first, exchanges, tools, sampling, output, stop)| {
            let mut request = ChatRequest { sampling, output, stop, ..ChatRequest::default() };
            if let Some(text) = system {
                request.messages.push(Message::new(Role::System, vec![Block::text(text)]));
            }
            request.messages.push(Message::new(Role::User, first));
            for (said, answered) in exchanges {
                request.messages.extend([said, answered]);
            }
            let mut names = std::collections::BTreeSet::new();
            request.tools = tools
                .into_values()
                .filter(|tool| matches!(tool, Tool::Function(tool) if names.insert(tool.name.clone())))
                .collect();
            request
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(request in request()) {
        let written = write_request(&request, &toward("gemini-3-pro-preview", false)).unwrap();
        let again = read_request(&written.body).unwrap();
        prop_assert_eq!(again, request);
    }
}

#[test]
fn long_conversations_and_many_tools_take_their_time_once() {
    let mut body = String::from(r#"{"contents":[{"parts":[{"text":"go"}]}"#);
    for _ in 0..2_000 {
        body.push_str(r#",{"role":"model","parts":[{"functionCall":{"name":"f"}}]},{"parts":[{"functionResponse":{"name":"f","response":{}}}]}"#);
    }
    body.push_str(r#"],"tools":[{"functionDeclarations":[{"name":"f"}"#);
    (0..2_000).for_each(|place| {
        body.push_str(&format!(r#",{{"name":"{}"}}"#, char::from_u32(0x4e00 + place).unwrap()))
    });
    body.push_str("]}]}");
    let request = read_request(body.as_bytes()).unwrap();
    let again = read_request(&written(&request, "gemini-2.5-pro").body).unwrap();
    assert_eq!(again.messages, request.messages);
    assert_eq!(again.tools.len(), 2_001);
}
