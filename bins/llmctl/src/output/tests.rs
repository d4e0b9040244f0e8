use super::*;
use serde_json::json;
use weighhouse_api::Dollars;
use weighhouse_types::Nanos;

const COLUMNS: &[Column] =
    &[Column::id("team_id", "ID"), Column::text("models", "MODELS"), Column::number("spend", "SPEND")];

fn teams() -> Table {
    let mut table = Table::list(COLUMNS);
    table.row([
        "größer".into(),
        Cell::list(["gpt-4o", "claude-*"]),
        Dollars(Nanos::new(1_500_000_001)).into(),
    ]);
    table.row(["日本".into(), "say \"no\"\n".into(), Cell::Money(Nanos::new(-1))]);
    table.row(["c".into(), Cell::Nothing, Cell::Nothing]);
    table
}

fn written(format: Format, width: Option<u16>, value: &str, table: fn() -> Table) -> String {
    let value: Box<serde_json::value::RawValue> = serde_json::from_str(value).unwrap();
    Output { format, width, has_colour: false }.text(&value, table).unwrap()
}

#[test]
fn columns_stand_under_their_head_money_to_the_right_and_nothing_trails() {
    assert_eq!(
        written(Format::Table, None, "[]", teams),
        "\
ID      MODELS                    SPEND
größer  gpt-4o, claude-*   $1.500000001
日本    say \"no\"\u{fffd}         -$0.000000001
c       -                             -
"
    );
    assert_eq!(written(Format::Table, None, "[]", || Table::list(COLUMNS)), "ID  MODELS  SPEND\n");
}

#[test]
fn a_narrow_terminal_breaks_words_and_never_an_id_or_money() {
    let text = written(Format::Table, Some(34), "[]", teams);
    assert!(text.lines().all(|line| line.chars().count() <= 34), "{text}");
    assert!(text.contains("größer  gpt-4o,") && text.contains("$1.500000001"), "{text}");
    let text = written(Format::Table, Some(20), "[]", teams);
    assert!(text.contains("größer") && text.contains("$1.500000001"), "{text}");
}

#[test]
fn a_narrow_terminal_goes_without_spare_columns() {
    const SPARE: &[Column] =
        &[Column::id("team_id", "ID"), Column::id("token", "HASH").spare(), Column::number("spend", "SPEND")];
    let table = || {
        let mut table = Table::list(SPARE);
        table.row(["a".into(), "88dc28d0f030c55ed4ab77ed8faf0981".into(), Cell::Money(Nanos::new(1))]);
        table
    };
    let whole = "ID  HASH                                     SPEND\na   88dc28d0f030c55ed4ab77ed8faf0981  $0.000000001\n";
    assert_eq!(written(Format::Table, Some(80), "[]", table), whole);
    assert_eq!(written(Format::Table, None, "[]", table), whole);
    assert_eq!(written(Format::Table, Some(40), "[]", table), "ID         SPEND\na   $0.000000001\n");
    assert!(written(Format::Csv, Some(40), "[]", table).starts_with("team_id,token,spend\n"));
}

#[test]
fn only_a_terminal_sees_colour() {
    let text = teams().text(None, true);
    assert!(text.starts_with("\u{1b}[1mID  ") && text.contains("SPEND\u{1b}[0m\n"), "{text:?}");
    assert!(!teams().text(None, false).contains('\u{1b}'));
}

#[test]
fn csv_has_the_apis_names_bare_values_and_quotes_where_they_are_needed() {
    assert_eq!(
        written(Format::Csv, Some(20), "[]", teams),
        "team_id,models,spend\ngrößer,\"gpt-4o, claude-*\",1.500000001\n日本,\"say \"\"no\"\"\n\",-0.000000001\nc,,\n"
    );
    assert_eq!(written(Format::Csv, None, "[]", || Table::list(COLUMNS)), "team_id,models,spend\n");
}

#[test]
fn a_records_csv_has_every_field_and_no_note() {
    let record = || {
        let mut table = Table::record();
        table.field("team_id", "id", "a\u{1b}[2Jb");
        table.field("max_budget", "max budget", None::<Dollars>);
        table.field("blocked", "blocked", false);
        table.note("member ada", "$1 of $5");
        table
    };
    let text = "id          a\u{fffd}[2Jb\nblocked     false\nmember ada  $1 of $5\n";
    assert_eq!(written(Format::Table, None, "{}", record), text);
    assert_eq!(written(Format::Csv, None, "{}", record), "team_id,max_budget,blocked\na\u{1b}[2Jb,,false\n");
}

#[test]
fn json_keeps_order_and_every_digit() {
    let sent = r#"{"b":1.0000000000000000001,"a":[12345678901234567890123,{}],"c":"ü\"\u0007","d":[]}"#;
    let expected = "{\n  \"b\": 1.0000000000000000001,\n  \"a\": [\n    12345678901234567890123,\n    {}\n  ],\n  \
                    \"c\": \"ü\\\"\\u0007\",\n  \"d\": []\n}\n";
    assert_eq!(written(Format::Json, None, sent, teams), expected);
}

#[test]
fn yaml_quotes_what_could_be_read_otherwise() {
    let sent = json!({
        "team_id": "payments", "no": "no", "on": ["yes", "1", "1:30", "2026-01-01", "~", "", " a", "a: b", "- a",
        "null", "0x1F", "=", "#", "a.b/c-d_e", "größe", "\u{85}\u{feff}\u{1b}", "two\nlines\ttab \"q\" \\"],
        "empty": {}, "none": null, "list": [], "nested": [[1, [2]], {"a": {"b": true}}],
    });
    let expected = r##"empty: {}
list: []
nested:
  - - 1
    - - 2
  - a:
      b: true
"no": "no"
none: null
"on":
  - "yes"
  - "1"
  - "1:30"
  - "2026-01-01"
  - "~"
  - ""
  - " a"
  - "a: b"
  - "- a"
  - "null"
  - "0x1F"
  - "="
  - "#"
  - a.b/c-d_e
  - "größe"
  - "\u0085\ufeff\u001b"
  - "two\nlines\ttab \"q\" \\"
team_id: payments
"##;
    assert_eq!(written(Format::Yaml, None, &sent.to_string(), teams), expected);
    let numbers = "[1e-7, 1.5E3, 2e10, -3, 0.1, 1.0000000000000000001]";
    let expected = "- 1.0e-7\n- 1.5e+3\n- 2.0e+10\n- -3\n- 0.1\n- 1.0000000000000000001\n";
    assert_eq!(written(Format::Yaml, None, numbers, teams), expected);
    assert_eq!(written(Format::Yaml, None, "{}", teams), "{}\n");
}

#[test]
fn an_answer_that_is_nested_without_end_is_an_error() {
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(Node::read(&deep).is_err());
}
