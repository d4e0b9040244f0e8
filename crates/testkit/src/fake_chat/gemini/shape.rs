//! The forms of Google's messages, and reading JSON by them as Google's front end does: with names in either case of
//! protobuf's JSON mapping, and with every fault told at once.

use serde_json::{Map, Value};

use super::base64;

const TYPES: &str = "type.googleapis.com/google.ai.generativelanguage.v1beta";
/// How much of a value that is refused is repeated.
const MOST_SHOWN: usize = 200;

/// A message: its name and what it may hold.
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
    /// The name of a choice of which at most one field may be set, and those fields.
    pub(super) choice: Option<(&'static str, &'static [&'static str])>,
}

/// A field of a message; its name is protobuf's, so `inline_data` stands for `inlineData` too.
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    many: bool,
}

/// What a field holds.
pub(super) enum Kind {
    Text,
    Bytes,
    Truth,
    Whole,
    Number,
    /// One of these words, in any case; the first is the type's name.
    Word(&'static str, &'static [&'static str]),
    Message(&'static Shape),
    /// An object whose values have this form.
    Map(&'static Kind),
    /// Any object.
    Struct,
    /// Any JSON.
    Any,
}

/// A field that is there at most once.
pub(super) const fn one(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, many: false }
}

/// A field that is a list.
pub(super) const fn many(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, many: true }
}

/// Reads a value and gives it back with names in camel case, words in capitals, whole numbers as such and no nulls.
///
/// # Errors
/// All faults, in Google's words, a line each.
pub(super) fn read(shape: &Shape, value: &Value) -> Result<Value, String> {
    if !value.is_object() {
        return Err(
            "Invalid JSON payload received. Unknown name \"\": Root element must be a message.".into()
        );
    }
    let mut faults = Vec::new();
    let read = message(shape, value, "", &mut faults);
    if faults.is_empty() { Ok(read) } else { Err(faults.join("\n")) }
}

/// The items of a member that is a list, if it is there.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `inline_data` as `inlineData`.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let mut letters = word.chars();
        text.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        text.push_str(letters.as_str());
        text
    })
}

fn message(shape: &Shape, value: &Value, path: &str, faults: &mut Vec<String>) -> Value {
    let Some(members) = value.as_object() else {
        let kind = format!("{TYPES}.{}", shape.name);
        faults.push(invalid(path, &kind, value));
        return Value::Null;
    };
    let mut read = Map::new();
    let mut chosen = false;
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        let Some(field) = shape.fields.iter().find(|field| field.name == name || camel(field.name) == *name)
        else {
            faults.push(unknown(name, path, "Cannot find field."));
            continue;
        };
        if let Some((choice, _)) = shape.choice.filter(|(_, fields)| fields.contains(&field.name)) {
            if chosen {
                let text =
                    format!("oneof field '{choice}' is already set. Cannot set '{}'", camel(field.name));
                faults.push(format!("Invalid value at '{path}' (oneof), {text}"));
            }
            chosen = true;
        }
        let inner = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
        let value = if field.many {
            repeated(field, value, &inner, faults)
        } else if value.is_array() && !matches!(field.kind, Kind::Any) {
            faults.push(unknown(name, path, "Proto field is not repeating, cannot start list."));
            continue;
        } else {
            single(&field.kind, value, &inner, faults)
        };
        read.insert(camel(field.name), value);
    }
    Value::Object(read)
}

fn repeated(field: &Field, value: &Value, path: &str, faults: &mut Vec<String>) -> Value {
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| single(&field.kind, item, &format!("{path}[{at}]"), faults))
            .collect(),
        // Google takes a lone value for a list of one.
        lone => Value::Array(vec![single(&field.kind, lone, path, faults)]),
    }
}

fn single(kind: &Kind, value: &Value, path: &str, faults: &mut Vec<String>) -> Value {
    let (wanted, read) = match kind {
        Kind::Any => return value.clone(),
        Kind::Message(shape) => return message(shape, value, path, faults),
        Kind::Map(inner) => return map(inner, value, path, faults),
        Kind::Struct => (
            "type.googleapis.com/google.protobuf.Struct".to_owned(),
            value.is_object().then(|| value.clone()),
        ),
        Kind::Text => ("TYPE_STRING".to_owned(), value.is_string().then(|| value.clone())),
        Kind::Truth => ("TYPE_BOOL".to_owned(), value.is_boolean().then(|| value.clone())),
        Kind::Whole => ("TYPE_INT32".to_owned(), whole(value).map(Value::from)),
        Kind::Number => ("TYPE_FLOAT".to_owned(), number(value).map(Value::from)),
        Kind::Word(name, words) => {
            let word = value.as_str().map(|text| text.to_ascii_uppercase().replace('-', "_"));
            let known = word.filter(|word| words.contains(&word.as_str()));
            (format!("{TYPES}.{name}"), known.map(Value::from))
        }
        Kind::Bytes => {
            if let Some(text) = value.as_str().filter(|text| base64::decode(text).is_none()) {
                let shown = shown(&Value::from(text));
                faults.push(format!(
                    "Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed for {shown}"
                ));
                return Value::Null;
            }
            ("TYPE_BYTES".to_owned(), value.is_string().then(|| value.clone()))
        }
    };
    read.unwrap_or_else(|| {
        faults.push(invalid(path, &wanted, value));
        Value::Null
    })
}

fn map(kind: &Kind, value: &Value, path: &str, faults: &mut Vec<String>) -> Value {
    let Some(members) = value.as_object() else {
        faults.push(invalid(path, "Map", value));
        return Value::Null;
    };
    let read = members.iter().enumerate().map(|(at, (name, value))| {
        (name.clone(), single(kind, value, &format!("{path}[{at}].value"), faults))
    });
    Value::Object(read.collect())
}

/// A whole number, which may come as `5`, `5.0` or `"5"`.
fn whole(value: &Value) -> Option<i32> {
    let number = number(value).filter(|number| number.fract() == 0.0)?;
    format!("{number:.0}").parse().ok()
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())
}

fn unknown(name: &str, path: &str, why: &str) -> String {
    let at = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
    format!("Invalid JSON payload received. Unknown name \"{name}\"{at}: {why}")
}

fn invalid(path: &str, kind: &str, value: &Value) -> String {
    format!("Invalid value at '{path}' ({kind}), {}", shown(value))
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(MOST_SHOWN).collect()
}
