//! What a key's fields may hold.

use serde_json::{Map, Value};
use weighhouse_api::{Dollars, KeyText};
use weighhouse_auth::{Caller, hash_of};
use weighhouse_storage::StoreError;
use weighhouse_types::{Error, KeyHash, Kind, Nanos};

/// The shortest key that may be chosen (contract §4a).
const MIN_KEY_BYTES: usize = 16;
/// The longest that could be shown in a request.
const MAX_KEY_BYTES: usize = 512;
/// The field of the metadata that holds a key's tags, in LiteLLM and here.
const TAGS: &str = "tags";
/// Tags that a key or team has at most; each call carries all of them.
const MAX_TAGS: usize = 100;
/// The longest tag; the same bound holds for those of calls.
const MAX_TAG_BYTES: usize = 256;

/// Checks a key that somebody chose; gives its hash.
///
/// # Errors
/// `InvalidRequest`: it could not be told from a hash, could be guessed, could not be sent, or is the master key.
pub(crate) fn chosen_key(field: &'static str, key: &KeyText, caller: &Caller) -> Result<KeyHash, Error> {
    let text = key.expose();
    let is_sendable = |byte: u8| byte.is_ascii_graphic();
    let wrong = if !text.starts_with("sk-") {
        "must start with 'sk-', which tells a key from a hash"
    } else if text.len() < MIN_KEY_BYTES {
        "must be at least 16 characters long"
    } else if text.len() > MAX_KEY_BYTES {
        "must be at most 512 characters long"
    } else if !text.bytes().all(is_sendable) {
        "must be of visible ASCII characters, because it travels in a header"
    } else {
        let hash = hash_of(text);
        if hash != *caller.hash() {
            return Ok(hash);
        }
        "is the master key; choose another"
    };
    Err(invalid(field, format!("Invalid key format: `{field}` {wrong}")))
}

/// `sk-...` and the last four characters.
pub(crate) fn name_of(key: &str) -> String {
    let end = key.len().checked_sub(4).and_then(|at| key.get(at..)).unwrap_or_default();
    format!("sk-...{end}")
}

/// Checks an alias; an empty one is none.
///
/// # Errors
/// `InvalidRequest`: control characters, or a part that leaves a path (LiteLLM's rule).
pub(crate) fn alias(alias: String) -> Result<Option<String>, Error> {
    if alias.chars().any(char::is_control) || alias.split(['/', '\\']).any(|part| part == "..") {
        let message = "Invalid key_alias: it must hold no control characters and no `..` part of a path";
        return Err(invalid("key_alias", message));
    }
    Ok(Some(alias).filter(|alias| !alias.is_empty()))
}

/// Checks a budget.
///
/// # Errors
/// `InvalidRequest`: less than nothing.
pub(crate) fn budget(field: &'static str, budget: Dollars) -> Result<Nanos, Error> {
    if budget.0 < Nanos::ZERO {
        return Err(invalid(field, format!("{field} must not be negative. Received: {}", budget.0)));
    }
    Ok(budget.0)
}

/// The tags that metadata hold: a key's all, as in LiteLLM, and a team's beside its own.
///
/// # Errors
/// `InvalidRequest`: they are no list of texts.
pub(crate) fn tags_of(metadata: &Map<String, Value>) -> Result<Vec<String>, Error> {
    let wrong = || invalid("metadata", "metadata.tags must be a list of texts");
    match metadata.get(TAGS) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(tags)) => {
            let tags = tags.iter().map(|tag| tag.as_str().map(str::to_owned).ok_or_else(wrong));
            let tags = tags.collect::<Result<Vec<_>, _>>()?;
            check_tags(&tags).map(|()| tags)
        }
        Some(_) => Err(wrong()),
    }
}

/// Checks tags that every call of a key or team will have.
///
/// # Errors
/// `InvalidRequest`: too many, or a long one.
pub(crate) fn check_tags(tags: &[String]) -> Result<(), Error> {
    if tags.len() > MAX_TAGS {
        return Err(invalid("tags", format!("a key or team has at most {MAX_TAGS} tags")));
    }
    if tags.iter().any(|tag| tag.len() > MAX_TAG_BYTES) {
        return Err(invalid("tags", format!("a tag has at most {MAX_TAG_BYTES} bytes")));
    }
    Ok(())
}

/// Puts tags into a key's metadata; an empty list takes them out.
pub(crate) fn put_tags(metadata: &mut Map<String, Value>, tags: &[String]) {
    if tags.is_empty() {
        metadata.remove(TAGS);
    } else {
        metadata.insert(TAGS.to_owned(), tags.into());
    }
}

/// The store's refusal in LiteLLM's status: what is taken is a bad request.
pub(crate) fn taken(error: StoreError) -> Error {
    let is_taken = matches!(error, StoreError::Conflict(_));
    let field = if error.to_string().contains("alias") { "key_alias" } else { "key" };
    let error = Error::from(error);
    if is_taken { error.with_status(400).at(field) } else { error }
}

pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Error {
    Error::new(Kind::InvalidRequest, message).at(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_keys_have_the_form() {
        let master = Caller::Master(hash_of("sk-the-master-key-itself"));
        let long = format!("sk-{}", "a".repeat(600));
        for bad in [
            "sk-short",
            "key-without-the-prefix",
            "sk-with space inside",
            "sk-üüüüüüüüüüüüü",
            &long,
            "sk-the-master-key-itself",
        ] {
            let error = chosen_key("key", &KeyText::new(bad), &master).unwrap_err();
            assert_eq!((error.status(), error.at.as_deref()), (400, Some("key")), "{bad}");
            assert!(!error.to_string().contains(bad), "{error}");
        }
        let key = "sk-0123456789abc";
        assert_eq!(chosen_key("key", &KeyText::new(key), &master).unwrap(), hash_of(key));
        assert_eq!(name_of(key), "sk-...9abc");
    }

    #[test]
    fn aliases_are_plain_names() {
        assert_eq!(alias("team/app".into()).unwrap().as_deref(), Some("team/app"));
        assert_eq!(alias(String::new()).unwrap(), None);
        for bad in ["a\nb", "../a", "a/..", "a\tb"] {
            assert!(alias(bad.into()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn tags_live_in_the_metadata() {
        let mut metadata = Map::new();
        put_tags(&mut metadata, &["a".into()]);
        assert_eq!(tags_of(&metadata).unwrap(), ["a"]);
        put_tags(&mut metadata, &[]);
        assert!(metadata.is_empty());
        metadata.insert(TAGS.into(), "a".into());
        assert!(tags_of(&metadata).is_err());
    }
}
