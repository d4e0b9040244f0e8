//! What a virtual key may see: itself.

use http::Method;
use weighhouse_auth::hash_of;

use crate::plane::{Plane, text};

#[tokio::test]
async fn a_virtual_key_sees_itself_and_no_other() {
    let plane = Plane::new().await;
    let (mine, other) =
        (plane.key(r#"{"key_alias":"mine"}"#).await, plane.key(r#"{"key_alias":"other"}"#).await);
    let me = plane.caller(&mine).await.unwrap();
    for path in
        ["/key/info".to_owned(), format!("/key/info?key={mine}"), format!("/key/info?key={}", hash_of(&mine))]
    {
        let (status, told) = plane.ask_as(Some(me.clone()), Method::GET, &path, "").await;
        assert_eq!(
            (status, text(told.get("info").unwrap(), "key_alias")),
            (200, "mine".to_owned()),
            "{path}"
        );
    }
    // Another key and no key at all look the same.
    for path in [
        format!("/key/info?key={other}"),
        format!("/key/info?key={}", hash_of(&other)),
        "/key/info?key=sk-of-nobody-at-all".to_owned(),
        format!("/spend/logs?api_key={other}"),
        format!("/spend/logs?api_key={}", hash_of(&other)),
    ] {
        let (status, refusal) = plane.ask_as(Some(me.clone()), Method::GET, &path, "").await;
        assert_eq!(
            (status, text(refusal.get("error").unwrap(), "type")),
            (403, "auth_error".to_owned()),
            "{path}"
        );
    }
}
