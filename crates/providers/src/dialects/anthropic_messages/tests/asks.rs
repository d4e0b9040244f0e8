//! Requests of other clients, as they go to an Anthropic provider.

use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    Block, BlockKind, CacheMark, ChatRequest, CustomTool, Effort, Extra, FunctionTool, Json, Message,
    OutputFormat, Reasoning, ReasoningAsk, Role, Sampling, Signature, Tool, ToolCall, ToolChoice, ToolKind,
    ToolResult, WebSearch,
};

use super::super::{read_answer, write_request};
use super::toward;
use crate::registry::UsageRules;

fn message(role: Role, texts: &[&str]) -> Message {
    Message::new(role, texts.iter().map(|text| Block::text(*text)).collect())
}

fn ask(messages: Vec<Message>) -> ChatRequest {
    ChatRequest {
        messages,
        max_output: Some(100),
        extra: Extra::of(Dialect::OpenAiChat),
        ..ChatRequest::default()
    }
}

fn call(id: &str, name: &str, arguments: &str) -> Block {
    BlockKind::ToolCall(ToolCall {
        id: id.into(),
        name: name.into(),
        namespace: None,
        kind: ToolKind::Function,
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

fn tool(name: &str) -> Tool {
    Tool::Function(FunctionTool { name: name.into(), ..FunctionTool::default() })
}

/// What follows model and bound in the body.
fn check(request: &ChatRequest, model: &str, expected: &str) {
    let written = write_request(request, &toward(model)).unwrap();
    let body = String::from_utf8(written.body).unwrap();
    let rest = body.split_once(r#""max_tokens":"#).and_then(|(_, rest)| rest.split_once(','));
    assert_eq!(rest.map(|(_, rest)| rest), Some(expected));
}

const OLDER: &str = "claude-sonnet-4-5";

#[test]
fn instructions_stand_apart_and_later_ones_are_reminders() {
    let request = ask(vec![
        message(Role::System, &["Be brief."]),
        message(Role::Developer, &["Be kind."]),
        message(Role::User, &["Hi", "  "]),
        message(Role::Developer, &["It is late."]),
        message(Role::Assistant, &["Hello. "]),
    ]);
    check(
        &request,
        OLDER,
        r#""system":[{"type":"text","text":"Be brief."},{"type":"text","text":"Be kind."}],"messages":[{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"text","text":"<system-reminder>\nIt is late.\n</system-reminder>"}]},{"role":"assistant","content":"Hello."}]}"#,
    );
}

#[test]
fn a_conversation_begins_with_the_user() {
    check(
        &ask(vec![message(Role::System, &["s"]), message(Role::Assistant, &["Hello"])]),
        OLDER,
        r#""system":"s","messages":[{"role":"user","content":"."},{"role":"assistant","content":"Hello"}]}"#,
    );
}

#[test]
fn results_stand_directly_after_their_calls() {
    let request = ask(vec![
        message(Role::User, &["Go"]),
        Message::new(Role::Assistant, vec![call("call:1", "f", r#"{"a":1}"#)]),
        Message::new(Role::Assistant, vec![call("call_2", "g.h", "not json")]),
        message(Role::User, &["Hurry"]),
        Message::new(Role::User, vec![result("call:1", "one")]),
        message(Role::Assistant, &["Wait."]),
        Message::new(Role::User, vec![Block::text("And?"), result("call_2", "two")]),
    ]);
    check(
        &request,
        OLDER,
        r#""messages":[{"role":"user","content":"Go"},{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"f","input":{"a":1}},{"type":"tool_use","id":"call_2","name":"g_h","input":{"input":"not json"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"one"},{"type":"tool_result","tool_use_id":"call_2","content":"two"},{"type":"text","text":"Hurry"}]},{"role":"assistant","content":"Wait."},{"role":"user","content":"And?"}]}"#,
    );
}

#[test]
fn tools_of_other_kinds_become_functions_and_find_back() {
    let mut request = ask(vec![message(Role::User, &["Go"])]);
    let spaced =
        FunctionTool { namespace: Some("mcp".into()), name: "find it".into(), ..FunctionTool::default() };
    let custom = CustomTool { name: "patch".into(), ..CustomTool::default() };
    let search = WebSearch { context_size: Some("medium".into()), ..WebSearch::default() };
    request.tools = vec![Tool::Function(spaced), Tool::Custom(custom), Tool::WebSearch(search)];
    request.parallel_tools = Some(false);
    check(
        &request,
        OLDER,
        r#""tools":[{"name":"mcp__find_it","input_schema":{"type":"object","properties":{}}},{"name":"patch","input_schema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}},{"type":"web_search_20250305","name":"web_search","max_uses":5}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true},"messages":[{"role":"user","content":"Go"}]}"#,
    );
    let notes = write_request(&request, &toward(OLDER)).unwrap().notes;
    let reply = br#"{"type":"message","content":[{"type":"tool_use","id":"t1","name":"mcp__find_it","input":{}},{"type":"tool_use","id":"t2","name":"patch","input":{"input":"a\nb"}}],"stop_reason":"tool_use"}"#;
    let answer = read_answer(reply, &notes, UsageRules::default()).unwrap();
    let calls: Vec<(String, Option<String>, ToolKind, String)> = answer.choices[0]
        .blocks
        .iter()
        .filter_map(|block| match &block.kind {
            BlockKind::ToolCall(call) => {
                Some((call.name.clone(), call.namespace.clone(), call.kind, call.arguments.clone()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        calls,
        [
            ("find it".into(), Some("mcp".into()), ToolKind::Function, "{}".into()),
            ("patch".into(), None, ToolKind::Custom, "a\nb".into()),
        ]
    );
}

#[test]
fn json_comes_natively_or_by_a_tool() {
    let schema =
        Json::parse(r#"{"type":"object","properties":{"n":{"type":"integer","minimum":1}}}"#).unwrap();
    let mut request = ask(vec![message(Role::User, &["Go"])]);
    request.output =
        OutputFormat::Schema { name: Some("x".into()), description: None, schema, strict: Some(true) };
    check(
        &request,
        OLDER,
        r#""messages":[{"role":"user","content":"Go"}],"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"n":{"type":"integer","description":"{minimum: 1}"}},"additionalProperties":false}}}}"#,
    );
    let written = write_request(&request, &toward("claude-3-7-sonnet")).unwrap();
    let body = String::from_utf8(written.body).unwrap();
    assert!(body.contains(r#""tool_choice":{"type":"tool","name":"json_tool_call"}"#), "{body}");
    let reply = br#"{"type":"message","content":[{"type":"tool_use","id":"t1","name":"json_tool_call","input":{"n":1}}],"stop_reason":"tool_use"}"#;
    let answer = read_answer(reply, &written.notes, UsageRules::default()).unwrap();
    assert_eq!(answer.choices[0].blocks, [Block::text(r#"{"n":1}"#)]);
    assert_eq!(answer.choices[0].stop, weighhouse_types::chat::StopReason::End);
    request.output = OutputFormat::Json;
    request.tools = vec![tool("f")];
    let body = String::from_utf8(write_request(&request, &toward(OLDER)).unwrap().body).unwrap();
    assert!(body.contains(r#""tool_choice":{"type":"any"}"#), "{body}");
}

#[test]
fn thinking_goes_its_generations_way_and_takes_the_warmth_with_it() {
    let mut request = ask(vec![message(Role::User, &["Go"])]);
    request.max_output = Some(9_000);
    request.reasoning = Some(ReasoningAsk { effort: Some(Effort::Medium), ..ReasoningAsk::default() });
    request.sampling = Sampling { temperature: Some(1.7), top_k: Some(4), ..Sampling::default() };
    let user = r#""messages":[{"role":"user","content":"Go"}],"#;
    check(
        &request,
        OLDER,
        &format!(r#"{user}"thinking":{{"type":"enabled","budget_tokens":2048}},"temperature":1}}"#),
    );
    check(
        &request,
        "claude-opus-4-6",
        &format!(
            r#"{user}"thinking":{{"type":"adaptive","display":"summarized"}},"output_config":{{"effort":"medium"}},"temperature":1}}"#
        ),
    );
    assert_eq!(write_request(&request, &toward(OLDER)).unwrap().dropped, ["top_k"]);
    request.tools = vec![tool("f")];
    request.tool_choice = Some(ToolChoice::Required);
    let written = write_request(&request, &toward(OLDER)).unwrap();
    assert_eq!(written.dropped, ["thinking"]);
    assert!(String::from_utf8(written.body).unwrap().ends_with(r#""temperature":1,"top_k":4}"#));
}

#[test]
fn only_proofs_of_the_same_provider_are_sent() {
    let thought = |origin| {
        let signature = Some(Signature { origin, value: "sig".into() });
        BlockKind::Reasoning(Reasoning { parts: vec!["Hm.".into()], signature, ..Reasoning::default() })
            .into()
    };
    let blocks = vec![thought(Dialect::Gemini), thought(Dialect::AnthropicMessages), Block::text("Hi")];
    check(
        &ask(vec![
            message(Role::User, &["Go"]),
            Message::new(Role::Assistant, blocks),
            message(Role::User, &["On"]),
        ]),
        OLDER,
        r#""messages":[{"role":"user","content":"Go"},{"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"sig"},{"type":"text","text":"Hi"}]},{"role":"user","content":"On"}]}"#,
    );
}

#[test]
fn what_cannot_be_said_is_refused_by_name_or_left_out() {
    let mut request = ask(vec![message(Role::User, &["Go"])]);
    request.choices = Some(2);
    request.sampling.seed = Some(1);
    assert_eq!(write_request(&request, &toward(OLDER)).unwrap().dropped, ["n", "seed"]);
    let strict = crate::translation::Toward { drops: false, ..toward(OLDER) };
    assert_eq!(write_request(&request, &strict).unwrap_err().at.as_deref(), Some("n"));
}

#[test]
fn four_cache_marks_stay_the_last_ones() {
    let marked = |text: &str| Block { cache: Some(CacheMark::default()), ..Block::text(text) };
    let request = ask(vec![Message::new(Role::User, ["a", "b", "c", "d", "e", "f"].map(marked).to_vec())]);
    let body = String::from_utf8(write_request(&request, &toward(OLDER)).unwrap().body).unwrap();
    assert_eq!(body.matches("cache_control").count(), 4);
    assert!(
        body.contains(r#"{"type":"text","text":"b"},{"type":"text","text":"c","cache_control""#),
        "{body}"
    );
}

#[test]
fn unknown_members_of_openais_clients_pass() {
    let mut request = ask(vec![message(Role::User, &["Go"])]);
    request.extra.put("container", Json::string("c1"));
    request.extra.put("stream_options", Json::empty_object());
    request.extra.put("max_tokens", Json::string("no"));
    request.user = Some("me@example.com".into());
    check(&request, OLDER, r#""messages":[{"role":"user","content":"Go"}],"container":"c1"}"#);
}
