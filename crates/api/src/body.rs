//! From a request's bytes to its type, with every field that would be ignored refused by name.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use weighhouse_types::{Error, Kind};

/// A JSON object that a route takes.
pub trait RequestBody: DeserializeOwned {
    /// The names of its fields; a test holds them equal to the schema's.
    const FIELDS: &'static [&'static str];
}

/// Reads a body. A field that the type does not have is refused, unless its value says nothing: LiteLLM's
/// clients and Terraform providers send nulls and empty lists for all that they know.
///
/// # Errors
/// `InvalidRequest`: with status 422 where the body is no JSON object or a field has the wrong type (FastAPI's
/// status), with 400 where a field is not supported, naming it.
pub fn read_body<T: RequestBody>(body: &[u8]) -> Result<T, Error> {
    // LiteLLM takes no body for an empty one where every field may be left out.
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    let fields: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
        // The error's own text may repeat a value; its place does not.
        let place = format!("line {}, column {}", error.line(), error.column());
        malformed(format!("the body is not a JSON object ({place}); send one as application/json"))
    })?;
    let mut known = Map::with_capacity(fields.len());
    for (name, value) in fields {
        if T::FIELDS.contains(&name.as_str()) {
            known.insert(name, value);
        } else if !says_nothing(&name, &value) {
            let message = format!("`{name}` is not supported yet; leave it out or send null");
            return Err(Error::new(Kind::InvalidRequest, message).at(name));
        }
    }
    read_fields(known)
}

/// Reads field by field, so that an error names its field and repeats no value.
fn read_fields<T: RequestBody>(known: Map<String, Value>) -> Result<T, Error> {
    let whole = T::deserialize(Value::Object(known.clone()));
    whole.map_err(|error| {
        let alone = |(name, value): (String, Value)| {
            let mut one = Map::new();
            one.insert(name.clone(), value);
            let failed = T::deserialize(Value::Object(one)).err()?;
            // A missing field fails every reading; only an error of the value is this field's.
            (!failed.to_string().starts_with("missing field")).then_some((name, failed))
        };
        match known.into_iter().find_map(alone) {
            Some((name, failed)) => {
                malformed(format!("`{name}` is not what this route takes: {}", wanted(&failed))).at(name)
            }
            None => malformed(error.to_string()),
        }
    })
}

/// What was expected, without what was sent: that may be a secret.
fn wanted(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once("expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None if text.contains(['"', '`']) => "its value is out of range".into(),
        None => text,
    }
}

fn malformed(message: String) -> Error {
    Error::new(Kind::InvalidRequest, message).with_status(422)
}

/// Whether an unsupported field's value is what LiteLLM does without it.
fn says_nothing(name: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => name == "spend" && number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || (name == "key_type" && text == "default"),
        Value::Array(entries) => entries.is_empty(),
        Value::Object(entries) => entries.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Body {
        key: String,
        #[serde(default)]
        limit: Option<u64>,
    }

    impl RequestBody for Body {
        const FIELDS: &'static [&'static str] = &["key", "limit"];
    }

    fn check(body: &str, expected: Result<Option<u64>, (u16, Option<&str>)>) {
        let read = read_body::<Body>(body.as_bytes());
        let refused =
            read.as_ref().map(|body| body.limit).map_err(|error| (error.status(), error.at.as_deref()));
        assert_eq!(refused, expected, "{body}");
        if let Err(error) = &read {
            assert!(!error.message.contains("sk-"), "{error} repeats what was sent");
        }
        assert!(read.is_err() || read.is_ok_and(|body| body.key == "sk-1"));
    }

    #[test]
    fn what_would_be_ignored_is_refused_by_name_unless_it_says_nothing() {
        check(r#"{"key":"sk-1","limit":3}"#, Ok(Some(3)));
        for nothing in [
            r#""budget_duration":null"#,
            r#""guardrails":[]"#,
            r#""permissions":{}"#,
            r#""budget_id":"""#,
            r#""auto_rotate":false"#,
            r#""key_type":"default""#,
            r#""spend":0.0"#,
        ] {
            check(&format!(r#"{{"key":"sk-1",{nothing}}}"#), Ok(None));
        }
        check(r#"{"key":"sk-1","budget_duration":"30d"}"#, Err((400, Some("budget_duration"))));
        check(r#"{"key":"sk-1","soft_budget":0}"#, Err((400, Some("soft_budget"))));
        check(r#"{"key":"sk-1","max_buget":1}"#, Err((400, Some("max_buget"))));
    }

    #[test]
    fn a_wrong_type_names_its_field_and_repeats_no_value() {
        check(r#"{"key":"sk-1","limit":"sk-2"}"#, Err((422, Some("limit"))));
        check(r#"{"key":["sk-1"]}"#, Err((422, Some("key"))));
        check(r#"{"key":"sk-1","limit":-1}"#, Err((422, Some("limit"))));
        check("{}", Err((422, None)));
        check("", Err((422, None)));
        check(r#"["sk-1"]"#, Err((422, None)));
        check(r#"{"key":"sk-1""#, Err((422, None)));
    }
}
