//! The top level of a JSON object, with the place of every member: read once, patched by splicing.
//!
//! Values are not looked into, so number texts, key order, escapes and unknown fields stay as they came.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use weighhouse_types::{Error, Kind};

/// Deepest nesting that a body may have. Serde's own limit guards only what it builds, not what it passes over.
pub const MAX_DEPTH: usize = 128;

/// One `"key": value` of the object, as byte ranges of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key with its quotes.
    pub key: Range<usize>,
    /// The value.
    pub value: Range<usize>,
}

/// An object's members in their order, over a body that it shares.
#[derive(Clone, Debug, Default)]
pub struct Envelope {
    body: Bytes,
    members: Vec<Member>,
    close: usize,
    has_escaped_keys: bool,
}

impl Envelope {
    /// Reads a body that must be one JSON object.
    ///
    /// # Errors
    /// `InvalidRequest`, naming the place: not UTF-8, not JSON, not an object, nested deeper than [`MAX_DEPTH`].
    pub fn read(body: &Bytes) -> Result<Self, Error> {
        let text = std::str::from_utf8(body).map_err(|error| {
            invalid(format!("the body is not UTF-8: byte {} starts no character", error.valid_up_to()))
        })?;
        if is_deeper_than(body, MAX_DEPTH) {
            return Err(invalid(format!("the body nests deeper than {MAX_DEPTH} levels")));
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let members = deserializer
            .deserialize_map(Members { text })
            .and_then(|members| deserializer.end().map(|()| members))
            .map_err(|error| {
                invalid(format!("the body is not the JSON object that this route takes: {error}"))
            })?;
        let close = text.rfind('}').unwrap_or(text.len());
        let has_escape = |member: &Member| {
            body.get(member.key.clone()).is_some_and(|key| memchr::memchr(b'\\', key).is_some())
        };
        let has_escaped_keys = members.iter().any(has_escape);
        Ok(Self { body: body.clone(), members, close, has_escaped_keys })
    }

    /// All members in their order.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The whole body.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// A member's name; escapes in keys are resolved, so that no spelling slips past a check.
    #[must_use]
    pub fn name(&self, member: &Member) -> Cow<'_, str> {
        let quoted = self.body.get(member.key.clone()).unwrap_or_default();
        let bare = quoted.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(quoted);
        if !self.has_escaped_keys || memchr::memchr(b'\\', bare).is_none() {
            // The body was UTF-8, and so is every piece between two quotes.
            return std::str::from_utf8(bare).map_or_else(|_| String::from_utf8_lossy(bare), Cow::Borrowed);
        }
        serde_json::from_slice::<String>(quoted).map_or_else(|_| String::from_utf8_lossy(bare), Cow::Owned)
    }

    /// Whether a member has a name. Most keys hold no escape and are compared as bytes.
    fn is_named(&self, member: &Member, name: &str) -> bool {
        let quoted = self.body.get(member.key.clone()).unwrap_or_default();
        let bare = quoted.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(quoted);
        bare == name.as_bytes() || (self.has_escaped_keys && self.name(member) == name)
    }

    /// The JSON text of a member's value.
    #[must_use]
    pub fn raw(&self, member: &Member) -> &[u8] {
        self.body.get(member.value.clone()).unwrap_or_default()
    }

    /// The member of that name.
    ///
    /// # Errors
    /// `InvalidRequest` where the name stands twice: readers disagree on which one counts.
    pub fn member(&self, name: &str) -> Result<Option<&Member>, Error> {
        let mut found = None;
        for member in self.members.iter().filter(|member| self.is_named(member, name)) {
            if found.replace(member).is_some() {
                return Err(invalid("the member stands twice; send it once".into()).at(name));
            }
        }
        Ok(found)
    }

    /// Where the object closes.
    #[must_use]
    pub const fn close(&self) -> usize {
        self.close
    }
}

fn invalid(message: String) -> Error {
    Error::new(Kind::InvalidRequest, message)
}

struct Members<'body> {
    text: &'body str,
}

impl Members<'_> {
    fn range(&self, raw: &RawValue) -> Range<usize> {
        let start = raw.get().as_ptr().addr() - self.text.as_ptr().addr();
        start..start + raw.get().len()
    }
}

impl<'body> Visitor<'body> for Members<'body> {
    type Value = Vec<Member>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'body>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            members.push(Member { key: self.range(key), value: self.range(value) });
        }
        Ok(members)
    }
}

/// Whether arrays and objects nest deeper than `limit`.
/// Most bodies do not even have that many opening brackets, which a plain count tells at memory speed.
fn is_deeper_than(body: &[u8], limit: usize) -> bool {
    opening_brackets(body) > limit && nests_deeper_than(body, limit)
}

fn opening_brackets(body: &[u8]) -> usize {
    // So few at a time that a byte holds their count: then the compiler compares sixteen at once. The two brackets
    // differ from each other in one bit.
    let count = |chunk: &[u8]| chunk.iter().fold(0_u8, |count, byte| count + u8::from(byte | 0x20 == b'{'));
    body.chunks(usize::from(u8::MAX)).map(|chunk| usize::from(count(chunk))).sum()
}

fn nests_deeper_than(body: &[u8], limit: usize) -> bool {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = body.get(at) {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = string_end(body, at + 1),
            _ => {}
        }
        at += 1;
    }
    false
}

/// The place of the quote that ends a string whose inside starts at `at`.
fn string_end(body: &[u8], mut at: usize) -> usize {
    while let Some(found) = body.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if body.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    body.len()
}

/// Changes to a body, to be spliced in at recorded places.
#[derive(Debug, Default)]
pub struct Edits {
    replaced: Vec<(Range<usize>, String)>,
    removed: Vec<usize>,
    appended: String,
}

impl Edits {
    /// Nothing to change.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.replaced.is_empty() && self.removed.is_empty() && self.appended.is_empty()
    }

    /// Puts another JSON text in the place of a range.
    pub fn replace(&mut self, range: Range<usize>, text: String) {
        self.replaced.push((range, text));
    }

    /// Takes the member at an index out, with the comma that parts it from its neighbour.
    pub fn remove(&mut self, index: usize) {
        self.removed.push(index);
    }

    /// Adds a member at the end of the object.
    pub fn append(&mut self, name: &str, value: &str) {
        self.appended.push(',');
        self.appended.push_str(&quote(name));
        self.appended.push(':');
        self.appended.push_str(value);
    }

    /// The envelope's body with the changes in it; the body itself where there are none.
    #[must_use]
    pub fn apply(mut self, envelope: &Envelope) -> Bytes {
        let body = envelope.body();
        if self.is_empty() {
            return body.clone();
        }
        self.cut_removed(envelope);
        self.replaced.sort_by_key(|(range, _)| range.start);
        let close = envelope.close();
        let growth: usize = self.replaced.iter().map(|(_, text)| text.len()).sum();
        let mut out = Vec::with_capacity(body.len() + growth + self.appended.len());
        let mut at = 0;
        for (range, text) in &self.replaced {
            out.extend_from_slice(body.get(at..range.start).unwrap_or_default());
            out.extend_from_slice(text.as_bytes());
            at = range.end;
        }
        out.extend_from_slice(body.get(at..close).unwrap_or_default());
        if !self.appended.is_empty() {
            let is_empty_object = out.iter().rev().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
            let appended = self.appended.as_bytes();
            out.extend_from_slice(appended.get(usize::from(is_empty_object)..).unwrap_or_default());
        }
        out.extend_from_slice(body.get(close.max(at)..).unwrap_or_default());
        out.into()
    }

    /// Turns the members to be removed into ranges: each up to the next member; a run that reaches the end
    /// from the end of the last member that stays, so that no comma is left behind.
    fn cut_removed(&mut self, envelope: &Envelope) {
        let members = envelope.members();
        let removed = std::mem::take(&mut self.removed);
        let is_removed = |index: &usize| removed.contains(index);
        let tail = (0..members.len()).rev().take_while(is_removed).last().unwrap_or(members.len());
        let mut cuts: Vec<Range<usize>> = (0..tail)
            .filter(is_removed)
            .filter_map(|index| Some(members.get(index)?.key.start..members.get(index + 1)?.key.start))
            .collect();
        if let (Some(first), Some(last)) = (members.get(tail), members.last()) {
            let kept = tail.checked_sub(1).and_then(|before| members.get(before));
            // A member before that is removed as well is cut up to here already.
            let start = kept.map_or(first.key.start, |kept| kept.value.end);
            cuts.push(start..last.value.end);
        }
        // What was to be changed inside a removed member is gone with it.
        self.replaced
            .retain(|(range, _)| !cuts.iter().any(|cut| cut.start <= range.start && range.end <= cut.end));
        self.replaced.extend(cuts.into_iter().map(|cut| (cut, String::new())));
    }
}

/// A text as a JSON string.
#[must_use]
pub fn quote(text: &str) -> String {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        let mut quoted = String::with_capacity(text.len() + 2);
        quoted.push('"');
        quoted.push_str(text);
        quoted.push('"');
        return quoted;
    }
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
