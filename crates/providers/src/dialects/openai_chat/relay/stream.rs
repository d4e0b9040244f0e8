//! A provider's stream, relayed: frames go on as they came but for the model's name, while their usage
//! and size are read in passing.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use weighhouse_types::Usage;

use super::super::usage::read_usage;
use crate::envelope::{Envelope, quote};
use crate::framing::sse;
use crate::registry::UsageRules;
use crate::weight::{StreamEnd, tokens_of};
use crate::wire::string_length;

/// Members whose strings a model generated.
const TEXT_MEMBERS: [&[u8]; 5] =
    [b"\"content\":", b"\"reasoning_content\":", b"\"reasoning\":", b"\"arguments\":", b"\"text\":"];

/// The state of one relayed stream.
#[derive(Clone, Debug)]
pub struct StreamRelay {
    model: Option<String>,
    hides_usage: bool,
    rules: UsageRules,
    /// What the last chunk began with, up to its model's name, and what that becomes: all chunks of a
    /// stream begin alike, so most need no reading.
    prefix: Option<(Bytes, Bytes)>,
    usage: Option<Usage>,
    raw_usage: Option<Box<str>>,
    response_id: Option<Box<str>>,
    service_tier: Option<Box<str>>,
    text_bytes: u64,
    text_frames: u64,
    done: bool,
    finished: bool,
    error: Option<Bytes>,
}

impl StreamRelay {
    /// A stream whose chunks show `model` (none: the provider's name stays).
    /// With `hides_usage` the chunk that only carries usage is kept from the client.
    #[must_use]
    pub fn new(model: Option<&str>, hides_usage: bool, rules: UsageRules) -> Self {
        Self {
            model: model.map(quote),
            hides_usage,
            rules,
            prefix: None,
            usage: None,
            raw_usage: None,
            response_id: None,
            service_tier: None,
            text_bytes: 0,
            text_frames: 0,
            done: false,
            finished: false,
            error: None,
        }
    }

    /// Takes a frame and gives what the client gets in its place; none where it is hidden.
    pub fn frame(&mut self, frame: Bytes) -> Option<Bytes> {
        if self.is_known_beginning(&frame) && !holds_more_than_text(&frame) {
            self.weigh_text(&frame);
            return Some(self.with_model(frame));
        }
        self.read_frame(frame)
    }

    /// What the stream came to, when it ended or was given up.
    #[must_use]
    pub fn end(&mut self) -> StreamEnd {
        StreamEnd {
            usage: self.usage.take(),
            raw_usage: self.raw_usage.take(),
            response_id: self.response_id.take(),
            service_tier: self.service_tier.take(),
            counted_output: self.counted_output(),
            complete: self.is_complete(),
            error: self.error.take(),
        }
    }

    /// Generated tokens so far, counted from the frames that arrived.
    #[must_use]
    pub const fn counted_output(&self) -> u64 {
        let (of_bytes, of_frames) = (tokens_of(self.text_bytes), self.text_frames);
        if of_bytes > of_frames { of_bytes } else { of_frames }
    }

    /// The stream has said that it is complete: its mark, or a reason to finish.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.done || self.finished
    }

    /// The error object that the provider put into the stream.
    #[must_use]
    pub const fn error(&self) -> Option<&Bytes> {
        self.error.as_ref()
    }

    fn is_known_beginning(&self, frame: &Bytes) -> bool {
        self.prefix.as_ref().is_some_and(|(from, _)| frame.starts_with(from))
    }

    fn with_model(&self, frame: Bytes) -> Bytes {
        match &self.prefix {
            Some((from, to)) if from != to => {
                let rest = frame.get(from.len()..).unwrap_or_default();
                let mut out = BytesMut::with_capacity(to.len() + rest.len());
                out.extend_from_slice(to);
                out.extend_from_slice(rest);
                out.freeze()
            }
            _ => frame,
        }
    }

    /// A frame that is not like the one before: read member by member.
    fn read_frame(&mut self, frame: Bytes) -> Option<Bytes> {
        let Some(data) = sse::data(&frame) else { return Some(frame) };
        if data.trim_ascii() == b"[DONE]" {
            self.done = true;
            return Some(frame);
        }
        let (data, start) = match data {
            Cow::Borrowed(inside) => {
                (frame.slice_ref(inside), Some(inside.as_ptr().addr() - frame.as_ptr().addr()))
            }
            Cow::Owned(joined) => (joined.into(), None),
        };
        // What is not JSON is not ours to judge: the client sees it as it came.
        let Ok(envelope) = Envelope::read(&data) else { return Some(frame) };
        let (mut model_at, mut has_usage, mut has_choices) = (None, false, false);
        for member in envelope.members() {
            let raw = envelope.raw(member);
            match envelope.name(member).as_ref() {
                "model" => model_at = Some(member.value.clone()),
                "usage" if raw != b"null" => {
                    has_usage = true;
                    self.take_usage(raw);
                }
                "choices" => {
                    has_choices = raw.contains(&b'{');
                    self.weigh_choices(raw);
                }
                "id" if self.response_id.is_none() => self.response_id = serde_json::from_slice(raw).ok(),
                "service_tier" if raw != b"null" => self.service_tier = serde_json::from_slice(raw).ok(),
                "error" if raw != b"null" => self.error = Some(data.slice(member.value.clone())),
                _ => {}
            }
        }
        if has_usage && !has_choices && self.hides_usage && self.error.is_none() {
            return None;
        }
        // Data over several lines is legal and unheard of here: it goes on as it came.
        if let (Some(start), Some(place)) = (start, model_at) {
            self.remember_beginning(&frame, start + place.start, start + place.end);
            return Some(self.with_model(frame));
        }
        Some(frame)
    }

    /// Chunks that begin like this one need not be read again to find the model's name.
    fn remember_beginning(&mut self, frame: &Bytes, model_start: usize, model_end: usize) {
        // Owned copies: a slice of a chunk would keep the whole read buffer alive.
        let from = Bytes::copy_from_slice(frame.get(..model_end).unwrap_or_default());
        let to = match &self.model {
            Some(model) => [frame.get(..model_start).unwrap_or_default(), model.as_bytes()].concat().into(),
            None => from.clone(),
        };
        self.prefix = Some((from, to));
    }

    fn take_usage(&mut self, raw: &[u8]) {
        if let Some(usage) = read_usage(raw, self.rules) {
            self.usage = Some(usage);
            self.raw_usage = std::str::from_utf8(raw).ok().map(Into::into);
        }
    }

    fn weigh_choices(&mut self, raw: &[u8]) {
        self.weigh_text(raw);
        let finish = memmem::find(raw, b"\"finish_reason\"").and_then(|at| raw.get(at + 15..));
        let value = finish.map(|rest| rest.trim_ascii_start()).and_then(|rest| rest.strip_prefix(b":"));
        if value.is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\"")) {
            self.finished = true;
        }
    }

    /// Adds up the strings that the model generated. A look for known members costs a fraction of a parse,
    /// and its result only matters where the provider does not state its usage.
    fn weigh_text(&mut self, frame: &[u8]) {
        let before = self.text_bytes;
        for member in TEXT_MEMBERS {
            let Some(at) = memmem::find(frame, member) else { continue };
            let value = frame.get(at + member.len()..).unwrap_or_default().trim_ascii_start();
            self.text_bytes += value.strip_prefix(b"\"").map_or(0, string_length);
        }
        self.text_frames += u64::from(self.text_bytes > before);
    }
}

/// Whether a chunk may carry something that has to be read: a usage object, a finish reason, an error,
/// or a second line of data.
fn holds_more_than_text(frame: &[u8]) -> bool {
    memmem::find(frame, b"\"usage\":{").is_some()
        || memmem::find(frame, b"\"usage\": {").is_some()
        || memmem::find(frame, b"\"finish_reason\":\"").is_some()
        || memmem::find(frame, b"\"finish_reason\": \"").is_some()
        || memmem::find(frame, b"\"error\"").is_some()
        || memmem::find(frame, b"\ndata").is_some()
        || memmem::find(frame, b"\"id\"").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        r#"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-4o-2024","#;

    fn chunk(rest: &str) -> Bytes {
        Bytes::from(format!("{HEAD}{rest}}}\n\n"))
    }

    fn text(word: &str) -> Bytes {
        chunk(&format!(r#""choices":[{{"index":0,"delta":{{"content":"{word}"}},"finish_reason":null}}]"#))
    }

    fn relay(hides_usage: bool) -> StreamRelay {
        StreamRelay::new(Some("fast"), hides_usage, UsageRules::default())
    }

    #[test]
    fn the_models_name_is_put_back_in_every_chunk_and_nothing_else_changes() {
        let mut relay = relay(false);
        for word in ["one ", r#"said \"model\": "#, "two "] {
            let frame = text(word);
            let expected = String::from_utf8(frame.to_vec()).unwrap().replace("gpt-4o-2024", "fast");
            assert_eq!(relay.frame(frame).unwrap(), expected);
        }
        let done = Bytes::from_static(b"data: [DONE]\n\n");
        assert_eq!(relay.frame(done.clone()), Some(done));
        assert!(relay.is_complete());
    }

    #[test]
    fn the_usage_chunk_is_read_and_hidden_from_who_did_not_ask() {
        let usage = r#""choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}"#;
        for hides in [true, false] {
            let mut relay = relay(hides);
            relay.frame(text("a"));
            assert_eq!(relay.frame(chunk(usage)).is_none(), hides);
            let end = relay.end();
            assert_eq!(end.usage.map(|usage| (usage.input(), usage.output())), Some((3, 2)));
            assert_eq!(end.response_id.as_deref(), Some("c1"));
        }
    }

    #[test]
    fn what_arrived_is_counted_where_nobody_says() {
        let mut relay = relay(true);
        for _ in 0..7 {
            relay.frame(text("tok "));
        }
        let end = relay.end();
        assert_eq!((end.usage, end.counted_output, end.complete), (None, 7, false));
        relay.frame(text(&"x".repeat(400)));
        assert_eq!(relay.end().counted_output, 107);
    }

    #[test]
    fn an_error_in_the_stream_is_seen() {
        let mut relay = relay(true);
        relay.frame(text("a"));
        let frame = Bytes::from_static(b"data: {\"error\":{\"message\":\"overloaded\"}}\n\n");
        assert_eq!(relay.frame(frame.clone()), Some(frame));
        assert_eq!(relay.error().unwrap(), &b"{\"message\":\"overloaded\"}"[..]);
    }

    #[test]
    fn what_is_no_json_passes_as_it_came() {
        let mut relay = relay(true);
        for frame in [": ping\n\n", "event: x\ndata: not json\n\n", "data: {\"a\":\ndata: 1}\n\n", "\n"] {
            let frame = Bytes::from(frame);
            assert_eq!(relay.frame(frame.clone()), Some(frame));
        }
    }

    #[test]
    fn strings_are_measured_to_their_quote() {
        for (inside, length) in [("abc\"", 3), ("a\\\"b\" x", 3), ("\\u00e9\"", 5), ("open", 4), ("\"", 0)] {
            assert_eq!(string_length(inside.as_bytes()), length, "{inside}");
        }
    }
}
