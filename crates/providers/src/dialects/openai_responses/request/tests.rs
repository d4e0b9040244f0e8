//! What depends on the model and on who asks.

use proptest::prelude::*;
use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    Block, BlockKind, ChatRequest, Effort, Extra, FunctionTool, Message, Reasoning, ReasoningAsk, Role,
    Sampling, Tool, ToolCall, ToolKind, ToolResult,
};

use super::{read_request, write_request};
use crate::translation::{Toward, Written};

fn written(model: &str, request: &ChatRequest) -> Written {
    let toward = Toward { provider: "openai", model, facts: None, drops: true, mends: false, seed: "s" };
    write_request(request, &toward).unwrap()
}

fn text(model: &str, request: &ChatRequest) -> String {
    String::from_utf8(written(model, request).body).unwrap()
}

fn saying(role: Role, blocks: Vec<Block>) -> ChatRequest {
    ChatRequest { messages: vec![Message::new(role, blocks)], ..ChatRequest::default() }
}

#[test]
fn a_model_that_reasons_is_told_no_temperature_and_keeps_its_thoughts() {
    let mut request = saying(Role::User, vec![Block::text("a")]);
    request.sampling.temperature = Some(0.2);
    let reasons = written("gpt-5.1", &request);
    assert_eq!(reasons.dropped, ["temperature"]);
    let body = String::from_utf8(reasons.body).unwrap();
    assert!(body.contains(r#""store":false,"include":["reasoning.encrypted_content"]"#), "{body}");
    let plain = text("gpt-4o", &request);
    assert!(plain.contains(r#""temperature":0.2"#) && !plain.contains("include"), "{plain}");
    request.extra = Extra::of(Dialect::OpenAiResponses);
    let own = text("gpt-5.1", &request);
    assert!(own.contains(r#""temperature":0.2"#) && !own.contains("store"), "{own}");
}

#[test]
fn silence_about_strictness_means_the_same_on_both_sides() {
    let mut request = saying(Role::User, vec![Block::text("a")]);
    request.tools = vec![Tool::Function(FunctionTool { name: "f".into(), ..FunctionTool::default() })];
    assert!(text("gpt-4o", &request).contains(r#""strict":false"#));
    request.extra = Extra::of(Dialect::OpenAiResponses);
    assert!(!text("gpt-4o", &request).contains("strict"));
}

#[test]
fn reasoning_without_proof_goes_back_only_by_its_own_id() {
    let thought = Reasoning { id: Some("rs_1".into()), parts: vec!["hm".into()], ..Reasoning::default() };
    let mut request = saying(Role::Assistant, vec![BlockKind::Reasoning(thought).into(), Block::text("a")]);
    assert!(!text("gpt-5.1", &request).contains("hm"));
    request.extra = Extra::of(Dialect::OpenAiResponses);
    assert!(text("gpt-5.1", &request).contains(r#"{"type":"reasoning","id":"rs_1","summary":"#));
}

#[test]
fn long_ids_are_shortened_alike_for_calls_and_outputs() {
    let id = "x".repeat(90);
    let call = ToolCall {
        id: id.clone(),
        name: "f".into(),
        namespace: None,
        kind: ToolKind::Custom,
        arguments: "go".into(),
        signature: None,
    };
    let output = ToolResult {
        call_id: id,
        name: None,
        kind: ToolKind::Custom,
        content: vec![Block::text("went")],
        is_error: false,
    };
    let mut request = saying(Role::Assistant, vec![BlockKind::ToolCall(call).into()]);
    request.messages.push(Message::new(Role::User, vec![BlockKind::ToolResult(output).into()]));
    let body = text("gpt-5.1", &request);
    let ids: Vec<&str> =
        body.split(r#""call_id":""#).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.len(), 2, "{body}");
    assert_eq!(ids[0], ids[1]);
    assert!(ids[0].len() <= 64);
}

fn texts() -> impl Strategy<Value = String> {
    "[a-z\\\\\"\u{e9}\n ]{1,20}"
}

/// What this dialect can say of itself: instructions first, then messages of which no two neighbours are one.
fn messages() -> impl Strategy<Value = Vec<Message>> {
    let pair = (texts(), texts()).prop_map(|(asked, answered)| {
        [
            Message::new(Role::User, vec![Block::text(asked)]),
            Message::new(Role::Assistant, vec![Block::text(answered)]),
        ]
    });
    (proptest::option::of(texts()), proptest::collection::vec(pair, 1..4)).prop_map(|(system, pairs)| {
        let system = system.map(|text| Message::new(Role::System, vec![Block::text(text)]));
        system.into_iter().chain(pairs.into_iter().flatten()).collect()
    })
}

fn effort() -> impl Strategy<Value = Option<Effort>> {
    proptest::option::of(prop_oneof![Just(Effort::Minimal), Just(Effort::Low), Just(Effort::High)])
}

proptest! {
    #[test]
    fn what_is_written_reads_as_it_was(
        messages in messages(),
        temperature in proptest::option::of(0_u8..8),
        top_logprobs in proptest::option::of(0_u64..20),
        max_output in proptest::option::of(1_u64..10_000),
        effort in effort(),
        store in proptest::option::of(any::<bool>()),
        stream in any::<bool>(),
    ) {
        let request = ChatRequest {
            messages,
            sampling: Sampling {
                temperature: temperature.map(|quarters| f64::from(quarters) / 4.0),
                top_logprobs,
                ..Sampling::default()
            },
            reasoning: effort.map(|effort| ReasoningAsk {
 effort: Some(effort),
 // Who asks for no summary is shown none.
 shown: Some(false),
 ..ReasoningAsk::default() }),
            max_output,
            store,
            stream,
            extra: Extra::of(Dialect::OpenAiResponses),
            ..ChatRequest::default()
        };
        let read = read_request(text("gpt-5.1", &request).as_bytes()).unwrap();
        prop_assert_eq!(ChatRequest { extra: Extra::of(Dialect::OpenAiResponses), ..read }, request);
    }
}
