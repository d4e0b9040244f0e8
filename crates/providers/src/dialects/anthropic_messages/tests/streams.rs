//! Streams: what is written reads the same, and the frames are those that the SDKs expect.

use std::fs;
use std::path::Path;

use weighhouse_types::chat::{BlockKind, Delta, Event, Foreign, Json, Opening, Start, StopReason, ToolKind};
use weighhouse_types::{Error, Kind, Usage, UsageClass};

use super::super::StreamWriter;
use super::super::block::OURS;
use super::{events_of, shown};
use crate::translation::{ReplyNotes, WireTool};

fn written(events: &[Event]) -> String {
    let (mut writer, mut out) = (StreamWriter::new(shown()), Vec::new());
    events.iter().for_each(|event| writer.event(event, &mut out));
    String::from_utf8(out).unwrap()
}

/// What must survive: everything but how the stream is headed.
fn gist(events: &[Event]) -> Vec<String> {
    let is_kept = |event: &&Event| !matches!(event, Event::Start(_) | Event::Usage(_) | Event::Failed(_));
    let mut gist: Vec<String> = events.iter().filter(is_kept).map(|event| format!("{event:?}")).collect();
    let last = events.iter().rev().find_map(|event| match event {
        Event::Usage(usage) => Some(usage.clone()),
        _ => None,
    });
    let is_whole = events.iter().any(|event| matches!(event, Event::End));
    gist.extend(last.filter(|_| is_whole).map(|usage| format!("{usage:?}")));
    gist
}

#[test]
fn every_recorded_stream_is_written_as_it_reads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("translations/anthropic_messages");
    let mut count = 0;
    for entry in fs::read_dir(root).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(stream) = fs::read(folder.join("reply.sse")) else { continue };
        let events = events_of(&stream, ReplyNotes::default());
        let again = events_of(written(&events).as_bytes(), ReplyNotes::default());
        assert_eq!(gist(&again), gist(&events), "{}", folder.display());
        count += 1;
    }
    assert!(count > 15, "{count} streams");
}

fn start() -> Event {
    Event::Start(Start { id: "chatcmpl-1".into(), ..Start::default() })
}

const fn on(block: u32, delta: Delta) -> Event {
    Event::Delta { choice: 0, block, delta }
}

const fn close(block: u32) -> Event {
    Event::Close { choice: 0, block }
}

fn stop(reason: StopReason) -> Event {
    Event::Stop { choice: 0, reason, sequence: None }
}

fn call(name: &str, kind: ToolKind) -> Opening {
    Opening::ToolCall { id: "call_1".into(), name: name.into(), namespace: None, kind, signature: None }
}

#[test]
fn the_frames_are_those_that_clients_expect() {
    let usage = Usage::default().with(UsageClass::InputText, 9).with(UsageClass::OutputText, 2);
    let text = written(&[
        start(),
        Event::Open { choice: 0, block: 0, opening: Opening::Text },
        on(0, Delta::Text("Hi".into())),
        close(0),
        stop(StopReason::Length),
        Event::Usage(usage),
        Event::End,
    ]);
    let expected = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_0190b6a31c2d","type":"message","role":"assistant","model":"asked-model","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":0}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":2}}

event: message_stop
data: {"type":"message_stop"}

"#;
    assert_eq!(text, expected);
}

#[test]
fn blocks_that_grow_together_are_shown_one_after_the_other() {
    let open = |block, opening| Event::Open { choice: 0, block, opening };
    let text = written(&[
        start(),
        open(0, Opening::Text),
        open(1, call("a", ToolKind::Function)),
        open(2, call("b", ToolKind::Function)),
        on(1, Delta::Arguments("{\"x\":".into())),
        on(0, Delta::Text("one".into())),
        on(2, Delta::Arguments("{}".into())),
        close(1),
        close(0),
        on(2, Delta::Arguments(" ".into())),
        stop(StopReason::ToolCalls),
        Event::End,
    ]);
    let order: Vec<String> = events_of(text.as_bytes(), ReplyNotes::default())
        .iter()
        .filter_map(|event| match event {
            Event::Open { block, .. } => Some(format!("open {block}")),
            Event::Delta { block, .. } => Some(format!("on {block}")),
            Event::Close { block, .. } => Some(format!("close {block}")),
            Event::Stop { .. } => Some("stop".to_owned()),
            _ => None,
        })
        .collect();
    let expected = [
        "open 0", "on 0", "close 0", "open 1", "on 1", "close 1", "open 2", "on 2", "on 2", "close 2", "stop",
    ];
    assert_eq!(order, expected);
}

#[test]
fn a_custom_tools_text_goes_through_json_and_back() {
    let note = WireTool {
        wire: "patch".into(),
        name: "patch".into(),
        namespace: Some("ns".into()),
        kind: ToolKind::Custom,
    };
    let notes = ReplyNotes { tools: vec![note], ..ReplyNotes::default() };
    let text = written(&[
        start(),
        Event::Open { choice: 0, block: 0, opening: call("patch", ToolKind::Custom) },
        on(0, Delta::Arguments("*** \"Begin\"\n".into())),
        on(0, Delta::Arguments("é\\".into())),
        close(0),
        stop(StopReason::ToolCalls),
        Event::End,
    ]);
    let read = format!("{:?}", events_of(text.as_bytes(), notes));
    assert!(read.contains(r#"Arguments("*** \"Begin\"\né\\")"#), "{read}");
    assert!(read.contains(r#"namespace: Some("ns"), kind: Custom"#), "{read}");
}

#[test]
fn the_json_tool_is_a_text_that_ends_the_answer() {
    let text = written(&[
        start(),
        Event::Open { choice: 0, block: 0, opening: call("json_tool_call", ToolKind::Function) },
        on(0, Delta::Arguments("{\"a\":1}".into())),
        close(0),
        stop(StopReason::ToolCalls),
        Event::End,
    ]);
    let notes = ReplyNotes { json_tool: Some("json_tool_call".into()), ..ReplyNotes::default() };
    let read = format!("{:?}", events_of(text.as_bytes(), notes));
    assert!(read.contains(r#"opening: Text"#) && read.contains(r#"Text("{\"a\":1}")"#), "{read}");
    assert!(read.contains("reason: End"), "{read}");
}

#[test]
fn json_of_several_lines_goes_out_on_one() {
    let payload = Json::parse("{\"type\":\"x\",\n \"a\":\"\\n\"}").unwrap();
    let foreign = BlockKind::Foreign(Foreign { origin: OURS, payload });
    let opening = Opening::Whole(Box::new(foreign.into()));
    let text = written(&[start(), Event::Open { choice: 0, block: 0, opening }]);
    assert!(text.ends_with("\"content_block\":{\"type\":\"x\", \"a\":\"\\n\"}}\n\n"), "{text}");
}

#[test]
fn what_breaks_off_ends_with_the_error_event() {
    let (mut writer, mut out) = (StreamWriter::new(shown()), Vec::new());
    writer.event(&start(), &mut out);
    out.clear();
    writer.fail(&Error::new(Kind::UpstreamTimeout, "too slow"), &mut out);
    writer.event(&Event::End, &mut out);
    let expected = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"timeout_error\",\"message\":\"too slow\"}}\n\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}
