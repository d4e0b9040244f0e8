//! A provider's stream, relayed: frames go on as they came but for the model's name in the first, while their
//! usage and size are read in passing.

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use serde_json::value::RawValue;

use super::super::answer::tier_of;
use super::super::usage::Counts;
use crate::envelope::{Envelope, quote};
use crate::framing::sse;
use crate::registry::UsageRules;
use crate::weight::{StreamEnd, tokens_of};
use crate::wire::string_length;

/// Members whose strings a model generated, as they stand in a delta.
const TEXT_MEMBERS: [&[u8]; 3] = [b"\"text\":", b"\"partial_json\":", b"\"thinking\":"];

/// The state of one relayed stream.
#[derive(Clone, Debug)]
pub struct StreamRelay {
    model: Option<String>,
    rules: UsageRules,
    counts: Counts,
    raw_usage: Option<Box<str>>,
    response_id: Option<Box<str>>,
    service_tier: Option<Box<str>>,
    text_bytes: u64,
    text_frames: u64,
    is_complete: bool,
    error: Option<Bytes>,
}

/// A frame's data, and where in the frame it stands; nowhere where it was joined from several lines.
struct Data {
    bytes: Bytes,
    start: Option<usize>,
}

impl StreamRelay {
    /// A stream whose frames show `model` (none: the provider's name stays).
    #[must_use]
    pub fn new(model: Option<&str>, rules: UsageRules) -> Self {
        Self {
            model: model.map(quote),
            rules,
            counts: Counts::default(),
            raw_usage: None,
            response_id: None,
            service_tier: None,
            text_bytes: 0,
            text_frames: 0,
            is_complete: false,
            error: None,
        }
    }

    /// Takes a frame and gives what the client gets in its place.
    pub fn frame(&mut self, frame: Bytes) -> Option<Bytes> {
        if is_delta(&frame) {
            self.weigh_text(&frame);
            return Some(frame);
        }
        Some(self.read_frame(frame))
    }

    /// What the stream came to, when it ended or was given up.
    #[must_use]
    pub fn end(&mut self) -> StreamEnd {
        StreamEnd {
            usage: std::mem::take(&mut self.counts).usage(self.rules),
            raw_usage: self.raw_usage.take(),
            response_id: self.response_id.take(),
            service_tier: self.service_tier.take(),
            counted_output: self.counted_output(),
            complete: self.is_complete,
            error: self.error.take(),
        }
    }

    /// Generated tokens so far, counted from the frames that arrived.
    #[must_use]
    pub const fn counted_output(&self) -> u64 {
        let (of_bytes, of_frames) = (tokens_of(self.text_bytes), self.text_frames);
        if of_bytes > of_frames { of_bytes } else { of_frames }
    }

    /// The stream has said that it is complete: its last event, or a reason to stop.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The error object that the provider put into the stream.
    #[must_use]
    pub const fn error(&self) -> Option<&Bytes> {
        self.error.as_ref()
    }

    /// An event that happens a few times in a stream: read member by member.
    fn read_frame(&mut self, frame: Bytes) -> Bytes {
        let Some(data) = data_of(&frame) else { return frame };
        // What is not JSON is not ours to judge: the client sees it as it came.
        let Ok(envelope) = Envelope::read(&data.bytes) else { return frame };
        let mut model = None;
        for member in envelope.members() {
            let raw = envelope.raw(member);
            match envelope.name(member).as_ref() {
                "type" => self.is_complete |= raw == b"\"message_stop\"",
                "message" => {
                    let inner = self.read_message(&data.bytes.slice(member.value.clone()));
                    model = inner.map(|at| at.start + member.value.start..at.end + member.value.start);
                }
                "usage" => self.take_usage(raw),
                "delta" => self.read_delta(raw),
                "error" if raw != b"null" => self.error = Some(data.bytes.slice(member.value.clone())),
                _ => {}
            }
        }
        match (&self.model, data.start, model) {
            (Some(shown), Some(start), Some(at)) => replaced(&frame, start + at.start..start + at.end, shown),
            _ => frame,
        }
    }

    /// The message that begins the stream; gives the place of its model's name.
    fn read_message(&mut self, message: &Bytes) -> Option<Range<usize>> {
        let envelope = Envelope::read(message).ok()?;
        let mut model = None;
        for member in envelope.members() {
            let raw = envelope.raw(member);
            match envelope.name(member).as_ref() {
                "model" => model = Some(member.value.clone()),
                "id" => self.response_id = serde_json::from_slice(raw).ok(),
                "usage" => self.take_usage(raw),
                _ => {}
            }
        }
        model
    }

    fn take_usage(&mut self, raw: &[u8]) {
        let Some(counts) = Counts::read(raw).filter(|_| raw != b"null") else { return };
        self.counts.take(counts);
        self.raw_usage = std::str::from_utf8(raw).ok().map(Into::into);
        let tier = serde_json::from_slice::<&RawValue>(raw).ok().and_then(tier_of);
        self.service_tier = tier.map(String::into_boxed_str).or_else(|| self.service_tier.take());
    }

    fn read_delta(&mut self, raw: &[u8]) {
        let Ok(envelope) = Envelope::read(&Bytes::copy_from_slice(raw)) else { return };
        let has_reason = |member| envelope.raw(member).starts_with(b"\"");
        self.is_complete |= envelope.member("stop_reason").is_ok_and(|member| member.is_some_and(has_reason));
        // A delta whose event is not named before its data.
        self.weigh_text(raw);
    }

    /// Adds up the strings that the model generated. A look for known members costs a fraction of a parse,
    /// and its result only matters where the provider does not state its usage.
    fn weigh_text(&mut self, frame: &[u8]) {
        for member in TEXT_MEMBERS {
            let Some(at) = memmem::find(frame, member) else { continue };
            let value = frame.get(at + member.len()..).unwrap_or_default().trim_ascii_start();
            let length = value.strip_prefix(b"\"").map_or(0, string_length);
            self.text_bytes += length;
            self.text_frames += u64::from(length > 0);
            return;
        }
    }
}

/// Whether a frame carries a delta of a block, told by the event's name before the data.
fn is_delta(frame: &[u8]) -> bool {
    let name = frame.strip_prefix(b"event:").map(<[u8]>::trim_ascii_start);
    name.is_some_and(|name| name.starts_with(b"content_block_delta"))
}

fn data_of(frame: &Bytes) -> Option<Data> {
    Some(match sse::data(frame)? {
        Cow::Borrowed(inside) => {
            let start = inside.as_ptr().addr() - frame.as_ptr().addr();
            Data { bytes: frame.slice_ref(inside), start: Some(start) }
        }
        Cow::Owned(joined) => Data { bytes: joined.into(), start: None },
    })
}

fn replaced(frame: &Bytes, place: Range<usize>, text: &str) -> Bytes {
    if frame.get(place.clone()) == Some(text.as_bytes()) {
        return frame.clone();
    }
    let mut out = BytesMut::with_capacity(frame.len() + text.len());
    out.extend_from_slice(frame.get(..place.start).unwrap_or_default());
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(frame.get(place.end..).unwrap_or_default());
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"claude-x\",\"usage\":{\"input_tokens\":9,\"output_tokens\":1,\"service_tier\":\"standard\"}}}\n\n";

    fn delta(word: &str) -> Bytes {
        Bytes::from(format!(
            "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{word}\"}}}}\n\n"
        ))
    }

    #[test]
    fn only_the_models_name_changes() {
        let mut relay = StreamRelay::new(Some("fast"), UsageRules::default());
        assert_eq!(relay.frame(Bytes::from(START)).unwrap(), START.replace("claude-x", "fast"));
        for frame in [delta("a \\\"model\\\""), Bytes::from("event: ping\ndata: {\"type\": \"ping\"}\n\n")] {
            assert_eq!(relay.frame(frame.clone()), Some(frame));
        }
        let stop = Bytes::from(
            "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\n",
        );
        assert_eq!(relay.frame(stop.clone()), Some(stop));
        assert!(relay.is_complete());
        let end = relay.end();
        assert_eq!(end.usage.map(|usage| (usage.input(), usage.output())), Some((9, 7)));
        assert_eq!(
            (end.response_id.as_deref(), end.service_tier.as_deref()),
            (Some("msg_1"), Some("standard"))
        );
    }

    #[test]
    fn what_arrived_is_counted_and_a_broken_stream_is_not_complete() {
        let mut relay = StreamRelay::new(None, UsageRules::default());
        for _ in 0..7 {
            relay.frame(delta("word "));
        }
        relay.frame(Bytes::from("data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"12345\"}}\n\n"));
        let end = relay.end();
        assert_eq!((end.usage, end.counted_output, end.complete), (None, 10, false));
    }

    #[test]
    fn an_error_in_the_stream_is_seen() {
        let mut relay = StreamRelay::new(Some("fast"), UsageRules::default());
        let frame = Bytes::from(
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
        );
        assert_eq!(relay.frame(frame.clone()), Some(frame));
        assert_eq!(relay.error().unwrap(), &br#"{"type":"overloaded_error","message":"Overloaded"}"#[..]);
    }

    #[test]
    fn what_is_no_json_passes_as_it_came() {
        let mut relay = StreamRelay::new(Some("fast"), UsageRules::default());
        for frame in [": ping\n\n", "event: x\ndata: not json\n\n", "data: {\"a\":\ndata: 1}\n\n", "\n"] {
            let frame = Bytes::from(frame);
            assert_eq!(relay.frame(frame.clone()), Some(frame));
        }
    }
}
