use std::io::Write;

use super::*;
use weighhouse_api::{CustomerRequest, TagRequest, TeamRequest, UpdateKeyRequest};

fn sent<R: RequestBody + Serialize>(
    said: R,
    id: &str,
    file: Option<&str>,
    clear: &[Field],
) -> Result<String, u8> {
    let mut kept = tempfile();
    let source = Source {
        from_file: file.map(|text| {
            kept.0.write_all(text.as_bytes()).unwrap();
            kept.1.clone()
        }),
    };
    let request = complete(said, id, &source, clear);
    assert!(std::fs::remove_file(&kept.1).is_ok());
    request.map(|request| serde_json::to_string(&request).unwrap()).map_err(|failure| failure.code)
}

fn tempfile() -> (File, PathBuf) {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("llmctl-request-{}-{count}", std::process::id()));
    (File::create(&path).unwrap(), path)
}

#[test]
fn what_was_said_goes_over_what_the_file_says() {
    let said = TeamRequest {
        team_id: Some("a".into()),
        team_alias: set(Some("said".into())),
        ..TeamRequest::default()
    };
    let file = r#"{"team_alias":"kept","max_budget":0.1,"models":["m"],"rpm_limit":null}"#;
    let expected = r#"{"team_id":"a","team_alias":"said","models":["m"],"max_budget":0.1,"rpm_limit":null}"#;
    assert_eq!(sent(said, "team_id", Some(file), &[]), Ok(expected.into()));
    let nameless = CustomerRequest::default();
    let expected = r#"{"user_id":"ada","max_budget":1.0}"#;
    assert_eq!(
        sent(nameless, "user_id", Some(r#"{"user_id":"ada","max_budget":1}"#), &[]),
        Ok(expected.into())
    );
}

#[test]
fn a_file_that_is_no_request_is_wrong_usage() {
    for file in ["[]", "{", r#"{"max_buget":1}"#, r#"{"max_budget":[]}"#, r#"{"max_budget":1e300}"#] {
        assert_eq!(sent(TeamRequest::default(), "team_id", Some(file), &[]), Err(2), "{file}");
    }
    let absent = Source { from_file: Some("/nowhere/at/all.json".into()) };
    assert_eq!(complete(TeamRequest::default(), "team_id", &absent, &[]).unwrap_err().code, 1);
}

#[test]
fn cleared_fields_leave_as_what_empties_them() {
    let clear = [Field::Expiry, Field::MaxBudget, Field::Tags, Field::Metadata, Field::Alias];
    let expected = r#"{"key_alias":null,"duration":null,"max_budget":null,"metadata":{},"tags":[]}"#;
    assert_eq!(sent(UpdateKeyRequest::default(), "key", None, &clear), Ok(expected.into()));
    let team = r#"{"team_alias":null,"team_member_budget":null}"#;
    assert_eq!(
        sent(TeamRequest::default(), "team_id", None, &[Field::Alias, Field::MemberBudget]),
        Ok(team.into())
    );
}

#[test]
fn a_field_is_not_set_and_cleared_at_once_and_must_be_one() {
    let said = TagRequest { name: "a".into(), description: set(Some("d".into())), ..TagRequest::default() };
    assert_eq!(sent(said, "name", None, &[Field::Description]), Err(2));
    assert_eq!(sent(TagRequest::default(), "name", None, &[Field::Expiry]), Err(2));
}

#[test]
fn every_field_that_can_be_cleared_belongs_to_some_request() {
    let known: Vec<&str> = [
        UpdateKeyRequest::FIELDS,
        TeamRequest::FIELDS,
        weighhouse_api::UserRequest::FIELDS,
        CustomerRequest::FIELDS,
        TagRequest::FIELDS,
    ]
    .concat();
    for field in Field::value_variants() {
        assert!(field.wire().0.iter().any(|name| known.contains(name)), "{field:?}");
    }
}
