//! Streams written and read again.

use bytes::Bytes;
use weighhouse_types::chat::{Citation, Delta, Event, Opening, Signature, Start, StopReason, ToolKind};
use weighhouse_types::{Dialect, Error, Kind, Usage, UsageClass};

use super::{StreamReader, StreamWriter};
use crate::envelope::Envelope;
use crate::framing::sse::Frames;
use crate::registry::UsageRules;
use crate::translation::{ReplyNotes, Shown, WireTool};

fn shown() -> Shown {
    Shown {
        model: "shown".into(),
        seed: "seed".into(),
        created: 1,
        wants_usage: true,
        request: Envelope::read(&Bytes::from_static(b"{}")).unwrap(),
    }
}

fn written(events: &[Event]) -> String {
    let (mut writer, mut out) = (StreamWriter::new(shown()), Vec::new());
    events.iter().for_each(|event| writer.event(event, &mut out));
    String::from_utf8(out).unwrap()
}

fn read(stream: &str, notes: ReplyNotes) -> Vec<String> {
    let mut reader = StreamReader::new(notes, UsageRules::default());
    let (mut frames, mut events) = (Frames::default(), Vec::new());
    frames.push(Bytes::copy_from_slice(stream.as_bytes())).unwrap();
    while let Some(frame) = frames.next_frame() {
        reader.frame(&frame, &mut events).unwrap();
    }
    reader.finish(&mut events);
    events.iter().map(|event| format!("{event:?}")).collect()
}

fn open(block: u32, opening: Opening) -> Event {
    Event::Open { choice: 0, block, opening }
}

fn delta(block: u32, delta: Delta) -> Event {
    Event::Delta { choice: 0, block, delta }
}

const fn close(block: u32) -> Event {
    Event::Close { choice: 0, block }
}

fn stop(reason: StopReason) -> Event {
    Event::Stop { choice: 0, reason, sequence: None }
}

fn call(id: &str, signature: Option<Signature>) -> Opening {
    Opening::ToolCall {
        id: id.into(),
        name: "f".into(),
        namespace: None,
        kind: ToolKind::Function,
        signature,
    }
}

#[test]
fn what_is_written_is_read_again() {
    let gemini = |value: &str| Signature { origin: Dialect::Gemini, value: value.into() };
    let usage = Usage::default().with(UsageClass::InputText, 4).with(UsageClass::OutputText, 9);
    let events = [
        Event::Start(Start { id: "r".into(), model: "shown".into(), ..Start::default() }),
        open(0, Opening::Reasoning { id: None }),
        delta(0, Delta::Reasoning("Hm".into())),
        delta(0, Delta::Signature(gemini("QUJD"))),
        close(0),
        open(1, Opening::Text),
        delta(1, Delta::Text("é one".into())),
        delta(1, Delta::Text(" two".into())),
        close(1),
        open(2, call("c", Some(gemini("REVG")))),
        delta(2, Delta::Arguments(r#"{"a":1}"#.into())),
        close(2),
        Event::Usage(usage),
        stop(StopReason::ToolCalls),
        Event::End,
    ];
    let expected: Vec<String> = events.iter().map(|event| format!("{event:?}")).collect();
    let mut got = read(&written(&events), ReplyNotes::default());
    // The usage comes with the last chunk, before the end of the bytes closes what is open.
    let sort = |list: &mut Vec<String>| list.sort();
    let mut expected = expected;
    sort(&mut expected);
    sort(&mut got);
    assert_eq!(got, expected);
}

#[test]
fn calls_are_written_whole_however_their_pieces_come() {
    let text = written(&[
        open(0, call("a", None)),
        open(1, call("b", None)),
        delta(0, Delta::Arguments("{\"x\"".into())),
        delta(1, Delta::Arguments("not json".into())),
        delta(0, Delta::Arguments(":1}".into())),
        close(0),
        close(1),
        stop(StopReason::Length),
        Event::Usage(Usage::default().with(UsageClass::InputText, 1)),
        Event::End,
    ]);
    let head = r#""modelVersion":"shown","responseId":"seed""#;
    let part = |call: &str| {
        format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"functionCall\":{call}}}],\"role\":\"model\"}},\"index\":0}}],{head}}}\r\n\r\n"
        )
    };
    let end = format!(
        "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"\"}}],\"role\":\"model\"}},\"finishReason\":\"MAX_TOKENS\",\"index\":0}}],\"usageMetadata\":{{\"promptTokenCount\":1,\"candidatesTokenCount\":0,\"totalTokenCount\":1,\"promptTokensDetails\":[{{\"modality\":\"TEXT\",\"tokenCount\":1}}]}},{head}}}\r\n\r\n"
    );
    let expected = part(r#"{"id":"a","name":"f","args":{"x":1}}"#)
        + &part(r#"{"id":"b","name":"f","args":{"input":"not json"}}"#)
        + &end;
    assert_eq!(text, expected);
}

#[test]
fn sources_are_placed_in_bytes_and_read_in_characters() {
    let citation = Citation {
        url: Some("https://a.example".into()),
        title: Some("a".into()),
        start: Some(2),
        end: Some(5),
        ..Citation::default()
    };
    let text = written(&[
        open(0, Opening::Text),
        delta(0, Delta::Text("é one".into())),
        delta(0, Delta::Citation(citation.clone())),
        close(0),
        stop(StopReason::End),
        Event::End,
    ]);
    assert!(text.contains(r#""segment":{"startIndex":3,"endIndex":6,"text":"one"}"#), "{text}");
    let found = format!("{:?}", delta(0, Delta::Citation(citation)));
    assert!(read(&text, ReplyNotes::default()).contains(&found));
}

#[test]
fn errors_and_breaks_are_told_apart_from_ends() {
    let mut out = Vec::new();
    StreamWriter::new(shown()).fail(&Error::new(Kind::Overloaded, "busy"), &mut out);
    let error = "data: {\"error\":{\"code\":503,\"message\":\"busy\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), error);
    let events = read(error, ReplyNotes::default());
    assert!(events.len() == 1 && events[0].starts_with("Failed"), "{events:?}");
    let open = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\r\n\r\n";
    assert!(!read(open, ReplyNotes::default()).contains(&"End".to_owned()));
}

#[test]
fn a_tool_under_another_name_is_the_clients_again() {
    let stream = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"ns__run\",\"args\":{\"input\":\"x y\"}}}]},\"finishReason\":\"STOP\"}]}\n\n";
    let tool = WireTool {
        wire: "ns__run".into(),
        name: "run".into(),
        namespace: Some("ns".into()),
        kind: ToolKind::Custom,
    };
    let notes = ReplyNotes { tools: vec![tool], seed: "a-b".into(), ..ReplyNotes::default() };
    let events = read(stream, notes).join("\n");
    assert!(
        events.contains(r#"id: "call_ab_0", name: "run", namespace: Some("ns"), kind: Custom"#),
        "{events}"
    );
    assert!(events.contains(r#"Arguments("x y")"#), "{events}");
}

fn fixtures() -> Vec<(String, String)> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/translations/gemini");
    let folders = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let read = |folder: std::path::PathBuf| {
        let text = std::fs::read_to_string(folder.join("reply.sse")).ok()?;
        Some((folder.display().to_string(), text))
    };
    folders.filter_map(read).collect()
}

/// The events of a stream, and what they are for a client of this dialect.
fn through(stream: &str) -> (Vec<Event>, String) {
    let mut reader = StreamReader::new(ReplyNotes::default(), UsageRules::default());
    let (mut frames, mut events, mut out) = (Frames::default(), Vec::new(), Vec::new());
    frames.push(Bytes::copy_from_slice(stream.as_bytes())).unwrap();
    while let Some(frame) = frames.next_frame() {
        reader.frame(&frame, &mut events).unwrap();
    }
    reader.finish(&mut events);
    let mut writer = StreamWriter::new(Shown { model: "gemini-2.5-flash".into(), ..shown() });
    events.iter().for_each(|event| writer.event(event, &mut out));
    (events, String::from_utf8(out).unwrap())
}

/// What a client learns of the events, however its text is cut.
fn learned(events: &[Event]) -> Vec<String> {
    let mut texts = std::collections::BTreeMap::<(u32, u32), String>::new();
    let mut learned = Vec::new();
    for event in events {
        match event {
            Event::Delta { choice, block, delta: Delta::Text(text) | Delta::Reasoning(text) } => {
                texts.entry((*choice, *block)).or_default().push_str(text);
            }
            Event::Usage(_) | Event::Failed(_) => {}
            _ => learned.push(format!("{event:?}")),
        }
    }
    let failed = events.iter().filter(|event| matches!(event, Event::Failed(_))).count();
    let usage = events.iter().rev().find(|event| matches!(event, Event::Usage(_)));
    learned.push(format!("{failed} {usage:?} {texts:?}"));
    learned.sort();
    learned
}

#[test]
fn streams_of_the_fixtures_go_through_and_come_out_the_same() {
    for (folder, stream) in fixtures() {
        let (events, written) = through(&stream);
        let (again, _) = through(&written);
        let is_whole = matches!(events.last(), Some(Event::End));
        // The usage of a stream that broke off has no last chunk to stand in.
        if is_whole {
            assert_eq!(learned(&again), learned(&events), "{folder}");
        } else {
            assert!(!matches!(again.last(), Some(Event::End)), "{folder}");
        }
    }
}
