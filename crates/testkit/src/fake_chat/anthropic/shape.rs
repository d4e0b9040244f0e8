//! Which members an object may have and of what kind they are, as tables; the words are those of the checker that the
//! real API uses.

use serde_json::{Map, Value};

use super::bad;
use crate::fake_chat::asked::Refused;

/// What a request says of itself before its body is read.
pub(super) struct Terms {
    /// Version 2026-10-21 rather than 2023-06-01.
    pub(super) recent: bool,
    pub(super) betas: Vec<String>,
    /// Only its tokens are to be counted.
    pub(super) counts: bool,
}

impl Terms {
    /// Whether a beta is on whose name starts so; the date behind it changes.
    pub(super) fn beta(&self, name: &str) -> bool {
        self.betas.iter().any(|beta| beta.starts_with(name))
    }
}

/// A member of an object.
#[derive(Clone, Copy)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) nullable: bool,
    pub(super) rule: Rule,
}

/// Of what kind a value has to be.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    Any,
    Text,
    OneOf(&'static [&'static str]),
    /// A whole number of at least so much.
    Whole(i64),
    Number,
    Flag,
    Object,
    Texts,
    Of(&'static [Member]),
    Check(fn(&Terms, &Value, &str) -> Result<(), Refused>),
}

/// A member that has to be there.
pub(super) const fn need(name: &'static str, rule: Rule) -> Member {
    Member { name, required: true, nullable: false, rule }
}

/// A member that may be there.
pub(super) const fn may(name: &'static str, rule: Rule) -> Member {
    Member { name, required: false, nullable: false, rule }
}

/// A member that may be there, and be null.
pub(super) const fn may_null(name: &'static str, rule: Rule) -> Member {
    Member { name, required: false, nullable: true, rule }
}

/// Checks that a value is an object of these members and no others.
pub(super) fn object<'a>(
    terms: &Terms,
    value: &'a Value,
    path: &str,
    members: &[Member],
) -> Result<&'a Map<String, Value>, Refused> {
    let object = dictionary(value, path)?;
    for member in members {
        let at = join(path, member.name);
        match object.get(member.name) {
            None if member.required => return Err(bad(format!("{at}: Field required"))),
            None => {}
            Some(Value::Null) if member.nullable => {}
            Some(value) => member.rule.check(terms, value, &at)?,
        }
    }
    let unknown = object.keys().find(|name| members.iter().all(|member| member.name != name.as_str()));
    match unknown {
        Some(name) => Err(bad(format!("{}: Extra inputs are not permitted", join(path, name)))),
        None => Ok(object),
    }
}

/// The members that belong to an object's `type`, which the path goes on to name.
pub(super) fn tagged<'a>(
    value: &'a Value,
    path: &str,
    kinds: &[(&'static str, &'static [Member])],
) -> Result<(&'a str, &'static [Member], String), Refused> {
    let tag = dictionary(value, path)?
        .get("type")
        .ok_or_else(|| bad(format!("{path}.type: Field required")))?
        .as_str()
        .ok_or_else(|| bad(format!("{path}.type: Input should be a valid string")))?;
    let found = kinds.iter().find(|(kind, _)| *kind == tag);
    let (_, members) = found.ok_or_else(|| {
        let expected: Vec<String> = kinds.iter().map(|(kind, _)| format!("'{kind}'")).collect();
        bad(format!(
            "{path}: Input tag '{tag}' found using 'type' does not match any of the expected tags: {}",
            expected.join(", ")
        ))
    })?;
    Ok((tag, members, format!("{path}.{tag}")))
}

pub(super) fn dictionary<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, Refused> {
    let place = if path.is_empty() { String::new() } else { format!("{path}: ") };
    value.as_object().ok_or_else(|| bad(format!("{place}Input should be a valid dictionary")))
}

pub(super) fn list<'a>(value: &'a Value, path: &str) -> Result<&'a [Value], Refused> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| bad(format!("{path}: Input should be a valid list")))
}

pub(super) fn text<'a>(value: &'a Value, path: &str) -> Result<&'a str, Refused> {
    value.as_str().ok_or_else(|| bad(format!("{path}: Input should be a valid string")))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Rule {
    pub(super) fn check(self, terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
        let wrong = |what: &str| Err(bad(format!("{path}: Input should be {what}")));
        match self {
            Self::Any => Ok(()),
            Self::Text => text(value, path).map(drop),
            Self::OneOf(choices) if value.as_str().is_some_and(|given| choices.contains(&given)) => Ok(()),
            Self::OneOf(choices) => wrong(&in_words(choices)),
            Self::Whole(least) => match value.as_i64() {
                None => wrong("a valid integer"),
                Some(number) if number < least => wrong(&format!("greater than or equal to {least}")),
                Some(_) => Ok(()),
            },
            Self::Number if value.is_number() => Ok(()),
            Self::Number => wrong("a valid number"),
            Self::Flag if value.is_boolean() => Ok(()),
            Self::Flag => wrong("a valid boolean"),
            Self::Object => dictionary(value, path).map(drop),
            Self::Texts => {
                let mut items = list(value, path)?.iter().enumerate();
                items.try_for_each(|(index, item)| text(item, &format!("{path}.{index}")).map(drop))
            }
            Self::Of(members) => object(terms, value, path, members).map(drop),
            Self::Check(check) => check(terms, value, path),
        }
    }
}

fn in_words(choices: &[&str]) -> String {
    let quoted: Vec<String> = choices.iter().map(|choice| format!("'{choice}'")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
