//! Every route asked as every role: refused or allowed just as the table says.

use http::Method;
use weighhouse_api::{Meter, ROUTES, Reach, Role, Route, Verb};
use weighhouse_auth::Caller;

use crate::plane::{Plane, text};

/// A house with a caller of every role.
pub(crate) struct House {
    pub(crate) plane: Plane,
}

impl House {
    pub(crate) async fn new() -> Self {
        let plane = Plane::new().await;
        for (user, role) in [
            ("ada", "internal_user"),
            ("bob", "internal_user"),
            ("vera", "internal_user_viewer"),
            ("root", "proxy_admin"),
            ("eye", "proxy_admin_viewer"),
            ("tess", "internal_user"),
            ("tom", "internal_user"),
        ] {
            let body = format!(r#"{{"user_id":"{user}","user_role":"{role}","auto_create_key":false}}"#);
            plane.post("/user/new", &body).await;
        }
        plane.post("/team/new", r#"{"team_id":"red","models":["m"]}"#).await;
        plane.post("/team/new", r#"{"team_id":"blue"}"#).await;
        for (team, user, role) in [("red", "tess", "admin"), ("red", "tom", "user"), ("blue", "bob", "admin")]
        {
            let member = format!(r#"{{"team_id":"{team}","member":{{"user_id":"{user}","role":"{role}"}}}}"#);
            plane.post("/team/member_add", &member).await;
        }
        Self { plane }
    }

    /// A key of a user, or of no user.
    pub(crate) async fn caller(&self, user: Option<&str>) -> Caller {
        let body = user.map_or_else(|| "{}".to_owned(), |user| format!(r#"{{"user_id":"{user}"}}"#));
        let key = self.plane.key(&body).await;
        self.plane.caller(&key).await.unwrap()
    }

    async fn caller_of(&self, role: Role) -> Caller {
        let user = match role {
            Role::ProxyAdmin => Some("root"),
            Role::ProxyAdminViewer => Some("eye"),
            Role::InternalUser => Some("ada"),
            Role::InternalUserViewer => Some("vera"),
            Role::NoUser => None,
        };
        self.caller(user).await
    }
}

/// Routes that the control plane answers.
pub(crate) fn answered() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| {
        route.meter == Meter::NothingUpstream
            && [
                "/key/",
                "/team/",
                "/user/",
                "/v2/",
                "/customer/",
                "/end_user/",
                "/budget/",
                "/tag/",
                "/ledger/",
                "/spend/",
                "/management/",
            ]
            .iter()
            .any(|start| route.path.starts_with(start))
    })
}

pub(crate) fn method(route: &Route) -> Method {
    match route.verb {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
        Verb::Delete => Method::DELETE,
    }
}

/// Asks a route about nothing that exists.
async fn ask(house: &House, caller: Option<Caller>, route: &Route) -> (u16, serde_json::Value) {
    let path = route.path.replace(['{', '}'], "");
    house.plane.ask_as(caller, method(route), &path, "{}").await
}

#[tokio::test]
async fn every_route_refuses_and_lets_in_as_the_table_says() {
    let house = House::new().await;
    for role in Role::ALL {
        let caller = house.caller_of(role).await;
        for route in answered() {
            let (status, answer) = ask(&house, Some(caller.clone()), route).await;
            let says = format!("{} {}: {status} {answer}", role.name(), route.path);
            if route.permission.reach(role) == Reach::Nothing {
                let error = answer.get("error").unwrap();
                assert_eq!(
                    (status, text(error, "type"), text(error, "code")),
                    (403, "auth_error".into(), "403".into()),
                    "{says}"
                );
                assert!(text(error, "message").contains(route.path), "{says}");
            } else if route.permission.reach(role) == Reach::Everything {
                // Asked about nothing, it may not be found or miss a field; but it is not refused.
                assert!(matches!(status, 200 | 400 | 404 | 422), "{says}");
            } else {
                assert_ne!(status, 401, "{says}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_told() {
    let house = House::new().await;
    for route in answered() {
        let (status, _) = ask(&house, None, route).await;
        assert_eq!(status, if route.permission.needs_key() { 401 } else { 200 }, "{}", route.path);
    }
}
