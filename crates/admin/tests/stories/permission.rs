//! What a virtual key may see: itself.

use http::Method;
use weighhouse_api::{Meter, Permission, ROUTES, Verb};
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

#[tokio::test]
async fn a_virtual_key_is_refused_on_every_route_of_the_administrator() {
    let plane = Plane::new().await;
    let key = plane.key("{}").await;
    let me = plane.caller(&key).await.unwrap();
    let body = format!(r#"{{"key":"{key}","keys":["{key}"]}}"#);
    let is_admins = |permission| matches!(permission, Permission::Admin | Permission::AdminReads);
    for route in ROUTES.iter().filter(|route| is_admins(route.permission)) {
        assert_eq!(route.meter, Meter::NothingUpstream);
        let method = if route.verb == Verb::Get { Method::GET } else { Method::POST };
        let path = route.path.replace("{key}", &key);
        assert_eq!(plane.ask_as(Some(me.clone()), method.clone(), &path, &body).await.0, 403, "{path}");
        assert_eq!(plane.ask_as(None, method, &path, &body).await.0, 401, "{path}");
    }
    assert!(plane.caller(&key).await.is_ok());
}
