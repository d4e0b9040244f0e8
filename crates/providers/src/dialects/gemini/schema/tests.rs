//! Schemas of both kinds.

use super::*;

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

#[test]
fn the_subset_knows_only_its_words() {
    for (full, narrow) in [
        (
            r#"{"$schema":"x","type":"object","properties":{"a":{"type":"string","format":"uri"}},"additionalProperties":false,"required":["a","b"]}"#,
            r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}"#,
        ),
        (
            r#"{"type":"object","properties":{"a":{"type":["string","null"]},"b":{"type":["string","integer"]}}}"#,
            r#"{"type":"object","properties":{"a":{"type":"string","nullable":true},"b":{"anyOf":[{"type":"string"},{"type":"integer"}]}}}"#,
        ),
        (
            r#"{"type":"object","properties":{"a":{"type":"integer","enum":[1,2]},"b":{"const":"x"}}}"#,
            r#"{"type":"object","properties":{"a":{"type":"string","enum":["1","2"]},"b":{"enum":["x"],"type":"string"}}}"#,
        ),
        (
            r#"{"type":"object","properties":{"a":{"anyOf":[{"type":"integer","exclusiveMinimum":0},{"type":"null"}]}}}"#,
            r#"{"type":"object","properties":{"a":{"nullable":true,"type":"integer"}}}"#,
        ),
        (
            r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/A","description":"d"}},"$defs":{"A":{"type":"array","items":{"oneOf":[{"type":"string"},{"type":"number"}]},"uniqueItems":true}}}"##,
            r#"{"type":"object","properties":{"a":{"type":"array","items":{"anyOf":[{"type":"string"},{"type":"number"}]},"description":"d"}}}"#,
        ),
        (
            r#"{"type":"object","properties":{"type":{"type":"string"},"const":{"type":"number"}}}"#,
            r#"{"type":"object","properties":{"type":{"type":"string"},"const":{"type":"number"}}}"#,
        ),
        (
            r#"{"type":"object","allOf":[{"properties":{"a":{"type":"string"}}},{"properties":{"b":true}}]}"#,
            r#"{"type":"object","properties":{"a":{"type":"string"},"b":{}}}"#,
        ),
    ] {
        assert_eq!(for_openapi(&json(full)).unwrap().text(), narrow);
    }
    for empty in [r#"{"type":"object","properties":{}}"#, "{}", r#"{"type":"object"}"#, "true"] {
        assert_eq!(for_openapi(&json(empty)), None, "{empty}");
    }
}

#[test]
fn what_refers_to_itself_stays_a_reference() {
    let tree = r##"{"$schema":"x","$ref":"#/$defs/N","$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#/$defs/N","title":"t"}}}}}"##;
    let expected = r##"{"type":"object","properties":{"next":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":{"next":{"type":"object","properties":{"next":{"$ref":"#/$defs/N"}},"title":"t"}}}}}"##;
    assert_eq!(for_json_schema(&json(tree)).text(), expected);
    let plain = r#"{ "type": "object" }"#;
    assert_eq!(for_json_schema(&json(plain)).text(), plain);
}

#[test]
fn references_that_double_do_not_grow_without_end() {
    let mut defs = vec![r#""D0":{"type":"string"}"#.to_owned()];
    for level in 1..40 {
        let below = level - 1;
        defs.push(format!(
            r##""D{level}":{{"properties":{{"a":{{"$ref":"#/$defs/D{below}"}},"b":{{"$ref":"#/$defs/D{below}"}}}}}}"##
        ));
    }
    let text = format!(r##"{{"$ref":"#/$defs/D39","$defs":{{{}}}}}"##, defs.join(","));
    assert!(for_json_schema(&json(&text)).text().len() < 8 * text.len());
}

#[test]
fn the_subset_is_read_as_json_schema() {
    for (openapi, schema) in [
        (
            r#"{"type":"OBJECT","properties":{"TYPE":{"type":"STRING","nullable":true},"l":{"type":"ARRAY","items":{"type":"INTEGER"},"minItems":"1"}}}"#,
            r#"{"type":"object","properties":{"TYPE":{"type":["string","null"]},"l":{"type":"array","items":{"type":"integer"},"minItems":1}}}"#,
        ),
        (r#"{ "type": "object" }"#, r#"{ "type": "object" }"#),
        (
            r#"{"any_of":[{"type":"STRING"}],"nullable":true}"#,
            r#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#,
        ),
    ] {
        assert_eq!(from_openapi(&json(openapi)).text(), schema);
    }
}
