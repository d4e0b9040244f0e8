//! Every reader is given the fixtures, broken in ways that a machine thinks of: nothing may panic, and what is
//! read in spite of it must be written as valid JSON in every dialect. `ROUNDS=100000` digs deeper; a failure
//! prints its seed.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a fixture that cannot be read has failed"
)]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use weighhouse_providers::ask::{Ask, PathSays};
use weighhouse_providers::dialects::{
    StreamReader, StreamRelay, StreamWriter, read_answer, read_request, weigh_answer, write_answer,
    write_request,
};
use weighhouse_providers::envelope::Envelope;
use weighhouse_providers::framing::sse::Frames;
use weighhouse_providers::registry::UsageRules;
use weighhouse_providers::translation::{ReplyNotes, Shown, Toward};
use weighhouse_types::chat::Event;
use weighhouse_types::{Dialect, Operation};

const ROUNDS: u64 = 4_000;
/// Pieces that are put into texts: what readers stumble over.
const SPLINTERS: &[&[u8]] = &[
    b"null",
    b"{}",
    b"[]",
    b"-1",
    b"1e999",
    b"\"\\ud800\"",
    b"\"\"",
    b"[[[[[[",
    b"99999999999999999999",
    b"\n\n",
    b"data: ",
    b"event: error\n",
    b"true",
    b"\xff",
    b"\"type\":",
    b",",
    b":",
];

/// A xorshift generator: the same seed breaks the same way everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(most.max(1)).unwrap()).unwrap()
    }

    fn break_up(&mut self, text: &[u8]) -> Vec<u8> {
        let mut broken = text.to_vec();
        for _ in 0..=self.below(3) {
            let place = self.below(broken.len());
            match self.below(5) {
                0 => broken.truncate(place),
                1 => {
                    if let Some(byte) = broken.get_mut(place) {
                        *byte = u8::try_from(self.next() % 256).unwrap();
                    }
                }
                2 => {
                    let end = (place + self.below(24)).min(broken.len());
                    broken.drain(place..end);
                }
                3 => {
                    let splinter = SPLINTERS[self.below(SPLINTERS.len())];
                    broken.splice(place..place, splinter.iter().copied());
                }
                _ => {
                    let end = (place + self.below(40)).min(broken.len());
                    let part = broken[place..end].to_vec();
                    broken.splice(place..place, part);
                }
            }
        }
        broken
    }
}

fn corpus(ending: &str) -> Vec<(Dialect, PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("translations");
    let mut found = Vec::new();
    for dialect in Dialect::ALL {
        let Ok(entries) = fs::read_dir(root.join(dialect.name())) else { continue };
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        for folder in folders {
            if let Ok(text) = fs::read(folder.join(ending)) {
                found.push((dialect, folder, text));
            }
        }
    }
    found
}

fn rounds() -> u64 {
    std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

fn each_broken(ending: &str, run: impl Fn(Dialect, &[u8]) + std::panic::RefUnwindSafe) {
    let corpus = corpus(ending);
    if corpus.is_empty() {
        return;
    }
    for seed in 1..=rounds() {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (dialect, folder, text) = &corpus[dice.below(corpus.len())];
        let broken = dice.break_up(text);
        let outcome = std::panic::catch_unwind(|| run(*dialect, &broken));
        assert!(outcome.is_ok(), "seed {seed}: {}: {}", folder.display(), String::from_utf8_lossy(&broken));
    }
}

fn toward() -> Toward<'static> {
    Toward { provider: "x", model: "m", facts: None, drops: true, mends: false, seed: "seed" }
}

fn shown() -> Shown {
    Shown {
        model: "m".into(),
        seed: "seed".into(),
        created: 1,
        wants_usage: true,
        request: Envelope::read(&Bytes::from_static(b"{}")).unwrap(),
    }
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(text).is_ok()
}

#[test]
fn broken_requests_are_refused_or_written_whole() {
    each_broken("ask.json", |dialect, text| {
        let path = PathSays { model: Some("m"), stream: Some(false) };
        drop(Ask::read(&Bytes::copy_from_slice(text), Operation::Chat, dialect, path));
        let Ok(request) = read_request(dialect, text) else { return };
        for to in Dialect::ALL {
            if let Ok(written) = write_request(to, &request, &toward()) {
                assert!(is_json(&written.body), "{}", String::from_utf8_lossy(&written.body));
            }
        }
    });
}

#[test]
fn broken_answers_are_refused_or_written_whole() {
    each_broken("reply.json", |dialect, text| {
        let rules = UsageRules::default();
        drop(weigh_answer(dialect, &Bytes::copy_from_slice(text), Some("m"), rules));
        let Ok(answer) = read_answer(dialect, text, &ReplyNotes::default(), rules) else { return };
        for client in Dialect::ALL {
            let written = write_answer(client, &answer, &shown());
            assert!(is_json(&written), "{}", String::from_utf8_lossy(&written));
        }
    });
}

#[test]
fn broken_streams_are_refused_or_written_whole() {
    each_broken("reply.sse", |dialect, text| {
        for client in Dialect::ALL {
            let mut relay = StreamRelay::new(dialect, Some("m"), true, UsageRules::default());
            let mut reader = StreamReader::new(dialect, ReplyNotes::default(), UsageRules::default());
            let mut writer = StreamWriter::new(client, shown());
            let (mut frames, mut events, mut out) = (Frames::default(), Vec::new(), Vec::new());
            frames.push(Bytes::copy_from_slice(text)).unwrap();
            while let Some(frame) = frames.next_frame() {
                drop(relay.frame(frame.clone()));
                if reader.frame(&frame, &mut events).is_err() {
                    break;
                }
            }
            drop(relay.end());
            reader.finish(&mut events);
            for event in events {
                match event {
                    Event::Failed(error) => writer.fail(&error, &mut out),
                    event => writer.event(&event, &mut out),
                }
            }
            let mut written = Frames::default();
            written.push(Bytes::from(out)).unwrap();
            while let Some(frame) = written.next_frame() {
                let data = weighhouse_providers::framing::sse::data(&frame);
                let is_whole = data.as_deref().is_none_or(|data| data == b"[DONE]" || is_json(data));
                assert!(is_whole, "{}", String::from_utf8_lossy(&frame));
            }
        }
    });
}
