//! What the dialect says and hears, across its files.

mod asks;
mod round_trips;
mod streams;

use weighhouse_types::chat::Event;

use super::StreamReader;
use crate::envelope::Envelope;
use crate::framing::sse::Frames;
use crate::registry::UsageRules;
use crate::translation::{ReplyNotes, Shown, Toward};

const SEED: &str = "0190b6a3-1c2d";

fn shown() -> Shown {
    Shown {
        model: "asked-model".into(),
        seed: SEED.into(),
        created: 0,
        wants_usage: true,
        request: Envelope::default(),
    }
}

const fn toward(model: &str) -> Toward<'_> {
    Toward { provider: "anthropic", model, facts: None, drops: true, mends: false, seed: SEED }
}

/// The events of a whole stream.
fn events_of(stream: &[u8], notes: ReplyNotes) -> Vec<Event> {
    let mut reader = StreamReader::new(notes, UsageRules::default());
    let (mut frames, mut events) = (Frames::default(), Vec::new());
    frames.push(bytes::Bytes::copy_from_slice(stream)).unwrap();
    while let Some(frame) = frames.next_frame() {
        reader.frame(&frame, &mut events).unwrap();
    }
    reader.finish(&mut events);
    events
}
