//! Every way to read what was spent says the same as the ledger and as the providers' bills, to the nano-dollar.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::{FakeProvider, Script, UsageReport};
use weighhouse_testkit::http::{self, Request};
use weighhouse_testkit::services::Postgres;
use weighhouse_types::Nanos;

use crate::harness::{House, Key, chat, deployment, eventually, nanos, priced};

/// Prices of the second provider: three and five micro-dollars a token.
const DEARER: &str = "input_cost_per_token: 0.000003, output_cost_per_token: 0.000005";

/// Two providers, three keys of two users and two teams, and calls by all of them.
struct Month {
    house: House,
    fakes: [FakeProvider; 2],
    secrets: Vec<String>,
}

impl Month {
    fn with(general: &str) -> Self {
        let fakes = [FakeProvider::start(), FakeProvider::start()];
        fakes[1].price(3_000_000, 5_000_000);
        let house = House::with(&format!(
            "model_list:\n{}{}{general}router_settings: {{num_retries: 0, provider_budget_config: {{groq: {{budget_limit: 5, time_period: 1d}}}}}}\nlitellm_settings: {{max_budget: 100}}\n",
            priced("m", &fakes[0], ""),
            deployment("n", "groq/n-upstream", &fakes[1].base_url(), DEARER),
        ));
        for (team, user) in [("red", "ada"), ("blue", "ben")] {
            let alias = format!("Team {team}");
            house.admin("/team/new", json!({"team_id": team, "team_alias": alias})).answered();
            let made = json!({"user_id": user, "user_email": format!("{user}@example.com"), "auto_create_key": false});
            house.admin("/user/new", made).answered();
        }
        let secrets = [
            json!({"key_alias": "a", "user_id": "ada", "team_id": "red", "tags": ["ci"]}),
            json!({"key_alias": "b", "user_id": "ben", "team_id": "blue"}),
            json!({"key_alias": "c", "user_id": "ada"}),
        ]
        .map(|settings| house.key(settings).secret().to_owned());
        let month = Self { house, fakes, secrets: secrets.into() };
        month.spend();
        month
    }

    fn key(&self, number: usize) -> Key<'_> {
        self.house.shown(&self.secrets[number])
    }

    fn spend(&self) {
        for (number, model) in (0..12).zip(["m", "n", "m"].iter().cycle()) {
            let mut body = chat(&"word ".repeat(1 + number));
            body["model"] = json!(model);
            body["user"] = json!(format!("reader-{}", number % 2));
            if number % 3 == 1 {
                body["metadata"] = json!({"tags": ["nightly", "ci"]});
            }
            self.fakes[usize::from(*model == "n")].enqueue(Script::default().tokens(3 + number as u64));
            if number % 4 == 3 {
                self.key(number % 3).ask_stream("/v1/chat/completions", body).chunks();
            } else {
                self.key(number % 3).ask(&body).answered();
            }
        }
        self.fakes[0].enqueue(Script::failing(500));
        self.key(1).chat("no luck").refused(500);
        self.house.master().chat("of the house").answered();
        self.house.await_rows(14);
    }

    fn billed(&self) -> Nanos {
        self.fakes.iter().fold(Nanos::ZERO, |sum, fake| sum + fake.bill().total)
    }

    fn get(&self, path: &str) -> Value {
        self.house.master().get(path).answered()
    }

    fn period(&self) -> String {
        let day = |row: &Value| row["startTime"].as_str().unwrap().split_once('T').unwrap().0.to_owned();
        let rows = self.house.rows();
        format!("start_date={}&end_date={}", day(rows.last().unwrap()), day(&rows[0]))
    }
}

/// Tells a story of one day. If it was told over midnight and fails, it is told again: the next one is a day away.
fn on_one_day(story: impl Fn()) {
    let day = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
    let begun = day();
    if let Err(failed) = catch_unwind(AssertUnwindSafe(&story)) {
        if day() == begun {
            resume_unwind(failed);
        }
        story();
    }
}

/// What the rows sum to by something.
fn by(rows: &[Value], of: impl Fn(&Value) -> Vec<String>) -> BTreeMap<String, Nanos> {
    let mut sums = BTreeMap::new();
    for row in rows {
        for name in of(row) {
            *sums.entry(name).or_insert(Nanos::ZERO) += nanos(&row["spend"]);
        }
    }
    sums
}

fn text(value: &Value) -> Vec<String> {
    vec![value.as_str().unwrap_or_default().to_owned()]
}

/// A list of lines as sums.
fn listed(lines: &Value, name: &str, spend: &str) -> BTreeMap<String, Nanos> {
    let lines = lines.as_array().unwrap_or_else(|| panic!("a list: {lines}"));
    lines.iter().map(|line| (text(&line[name]).remove(0), nanos(&line[spend]))).collect()
}

/// The parts of an activity as sums, of all its days.
fn parts(activity: &Value, part: &str) -> BTreeMap<String, Nanos> {
    let mut sums = BTreeMap::new();
    for day in activity["results"].as_array().unwrap() {
        for (name, group) in day["breakdown"][part].as_object().unwrap() {
            let spend = nanos(&group["metrics"]["spend"]);
            *sums.entry(name.clone()).or_insert(Nanos::ZERO) += spend;
            if let Some(keys) = group.get("api_key_breakdown") {
                let of_keys = keys.as_object().unwrap().values();
                let sum = of_keys.map(|key| nanos(&key["metrics"]["spend"])).fold(Nanos::ZERO, |a, b| a + b);
                assert_eq!(sum, spend, "{part} {name}");
            }
        }
    }
    sums
}

fn all_say_the_same(month: &Month) {
    let (rows, period, total) = (month.house.rows(), month.period(), month.billed());
    assert_eq!(month.house.ledger_sum(), total);
    let keys = by(&rows, |row| text(&row["api_key"]));
    let models = by(&rows, |row| text(&row["model"]));
    let providers = by(&rows, |row| text(&row["custom_llm_provider"]));
    let tags = by(&rows, |row| {
        let tags = row["request_tags"].as_array().unwrap().iter().flat_map(text);
        tags.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    });
    assert_eq!(nanos(&month.get("/global/spend")["spend"]), total);
    assert_eq!(nanos(&month.get("/global/spend")["max_budget"]), Nanos::dollars(100));
    assert_eq!(listed(&month.get("/global/spend/keys"), "api_key", "total_spend"), keys);
    assert_eq!(listed(&month.get("/global/spend/models"), "model", "total_spend"), models);
    assert_eq!(
        listed(&month.get(&format!("/global/spend/provider?{period}")), "provider", "spend"),
        providers
    );
    assert_eq!(listed(&month.get("/spend/tags"), "individual_request_tag", "total_spend"), tags);
    let dearest = month.get(&format!("/global/spend/tags?{period}"));
    assert_eq!(listed(&dearest["spend_per_tag"], "name", "spend"), tags);
    assert_eq!(month.get("/global/spend/all_tag_names"), json!({"tag_names": ["ci", "nightly"]}));
    assert_eq!(month.get("/global/all_end_users"), json!({"end_users": ["reader-0", "reader-1"]}));
    let end_users = month.house.admin("/global/spend/end_users", json!({})).answered();
    assert_eq!(listed(&end_users, "end_user", "total_spend"), by(&rows, |row| text(&row["end_user"])));
    let days: Nanos = month
        .get("/global/spend/logs")
        .as_array()
        .unwrap()
        .iter()
        .map(|day| nanos(&day["spend"]))
        .fold(Nanos::ZERO, |a, b| a + b);
    assert_eq!(days, total);
    let teams = month.get("/global/spend/teams");
    let of_teams = by(&rows, |row| match row["team_id"].as_str() {
        Some(team) => vec![format!("Team {team}")],
        None => vec!["Unassigned".to_owned()],
    });
    assert_eq!(listed(&teams["total_spend_per_team"], "team_id", "total_spend"), of_teams);
    let activity = month.get(&format!("/global/activity?{period}"));
    assert_eq!(activity["sum_api_requests"], 14);
    let tokens: i64 = rows.iter().map(|row| row["total_tokens"].as_i64().unwrap()).sum();
    assert_eq!(activity["sum_total_tokens"], tokens);
    let of_models = month.get(&format!("/global/activity/model?{period}"));
    let calls: i64 =
        of_models.as_array().unwrap().iter().map(|model| model["sum_api_requests"].as_i64().unwrap()).sum();
    assert_eq!(calls, 14);
    reports_say_the_same(month, &rows, &period);
    activities_say_the_same(month, &rows, &period);
    let audit = month.get("/ledger/verify");
    assert_eq!((&audit["wrong"], &audit["wrong_days"]), (&json!([]), &json!([])), "{audit}");
    assert!(audit["days"].as_u64() >= Some(1) && audit["unchecked_days"] == json!([]), "{audit}");
}

fn reports_say_the_same(month: &Month, rows: &[Value], period: &str) {
    let sum = |report: &Value, part: &str| {
        let lines = report.as_array().unwrap().iter().flat_map(|day| day[part].as_array().unwrap());
        lines.map(|line| nanos(&line["total_spend"])).fold(Nanos::ZERO, |a, b| a + b)
    };
    let by_team = month.get(&format!("/global/spend/report?{period}"));
    assert_eq!(sum(&by_team, "teams"), month.billed());
    let by_customer = month.get(&format!("/global/spend/report?{period}&group_by=customer"));
    assert_eq!(sum(&by_customer, "customers"), month.billed());
    let of_both = month.get(&format!("/global/spend/report?{period}&team_id=red&customer_id=reader-0"));
    let expected = rows.iter().filter(|row| row["team_id"] == "red" && row["end_user"] == "reader-0");
    let expected = expected.map(|row| nanos(&row["spend"])).fold(Nanos::ZERO, |a, b| a + b);
    assert!(expected > Nanos::ZERO);
    assert_eq!(sum(&of_both, "teams_customers"), expected);
    let by_key = month.get(&format!("/global/spend/report?{period}&group_by=api_key"));
    assert_eq!(listed(&by_key, "api_key", "total_cost"), by(rows, |row| text(&row["api_key"])));
    // LiteLLM's period ends where its last day begins.
    assert_eq!(month.get(&format!("/spend/logs?{period}&summarize=true")), json!([]));
    let (start, _) = period.split_once('&').unwrap();
    let summed = month.get(&format!("/spend/logs?{start}&end_date=2030-01-01"));
    let day = &summed[0];
    assert_eq!(nanos(&day["spend"]), month.billed(), "{day}");
    let models = by(rows, |row| text(&row["model"]));
    let told = day["models"].as_object().unwrap().iter();
    assert_eq!(told.map(|(name, spend)| (name.clone(), nanos(spend))).collect::<BTreeMap<_, _>>(), models);
    let hash = text(&rows[0]["api_key"]).remove(0);
    assert_eq!(nanos(&day[&hash]), by(rows, |row| text(&row["api_key"]))[&hash]);
    let page = month.get(&format!("/spend/logs/v2?{period}&page_size=5&page=2&sort_by=spend"));
    assert_eq!((&page["total"], &page["total_pages"]), (&json!(14), &json!(3)), "{page}");
    let costs: Vec<Nanos> = page["data"].as_array().unwrap().iter().map(|row| nanos(&row["spend"])).collect();
    assert!(costs.len() == 5 && costs.is_sorted_by(|one, next| one >= next), "{costs:?}");
    let failures = month.get(&format!("/spend/logs/v2?{period}&status_filter=failure"));
    assert_eq!(failures["total"], 1, "{failures}");
}

fn activities_say_the_same(month: &Month, rows: &[Value], period: &str) {
    let unassigned = |row: &Value, field: &str| match row[field].as_str() {
        Some(id) if !id.is_empty() => vec![id.to_owned()],
        _ => vec!["Unassigned".to_owned()],
    };
    for (route, field) in [("user", "user"), ("team", "team_id"), ("customer", "end_user")] {
        for form in ["", "/aggregated"] {
            let activity = month.get(&format!("/{route}/daily/activity{form}?{period}&page_size=1000"));
            assert_eq!(nanos(&activity["metadata"]["total_spend"]), month.billed(), "{route}{form}");
            assert_eq!(activity["metadata"]["total_api_requests"], 14);
            assert_eq!(activity["metadata"]["total_failed_requests"], 1);
            assert_eq!(parts(&activity, "entities"), by(rows, |row| unassigned(row, field)));
            assert_eq!(parts(&activity, "models"), by(rows, |row| text(&row["model"])));
            assert_eq!(parts(&activity, "model_groups"), by(rows, |row| text(&row["model_group"])));
            assert_eq!(parts(&activity, "providers"), by(rows, |row| text(&row["custom_llm_provider"])));
            assert_eq!(parts(&activity, "api_keys"), by(rows, |row| text(&row["api_key"])));
        }
    }
    // Small pages sum to the same.
    let page = |page: u64| month.get(&format!("/team/daily/activity?{period}&page_size=2&page={page}"));
    let pages = page(1)["metadata"]["total_pages"].as_u64().unwrap();
    let sum = (1..=pages).map(|number| nanos(&page(number)["metadata"]["total_spend"]));
    assert_eq!(sum.fold(Nanos::ZERO, |a, b| a + b), month.billed());
    assert_eq!(page(pages)["metadata"]["has_more"], false);
    let red = month.get(&format!("/team/daily/activity?{period}&team_ids=red"));
    let entity = &red["results"][0]["breakdown"]["entities"]["red"];
    assert_eq!(entity["metadata"]["team_alias"], "Team red", "{red}");
    let not_red = month.get(&format!("/team/daily/activity?{period}&exclude_team_ids=red"));
    let both = nanos(&red["metadata"]["total_spend"]) + nanos(&not_red["metadata"]["total_spend"]);
    assert_eq!(both, month.billed());
    let ci = month.get(&format!("/tag/daily/activity?{period}&tags=ci"));
    let of_ci = rows.iter().filter(|row| row["request_tags"].to_string().contains("\"ci\""));
    let of_ci = of_ci.map(|row| nanos(&row["spend"])).fold(Nanos::ZERO, |a, b| a + b);
    assert_eq!(nanos(&ci["metadata"]["total_spend"]), of_ci);
}

#[test]
fn all_reads_agree_with_ledger_and_bills_on_sqlite() {
    on_one_day(|| {
        all_say_the_same(&Month::with(""));
    });
}

#[test]
fn all_reads_agree_with_ledger_and_bills_on_postgresql() {
    on_one_day(|| {
        let database = Postgres::database();
        all_say_the_same(&Month::with(&format!(
            "general_settings: {{database_url: \"{}\"}}\n",
            database.url()
        )));
    });
}

#[test]
fn each_sees_the_spend_that_is_theirs() {
    on_one_day(|| {
        let month = Month::with("");
        let (rows, period) = (month.house.rows(), month.period());
        let of_ada = by(&rows, |row| text(&row["user"]))["ada"];
        // Two keys of one user see both keys' spend, and nobody else's.
        for number in [0, 2] {
            let activity = month.key(number).get(&format!("/user/daily/activity?{period}")).answered();
            assert_eq!(nanos(&activity["metadata"]["total_spend"]), of_ada);
            let days = month.key(number).get("/global/spend/logs").answered();
            assert_eq!(nanos(&days[0]["spend"]), of_ada, "{days}");
            let users = month.key(number).get("/spend/users").answered();
            assert_eq!(users.as_array().unwrap().len(), 1, "{users}");
            assert_eq!(users[0]["user_id"], "ada");
            let keys = month.key(number).get("/spend/keys").answered();
            assert_eq!(keys.as_array().unwrap().len(), 2, "{keys}");
        }
        month.key(0).get(&format!("/user/daily/activity?{period}&user_id=ben")).refused(403);
        month.key(0).get("/spend/users?user_id=ben").refused(403);
        month.key(0).get(&format!("/team/daily/activity?{period}&team_ids=blue")).refused(403);
        month.key(0).get("/global/spend").refused(403);
        month.key(0).get(&format!("/customer/daily/activity?{period}")).refused(403);
        month.key(0).post("/ledger/reprice", &json!({})).refused(403);
        month.key(0).post("/ledger/rebuild-daily", &json!({})).refused(403);
        // Whoever looks after a team sees all of it.
        let ben = month.house.admin(
            "/team/member_add",
            json!({"team_id": "red", "member": {"user_id": "ben", "role": "admin"}}),
        );
        ben.answered();
        let of_red = by(&rows, |row| text(&row["team_id"]))["red"];
        let red = month.key(1).get(&format!("/team/daily/activity?{period}&team_ids=red")).answered();
        assert_eq!(nanos(&red["metadata"]["total_spend"]), of_red);
        let keys = month.get("/spend/keys");
        let spends: Vec<Nanos> = keys.as_array().unwrap().iter().map(|key| nanos(&key["spend"])).collect();
        assert!(spends.len() == 3 && spends.is_sorted_by(|one, next| one >= next), "{spends:?}");
    });
}

#[test]
fn an_answer_is_reckoned_as_it_was_booked() {
    on_one_day(|| {
        let fake = FakeProvider::start();
        fake.price_cached(250_000);
        let prices = "input_cost_per_token: 0.000001, output_cost_per_token: 0.000002, cache_read_input_token_cost: 0.00000025";
        let house = House::with(&format!("model_list:\n{}", crate::harness::model("m", &fake, prices)));
        let key = house.key(json!({}));
        let usage = UsageReport::Detailed { cached: 60, reasoning: 30, audio: 0 };
        fake.set_default(Script::default().tokens(5).usage(usage));
        let answer = key.chat(&"x".repeat(400));
        let told =
            key.post("/spend/calculate", &json!({"completion_response": answer.answered()})).answered();
        let booked = house.await_rows(1).remove(0);
        assert_eq!(told["cost"], booked["spend"], "{told}");
        assert_eq!(told["arithmetic"], booked["metadata"]["arithmetic"]);
        assert_eq!(told["price_version"], "config");
        assert_eq!(nanos(&told["cost"]), fake.bill().total);
        // A prompt before it is sent: its tokens at the price of input.
        let prompt =
            json!({"model": "m", "messages": [{"role": "user", "content": "Hello there, how are you?"}]});
        // An unoptimised house on a busy machine may need longer than one answer to unpack its tokenizer.
        let asked = Request::post("/spend/calculate", &prompt).bearer(key.secret());
        let told = eventually("the prompt is counted", || http::send(house.address(), &asked).ok()).json();
        let tokens = told["arithmetic"][0][1].as_i64().unwrap();
        assert!(tokens > 5 && nanos(&told["cost"]) == Nanos::new(tokens * 1_000), "{told}");
        // The catalogue's models are known without a deployment.
        let known = json!({"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Hello"}]});
        assert!(nanos(&key.post("/spend/calculate", &known).answered()["cost"]) > Nanos::ZERO);
        key.post("/spend/calculate", &json!({"model": "m"})).refused_saying(400, "messages");
        key.post("/spend/calculate", &json!({})).refused_saying(400, "completion_response");
        let nobody = json!({"model": "nobody/knows", "messages": []});
        key.post("/spend/calculate", &nobody).refused_saying(400, "no price");
    });
}

#[test]
fn rows_are_reckoned_by_other_prices_and_stay_as_they_are() {
    on_one_day(|| {
        let month = Month::with("");
        let before = month.house.ledger_sum();
        let same = month.house.admin("/ledger/reprice", json!({})).answered();
        assert_eq!(
            (&same["dry_run"], &same["rows"], &same["changed"]),
            (&json!(true), &json!(14), &json!(0)),
            "{same}"
        );
        assert_eq!((nanos(&same["old_spend"]), nanos(&same["new_spend"])), (before, before));

        let config = format!(
            "model_list:\n{}{}",
            deployment(
                "m",
                "openai/m-upstream",
                &month.fakes[0].base_url(),
                "input_cost_per_token: 0.000002, output_cost_per_token: 0.000004"
            ),
            deployment("n", "groq/n-upstream", &month.fakes[1].base_url(), DEARER),
        );
        month.house.rewrite_config(&config);
        month.house.says("a new config is in force");
        let rows = month.house.rows();
        let of_m = by(&rows, |row| text(&row["model"]))["m-upstream"];
        let twice = month.house.admin("/ledger/reprice", json!({})).answered();
        assert_eq!(nanos(&twice["new_spend"]) - nanos(&twice["old_spend"]), of_m, "{twice}");
        let largest = twice["largest"].as_array().unwrap();
        assert_eq!(Some(largest.len() as u64), twice["changed"].as_u64());
        assert!(
            largest.iter().all(|row| row["model"] == "m-upstream" && row["new_price_version"] == "config")
        );
        // Pages sum to the whole.
        let (mut cursor, mut seen, mut sum) = (Value::Null, 0, Nanos::ZERO);
        loop {
            let page =
                month.house.admin("/ledger/reprice", json!({"page_size": 5, "cursor": cursor})).answered();
            seen += page["rows"].as_u64().unwrap();
            sum += nanos(&page["new_spend"]);
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!((seen, sum), (14, nanos(&twice["new_spend"])));
        let only_n = month.house.admin("/ledger/reprice", json!({"model": "n"})).answered();
        assert_eq!((&only_n["rows"], &only_n["changed"]), (&json!(4), &json!(0)), "{only_n}");
        assert_eq!(month.house.ledger_sum(), before);
        month.house.admin("/ledger/reprice", json!({"cursor": "x"})).refused(400);
    });
}

#[test]
fn budgets_of_providers_say_where_they_stand() {
    on_one_day(|| {
        let month = Month::with("");
        let groq = eventually("the provider's account is written", || {
            let told = month.get("/provider/budgets");
            let groq = told["providers"]["groq"].clone();
            (nanos(&groq["spend"]) == month.fakes[1].bill().total).then_some(groq)
        });
        assert_eq!(nanos(&groq["budget_limit"]), Nanos::dollars(5));
        assert_eq!(groq["time_period"], "1d");
        assert!(groq["budget_reset_at"].as_str().is_some_and(|at| at.ends_with("00:00:00Z")), "{groq}");
        let rebuilt = month.house.admin("/ledger/rebuild-daily", json!({})).answered();
        assert!(rebuilt["rows"].as_u64() >= Some(8), "{rebuilt}");
        assert_eq!(month.get("/ledger/verify")["wrong_days"], json!([]));
    });
}

#[test]
fn without_rows_days_are_summed_and_said_to_be_unchecked() {
    on_one_day(|| {
        let fake = FakeProvider::start();
        let house = House::with(&format!(
            "model_list:\n{}general_settings: {{disable_spend_logs: true}}\n",
            priced("m", &fake, "")
        ));
        let key = house.key(json!({}));
        for _ in 0..3 {
            key.chat("eight by").answered();
        }
        eventually("the days are written", || {
            let spend = nanos(&house.master().get("/global/spend").answered()["spend"]);
            (spend == fake.bill().total && spend > Nanos::ZERO).then_some(())
        });
        assert_eq!(house.rows(), Vec::<Value>::new());
        let audit = house.master().get("/ledger/verify").answered();
        assert_eq!(audit["unchecked_days"].as_array().map(Vec::len), Some(1), "{audit}");
        assert_eq!(audit["wrong_days"], json!([]));
    });
}
