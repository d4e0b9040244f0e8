//! The daily tables say what the ledger says, whatever happens to them.

use weighhouse_storage::{
    DAY_MS, DailyDimension, DailyQuery, DailyRow, DailySums, KeysOf, LedgerRow, Location, Outcome, Page,
    Store,
};
use weighhouse_testkit::services::Postgres;
use weighhouse_types::{KeyId, Nanos, Usage, UsageClass};

use crate::place::Place;
use crate::records::{batch, kept_key, row};
use crate::{block_on, open};

const PAGE: Page = Page { offset: 0, limit: 1_000 };

/// Attempts of three days, two keys, two teams, three models, with and without tags.
async fn spent(store: &Store) -> Vec<LedgerRow> {
    let payers = [kept_key(store, "one").await, kept_key(store, "two").await];
    let rows: Vec<LedgerRow> = (0..60_u64)
        .map(|number| {
            let day = number % 3;
            let at = day * DAY_MS.unsigned_abs() + number;
            let usage = Usage::default()
                .with(UsageClass::InputText, number)
                .with(UsageClass::InputCacheRead, 7)
                .with(UsageClass::InputCacheWrite1h, 2)
                .with(UsageClass::OutputReasoning, 1);
            let outcomes = [Outcome::Success, Outcome::Failure, Outcome::Aborted];
            let tags: Vec<String> = match number % 4 {
                0 => vec![],
                1 => vec!["red".into()],
                // Twice on one attempt counts once.
                2 => vec!["red".into(), "blue".into(), "red".into()],
                _ => vec!["quo\"te \u{1f600}".into()],
            };
            LedgerRow {
                team_id: (number % 5 == 0).then(|| "team-a".into()),
                end_user: (number % 2 == 0).then(|| format!("customer-{}", number % 6).into()),
                upstream_model: format!("model-{}", number % 3).into(),
                outcome: outcomes[(number / 7) as usize % 3],
                total_us: 5_999,
                usage,
                tags: tags.into(),
                ..row(payers.get(number as usize % 3), at, 0, 10 + number as i64)
            }
        })
        .collect();
    store.append_ledger(&batch(&rows)).await.unwrap();
    rows
}

async fn sum_of(store: &Store, query: DailyQuery) -> DailySums {
    let rows = store.daily(&query, PAGE).await.unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0].sums
}

async fn is_right(store: &Store) {
    let audit = store.audit().await.unwrap();
    assert_eq!(audit.wrong_days, [], "{audit:?}");
}

#[test]
fn sums_of_days_are_what_the_rows_sum_to() {
    for place in Place::both() {
        block_on(async {
            let store = open(&place.location()).await;
            let rows = spent(&store).await;
            let of = |wanted: &dyn Fn(&LedgerRow) -> bool| {
                let mut sums = DailySums::default();
                rows.iter().filter(|row| wanted(row)).for_each(|row| sums.add(&DailySums::of(row)));
                sums
            };
            assert_eq!(sum_of(&store, DailyQuery::default()).await, of(&|_| true));
            let by_day = DailyQuery {
                by: vec![DailyDimension::Day, DailyDimension::Team],
                from_day: Some(1),
                to_day: Some(1),
                only: vec![(DailyDimension::Model, vec!["model-0".into(), "model-1".into()])],
                ..DailyQuery::default()
            };
            let found = store.daily(&by_day, PAGE).await.unwrap();
            let expected = ["", "team-a"].map(|team| DailyRow {
                day: 1,
                team_id: team.into(),
                sums: of(&|row| {
                    row.started_ms / DAY_MS == 1
                        && row.team_id.as_deref().unwrap_or_default() == team
                        && *row.upstream_model != *"model-2"
                }),
                ..DailyRow::default()
            });
            assert_eq!(found, expected);
            assert_eq!(store.daily_count(&by_day).await.unwrap(), 2);

            let red = |row: &LedgerRow| row.tags.iter().any(|tag| tag == "red");
            let by_tag =
                DailyQuery { by: vec![DailyDimension::Tag], dearest_first: true, ..DailyQuery::default() };
            let tags = store.daily(&by_tag, PAGE).await.unwrap();
            assert_eq!(tags.iter().find(|row| row.tag == "red").unwrap().sums, of(&red));
            assert!(tags.is_sorted_by(|one, next| one.sums.spend >= next.sums.spend), "{tags:?}");
            assert_eq!(tags.len(), 3, "{tags:?}");
            let own = DailyQuery {
                of: Some(KeysOf {
                    itself: Some(KeyId::new("id-one")),
                    whole_teams: vec!["team-a".into()],
                    ..KeysOf::default()
                }),
                ..DailyQuery::default()
            };
            let is_own = |row: &LedgerRow| {
                row.team_id.is_some() || row.key_id.as_ref().is_some_and(|id| id.as_str() == "id-one")
            };
            assert_eq!(sum_of(&store, own).await, of(&is_own));
            is_right(&store).await;
            store.close().await.unwrap();
        });
    }
}

/// The schema as it was before there were sums of days.
const WITHOUT_DAYS: &str = "DROP VIEW IF EXISTS ledger_tag_facts; DROP VIEW IF EXISTS ledger_tags_by_day; \
     DROP VIEW IF EXISTS ledger_by_day; DROP VIEW ledger_facts; DROP TABLE daily_spend; DROP TABLE daily_tag_spend; \
     DROP TABLE days_without_rows; DROP TABLE ledger_refused; DROP INDEX IF EXISTS ledger_by_end_user; \
     CREATE INDEX ledger_by_end_user ON ledger (end_user, started_ms); DELETE FROM weighhouse_migrations WHERE number >= 4;";

#[test]
fn a_ledger_from_before_is_summed_when_the_store_opens() {
    for place in Place::both() {
        block_on(async {
            let store = open(&place.location()).await;
            spent(&store).await;
            let by_all = DailyQuery {
                by: vec![
                    DailyDimension::Day,
                    DailyDimension::KeyId,
                    DailyDimension::EndUser,
                    DailyDimension::Model,
                ],
                ..DailyQuery::default()
            };
            let before = store.daily(&by_all, PAGE).await.unwrap();
            store.close().await.unwrap();
            place.meddle(WITHOUT_DAYS).await;

            let store = open(&place.location()).await;
            assert_eq!(store.daily(&by_all, PAGE).await.unwrap(), before);
            is_right(&store).await;
            store.close().await.unwrap();
        });
    }
}

#[test]
fn what_went_wrong_is_named_and_reckoned_again() {
    for place in Place::both() {
        block_on(async {
            let store = open(&place.location()).await;
            spent(&store).await;
            let right = store.daily(&DailyQuery::default(), PAGE).await.unwrap();
            place
                .meddle(
                    "UPDATE daily_spend SET spend_nanos = spend_nanos + 5 WHERE day = 1 AND team_id = ''; \
                     UPDATE daily_spend SET cache_read_tokens = 0 WHERE day = 2; \
                     DELETE FROM daily_tag_spend WHERE tag = 'blue' AND day = 0;",
                )
                .await;
            let wrong = store.audit().await.unwrap().wrong_days;
            let named: Vec<(&str, i64)> = wrong.iter().map(|wrong| (wrong.table, wrong.day)).collect();
            assert_eq!(named, [("daily_spend", 1), ("daily_spend", 2), ("daily_tag_spend", 0)]);
            let too_much = wrong[0].said - wrong[0].ledger;
            assert_eq!(too_much, Nanos::new(5 * i64::try_from(wrong[0].rows).unwrap()), "{wrong:?}");
            // Only tokens are wrong here: the money is right, and the day is named all the same.
            assert!(wrong[1].rows > 0 && wrong[1].said == wrong[1].ledger, "{wrong:?}");
            assert!(wrong[2].said_requests == 0 && wrong[2].ledger_requests > 0, "{wrong:?}");

            assert!(store.rebuild_daily().await.unwrap() > 10);
            assert_eq!(store.daily(&DailyQuery::default(), PAGE).await.unwrap(), right);
            is_right(&store).await;
            store.close().await.unwrap();
        });
    }
}

/// A node of an older version may be writing when the first of a newer one starts.
#[test]
fn what_an_older_node_is_writing_meanwhile_is_summed_too() {
    let database = Postgres::database();
    let location = Location::parse(database.url()).unwrap();
    block_on(async {
        let store = open(&location).await;
        spent(&store).await;
        store.close().await.unwrap();
        Place::Postgres(database.clone()).meddle(WITHOUT_DAYS).await;

        let (older, connection) =
            tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        older.batch_execute("BEGIN; INSERT INTO ledger SELECT decode('ff', 'hex') || substring(call_id FROM 2), number, started_ms, key_id, key_hash, \
            user_id, team_id, end_user, operation, requested_model, model_group, deployment_id, provider, upstream_model, \
            api_base, outcome, http_status, response_id, stream, usage, usage_flags, raw_usage, cost_nanos, arithmetic, \
            price_version, queue_us, overhead_us, first_token_us, total_us, tags, accounts FROM ledger \
            WHERE started_ms < 10").await.unwrap();
        let opening = tokio::spawn(async move { Store::open(&location).await });
        // The newer node waits for the older one, or has not waited at all.
        let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = \
            (SELECT oid FROM pg_database WHERE datname = current_database())";
        loop {
            let waiting: i64 = older.query_one(waits, &[]).await.unwrap().get(0);
            if waiting > 0 || opening.is_finished() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        older.batch_execute("COMMIT").await.unwrap();
        let store = opening.await.unwrap().unwrap();
        drop(older);
        driver.await.unwrap().unwrap();
        is_right(&store).await;
        store.close().await.unwrap();
    });
}

/// A day in a transaction: what goes wrong with one leaves the others right, and locks nobody out for long.
#[test]
fn days_are_reckoned_again_one_by_one() {
    for place in Place::both() {
        block_on(async {
            let store = open(&place.location()).await;
            spent(&store).await;
            place.meddle("UPDATE daily_spend SET requests = requests + 1").await;
            place.meddle(&place.rule("daily_spend", "day", "2")).await;
            assert!(store.rebuild_daily().await.is_err(), "the last day is not taken");
            let wrong = store.audit().await.unwrap().wrong_days;
            let named: Vec<(&str, i64)> = wrong.iter().map(|wrong| (wrong.table, wrong.day)).collect();
            assert_eq!(named, [("daily_spend", 2)]);
            store.close().await.unwrap();
        });
    }
}

#[test]
fn days_without_rows_are_summed_and_said_to_be_unchecked() {
    for place in Place::both() {
        block_on(async {
            let store = open(&place.location()).await;
            let rows = spent(&store).await;
            let again: Vec<LedgerRow> =
                rows.iter().filter(|row| row.started_ms / DAY_MS == 2).cloned().collect();
            store.charge_keys(&batch(&again)).await.unwrap();
            let of_day = DailyQuery { from_day: Some(2), to_day: Some(2), ..DailyQuery::default() };
            let spend = again.iter().fold(Nanos::ZERO, |sum, row| sum + row.cost + row.cost);
            for _ in 0..2 {
                let sums = sum_of(&store, of_day.clone()).await;
                assert_eq!((sums.spend, sums.requests), (spend, 40));
                let audit = store.audit().await.unwrap();
                assert_eq!((audit.days, audit.unchecked_days.as_slice()), (3, [2].as_slice()));
                assert_eq!(audit.wrong_days, [], "{audit:?}");
                store.rebuild_daily().await.unwrap();
            }
            store.close().await.unwrap();
        });
    }
}

/// An index takes no text of any length, and a client may send one.
#[test]
fn long_texts_of_clients_stop_nothing() {
    for place in Place::both() {
        block_on(async {
            let store = open(&place.location()).await;
            let noise = |seed: u64, length: usize| -> String {
                let mut state = seed;
                let next = || {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    char::from_u32(0x1_0000 + (state >> 40) as u32 % 0x1_0000).unwrap_or('x')
                };
                std::iter::repeat_with(next).take(length).collect()
            };
            let rows = [
                LedgerRow {
                    // The server bounds this one.
                    end_user: Some("nul \0 end".into()),
                    upstream_model: noise(2, 3_000).into(),
                    tags: vec![noise(3, 9_000), noise(4, 1)].into(),
                    ..row(None, 5, 0, 3)
                },
                LedgerRow { tags: vec!["nul\0".into()].into(), ..row(None, 6, 0, 4) },
            ];
            assert_eq!(store.append_ledger(&batch(&rows)).await.unwrap(), 2);
            assert_eq!(store.append_ledger(&batch(&rows)).await.unwrap(), 0);
            is_right(&store).await;
            assert!(store.rebuild_daily().await.unwrap() == 5);
            is_right(&store).await;
            store.close().await.unwrap();
        });
    }
}
