//! Writing JSON, member by member, in the order in which the members are named.

use weighhouse_types::chat::Json;

/// Writes one object.
#[must_use]
pub fn object(fill: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
    // Small enough to come from an allocator's quick lists: most objects are a part of a request.
    let mut out = Vec::with_capacity(512);
    write_object(&mut out, fill);
    out
}

fn write_object(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    fill(&mut Object { out, is_empty: true });
    out.push(b'}');
}

fn write_array(out: &mut Vec<u8>, fill: impl FnOnce(&mut Array<'_>)) {
    out.push(b'[');
    fill(&mut Array { out, is_empty: true });
    out.push(b']');
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, text).is_err() {
        // Writing a string into memory cannot fail; were it to, an empty one keeps the JSON whole.
        out.truncate(start);
        out.extend_from_slice(b"\"\"");
    }
}

fn write_float(out: &mut Vec<u8>, number: f64) {
    // Whole numbers without a fraction, as people and most clients write them.
    if number.fract() == 0.0 && number.abs() < 1e15 {
        out.extend_from_slice(format!("{number:.0}").as_bytes());
    } else {
        out.extend_from_slice(serde_json::Value::from(number).to_string().as_bytes());
    }
}

/// An object that is being written.
#[derive(Debug)]
pub struct Object<'out> {
    out: &'out mut Vec<u8>,
    is_empty: bool,
}

impl Object<'_> {
    fn name(&mut self, name: &str) {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        // Names of ours hold nothing to escape; a client's own may.
        if name.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
            write_text(self.out, name);
        } else {
            self.out.push(b'"');
            self.out.extend_from_slice(name.as_bytes());
            self.out.push(b'"');
        }
        self.out.push(b':');
    }

    /// A text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        write_text(self.out, text);
    }

    /// A text, where there is one.
    pub fn text_if(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// A whole number.
    pub fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        self.out.extend_from_slice(number.to_string().as_bytes());
    }

    /// A whole number, where there is one.
    pub fn number_if(&mut self, name: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.number(name, number);
        }
    }

    /// A whole number that may be negative.
    pub fn signed(&mut self, name: &str, number: i64) {
        self.name(name);
        self.out.extend_from_slice(number.to_string().as_bytes());
    }

    /// A number.
    pub fn float(&mut self, name: &str, number: f64) {
        self.name(name);
        write_float(self.out, number);
    }

    /// A number, where there is one.
    pub fn float_if(&mut self, name: &str, number: Option<f64>) {
        if let Some(number) = number {
            self.float(name, number);
        }
    }

    /// True or false.
    pub fn flag(&mut self, name: &str, flag: bool) {
        self.name(name);
        self.out.extend_from_slice(if flag { b"true" } else { b"false" });
    }

    /// True or false, where it is said.
    pub fn flag_if(&mut self, name: &str, flag: Option<bool>) {
        if let Some(flag) = flag {
            self.flag(name, flag);
        }
    }

    /// Nothing.
    pub fn null(&mut self, name: &str) {
        self.name(name);
        self.out.extend_from_slice(b"null");
    }

    /// A JSON text as it was written.
    pub fn json(&mut self, name: &str, json: &Json) {
        self.name(name);
        self.out.extend_from_slice(json.text().as_bytes());
    }

    /// A JSON text as it was written, where there is one.
    pub fn json_if(&mut self, name: &str, json: Option<&Json>) {
        if let Some(json) = json {
            self.json(name, json);
        }
    }

    /// A JSON text that is known to be one, such as a member of a body that was read.
    pub fn raw(&mut self, name: &str, json: &[u8]) {
        self.name(name);
        self.out.extend_from_slice(json);
    }

    /// An object.
    pub fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        self.name(name);
        write_object(self.out, fill);
    }

    /// A list.
    pub fn array(&mut self, name: &str, fill: impl FnOnce(&mut Array<'_>)) {
        self.name(name);
        write_array(self.out, fill);
    }

    /// A list of texts.
    pub fn texts(&mut self, name: &str, texts: &[String]) {
        self.array(name, |list| texts.iter().for_each(|text| list.text(text)));
    }

    /// The members of a JSON object, as if they had been written here; nothing where it is no object.
    pub fn members_of(&mut self, json: &Json) {
        let inside = json.text().trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let Some(inside) = inside.map(str::trim).filter(|inside| !inside.is_empty()) else { return };
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        self.out.extend_from_slice(inside.as_bytes());
    }
}

/// A list that is being written.
#[derive(Debug)]
pub struct Array<'out> {
    out: &'out mut Vec<u8>,
    is_empty: bool,
}

impl Array<'_> {
    fn next(&mut self) {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        self.next();
        write_text(self.out, text);
    }

    /// A JSON text as it was written.
    pub fn json(&mut self, json: &Json) {
        self.next();
        self.out.extend_from_slice(json.text().as_bytes());
    }

    /// A JSON text that is known to be one.
    pub fn raw(&mut self, json: &[u8]) {
        self.next();
        self.out.extend_from_slice(json);
    }

    /// An object.
    pub fn object(&mut self, fill: impl FnOnce(&mut Object<'_>)) {
        self.next();
        write_object(self.out, fill);
    }

    /// Whether nothing has been written yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.is_empty
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_the_order_in_which_they_are_named() {
        let json = Json::parse(r#"{ "x": 1 }"#).unwrap();
        let text = object(|body| {
            body.text("b", "a\"\n\u{e9}");
            body.float("f", 1.0);
            body.float("g", 0.7);
            body.object("empty", |_| {});
            body.array("list", |list| {
                list.text("one");
                list.object(|item| item.json("raw", &json));
            });
            body.members_of(&json);
            body.members_of(&Json::empty_object());
            body.null("n");
        });
        let expected =
            r#"{"b":"a\"\né","f":1,"g":0.7,"empty":{},"list":["one",{"raw":{ "x": 1 }}],"x": 1,"n":null}"#;
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
