use super::*;

fn edited(body: &str, edit: impl Fn(&Envelope, &mut Edits)) -> String {
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    let envelope = Envelope::read(&bytes).unwrap();
    let mut edits = Edits::default();
    edit(&envelope, &mut edits);
    String::from_utf8(edits.apply(&envelope).to_vec()).unwrap()
}

fn read(body: &[u8]) -> Envelope {
    Envelope::read(&Bytes::copy_from_slice(body)).unwrap()
}

fn refused(body: &[u8]) -> String {
    Envelope::read(&Bytes::copy_from_slice(body)).unwrap_err().to_string()
}

#[test]
fn members_are_found_with_their_texts() {
    let body = br#" { "model" : "a\u0062" , "n":1.0000000000000000001,"x":{"model":"inner"} } "#;
    let envelope = read(body);
    let named: Vec<_> = envelope
        .members()
        .iter()
        .map(|member| (envelope.name(member).into_owned(), envelope.raw(member)))
        .collect();
    assert_eq!(named[0], ("model".into(), &br#""a\u0062""#[..]));
    assert_eq!(named[1], ("n".into(), &b"1.0000000000000000001"[..]));
    assert_eq!(named[2], ("x".into(), &br#"{"model":"inner"}"#[..]));
}

#[test]
fn a_key_written_with_escapes_is_the_same_key() {
    let envelope = read(br#"{"mod\u0065l":"a"}"#);
    assert!(envelope.member("model").unwrap().is_some());
    let twice = read(br#"{"model":"a","mod\u0065l":"b"}"#);
    assert!(twice.member("model").unwrap_err().to_string().contains("twice"));
}

#[test]
fn what_is_no_object_is_refused_with_its_place() {
    assert!(refused(b"{\"a\":1").contains("line 1 column"));
    assert!(refused(b"[1]").contains("a JSON object"));
    assert!(refused(b"{} x").contains("trailing characters"));
    assert!(refused(b"").contains("EOF"));
    assert!(refused(b"{\"a\":\"\xff\"}").contains("byte 6"));
    let bomb = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(refused(bomb.as_bytes()).contains("128 levels"));
}

#[test]
fn brackets_in_strings_are_no_depth() {
    let body = format!("{{\"a\":\"{}\\\"{}\"}}", "[".repeat(500), "{".repeat(500));
    read(body.as_bytes());
    let wide = format!("{{\"a\":[{}[]]}}", "[],".repeat(500));
    read(wide.as_bytes());
}

#[test]
fn edits_leave_everything_else_as_it_came() {
    let replace = |envelope: &Envelope, edits: &mut Edits| {
        edits.replace(envelope.members()[0].value.clone(), quote("new \"name\""));
        edits.append("stream_options", r#"{"include_usage":true}"#);
    };
    assert_eq!(
        edited(r#"{ "model": "old", "n": 1e2 }"#, replace),
        r#"{ "model": "new \"name\"", "n": 1e2 ,"stream_options":{"include_usage":true}}"#
    );
    assert_eq!(edited("{ }", |_, edits| edits.append("a", "1")), r#"{ "a":1}"#);
}

#[test]
fn members_are_taken_out_with_their_commas() {
    let remove = |indices: &'static [usize]| {
        move |_: &Envelope, edits: &mut Edits| {
            for index in indices {
                edits.remove(*index);
            }
        }
    };
    let body = r#"{"a":1,"b":2,"c":3}"#;
    assert_eq!(edited(body, remove(&[0])), r#"{"b":2,"c":3}"#);
    assert_eq!(edited(body, remove(&[1])), r#"{"a":1,"c":3}"#);
    assert_eq!(edited(body, remove(&[2])), r#"{"a":1,"b":2}"#);
    assert_eq!(edited(body, remove(&[1, 2])), r#"{"a":1}"#);
    assert_eq!(edited(body, remove(&[0, 2])), r#"{"b":2}"#);
    assert_eq!(edited(body, remove(&[0, 1, 2])), r"{}");
    let all_but_new = |envelope: &Envelope, edits: &mut Edits| {
        remove(&[0, 1, 2])(envelope, edits);
        edits.append("d", "4");
    };
    assert_eq!(edited(body, all_but_new), r#"{"d":4}"#);
}

proptest::proptest! {
    #[test]
    fn any_removal_leaves_valid_json_with_the_rest(count in 0_usize..8, mask in 0_u8..=255) {
        let members: Vec<String> = (0..count).map(|index| format!("\"k{index}\": {index}")).collect();
        let body = format!("{{ {} }}", members.join(" , "));
        let removed: Vec<usize> = (0..count).filter(|index| mask & (1 << index) != 0).collect();
        let text = edited(&body, |_, edits| {
            for index in &removed {
                edits.remove(*index);
            }
            edits.append("last", "true");
        });
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        proptest::prop_assert_eq!(value.as_object().unwrap().len(), count - removed.len() + 1);
    }

    #[test]
    fn no_bytes_panic_the_reader(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        drop(Envelope::read(&Bytes::from(body)));
    }
}
