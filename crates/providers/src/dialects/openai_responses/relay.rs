//! Answers of a provider that speaks the client's own dialect: passed on as they came but for the model's name,
//! and weighed in passing.

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use serde_json::value::RawValue;
use weighhouse_types::{Error, Kind, Usage, UsageClass};

use super::answer::error_of;
use super::usage::{read_usage, searches};
use crate::envelope::{Edits, Envelope, quote};
use crate::framing::sse;
use crate::registry::UsageRules;
use crate::weight::{StreamEnd, Whole, text_bytes, tokens_of};
use crate::wire::string_length;

/// Weighs a whole answer; `model` is the name that the client is shown, none to leave the provider's.
///
/// # Errors
/// `UpstreamGarbled`: not a JSON object. `UpstreamStatus`: an error object behind a status of success.
pub fn weigh_answer(body: &Bytes, model: Option<&str>, rules: UsageRules) -> Result<Whole, Error> {
    let envelope = Envelope::read(body).map_err(|error| {
        Error::new(Kind::UpstreamGarbled, "the provider answered with something that is not a JSON object")
            .source(error)
    })?;
    let seen = Seen::of(&envelope);
    if let (Some(error), None) = (seen.error.clone(), seen.id.clone()) {
        // A failed answer has an id: that one the client sees as it came.
        return Err(error_of(serde_json::from_slice(body.get(error).unwrap_or_default()).ok()));
    }
    let usage = seen.usage(body, rules);
    let counted_output =
        if usage.is_none() { tokens_of(generated(raw(body, seen.output.as_ref()))) } else { 0 };
    let mut edits = Edits::default();
    if let (Some(model), Some(place)) = (model.map(quote), seen.model.clone())
        && body.get(place.clone()) != Some(model.as_bytes())
    {
        edits.replace(place, model);
    }
    Ok(Whole {
        usage,
        raw_usage: seen.raw_usage(body),
        response_id: text(body, seen.id.as_ref()),
        service_tier: text(body, seen.tier.as_ref()),
        counted_output,
        body: edits.apply(&envelope),
    })
}

/// Where the members of a response stand that count.
#[derive(Clone, Debug, Default)]
struct Seen {
    model: Option<Range<usize>>,
    id: Option<Range<usize>>,
    usage: Option<Range<usize>>,
    tool_usage: Option<Range<usize>>,
    tier: Option<Range<usize>>,
    output: Option<Range<usize>>,
    error: Option<Range<usize>>,
}

impl Seen {
    fn of(response: &Envelope) -> Self {
        let mut seen = Self::default();
        for member in response.members() {
            let place = match response.name(member).as_ref() {
                "model" => &mut seen.model,
                "id" => &mut seen.id,
                "usage" => &mut seen.usage,
                "tool_usage" => &mut seen.tool_usage,
                "service_tier" => &mut seen.tier,
                "output" => &mut seen.output,
                "error" => &mut seen.error,
                _ => continue,
            };
            *place = Some(member.value.clone()).filter(|_| response.raw(member) != b"null");
        }
        seen
    }

    fn raw_usage(&self, body: &[u8]) -> Option<Box<str>> {
        let raw = raw(body, self.usage.as_ref());
        std::str::from_utf8(raw).ok().filter(|text| !text.is_empty()).map(Into::into)
    }

    fn usage(&self, body: &[u8], rules: UsageRules) -> Option<Usage> {
        let usage = read_usage(raw(body, self.usage.as_ref()), rules)?;
        let (output, tools) = (raw(body, self.output.as_ref()), raw(body, self.tool_usage.as_ref()));
        // Searches are rare, and outputs long.
        if tools.is_empty() && memmem::find(output, b"web_search_call").is_none() {
            return Some(usage);
        }
        let items: Vec<&RawValue> = serde_json::from_slice(output).unwrap_or_default();
        let count = searches(items.into_iter(), serde_json::from_slice(tools).ok());
        Some(usage.with(UsageClass::Search, count))
    }
}

fn raw<'a>(body: &'a [u8], place: Option<&Range<usize>>) -> &'a [u8] {
    place.and_then(|place| body.get(place.clone())).unwrap_or_default()
}

fn text(body: &[u8], place: Option<&Range<usize>>) -> Option<Box<str>> {
    serde_json::from_slice(raw(body, place)).ok()
}

/// Bytes of generated texts and of calls' arguments.
fn generated(output: &[u8]) -> u64 {
    let items: Vec<serde_json::Value> = serde_json::from_slice(output).unwrap_or_default();
    let summaries = items.iter().filter_map(|item| item.get("summary")).map(text_bytes);
    items.iter().map(text_bytes).sum::<u64>() + summaries.sum::<u64>()
}

/// The state of one relayed stream.
#[derive(Clone, Debug)]
pub struct StreamRelay {
    model: Option<String>,
    rules: UsageRules,
    end: StreamEnd,
    text_bytes: u64,
    text_frames: u64,
}

impl StreamRelay {
    /// A stream whose frames show `model` (none: the provider's name stays).
    #[must_use]
    pub fn new(model: Option<&str>, rules: UsageRules) -> Self {
        Self { model: model.map(quote), rules, end: StreamEnd::default(), text_bytes: 0, text_frames: 0 }
    }

    /// Takes a frame and gives what the client gets in its place: the frame itself, but for the model's name.
    pub fn frame(&mut self, frame: Bytes) -> Option<Bytes> {
        if may_hold_a_response(&frame) {
            return Some(self.read_frame(frame));
        }
        self.weigh_text(&frame);
        Some(frame)
    }

    /// What the stream came to, when it ended or was given up.
    #[must_use]
    pub fn end(&mut self) -> StreamEnd {
        self.end.counted_output = self.counted_output();
        std::mem::take(&mut self.end)
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
        self.end.complete
    }

    /// The error object that the provider put into the stream.
    #[must_use]
    pub const fn error(&self) -> Option<&Bytes> {
        self.end.error.as_ref()
    }

    /// A frame with a whole response, or with an error: read member by member.
    fn read_frame(&mut self, frame: Bytes) -> Bytes {
        let Some(data) = sse::data(&frame) else { return frame };
        let (data, start) = match data {
            Cow::Borrowed(inside) => {
                (frame.slice_ref(inside), Some(inside.as_ptr().addr() - frame.as_ptr().addr()))
            }
            Cow::Owned(joined) => (joined.into(), None),
        };
        // What is not JSON is not ours to judge: the client sees it as it came.
        let Ok(event) = Envelope::read(&data) else { return frame };
        let (mut kind, mut response, mut error) = (String::new(), None, None);
        for member in event.members() {
            match event.name(member).as_ref() {
                "type" => kind = serde_json::from_slice(event.raw(member)).unwrap_or_default(),
                "response" => response = Some(member.value.clone()),
                "error" if event.raw(member).starts_with(b"{") => error = Some(member.value.clone()),
                _ => {}
            }
        }
        if kind == "error" || (kind.is_empty() && error.is_some()) {
            self.end.error = Some(error.map_or_else(|| data.clone(), |place| data.slice(place)));
        }
        let Some(place) = response else { return frame };
        self.end.complete |=
            matches!(kind.as_str(), "response.completed" | "response.incomplete" | "response.failed");
        let body = data.slice(place.clone());
        let Ok(envelope) = Envelope::read(&body) else { return frame };
        let seen = Seen::of(&envelope);
        self.take(&seen, &body);
        // Data over several lines is legal and unheard of here: it goes on as it came.
        match (start, seen.model) {
            (Some(start), Some(model)) => {
                let offset = start + place.start;
                self.with_model(frame, offset + model.start..offset + model.end)
            }
            _ => frame,
        }
    }

    /// What a response says of itself; each later one says all of it again.
    fn take(&mut self, seen: &Seen, body: &Bytes) {
        if let Some(usage) = seen.usage(body, self.rules) {
            self.end.usage = Some(usage);
            self.end.raw_usage = seen.raw_usage(body);
        }
        if let Some(id) = text(body, seen.id.as_ref()) {
            self.end.response_id = Some(id);
        }
        if let Some(tier) = text(body, seen.tier.as_ref()) {
            self.end.service_tier = Some(tier);
        }
        if let (Some(error), None) = (seen.error.clone(), &self.end.error) {
            self.end.error = Some(body.slice(error));
        }
    }

    fn with_model(&self, frame: Bytes, place: Range<usize>) -> Bytes {
        let Some(model) = &self.model else { return frame };
        let (before, after) =
            (frame.get(..place.start).unwrap_or_default(), frame.get(place.end..).unwrap_or_default());
        let mut out = BytesMut::with_capacity(before.len() + model.len() + after.len());
        out.extend_from_slice(before);
        out.extend_from_slice(model.as_bytes());
        out.extend_from_slice(after);
        out.freeze()
    }

    /// Adds up the text that the model generated. A look for its member costs a fraction of a parse, and the sum only
    /// matters where the provider does not state its usage.
    fn weigh_text(&mut self, frame: &[u8]) {
        const DELTA: &[u8] = b"\"delta\":";
        let Some(at) = memmem::find(frame, DELTA) else { return };
        let value = frame.get(at + DELTA.len()..).unwrap_or_default().trim_ascii_start();
        let bytes = value.strip_prefix(b"\"").map_or(0, string_length);
        self.text_bytes += bytes;
        self.text_frames += u64::from(bytes > 0);
    }
}

/// Whether a frame may hold a response or an error. Inside a string these marks cannot stand: there the quotes are
/// escaped. Frames whose event is a piece of text need not be searched.
fn may_hold_a_response(frame: &[u8]) -> bool {
    let line = frame.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    if line.starts_with(b"event: response.") && line.ends_with(b".delta") {
        return false;
    }
    memmem::find(frame, b"\"response\"").is_some() || memmem::find(frame, b"\"error\"").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &str = r#"event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","error":null,"model":"gpt-5.1-2025-11-13","output":[],"service_tier":"auto","usage":null}}

"#;
    const COMPLETED: &str = r#"event: response.completed
data: {"type":"response.completed","sequence_number":9,"response":{"id":"resp_1","object":"response","status":"completed","error":null,"model":"gpt-5.1-2025-11-13","output":[{"type":"web_search_call","action":{"type":"search"}}],"service_tier":"flex","usage":{"input_tokens":3,"output_tokens":2,"total_tokens":5}}}

"#;

    fn delta(text: &str) -> String {
        format!(
            "event: response.output_text.delta\ndata: {{\"type\":\"response.output_text.delta\",\"delta\":\"{text}\",\"logprobs\":[]}}\n\n"
        )
    }

    fn relayed(relay: &mut StreamRelay, frames: &[String]) -> String {
        let out = frames.iter().filter_map(|frame| relay.frame(Bytes::from(frame.clone())));
        out.map(|frame| String::from_utf8(frame.to_vec()).unwrap()).collect()
    }

    #[test]
    fn the_models_name_is_put_back_and_nothing_else_changes() {
        let frames =
            [CREATED.to_owned(), delta(r#"said \"response\":{\"model\":\"x\"} "#), COMPLETED.to_owned()];
        let mut relay = StreamRelay::new(Some("fast"), UsageRules::default());
        assert_eq!(relayed(&mut relay, &frames), frames.concat().replace("gpt-5.1-2025-11-13", "fast"));
        let mut same = StreamRelay::new(None, UsageRules::default());
        assert_eq!(relayed(&mut same, &frames), frames.concat());
    }

    #[test]
    fn a_stream_is_weighed_in_passing() {
        let mut relay = StreamRelay::new(Some("fast"), UsageRules::default());
        relayed(&mut relay, &[CREATED.into(), delta("12345678"), delta("a")]);
        assert!(!relay.is_complete() && relay.error().is_none());
        relayed(&mut relay, &[COMPLETED.into()]);
        assert!(relay.is_complete());
        let end = relay.end();
        let usage = end.usage.unwrap();
        assert_eq!((usage.input(), usage.output(), usage.get(UsageClass::Search)), (3, 2, 1));
        assert_eq!(
            end.raw_usage.as_deref(),
            Some(r#"{"input_tokens":3,"output_tokens":2,"total_tokens":5}"#)
        );
        assert_eq!((end.response_id.as_deref(), end.service_tier.as_deref()), (Some("resp_1"), Some("flex")));
        assert_eq!(end.counted_output, 3);
    }

    #[test]
    fn errors_in_the_stream_are_seen() {
        for (frame, error, is_complete) in [
            (
                r#"data: {"type":"error","code":"server_error","message":"busy","param":null,"sequence_number":3}"#,
                r#"{"type":"error","code":"server_error","message":"busy","param":null,"sequence_number":3}"#,
                false,
            ),
            (
                r#"data: {"type":"error","error":{"type":"tokens","message":"slow down"}}"#,
                r#"{"type":"tokens","message":"slow down"}"#,
                false,
            ),
            (
                r#"data: {"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"no"}}}"#,
                r#"{"code":"server_error","message":"no"}"#,
                true,
            ),
        ] {
            let mut relay = StreamRelay::new(Some("fast"), UsageRules::default());
            let frames = [format!("{frame}\n\n")];
            assert_eq!(relayed(&mut relay, &frames), frames.concat());
            assert_eq!(relay.error(), Some(&Bytes::from(error)));
            assert_eq!(relay.is_complete(), is_complete);
        }
    }

    #[test]
    fn what_is_no_json_and_what_only_looks_like_an_error_passes() {
        let frames = [
            ": ping\n\n",
            "data: [DONE]\n\n",
            "data: \"error\" no json\n\n",
            "data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"mcp_call\",\"error\":null}}\n\n",
            "\n",
        ]
        .map(str::to_owned);
        let mut relay = StreamRelay::new(Some("fast"), UsageRules::default());
        assert_eq!(relayed(&mut relay, &frames), frames.concat());
        assert!(relay.error().is_none() && !relay.is_complete());
    }

    #[test]
    fn whole_answers_are_weighed() {
        let weigh =
            |body: &'static str| weigh_answer(&Bytes::from(body), Some("fast"), UsageRules::default());
        let whole = weigh(
            r#"{"id":"resp_1","model":"gpt","output":[],"usage":{"input_tokens":1,"output_tokens":2}}"#,
        )
        .unwrap();
        assert_eq!(
            whole.body,
            r#"{"id":"resp_1","model":"fast","output":[],"usage":{"input_tokens":1,"output_tokens":2}}"#
        );
        assert_eq!(whole.response_id.as_deref(), Some("resp_1"));
        let counted = weigh(
            r#"{"id":"resp_1","model":"fast","output":[{"type":"reasoning","summary":[{"text":"1234"}]},{"type":"message","content":[{"text":"12345678"}]},{"type":"function_call","arguments":"{\"a\":1}"}]}"#,
        );
        assert_eq!(counted.unwrap().counted_output, 5);
        let failed = r#"{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"no"}}"#;
        assert_eq!(weigh(failed).unwrap().body, failed);
        let refused = weigh(r#"{"error":{"code":"rate_limit_exceeded","message":"slow down"}}"#).unwrap_err();
        assert_eq!((refused.kind, refused.status()), (Kind::UpstreamStatus, 429));
        assert_eq!(weigh("<html>").unwrap_err().kind, Kind::UpstreamGarbled);
    }
}
