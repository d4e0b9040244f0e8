//! What depends on the provider at this wire.

use proptest::prelude::*;
use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    Block, BlockKind, CacheMark, ChatRequest, Extra, Message, Reasoning, Role, Sampling, ToolCall, ToolKind,
    ToolResult,
};

use super::{read_request, write_request};
use crate::translation::Toward;

fn written(provider: &str, request: &ChatRequest) -> String {
    let toward = Toward { provider, model: "m", facts: None, drops: true, mends: false, seed: "s" };
    String::from_utf8(write_request(request, &toward).unwrap().body).unwrap()
}

fn saying(blocks: Vec<Block>, role: Role) -> ChatRequest {
    ChatRequest { messages: vec![Message::new(role, blocks)], ..ChatRequest::default() }
}

#[test]
fn texts_are_one_string_where_a_server_may_not_know_parts() {
    let two = saying(vec![Block::text("a"), Block::text("b")], Role::User);
    assert!(written("groq", &two).contains(r#""content":"a\n\nb""#));
    assert!(written("openai", &two).contains(r#""content":[{"type":"text","text":"a"},"#));
}

#[test]
fn marks_and_reasoning_go_only_to_those_that_take_them() {
    let marked = Block { cache: Some(CacheMark::default()), ..Block::text("a") };
    let marked = saying(vec![marked], Role::User);
    assert!(written("openrouter", &marked).contains(r#""cache_control":{"type":"ephemeral"}"#));
    assert!(!written("openai", &marked).contains("cache_control"));
    let thought = Reasoning { parts: vec!["hm".into()], ..Reasoning::default() };
    let thought = saying(vec![BlockKind::Reasoning(thought).into(), Block::text("a")], Role::Assistant);
    assert!(written("deepseek", &thought).contains(r#""reasoning_content":"hm""#));
    assert!(!written("openai", &thought).contains("hm"));
}

#[test]
fn long_ids_are_shortened_alike_for_calls_and_results() {
    let id = "x".repeat(90);
    let call = ToolCall {
        id: id.clone(),
        name: "a".into(),
        namespace: None,
        kind: ToolKind::Function,
        arguments: String::new(),
        signature: None,
    };
    let result = ToolResult {
        call_id: id,
        name: None,
        kind: ToolKind::Function,
        content: Vec::new(),
        is_error: false,
    };
    let mut request = saying(vec![BlockKind::ToolCall(call).into()], Role::Assistant);
    request.messages.push(Message::new(Role::User, vec![BlockKind::ToolResult(result).into()]));
    let text = written("openai", &request);
    let ids: Vec<&str> = text.split("call_").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let ids: Vec<&&str> = ids.iter().filter(|id| id.len() == 32).collect();
    assert_eq!(ids.len(), 2, "{text}");
    assert_eq!(ids[0], ids[1]);
}

fn texts() -> impl Strategy<Value = String> {
    "[a-z\\\\\"\u{e9}\n ]{1,20}"
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let role =
        prop_oneof![Just(Role::System), Just(Role::User), Just(Role::Assistant), Just(Role::Developer)];
    proptest::collection::vec(
        (role, texts()).prop_map(|(role, text)| Message::new(role, vec![Block::text(text)])),
        1..6,
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_as_it_was(
        messages in messages(),
        temperature in proptest::option::of(0_u8..8),
        top_k in proptest::option::of(1_u64..100),
        seed in proptest::option::of(any::<i64>()),
        max_output in proptest::option::of(1_u64..10_000),
        stop in proptest::collection::vec(texts(), 0..3),
        stream in any::<bool>(),
    ) {
        let request = ChatRequest {
            messages,
            sampling: Sampling {
                temperature: temperature.map(|quarters| f64::from(quarters) / 4.0),
                top_k,
                seed,
                ..Sampling::default()
            },
            max_output,
            stop,
            stream,
            extra: Extra::of(Dialect::OpenAiChat),
            ..ChatRequest::default()
        };
        let read = read_request(written("openai", &request).as_bytes()).unwrap();
        prop_assert_eq!(ChatRequest { extra: Extra::of(Dialect::OpenAiChat), ..read }, request);
    }
}
