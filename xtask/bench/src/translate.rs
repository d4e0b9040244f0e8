//! What a translation costs: a call of some 10 KB with a history, tools and results, from each client's dialect
//! to each provider's, its answer back, and a streamed chunk.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, anyhow};
use bytes::Bytes;
use serde_json::{Value, json};
use weighhouse_providers::dialects::{
    StreamReader, StreamWriter, read_answer, read_request, write_answer, write_request,
};
use weighhouse_providers::envelope::Envelope;
use weighhouse_providers::framing::sse::Frames;
use weighhouse_providers::registry::UsageRules;
use weighhouse_providers::translation::{ReplyNotes, Shown, Toward};
use weighhouse_providers::wire::object;
use weighhouse_types::chat::{
    Block, BlockKind, ChatAnswer, ChatRequest, Choice, FunctionTool, Json, Message, Role, StopReason, Tool,
    ToolCall, ToolKind, ToolResult,
};
use weighhouse_types::{Dialect, Usage, UsageClass};

const TURNS: usize = 10;
const ROUNDS: usize = 9;
const CALLS: u32 = 400;
/// Text chunks of the stream.
const CHUNKS: usize = 200;

/// Measures all pairs and prints a table in microseconds.
pub(crate) fn run() -> Result<()> {
    println!("| client | provider | request, bytes | request, µs | answer, µs | streamed chunk, µs |");
    println!("|---|---|---|---|---|---|");
    let canonical = conversation();
    for client in Dialect::ALL {
        let asked = written(client, &canonical)?;
        for provider in Dialect::ALL.into_iter().filter(|provider| *provider != client) {
            let request = cost(|| {
                let read = read_request(client, &asked).ok()?;
                write_request(provider, &read, &toward()).ok().map(|written| written.body.len())
            })?;
            let replied = write_answer(provider, &answer(), &shown());
            let reply = cost(|| {
                let read =
                    read_answer(provider, &replied, &ReplyNotes::default(), UsageRules::default()).ok()?;
                Some(write_answer(client, &read, &shown()).len())
            })?;
            let chunk = streamed(client, provider)?;
            println!(
                "| {} | {} | {} | {request:.1} | {reply:.1} | {chunk:.2} |",
                client.name(),
                provider.name(),
                asked.len()
            );
        }
    }
    Ok(())
}

/// Microseconds of one call in the best round: others share this machine, and what they take is no cost of ours.
fn cost(mut call: impl FnMut() -> Option<usize>) -> Result<f64> {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..CALLS {
            black_box(call().ok_or_else(|| anyhow!("the conversation was not translated"))?);
        }
        rounds.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
    }
    rounds.into_iter().min_by(f64::total_cmp).ok_or_else(|| anyhow!("nothing was measured"))
}

fn streamed(client: Dialect, provider: Dialect) -> Result<f64> {
    // The chat stream of OpenAI is made by hand; the others by our own writers from it.
    let chat = chat_stream();
    let stream = match provider {
        Dialect::OpenAiChat => chat,
        other => through(Dialect::OpenAiChat, other, &chat),
    };
    let whole = cost(|| Some(through(provider, client, &stream).len()))?;
    Ok(whole / CHUNKS as f64)
}

fn through(provider: Dialect, client: Dialect, stream: &[u8]) -> Vec<u8> {
    let mut reader = StreamReader::new(provider, ReplyNotes::default(), UsageRules::default());
    let mut writer = StreamWriter::new(client, shown());
    let (mut frames, mut events, mut out) = (Frames::default(), Vec::new(), Vec::new());
    if frames.push(Bytes::copy_from_slice(stream)).is_err() {
        return out;
    }
    while let Some(frame) = frames.next_frame() {
        if reader.frame(&frame, &mut events).is_err() {
            break;
        }
        events.drain(..).for_each(|event| writer.event(&event, &mut out));
    }
    reader.finish(&mut events);
    events.drain(..).for_each(|event| writer.event(&event, &mut out));
    out
}

fn chat_stream() -> Vec<u8> {
    let chunk = |delta: Value, finish: Value, usage: Value| {
        let body = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": usage,
        });
        format!("data: {body}\n\n")
    };
    let mut stream = chunk(json!({"role": "assistant", "content": ""}), Value::Null, Value::Null);
    for _ in 0..CHUNKS {
        stream.push_str(&chunk(json!({"content": " word"}), Value::Null, Value::Null));
    }
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 200, "total_tokens": 210});
    stream.push_str(&chunk(json!({}), json!("stop"), usage));
    stream.push_str("data: [DONE]\n\n");
    stream.into_bytes()
}

fn written(dialect: Dialect, request: &ChatRequest) -> Result<Vec<u8>> {
    let written = write_request(dialect, request, &toward());
    written.map(|written| written.body).map_err(|error| anyhow!("{}: {error}", dialect.name()))
}

const fn toward() -> Toward<'static> {
    Toward {
        provider: "bench",
        model: "model",
        facts: None,
        drops: true,
        mends: false,
        seed: "0190b6a3-1c2d",
    }
}

fn shown() -> Shown {
    Shown {
        model: "model".into(),
        seed: "0190b6a3-1c2d".into(),
        created: 1_795_000_000,
        wants_usage: true,
        request: Envelope::default(),
    }
}

/// A conversation of some 10 KB with tools.
fn conversation() -> ChatRequest {
    let words = "The quick brown fox jumps over the lazy dog, and then it \"rests\".\n".repeat(4);
    let mut messages = vec![Message::new(Role::System, vec![Block::text(words.clone())])];
    for turn in 0..TURNS {
        messages.push(Message::new(Role::User, vec![Block::text(words.clone())]));
        let id = format!("call_{turn}");
        messages.push(Message::new(Role::Assistant, vec![Block::text("Let me see."), called(&id)]));
        let result = ToolResult {
            call_id: id,
            name: Some("get_weather".into()),
            kind: ToolKind::Function,
            content: vec![Block::text(words.clone())],
            is_error: false,
        };
        messages.push(Message::new(Role::User, vec![BlockKind::ToolResult(result).into()]));
        messages.push(Message::new(Role::Assistant, vec![Block::text("It is sunny.")]));
    }
    messages.push(Message::new(Role::User, vec![Block::text("And now?")]));
    let schema = object(|schema| {
        schema.text("type", "object");
        schema.object("properties", |properties| {
            properties.object("city", |city| city.text("type", "string"));
        });
        schema.texts("required", &["city".to_owned()]);
    });
    let tool = |number: usize| {
        Tool::Function(FunctionTool {
            name: format!("get_weather_{number}"),
            description: Some("Tells the weather of a city.".into()),
            parameters: std::str::from_utf8(&schema).ok().and_then(Json::parse),
            ..FunctionTool::default()
        })
    };
    ChatRequest {
        messages,
        tools: (0..6).map(tool).collect(),
        max_output: Some(1_000),
        ..ChatRequest::default()
    }
}

fn called(id: &str) -> Block {
    BlockKind::ToolCall(ToolCall {
        id: id.into(),
        name: "get_weather_1".into(),
        namespace: None,
        kind: ToolKind::Function,
        arguments: r#"{"city":"Delft"}"#.into(),
        signature: None,
    })
    .into()
}

fn answer() -> ChatAnswer {
    let text = "The weather in Delft is sunny with a light breeze from the west. ".repeat(8);
    let blocks = vec![Block::text(text), called("call_9")];
    ChatAnswer {
        id: "answer-1".into(),
        model: "model".into(),
        choices: vec![Choice { blocks, stop: StopReason::ToolCalls, ..Choice::default() }],
        usage: Some(Usage::default().with(UsageClass::InputText, 2_500).with(UsageClass::OutputText, 130)),
        ..ChatAnswer::default()
    }
}
