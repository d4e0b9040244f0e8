//! Every route asked as every role: refused or allowed just as the table says. And what is another's stays theirs.

use http::Method;
use serde_json::{Value, json};
use weighhouse_api::{Endpoint, Meter, ROUTES, Reach, Role, Route, TeamReach, TeamRole, Verb};
use weighhouse_auth::{Caller, hash_of};
use weighhouse_storage::LedgerRow;

use crate::ledger::row;
use crate::plane::{NOW_MS, Plane, text};

/// A house with users of every role and two teams: ada, bob and tess look after keys of their own; tess and tom
/// belong to red, bob and ulf to blue.
struct House {
    plane: Plane,
}

impl House {
    async fn new() -> Self {
        let plane = Plane::new().await;
        for (user, role) in [
            ("ada", "internal_user"),
            ("bob", "internal_user"),
            ("vera", "internal_user_viewer"),
            ("root", "proxy_admin"),
            ("eye", "proxy_admin_viewer"),
            ("tess", "internal_user"),
            ("tom", "internal_user"),
            ("ulf", "internal_user"),
        ] {
            let body = json!({"user_id": user, "user_role": role, "auto_create_key": false});
            plane.post("/user/new", &body.to_string()).await;
        }
        for (team, admin, user) in [("red", "tess", "tom"), ("blue", "bob", "ulf")] {
            let members = json!([{"user_id": admin, "role": "admin"}, {"user_id": user}]);
            let body = json!({"team_id": team, "members_with_roles": members, "max_budget": 10});
            plane.post("/team/new", &body.to_string()).await;
        }
        Self { plane }
    }

    /// Somebody with a key, made as these settings say.
    async fn caller(&self, settings: Value) -> Caller {
        let key = self.plane.key(&settings.to_string()).await;
        self.plane.caller(&key).await.unwrap()
    }

    async fn user(&self, user: &str) -> Caller {
        self.caller(json!({"user_id": user})).await
    }

    async fn of_role(&self, role: Role) -> Caller {
        match role {
            Role::ProxyAdmin => self.user("root").await,
            Role::ProxyAdminViewer => self.user("eye").await,
            Role::InternalUser => self.user("ada").await,
            Role::InternalUserViewer => self.user("vera").await,
            Role::NoUser => self.caller(json!({})).await,
        }
    }

    async fn of_team_role(&self, role: TeamRole) -> Caller {
        self.user(if role == TeamRole::Admin { "tess" } else { "tom" }).await
    }

    async fn ask(&self, caller: &Caller, route: &Route, about: &About<'_>) -> (u16, Value) {
        let path = route.path.replace("{key}", about.key);
        let (method, path, body) = match route.verb {
            Verb::Get => (Method::GET, format!("{path}?{}", about.query()), String::new()),
            Verb::Post => (Method::POST, path, about.body(route.endpoint).to_string()),
            Verb::Delete => (Method::DELETE, path, String::new()),
        };
        self.plane.ask_as(Some(caller.clone()), method, &path, &body).await
    }
}

/// What a request is about: a key, a user, a team.
struct About<'a> {
    key: &'a str,
    user: &'a str,
    team: &'a str,
}

impl About<'_> {
    /// Names nothing that exists.
    const NOTHING: About<'static> = About { key: "sk-of-nobody-at-all", user: "nobody", team: "none" };

    fn query(&self) -> String {
        format!(
            "key={}&api_key={0}&key_hash={0}&user_id={}&team_id={}&page=1&start_date=2026-01-01&end_date=2026-01-31",
            hash_of(self.key),
            self.user,
            self.team
        )
    }

    /// Fields of all routes that may name what it is about; a route refuses those that it does not have.
    fn body(&self, endpoint: Endpoint) -> Value {
        let Self { key, user, team } = self;
        match endpoint {
            Endpoint::KeyGenerate => json!({"user_id": user}),
            Endpoint::KeyServiceAccount => json!({"team_id": team}),
            Endpoint::KeyUpdate => json!({"key": key, "metadata": {"a": 1}}),
            Endpoint::KeyBulkUpdate => json!({"keys": [{"key": key, "metadata": {"a": 1}}]}),
            Endpoint::TeamKeyBulkUpdate => {
                json!({"team_id": team, "key_ids": [key], "update_fields": {"metadata": {"a": 1}}})
            }
            Endpoint::KeyDelete => json!({"keys": [key]}),
            Endpoint::KeyInfos => json!({"keys": [key]}),
            Endpoint::KeyBlock | Endpoint::KeyUnblock | Endpoint::KeyRegenerate => json!({"key": key}),
            Endpoint::TeamMemberAdd => json!({"team_id": team, "member": {"user_id": "new"}}),
            Endpoint::TeamMemberUpdate | Endpoint::TeamMemberDelete => {
                json!({"team_id": team, "user_id": user})
            }
            _ => json!({}),
        }
    }
}

/// Routes that the control plane answers.
fn answered() -> impl Iterator<Item = &'static Route> {
    const STARTS: &[&str] = &[
        "/key",
        "/team",
        "/user",
        "/v2",
        "/customer",
        "/end_user",
        "/budget",
        "/tag",
        "/ledger",
        "/spend",
        "/global",
        "/management",
    ];
    ROUTES.iter().filter(|route| {
        route.meter == Meter::NothingUpstream && STARTS.iter().any(|start| route.path.starts_with(start))
    })
}

/// Routes that are about a key, a user or a team.
fn about_somebody() -> impl Iterator<Item = &'static Route> {
    answered()
        .filter(|route| matches!(route.permission.reach(Role::InternalUser), Reach::Own | Reach::InTeams))
}

fn is_refused(status: u16, answer: &Value, says: &str) {
    let error = answer.get("error").unwrap_or_else(|| panic!("{says}"));
    assert_eq!(
        (status, text(error, "type"), text(error, "code")),
        (403, "auth_error".to_owned(), "403".to_owned()),
        "{says}"
    );
}

#[tokio::test]
async fn every_route_refuses_and_lets_in_as_the_table_says() {
    let house = House::new().await;
    for role in Role::ALL {
        let caller = house.of_role(role).await;
        for route in answered() {
            let (status, answer) = house.ask(&caller, route, &About::NOTHING).await;
            let says = format!("{} {}: {status} {answer}", role.name(), route.path);
            match route.permission.reach(role) {
                Reach::Nothing => {
                    is_refused(status, &answer, &says);
                    let message = text(answer.get("error").unwrap(), "message");
                    assert!(message.contains(route.path) && message.contains(role.name()), "{says}");
                }
                // Asked about nothing, it may not be found or miss a field; but it is not refused.
                Reach::Everything => assert!(matches!(status, 200 | 400 | 404 | 422), "{says}"),
                Reach::Itself | Reach::InTeams | Reach::Own => {
                    assert!(matches!(status, 200 | 400 | 403 | 422), "what is nobody's is not told: {says}");
                }
            }
        }
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_told() {
    let house = House::new().await;
    for route in answered() {
        let method = if route.verb == Verb::Get { Method::GET } else { Method::POST };
        let (status, _) = house.plane.ask_as(None, method, route.path, "{}").await;
        assert_eq!(status, if route.permission.needs_key() { 401 } else { 200 }, "{}", route.path);
    }
}

#[tokio::test]
async fn what_is_ones_own_is_told_and_changed() {
    for route in about_somebody().filter(|route| route.permission.reach(Role::InternalUser) == Reach::Own) {
        let house = House::new().await;
        let ada = house.user("ada").await;
        // Made by ada, because what administrators made only they change.
        let (status, made) = house.plane.ask_as(Some(ada.clone()), Method::POST, "/key/generate", "{}").await;
        assert_eq!((status, text(&made, "user_id")), (200, "ada".to_owned()), "{made}");
        let key = text(&made, "key");
        let about = About { key: &key, user: "ada", team: "" };
        let (status, answer) = house.ask(&ada, route, &about).await;
        assert_eq!(status, 200, "{}: {answer}", route.path);
    }
}

/// Asks every route about what is another's, and holds that it neither tells nor changes it.
async fn kept_apart(house: &House, caller: &Caller, who: &str, about: &About<'_>) {
    for route in about_somebody() {
        let before = house.plane.store.key_by_hash(&hash_of(about.key)).await.unwrap();
        let (status, answer) = house.ask(caller, route, about).await;
        let says = format!("{who} {} about {} of {}: {status} {answer}", route.path, about.user, about.team);
        assert_ne!(status, 401, "{says}");
        let told = answer.to_string();
        if status == 200 {
            let name = before.as_ref().map(|key| key.key_name.clone()).unwrap_or_default();
            let is_told = told.contains(hash_of(about.key).as_str()) || told.contains(&name);
            assert!(
                !is_told || route.endpoint == Endpoint::KeyInfos && answer["info"] == json!([]),
                "{says}"
            );
            assert!(!told.contains("theirs-alone"), "{says}");
        } else {
            is_refused(status, &answer, &says);
        }
        let after = house.plane.store.key_by_hash(&hash_of(about.key)).await.unwrap();
        assert_eq!(before, after, "{says}");
    }
}

#[tokio::test]
async fn nobody_reaches_what_is_anothers() {
    let house = House::new().await;
    let personal = house.plane.key(r#"{"user_id":"bob","key_alias":"theirs-alone"}"#).await;
    let of_team =
        house.plane.key(r#"{"user_id":"ulf","team_id":"blue","key_alias":"theirs-alone-too"}"#).await;
    let of_nobody = house.plane.key(r#"{"team_id":"blue","key_alias":"theirs-alone-as-well"}"#).await;
    let callers = [
        ("internal_user", house.user("ada").await),
        ("internal_user_viewer", house.user("vera").await),
        ("no user", house.caller(json!({})).await),
        ("service account of red", house.caller(json!({"team_id": "red"})).await),
        ("admin of red", house.of_team_role(TeamRole::Admin).await),
        ("user of red", house.of_team_role(TeamRole::User).await),
        ("a key of red", house.caller(json!({"user_id": "tess", "team_id": "red"})).await),
    ];
    for (who, caller) in &callers {
        for (key, user) in [(&personal, "bob"), (&of_team, "ulf"), (&of_nobody, "bob")] {
            kept_apart(&house, caller, who, &About { key, user, team: "blue" }).await;
        }
    }
}

#[tokio::test]
async fn roles_in_a_team_reach_what_the_table_says() {
    for role in TeamRole::ALL {
        for route in about_somebody().filter(|route| {
            route.permission.reach(Role::InternalUser) != Reach::Own
                || route.permission.team_reach(TeamRole::Admin) != TeamReach::Nothing
        }) {
            let house = House::new().await;
            let caller = house.of_team_role(role).await;
            let mates = house
                .plane
                .key(r#"{"user_id":"mate","team_id":"red","allowed_routes":["llm_api_routes"]}"#)
                .await;
            house.plane.post("/team/member_add", r#"{"team_id":"red","member":{"user_id":"mate"}}"#).await;
            let about = About { key: &mates, user: "mate", team: "red" };
            let names_user = route.verb == Verb::Get;
            let (status, answer) = house
                .ask(&caller, route, &About { user: if names_user { "" } else { "mate" }, ..about })
                .await;
            let says = format!("team {} {}: {status} {answer}", role.name(), route.path);
            let is_told =
                answer.to_string().contains(hash_of(&mates).as_str()) || answer.to_string().contains("mate");
            match route.permission.team_reach(role) {
                TeamReach::Whole if route.endpoint == Endpoint::KeyGenerate => {
                    // A key for somebody else, but in no team.
                    is_refused(status, &answer, &says);
                }
                TeamReach::Whole => assert_eq!(status, 200, "{says}"),
                TeamReach::Shared | TeamReach::Own if status == 200 => {
                    let is_team = matches!(
                        route.endpoint,
                        Endpoint::TeamInfo | Endpoint::TeamList | Endpoint::TeamPages
                    );
                    assert!(!is_told || is_team, "a mate's key is not told: {says}");
                }
                TeamReach::Shared | TeamReach::Own | TeamReach::Nothing => is_refused(status, &answer, &says),
            }
        }
    }
}

#[tokio::test]
async fn nobody_becomes_another_by_way_of_a_key_in_their_team() {
    let house = House::new().await;
    let tess = house.of_team_role(TeamRole::Admin).await;
    let ask = async |caller: &Caller, path: &str, body: Value| {
        house.plane.ask_as(Some(caller.clone()), Method::POST, path, &body.to_string()).await
    };
    // A proxy admin's own key in the team is neither confined nor given a secret that is known.
    let roots = house.plane.key(r#"{"user_id":"root","team_id":"red"}"#).await;
    let calls = json!(["llm_api_routes"]);
    let (status, answer) = ask(&tess, "/key/update", json!({"key": roots, "allowed_routes": calls})).await;
    is_refused(status, &answer, "confined");
    // A key made for a member calls models, and never more.
    ask(&tess, "/team/member_add", json!({"team_id": "red", "member": {"user_id": "bob"}})).await;
    let (status, made) = ask(&tess, "/key/generate", json!({"team_id": "red", "user_id": "bob"})).await;
    assert_eq!((status, &made["allowed_routes"]), (200, &calls), "{made}");
    let key = text(&made, "key");
    for routes in [json!([]), json!(null), json!(["*"]), json!(["/key/generate"])] {
        let (status, answer) = ask(&tess, "/key/update", json!({"key": key, "allowed_routes": routes})).await;
        is_refused(status, &answer, &routes.to_string());
        let fields = json!({"team_id": "red", "key_ids": [key], "update_fields": {"allowed_routes": routes}});
        let (_, answer) = ask(&tess, "/team/key/bulk_update", fields).await;
        assert_eq!(answer["successful_updates"], json!([]), "{answer}");
    }
    let narrower = json!({"key": key, "allowed_routes": ["/v1/chat/completions"]});
    let (status, answer) = ask(&tess, "/key/update", narrower).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn a_key_with_few_routes_gives_no_other_more() {
    let house = House::new().await;
    let ask = async |caller: &Caller, path: &str, body: Value| {
        house.plane.ask_as(Some(caller.clone()), Method::POST, path, &body.to_string()).await
    };
    let narrow = house.plane.key(r#"{"user_id":"root","allowed_routes":["/key/*"]}"#).await;
    let root = house.plane.caller(&narrow).await.unwrap();
    let (status, answer) = ask(&root, "/key/update", json!({"key": narrow, "allowed_routes": null})).await;
    is_refused(status, &answer, "widened");
    let (status, answer) = ask(&root, "/key/generate", json!({"user_id": "root"})).await;
    is_refused(status, &answer, "a wider one");
    let wide = house.plane.key(r#"{"user_id":"root"}"#).await;
    let (status, answer) = ask(&root, "/key/regenerate", json!({"key": wide})).await;
    is_refused(status, &answer, "a wider one's secret");
    let (status, answer) = ask(&root, "/key/regenerate", json!({"key": narrow})).await;
    assert_eq!(status, 200, "its own: {answer}");

    // The same for money.
    let poor = house.caller(json!({"user_id": "ada", "max_budget": 1})).await;
    let (status, rich) = ask(&house.user("ada").await, "/key/generate", json!({"max_budget": 5})).await;
    assert_eq!(status, 200, "{rich}");
    let (status, answer) = ask(&poor, "/key/regenerate", json!({"key": text(&rich, "key")})).await;
    assert_eq!((status, text(&answer["error"], "param")), (400, "max_budget".to_owned()), "{answer}");
}

#[tokio::test]
async fn who_leaves_a_team_leaves_their_keys_of_it() {
    let house = House::new().await;
    let of_team = house.plane.key(r#"{"user_id":"tom","team_id":"red"}"#).await;
    let own = house.plane.key(r#"{"user_id":"tom"}"#).await;
    let mates = house.plane.key(r#"{"user_id":"tess","team_id":"red"}"#).await;
    house.plane.post("/team/member_delete", r#"{"team_id":"red","user_id":"tom"}"#).await;
    for (key, stays) in [(&of_team, false), (&own, true), (&mates, true)] {
        assert_eq!(house.plane.store.key_by_hash(&hash_of(key)).await.unwrap().is_some(), stays);
    }
}

#[tokio::test]
async fn a_team_that_knew_a_user_first_is_theirs_all_the_same() {
    let House { plane } = House::new().await;
    let user = async |fields: Value| {
        let mut body = json!({"auto_create_key": false});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        plane.post("/user/new", &body.to_string()).await
    };
    user(json!({"user_id": "xia", "user_email": "xia@house"})).await;
    user(json!({"user_id": "wim"})).await;
    // One is known by an id before they have a record, others by an address.
    let members = json!([{"user_id": "zoe", "role": "admin"}, {"user_email": "yan@house"}, {"user_email": "xia@house"},
        {"user_email": "wim@house"}]);
    plane.post("/team/new", &json!({"team_id": "green", "members_with_roles": members}).to_string()).await;
    for fields in [json!({"user_id": "zoe"}), json!({"user_id": "yan", "user_email": "yan@house"})] {
        assert_eq!(user(fields.clone()).await["teams"], json!(["green"]), "{fields}");
    }
    let known = plane.post("/user/update", r#"{"user_id":"wim","user_email":"wim@house"}"#).await;
    assert_eq!(known["teams"], json!(["green"]));
    for id in ["zoe", "yan", "xia", "wim"] {
        let key = plane.key(&json!({"user_id": id}).to_string()).await;
        let caller = plane.caller(&key).await.unwrap();
        let (status, answer) = plane.ask_as(Some(caller), Method::GET, "/team/info?team_id=green", "").await;
        assert_eq!(status, 200, "{id}: {answer}");
        let members = answer["team_info"]["members_with_roles"].as_array().unwrap();
        assert!(members.iter().any(|member| member["user_id"] == id), "{id}: {answer}");
    }
    // Of an address that two users have nobody knows whose it is; and an admin of a team is not told whose any is.
    user(json!({"user_id": "twin", "user_email": "xia@house"})).await;
    plane.post("/team/member_add", r#"{"team_id":"blue","member":{"user_email":"xia@house"}}"#).await;
    let bob = plane.caller(&plane.key(r#"{"user_id":"bob"}"#).await).await.unwrap();
    let body = r#"{"team_id":"blue","member":{"user_email":"wim@house"}}"#;
    let (status, blue) = plane.ask_as(Some(bob), Method::POST, "/team/member_add", body).await;
    assert_eq!(status, 200, "{blue}");
    let ids = blue["members_with_roles"].as_array().unwrap().iter().map(|member| member["user_id"].clone());
    assert_eq!(ids.collect::<Vec<_>>(), [json!("bob"), json!("ulf"), Value::Null, Value::Null], "{blue}");
}

#[tokio::test]
async fn who_is_deleted_leaves_their_teams() {
    let House { plane } = House::new().await;
    plane.post("/user/delete", r#"{"user_ids":["tom","ulf"]}"#).await;
    for (team, stays) in [("red", "tess"), ("blue", "bob")] {
        let told = plane.get(&format!("/team/info?team_id={team}")).await;
        let members = told["team_info"]["members_with_roles"].as_array().unwrap();
        let ids: Vec<_> = members.iter().map(|member| text(member, "user_id")).collect();
        assert_eq!((ids, told["team_memberships"].as_array().unwrap().len()), (vec![stays.to_owned()], 1));
    }
}

#[tokio::test]
async fn an_alias_to_delete_says_the_same_whether_it_is_anothers_or_nobodys() {
    let house = House::new().await;
    let (own, anothers) =
        (r#"{"user_id":"ada","key_alias":"own"}"#, r#"{"user_id":"eve","key_alias":"anothers"}"#);
    let kept = [house.plane.key(own).await, house.plane.key(anothers).await];
    let caller = house.user("ada").await;
    let delete = async |aliases: Value| {
        let body = json!({"key_aliases": aliases}).to_string();
        house.plane.ask_as(Some(caller.clone()), Method::POST, "/key/delete", &body).await
    };
    let refused = delete(json!(["nobodys"])).await;
    assert_eq!(
        (refused.0, text(&refused.1["error"], "param")),
        (403, "key_aliases".to_owned()),
        "{}",
        refused.1
    );
    for aliases in [
        json!(["anothers"]),
        json!(["own", "nobodys"]),
        json!(["own", "anothers"]),
        json!(["nobodys", "anothers"]),
    ] {
        assert_eq!(delete(aliases.clone()).await, refused, "{aliases}");
    }
    for key in &kept {
        assert!(house.plane.store.key_by_hash(&hash_of(key)).await.unwrap().is_some());
    }
    assert_eq!(delete(json!(["own"])).await, (200, json!({"deleted_keys": ["own"]})));
}

#[tokio::test]
async fn spend_is_told_to_whom_it_concerns() {
    let house = House::new().await;
    let mut rows = Vec::new();
    for (number, (user, team)) in
        [("ada", None), ("tess", Some("red")), ("tom", Some("red")), ("ulf", Some("blue"))]
            .into_iter()
            .enumerate()
    {
        let number = u8::try_from(number).unwrap();
        rows.push(Box::new(LedgerRow {
            user_id: Some(user.into()),
            team_id: team.map(Into::into),
            ..row(&hash_of(user), number, NOW_MS)
        }));
    }
    house.plane.store.append_ledger(&rows.into()).await.unwrap();
    for (user, of_users) in [
        ("ada", &["ada"][..]),
        ("vera", &[]),
        ("tom", &["tom"]),
        ("tess", &["tess", "tom"]),
        ("bob", &["ulf"]),
        ("eye", &["ada", "tess", "tom", "ulf"]),
    ] {
        let caller = house.user(user).await;
        for query in ["", "?user_id=tom", "?user_id=ulf"] {
            let path = format!("/spend/logs{query}");
            let (status, told) = house.plane.ask_as(Some(caller.clone()), Method::GET, &path, "").await;
            let mut users: Vec<String> =
                told.as_array().unwrap().iter().map(|row| text(row, "user")).collect();
            users.sort();
            let wanted: Vec<&str> = of_users
                .iter()
                .copied()
                .filter(|user| query.is_empty() || query.ends_with(&format!("={user}")))
                .collect();
            assert_eq!(
                (status, users),
                (200, wanted.iter().map(ToString::to_string).collect()),
                "{user} {query}"
            );
        }
    }
}
