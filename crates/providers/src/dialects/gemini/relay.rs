//! Answers of a provider that speaks the client's own dialect: passed on as they came, and weighed in passing.
//!
//! Nothing is changed: the model's name stands in the path of the call, and `modelVersion` says which version
//! answered, which clients want to know.

use std::borrow::Cow;

use bytes::Bytes;
use memchr::memmem;
use serde_json::value::RawValue;
use weighhouse_types::{Error, Kind, Usage, UsageClass};

use super::answer::{error_of, searches, service_tier};
use super::usage::read_usage;
use super::wire::{Candidate, Reply};
use crate::envelope::Envelope;
use crate::framing::sse;
use crate::registry::UsageRules;
use crate::weight::{StreamEnd, Whole, text_bytes, tokens_of};
use crate::wire::string_length;

/// Texts of a chunk that may hold more than a piece of text: then it is read.
const MORE_THAN_TEXT: [&[u8]; 7] = [
    b"\"finishReason\"",
    b"\"functionCall\"",
    b"\"groundingMetadata\"",
    b"\"toolCall\"",
    b"\"toolResponse\"",
    b"\"promptFeedback\"",
    b"\"error\"",
];

/// Weighs a whole answer; the model's name stays the provider's.
///
/// # Errors
/// `UpstreamGarbled`: not a JSON object. `UpstreamStatus`: an error object behind a status of success.
pub fn weigh_answer(body: &Bytes, _model: Option<&str>, rules: UsageRules) -> Result<Whole, Error> {
    let envelope = Envelope::read(body).map_err(|error| {
        Error::new(Kind::UpstreamGarbled, "the provider answered with something that is not a JSON object")
            .source(error)
    })?;
    let mut seen = Seen::default();
    for member in envelope.members() {
        let raw = envelope.raw(member);
        match envelope.name(member).as_ref() {
            "candidates" => seen.candidates = raw,
            "usageMetadata" => seen.usage = Some(raw),
            "modelVersion" => seen.model = serde_json::from_slice(raw).ok(),
            "responseId" => seen.id = serde_json::from_slice(raw).ok(),
            "error" if raw != b"null" => {
                if let Ok(raw) = serde_json::from_slice::<&RawValue>(raw) {
                    return Err(error_of(raw));
                }
            }
            _ => {}
        }
    }
    let usage = seen.usage(rules);
    let counted_output = if usage.is_none() { tokens_of(generated(seen.candidates)) } else { 0 };
    Ok(Whole {
        body: body.clone(),
        usage,
        raw_usage: seen.usage.and_then(|raw| std::str::from_utf8(raw).ok()).map(Into::into),
        service_tier: seen.tier(),
        response_id: seen.id,
        counted_output,
    })
}

/// What counts of one answer.
#[derive(Debug, Default)]
struct Seen<'a> {
    candidates: &'a [u8],
    usage: Option<&'a [u8]>,
    model: Option<String>,
    id: Option<Box<str>>,
}

impl Seen<'_> {
    fn usage(&self, rules: UsageRules) -> Option<Usage> {
        let usage = read_usage(self.usage?, rules)?;
        // Searches are rare, and candidates long.
        if memmem::find(self.candidates, b"roundingMetadata\"").is_none() {
            return Some(usage);
        }
        let candidates: Vec<Candidate<'_>> = serde_json::from_slice(self.candidates).unwrap_or_default();
        let groundings = candidates.iter().filter_map(|candidate| candidate.grounding);
        Some(usage.with(UsageClass::Search, searches(self.model.as_deref(), groundings)))
    }

    fn tier(&self) -> Option<Box<str>> {
        let raw: &RawValue = serde_json::from_slice(self.usage?).ok()?;
        service_tier(raw).map(Into::into)
    }
}

/// Bytes of generated texts.
fn generated(candidates: &[u8]) -> u64 {
    let candidates: Vec<serde_json::Value> = serde_json::from_slice(candidates).unwrap_or_default();
    let contents = candidates.iter().filter_map(|candidate| candidate.get("content"));
    let calls = candidates.iter().filter_map(|candidate| candidate.pointer("/content/parts")?.as_array());
    let calls = calls.flatten().filter_map(|part| part.get("functionCall"));
    contents.map(text_bytes).sum::<u64>() + calls.map(|call| call.to_string().len() as u64).sum::<u64>()
}

/// The state of one relayed stream.
#[derive(Clone, Debug)]
pub struct StreamRelay {
    rules: UsageRules,
    /// A chunk was read: the id and the model's name are known, if they are told at all.
    has_begun: bool,
    /// The last chunk that told its usage; each tells all of it so far, so only the last is read.
    last_usage: Option<Bytes>,
    groundings: Vec<Bytes>,
    model: Option<String>,
    response_id: Option<Box<str>>,
    text_bytes: u64,
    text_frames: u64,
    complete: bool,
    error: Option<Bytes>,
}

impl StreamRelay {
    /// A stream; the provider's name of the model stays.
    #[must_use]
    pub const fn new(_model: Option<&str>, rules: UsageRules) -> Self {
        Self {
            rules,
            has_begun: false,
            last_usage: None,
            groundings: Vec::new(),
            model: None,
            response_id: None,
            text_bytes: 0,
            text_frames: 0,
            complete: false,
            error: None,
        }
    }

    /// Takes a frame and gives what the client gets in its place: the frame itself.
    pub fn frame(&mut self, frame: Bytes) -> Option<Bytes> {
        if self.has_begun && is_plain_text(&frame) {
            self.weigh_text(&frame);
            if memmem::find(&frame, b"\"usageMetadata\"").is_some() {
                self.last_usage = Some(frame.clone());
            }
        } else {
            self.read_frame(&frame);
        }
        Some(frame)
    }

    /// What the stream came to, when it ended or was given up.
    #[must_use]
    pub fn end(&mut self) -> StreamEnd {
        let frame = self.last_usage.take();
        let data = frame.as_deref().and_then(sse::data).unwrap_or_default();
        let reply: Option<Reply<'_>> = serde_json::from_slice(&data).ok();
        let raw = reply.and_then(|reply| reply.usage);
        let usage = raw.and_then(|raw| read_usage(raw.get().as_bytes(), self.rules));
        let groundings: Vec<&RawValue> =
            self.groundings.iter().filter_map(|raw| serde_json::from_slice(raw).ok()).collect();
        let count = searches(self.model.as_deref(), groundings.into_iter());
        StreamEnd {
            usage: usage.map(|usage| usage.with(UsageClass::Search, count)),
            raw_usage: raw.map(|raw| raw.get().into()),
            response_id: self.response_id.take(),
            service_tier: raw.and_then(service_tier).map(Into::into),
            counted_output: self.counted_output(),
            complete: self.complete,
            error: self.error.take(),
        }
    }

    /// Generated tokens so far, counted from the frames that arrived.
    #[must_use]
    pub const fn counted_output(&self) -> u64 {
        let (of_bytes, of_frames) = (tokens_of(self.text_bytes), self.text_frames);
        if of_bytes > of_frames { of_bytes } else { of_frames }
    }

    /// The stream has said that it is complete.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// The error object that the provider put into the stream.
    #[must_use]
    pub const fn error(&self) -> Option<&Bytes> {
        self.error.as_ref()
    }

    fn read_frame(&mut self, frame: &Bytes) {
        let Some(data) = sse::data(frame) else { return };
        // What is not JSON is not ours to judge: the client sees it as it came.
        let Ok(reply) = serde_json::from_slice::<Reply<'_>>(&data) else { return };
        self.has_begun = true;
        if let Some(error) = reply.error {
            self.error = Some(match &data {
                Cow::Borrowed(_) => frame.slice_ref(error.get().as_bytes()),
                Cow::Owned(_) => Bytes::copy_from_slice(error.get().as_bytes()),
            });
        }
        if let Some(id) = reply.id {
            self.response_id.get_or_insert_with(|| id.as_str().into());
        }
        if let Some(model) = reply.model {
            self.model.get_or_insert_with(|| model.as_str().to_owned());
        }
        if reply.usage.is_some() {
            self.last_usage = Some(frame.clone());
        }
        self.complete |= reply.feedback.is_some_and(|feedback| feedback.reason.is_some());
        for (place, candidate) in reply.candidates.unwrap_or_default().into_iter().enumerate() {
            self.complete |=
                candidate.finish.is_some_and(|reason| reason.as_str() != "FINISH_REASON_UNSPECIFIED");
            if let Some(grounding) = candidate.grounding {
                self.take_grounding(candidate.index.map_or(place, |index| index as usize), grounding);
            }
            for part in
                candidate.content.and_then(|content| content.parts).into_iter().flat_map(|parts| parts.0)
            {
                let bytes = part.get().len() as u64;
                // What the braces and names of a part take up.
                self.weigh(bytes.saturating_sub(12));
            }
        }
    }

    /// Each tells all that is known so far of one answer: the last counts.
    fn take_grounding(&mut self, place: usize, grounding: &RawValue) {
        const MAX_CHOICES: usize = 128;
        if place < MAX_CHOICES {
            if place >= self.groundings.len() {
                self.groundings.resize_with(place + 1, || Bytes::from_static(b"{}"));
            }
            if let Some(known) = self.groundings.get_mut(place) {
                *known = Bytes::copy_from_slice(grounding.get().as_bytes());
            }
        }
    }

    /// Adds up the text that the model generated. A look for its member costs a fraction of a parse, and the sum only
    /// matters where the provider does not state its usage.
    fn weigh_text(&mut self, frame: &[u8]) {
        const TEXT: &[u8] = b"\"text\":";
        let mut rest = frame;
        let mut bytes = 0;
        while let Some(at) = memmem::find(rest, TEXT) {
            rest = rest.get(at + TEXT.len()..).unwrap_or_default().trim_ascii_start();
            let inside = rest.strip_prefix(b"\"").unwrap_or_default();
            bytes += string_length(inside);
        }
        self.weigh(bytes);
    }

    fn weigh(&mut self, bytes: u64) {
        self.text_bytes += bytes;
        self.text_frames += u64::from(bytes > 0);
    }
}

/// Whether a chunk holds pieces of text and nothing that has to be read.
fn is_plain_text(frame: &[u8]) -> bool {
    memmem::find(frame, b"\"text\"").is_some()
        && memmem::find(frame, b"\ndata").is_none()
        && !MORE_THAN_TEXT.iter().any(|mark| memmem::find(frame, mark).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"data: {"candidates": [{"content": {"parts": [{"text": "#;

    fn chunk(text: &str, rest: &str) -> Bytes {
        let usage =
            r#""usageMetadata": {"promptTokenCount": 3,"candidatesTokenCount": 2,"totalTokenCount": 5}"#;
        let tail = r#""modelVersion": "gemini-2.5-flash","responseId": "r1""#;
        Bytes::from(format!("{HEAD}\"{text}\"}}],\"role\": \"model\"}}{rest}}}],{usage},{tail}}}\r\n\r\n"))
    }

    fn relayed(frames: &[Bytes]) -> StreamRelay {
        let mut relay = StreamRelay::new(Some("shown"), UsageRules::default());
        for frame in frames {
            assert_eq!(relay.frame(frame.clone()).as_ref(), Some(frame));
        }
        relay
    }

    #[test]
    fn a_stream_is_weighed_in_passing() {
        let end = chunk("!", r#","finishReason": "STOP""#);
        let mut relay = relayed(&[chunk("one", ""), chunk(r#"said \"finishReason\": "#, ""), end]);
        assert!(relay.is_complete());
        let end = relay.end();
        assert_eq!(end.usage.map(|usage| (usage.input(), usage.output())), Some((3, 2)));
        assert_eq!(
            (end.response_id.as_deref(), end.complete, end.counted_output > 3),
            (Some("r1"), true, true)
        );
        assert!(end.raw_usage.is_some_and(|raw| raw.starts_with("{\"promptTokenCount\"")));
    }

    #[test]
    fn what_only_looks_like_an_end_is_none() {
        let call = r#"data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"finishReason":"STOP","error":{},"usageMetadata":{}}}}]}}]}"#;
        let relay = relayed(&[chunk("a", ""), Bytes::from(format!("{call}\n\n"))]);
        assert!(!relay.is_complete() && relay.error().is_none());
        let mut relay = relay;
        assert!(relay.end().usage.is_some());
    }

    #[test]
    fn an_error_and_what_is_no_json_are_seen_as_they_are() {
        let error = r#"{"code":503,"message":"busy","status":"UNAVAILABLE"}"#;
        let frames = [
            Bytes::from_static(b": ping\n\n"),
            Bytes::from_static(b"data: no json\n\n"),
            chunk("a", ""),
            Bytes::from(format!("data: {{\"error\":{error}}}\n\n")),
        ];
        assert_eq!(relayed(&frames).error(), Some(&Bytes::from(error)));
        let body = Bytes::from(format!("{{\"error\":{error}}}"));
        let refused = weigh_answer(&body, None, UsageRules::default()).unwrap_err();
        assert_eq!((refused.kind, refused.status()), (Kind::UpstreamStatus, 503));
        let refused = weigh_answer(&Bytes::from_static(b"<html>"), None, UsageRules::default()).unwrap_err();
        assert_eq!(refused.kind, Kind::UpstreamGarbled);
    }

    #[test]
    fn a_blocked_prompt_is_an_end() {
        let frame = Bytes::from_static(b"data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\n\n");
        assert!(relayed(&[frame]).is_complete());
    }

    #[test]
    fn generated_text_is_counted_where_the_usage_is_missing() {
        let body = Bytes::from_static(
            br#"{"candidates":[{"content":{"parts":[{"text":"12345678"},{"functionCall":{"name":"f","args":{"a":1}}}]}}]}"#,
        );
        let whole = weigh_answer(&body, None, UsageRules::default()).unwrap();
        assert_eq!((whole.usage, whole.counted_output, whole.body), (None, 9, body));
    }
}
