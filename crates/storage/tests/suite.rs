//! What a store must do, the same on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a store that does not answer has failed the test")]

mod records;

use weighhouse_storage::{
    Change, CustomerRecord, DailyQuery, EntityFilter, EntityKind, KeyFilter, KeyRecord, LedgerBatch,
    LedgerFilter, LedgerRow, Limits, Location, Page, Store, StoreError, TeamMember, TeamRecord, UserRecord,
    UserRole,
};
use weighhouse_testkit::services::Postgres;
use weighhouse_testkit::temp_dir::TempDir;
use weighhouse_types::{AccountId, KeyHash, KeyId, Nanos, Scope, ScopeKind, WindowId};

use records::{batch, both_books_agree, kept_key, key, row};

#[test]
fn sqlite_keeps_what_it_is_given() {
    let dir = TempDir::new("store");
    run(&Location::Sqlite(dir.path().join("test.db")));
}

#[test]
fn postgres_keeps_what_it_is_given() {
    run(&Location::parse(Postgres::database().url()).unwrap());
}

fn run(location: &Location) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(location).await.unwrap();
        keys_are_kept_changed_and_deleted(&store).await;
        a_key_gets_another_secret_and_stays_the_same(&store).await;
        what_others_set_meanwhile_stays(&store).await;
        accounts_are_charged_once_and_window_by_window(&store).await;
        teams_and_users_are_kept_changed_and_deleted(&store).await;
        the_ledger_is_appended_once(&store).await;
        concurrent_batches_lose_and_double_nothing(&store).await;
        rows_without_a_key_may_come_in_any_order(&store).await;
        odd_texts_are_kept_and_stop_nothing(&store).await;
        settings_are_set_once(&store).await;
        days_agree_with_the_ledger(&store).await;
        store.close().await.unwrap();
    });
}

/// The day on which attempts are charged without rows; it cannot be checked.
const WITHOUT_ROWS: i64 = 90;

fn on_a_day_of_their_own(rows: &[LedgerRow]) -> LedgerBatch {
    let moved = |row: &LedgerRow| LedgerRow {
        started_ms: row.started_ms + WITHOUT_ROWS * weighhouse_storage::DAY_MS,
        ..row.clone()
    };
    batch(&rows.iter().map(moved).collect::<Vec<_>>())
}

async fn keys_are_kept_changed_and_deleted(store: &Store) {
    let mut changes = store.changes();
    let first = key("first");
    store.insert_key(&first).await.unwrap();
    assert_eq!(store.key_by_hash(&first.hash).await.unwrap().as_ref(), Some(&first));
    assert_eq!(changes.recv().await.unwrap(), Change::Key(first.hash.clone()));
    let same_alias = KeyRecord { id: KeyId::new("other"), hash: KeyHash::new("other"), ..first.clone() };
    let refused = store.insert_key(&same_alias).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(what) if what.contains("alias")), "{refused}");

    let changed = KeyRecord {
        key_alias: Some("renamed".into()),
        blocked: true,
        limits: Limits::default(),
        total_spend: Nanos::dollars(99),
        ..first.clone()
    };
    assert!(store.update_key(&first, &changed).await.unwrap());
    let kept = store.key_by_alias("renamed").await.unwrap().unwrap();
    assert_eq!(kept, KeyRecord { total_spend: Nanos::ZERO, ..changed });

    for name in ["second", "third"] {
        store.insert_key(&KeyRecord { user_id: None, ..key(name) }).await.unwrap();
    }
    let of_user = KeyFilter { user_id: Some("user-1".into()), ..KeyFilter::default() };
    let (found, total) = store.list_keys(&of_user, Page { offset: 0, limit: 10 }).await.unwrap();
    assert_eq!((found.len(), total), (1, 1));
    let (page, total) = store.list_keys(&KeyFilter::default(), Page { offset: 2, limit: 2 }).await.unwrap();
    assert_eq!((page.len(), total), (1, 3));

    let gone = [KeyHash::new("hash-third"), KeyHash::new("nobody")];
    assert_eq!(store.delete_keys(&gone).await.unwrap(), [KeyHash::new("hash-third")]);
    assert_eq!(store.key_by_hash(&gone[0]).await.unwrap(), None);
    assert!(!store.update_key(&key("third"), &key("third")).await.unwrap());
}

async fn a_key_gets_another_secret_and_stays_the_same(store: &Store) {
    let old = key("rotating");
    store.insert_key(&old).await.unwrap();
    store.append_ledger(&batch(&[row(Some(&old), 10, 0, 70)])).await.unwrap();
    let new_hash = KeyHash::new("hash-new");
    assert!(store.replace_key_hash(&old, &new_hash, "sk-...wxyz", 5).await.unwrap());
    assert_eq!(store.key_by_hash(&old.hash).await.unwrap(), None);
    let rotated = store.key_by_hash(&new_hash).await.unwrap().unwrap();
    assert_eq!(
        (rotated.id, rotated.total_spend, rotated.key_name.as_str()),
        (old.id, Nanos::new(70), "sk-...wxyz")
    );
}

async fn what_others_set_meanwhile_stays(store: &Store) {
    let seen = kept_key(store, "raced").await;
    let blocked = KeyRecord { blocked: true, ..seen.clone() };
    assert!(store.update_key(&seen, &blocked).await.unwrap());
    // Whoever gives it a new secret has read it before it was blocked.
    let fresh = KeyHash::new("hash-raced-2");
    assert!(store.replace_key_hash(&seen, &fresh, "sk-...2222", 7).await.unwrap());
    let rotated = store.key_by_hash(&fresh).await.unwrap().unwrap();
    assert_eq!((rotated.blocked, rotated.updated_ms), (true, 7));

    // And whoever changes it has read it before it got the new secret: those who know it by that are told.
    let mut changes = store.changes();
    let faster = Limits { rpm_limit: Some(77), ..Limits::default() };
    let changed = KeyRecord { limits: faster.clone(), ..blocked.clone() };
    assert!(!store.update_key(&seen, &changed).await.unwrap(), "the block would be undone");
    assert!(store.update_key(&blocked, &changed).await.unwrap());
    assert_eq!(changes.recv().await.unwrap(), Change::Key(fresh.clone()));
    let changed = store.key_by_hash(&fresh).await.unwrap().unwrap();
    assert_eq!((changed.limits, changed.key_name.as_str(), changed.blocked), (faster, "sk-...2222", true));
    assert_eq!(store.key_by_hash(&seen.hash).await.unwrap(), None);
    assert!(!store.replace_key_hash(&key("nobody"), &fresh, "sk-...", 8).await.unwrap());
    let refused =
        store.replace_key_hash(&kept_key(store, "late").await, &fresh, "sk-...", 8).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
}

async fn accounts_are_charged_once_and_window_by_window(store: &Store) {
    let (team, tag) = (Scope::new(ScopeKind::Team, "charged"), Scope::new(ScopeKind::Tag, "charged"));
    let life = AccountId { scope: team.clone(), window: WindowId::life() };
    let today = AccountId { scope: team.clone(), window: WindowId::new("days:1", 1_000) };
    let tomorrow = AccountId { scope: team.clone(), window: WindowId::new("days:1", 2_000) };
    let of_tag = AccountId { scope: tag.clone(), window: WindowId::life() };
    let charged = |number: u64, nanos, accounts: &[&AccountId]| LedgerRow {
        accounts: accounts.iter().map(|account| (*account).clone()).collect(),
        ..row(None, 3_000 + number, 0, nanos)
    };
    let rows = [
        charged(0, 40, &[&life, &today, &of_tag]),
        charged(1, 2, &[&life, &today]),
        charged(2, 5, &[&life, &tomorrow]),
        charged(3, 0, &[&life]),
    ];
    for _ in 0..2 {
        store.append_ledger(&batch(&rows)).await.unwrap();
    }
    let expected = [
        (of_tag, Nanos::new(40)),
        (life.clone(), Nanos::new(47)),
        (today, Nanos::new(42)),
        (tomorrow, Nanos::new(5)),
    ];
    let mut found = store.accounts(&[team.clone(), tag]).await.unwrap();
    found.sort();
    assert_eq!(found, expected);
    let audit = store.audit().await.unwrap();
    assert_eq!(audit.wrong, [], "{audit:?}");
    assert!(audit.rows >= 4 && audit.books >= 4, "{audit:?}");
    // What is charged without a row is found.
    store.charge_keys(&on_a_day_of_their_own(&rows[..1])).await.unwrap();
    let wrong = store.audit().await.unwrap().wrong;
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    let of_life = wrong.iter().find(|wrong| wrong.book == "team:charged ").unwrap();
    assert_eq!((of_life.said, of_life.ledger), (Nanos::new(87), Nanos::new(47)));
    let found = store.accounts(&[team]).await.unwrap();
    assert!(found.contains(&(life, Nanos::new(87))), "{found:?}");
    assert_eq!(store.accounts(&[Scope::new(ScopeKind::Team, "nobody")]).await.unwrap(), []);
}

async fn teams_and_users_are_kept_changed_and_deleted(store: &Store) {
    let mut changes = store.changes();
    let team = TeamRecord {
        team_id: "payments".into(),
        team_alias: Some("Payments".into()),
        members: vec![TeamMember { user_id: Some("ada".into()), is_admin: true, ..TeamMember::default() }],
        limits: Limits { max_budget: Some(Nanos::dollars(9)), ..Limits::default() },
        created_ms: 5,
        updated_ms: 5,
        ..TeamRecord::default()
    };
    store.insert(&team).await.unwrap();
    assert_eq!(changes.recv().await.unwrap(), Change::Entity(EntityKind::Team, "payments".into()));
    assert!(matches!(store.insert(&team).await.unwrap_err(), StoreError::Conflict(_)));
    assert_eq!(store.find::<TeamRecord>("payments").await.unwrap(), Some(team.clone()));
    // Another kind may have the same id.
    let user =
        UserRecord { user_id: "payments".into(), user_role: UserRole::ProxyAdmin, ..UserRecord::default() };
    store.insert(&user).await.unwrap();
    assert_eq!(store.find::<UserRecord>("payments").await.unwrap(), Some(user));

    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let tag = format!("t{number}");
                store
                    .edit("payments", move |team: &mut TeamRecord| {
                        team.tags.push(tag);
                        true
                    })
                    .await
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().unwrap());
    }
    assert_eq!(store.find::<TeamRecord>("payments").await.unwrap().unwrap().tags.len(), 8);
    assert!(!store.edit("payments", |_: &mut TeamRecord| false).await.unwrap());
    assert!(!store.edit("nobody", |_: &mut TeamRecord| true).await.unwrap());

    let named = EntityFilter { name: Some("Payments".into()) };
    let page = Page { offset: 0, limit: 10 };
    let (found, total) = store.list::<TeamRecord>(&named, page).await.unwrap();
    assert_eq!((found.len(), total), (1, 1));
    assert_eq!(store.list::<CustomerRecord>(&EntityFilter::default(), page).await.unwrap().1, 0);
    assert!(store.delete::<TeamRecord>("payments").await.unwrap());
    assert!(!store.delete::<TeamRecord>("payments").await.unwrap());
    assert!(store.find::<UserRecord>("payments").await.unwrap().is_some());
}

async fn the_ledger_is_appended_once(store: &Store) {
    let payer = key("payer");
    store.insert_key(&payer).await.unwrap();
    let (rows_before, cost_before) = store.ledger_totals().await.unwrap();
    let rows = [row(Some(&payer), 1_000, 0, 5), row(Some(&payer), 1_000, 1, 7), row(None, 1_001, 0, 11)];
    assert_eq!(store.append_ledger(&batch(&rows)).await.unwrap(), 3);
    for _ in 0..3 {
        assert_eq!(store.append_ledger(&batch(&rows[1..])).await.unwrap(), 0);
    }
    assert_eq!(
        store
            .append_ledger(&batch(&[row(Some(&payer), 1_000, 0, 999), row(Some(&payer), 1_002, 0, 1)]))
            .await
            .unwrap(),
        1
    );
    let (rows_after, cost_after) = store.ledger_totals().await.unwrap();
    assert_eq!((rows_after - rows_before, cost_after - cost_before), (4, Nanos::new(24)));
    let charged = store.key_by_hash(&payer.hash).await.unwrap().unwrap();
    assert_eq!(charged.total_spend, Nanos::new(13));

    let of_key = LedgerFilter { key_hash: Some(payer.hash.clone()), limit: 10, ..LedgerFilter::default() };
    let read = store.ledger(&of_key).await.unwrap();
    assert_eq!(read, [row(Some(&payer), 1_002, 0, 1), rows[1].clone(), rows[0].clone()]);
    let one =
        LedgerFilter { request_id: Some("chatcmpl-1001-0".into()), limit: 10, ..LedgerFilter::default() };
    assert_eq!(store.ledger(&one).await.unwrap(), [rows[2].clone()]);
    let call = rows[0].attempt.call.to_string();
    let of_call = LedgerFilter { request_id: Some(call), limit: 10, ..LedgerFilter::default() };
    assert_eq!(store.ledger(&of_call).await.unwrap().len(), 2);
    // Some providers name their answers as we name our calls.
    let uuid = "018f3c1e-7b2a-7c3d-9e4f-0123456789ab";
    let named = LedgerRow { response_id: Some(uuid.into()), ..row(None, 40, 0, 0) };
    store.append_ledger(&batch(std::slice::from_ref(&named))).await.unwrap();
    let of_uuid = LedgerFilter { request_id: Some(uuid.into()), limit: 10, ..LedgerFilter::default() };
    assert_eq!(store.ledger(&of_uuid).await.unwrap(), [named]);
    let between =
        LedgerFilter { from_ms: Some(1_001), until_ms: Some(1_002), limit: 10, ..LedgerFilter::default() };
    assert_eq!(store.ledger(&between).await.unwrap().len(), 1);
    store.charge_keys(&on_a_day_of_their_own(&rows[..2])).await.unwrap();
    assert_eq!(store.key_by_hash(&payer.hash).await.unwrap().unwrap().total_spend, Nanos::new(25));
}

async fn concurrent_batches_lose_and_double_nothing(store: &Store) {
    let payers: Vec<KeyRecord> = (0..3).map(|number| key(&format!("many-{number}"))).collect();
    for payer in &payers {
        store.insert_key(payer).await.unwrap();
    }
    let rows: Vec<LedgerRow> = (0..120)
        .map(|number| row(payers.get(number % 3), 5_000 + number as u64, 0, 1 + number as i64))
        .collect();
    let (_, before) = store.ledger_totals().await.unwrap();
    let tasks: Vec<_> = (0..16_usize)
        .map(|task| {
            let store = store.clone();
            // Overlapping batches, each in another order.
            let mut mine: Vec<LedgerRow> = rows.iter().skip(task * 5).take(60).cloned().collect();
            if task % 2 == 0 {
                mine.reverse();
            }
            tokio::spawn(async move { store.append_ledger(&batch(&mine)).await })
        })
        .collect();
    let mut appended = 0;
    for task in tasks {
        appended += task.await.unwrap().unwrap();
    }
    assert_eq!(appended, 120);
    let (_, after) = store.ledger_totals().await.unwrap();
    assert_eq!(after - before, Nanos::new(7_260));
    both_books_agree(store, &payers).await;
}

/// The master key's rows hang on no key whose lock would bring writers into an order.
async fn rows_without_a_key_may_come_in_any_order(store: &Store) {
    let rows: Vec<LedgerRow> = (0..1_500).map(|number| row(None, 9_000 + number, 0, 1)).collect();
    let backwards: Vec<LedgerRow> = rows.iter().rev().cloned().collect();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (store, mine) = (store.clone(), batch(if task % 2 == 0 { &rows } else { &backwards }));
            tokio::spawn(async move { store.append_ledger(&mine).await })
        })
        .collect();
    let mut appended = 0;
    for task in tasks {
        appended += task.await.unwrap().unwrap();
    }
    assert_eq!(appended, 1_500);
}

/// Callers and providers may send what a database finds hard to keep.
async fn odd_texts_are_kept_and_stop_nothing(store: &Store) {
    let odd = LedgerRow {
        requested_model: "quo'te\\ \u{1f600} ; DROP TABLE ledger".into(),
        end_user: Some("nul \0 end".into()),
        raw_usage: Some("{\"a\":\"\\u0000\"}".into()),
        response_id: Some("odd \"one\"".into()),
        ..row(None, 30, 0, 1)
    };
    let beside = row(None, 31, 0, 1);
    assert_eq!(store.append_ledger(&batch(&[odd.clone(), beside])).await.unwrap(), 2);
    let of_it = LedgerFilter { request_id: Some("odd \"one\"".into()), limit: 2, ..LedgerFilter::default() };
    let read = store.ledger(&of_it).await.unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].requested_model, odd.requested_model);
    assert!(read[0].end_user.as_deref().is_some_and(|user| user.starts_with("nul ")));
}

/// After all of the above: batches out of order and twice, odd texts, several writers at once.
async fn days_agree_with_the_ledger(store: &Store) {
    let audit = store.audit().await.unwrap();
    assert_eq!(audit.wrong_days, []);
    // All of the above was on the first day, which is checked: what was charged without rows was not on it.
    assert_eq!((audit.days, audit.unchecked_days.as_slice()), (2, [WITHOUT_ROWS].as_slice()));
    let of_first = DailyQuery { to_day: Some(0), ..DailyQuery::default() };
    let first = store.daily(&of_first, Page { offset: 0, limit: 2 }).await.unwrap()[0].sums;
    assert_eq!((first.requests.unsigned_abs(), first.spend), (audit.rows, audit.total));
    let elsewhere = weighhouse_storage::DAY_MS * 40;
    let tasks: Vec<_> = (0..8_u64)
        .map(|task| {
            let (store, first) = (store.clone(), elsewhere.unsigned_abs() + task * 10);
            let mut mine: Vec<LedgerRow> = (first..first + 60).map(|call| row(None, call, 0, 3)).collect();
            if task % 2 == 0 {
                mine.reverse();
            }
            tokio::spawn(async move { store.append_ledger(&batch(&mine)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let of_day = DailyQuery { from_day: Some(40), to_day: Some(40), ..DailyQuery::default() };
    let sums = store.daily(&of_day, Page { offset: 0, limit: 2 }).await.unwrap();
    assert_eq!((sums[0].sums.requests, sums[0].sums.spend), (130, Nanos::new(390)));
    assert_eq!(store.audit().await.unwrap().wrong_days, []);
}

async fn settings_are_set_once(store: &Store) {
    assert_eq!(store.get_setting("name").await.unwrap(), None);
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.put_setting_if_absent("name", &number.to_string()).await })
        })
        .collect();
    let mut in_force = Vec::new();
    for task in tasks {
        in_force.push(task.await.unwrap().unwrap());
    }
    in_force.dedup();
    assert_eq!(in_force.len(), 1, "all see the one that was first");
    assert_eq!(store.get_setting("name").await.unwrap().as_deref(), in_force.first().map(String::as_str));
    store.ping().await.unwrap();
}
