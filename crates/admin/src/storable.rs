//! Texts that no store keeps: refused at the door, before any route reads them, and alike over both databases.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use weighhouse_types::Error;

use crate::rules::invalid;

/// How JSON writes a NUL; a plain one is no JSON.
const ESCAPED: &[u8] = b"\\u0000";

/// Refuses a NUL in the path, the query or the body. PostgreSQL keeps every other character of Unicode in a text.
///
/// # Errors
/// `InvalidRequest`, naming the parameter or field.
pub(crate) fn check(named: Option<&str>, query: Option<&str>, body: &[u8]) -> Result<(), Error> {
    if named.is_some_and(|named| holds_nul(&decoded(named))) {
        return Err(refused("the path"));
    }
    let parameter = query.unwrap_or_default().split('&').find_map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let name = decoded(name);
        (holds_nul(&name) || holds_nul(&decoded(value))).then(|| shown(&name))
    });
    if let Some(name) = parameter {
        return Err(refused(&name));
    }
    if !body.windows(ESCAPED.len()).any(|window| window == ESCAPED) {
        return Ok(());
    }
    // What is no JSON is refused in better words by whoever reads it.
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    place_in(&body, String::new()).map_or(Ok(()), |place| Err(refused(&place)))
}

fn refused(place: &str) -> Error {
    let place = if place.is_empty() { "the body" } else { place };
    invalid(
        place,
        format!("`{place}` must not hold a NUL character (U+0000): no database keeps one in a text"),
    )
}

/// Where the first NUL stands, such as `metadata.notes[2]`.
fn place_in(value: &Value, place: String) -> Option<String> {
    match value {
        Value::String(text) => holds_nul(text).then_some(place),
        Value::Array(entries) => {
            let mut numbered = entries.iter().enumerate();
            numbered.find_map(|(number, entry)| place_in(entry, format!("{place}[{number}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            let name_is_odd = holds_nul(name);
            let inner = if place.is_empty() { shown(name) } else { format!("{place}.{}", shown(name)) };
            if name_is_odd { Some(inner) } else { place_in(field, inner) }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn holds_nul(text: &str) -> bool {
    text.contains('\0')
}

fn shown(name: &str) -> String {
    name.replace('\0', "\\u0000")
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    fn check(named: Option<&str>, query: Option<&str>, body: &str, expected: Option<&str>) {
        let refused = super::check(named, query, body.as_bytes()).err();
        assert_eq!(refused.as_ref().and_then(|error| error.at.as_deref()), expected, "{query:?} {body}");
        assert!(refused.is_none_or(|error| error.status() == 400));
    }

    #[test]
    fn a_nul_is_found_wherever_it_hides_and_its_place_is_named() {
        check(None, None, "", None);
        check(Some("sk-1"), Some("user_id=a%20b&x"), r#"{"a": "\\u00e9"}"#, None);
        check(None, Some("page=1&user_id=a%00b"), "", Some("user_id"));
        check(None, Some("a%00=1"), "", Some("a\\u0000"));
        check(Some("a%00"), None, "", Some("the path"));
        check(None, None, r#"{"a": 1, "key_alias": "x\u0000"}"#, Some("key_alias"));
        check(None, None, r#"{"metadata": {"n": [1, "ok", {"k": "\u0000"}]}}"#, Some("metadata.n[2].k"));
        check(None, None, r#"{"metadata": {"a\u0000b": 1}}"#, Some("metadata.a\\u0000b"));
        // An escaped backslash before it: six plain characters.
        check(None, None, r#"{"key_alias": "\\u0000"}"#, None);
        check(None, None, r#"{"key_alias": "\u0000""#, None);
    }
}
