//! A row that the database never takes holds up nothing, and no money of it is lost.

use weighhouse_storage::{DailyQuery, LedgerRow, Page};
use weighhouse_types::{AccountId, Nanos, Scope, ScopeKind, Usage, UsageClass, WindowId};

use crate::place::Place;
use crate::records::{batch, kept_key, now, row};
use crate::{block_on, open};

fn life_of(user: &str) -> AccountId {
    AccountId { scope: Scope::new(ScopeKind::User, user), window: WindowId::life() }
}

#[test]
fn a_row_that_is_never_taken_is_set_aside_and_those_beside_it_are_kept() {
    for place in Place::both() {
        block_on(async {
            let store = open(&place.location()).await;
            let payer = kept_key(&store, "payer").await;
            place.meddle(&place.rule("ledger", "upstream_model", "odd")).await;
            let mut rows: Vec<LedgerRow> = (0..9).map(|call| row(Some(&payer), call, 0, 100)).collect();
            rows[5].upstream_model = "odd".into();
            rows[5].end_user = Some("nul \0 and \u{1f600}".into());
            assert_eq!(store.append_ledger(&batch(&rows)).await.unwrap(), 9);

            let audit = store.audit().await.unwrap();
            assert_eq!((audit.rows, audit.refused_rows), (8, 1), "{audit:?}");
            assert_eq!((audit.total, audit.refused_total), (Nanos::new(800), Nanos::new(100)));
            assert_eq!((audit.wrong.as_slice(), audit.wrong_days.as_slice()), ([].as_slice(), [].as_slice()));
            let refused = &audit.refused[0];
            assert_eq!(
                (refused.attempt, refused.cost, refused.is_charged),
                (rows[5].attempt, Nanos::new(100), true)
            );
            assert!(refused.reason.contains("no") && refused.reason.contains("odd"), "{refused:?}");
            assert_eq!(now(&store, &payer).await.total_spend, Nanos::new(900), "its money is counted");
            let accounts = store.accounts(&[life_of("user-1").scope]).await.unwrap();
            assert_eq!(accounts, [(life_of("user-1"), Nanos::new(900))]);

            // A journal that is replayed tells it again, even to a database that would take it by now.
            assert_eq!(store.append_ledger(&batch(&rows)).await.unwrap(), 0);
            place.meddle(&place.without_rule("ledger")).await;
            assert_eq!(store.append_ledger(&batch(&rows)).await.unwrap(), 0);
            assert_eq!(now(&store, &payer).await.total_spend, Nanos::new(900));
            assert_eq!(store.refused_rows(), 1);
            store.close().await.unwrap();
            let again = open(&place.location()).await;
            assert_eq!(again.refused_rows(), 1, "whoever starts anew still tells of it");
            again.close().await.unwrap();
        });
    }
}

/// A few of them would sum to what no column holds, and then the day would take no row any more.
#[test]
fn units_and_costs_that_no_sum_holds_are_set_aside() {
    for place in Place::both() {
        block_on(async {
            let store = open(&place.location()).await;
            let payer = kept_key(&store, "payer").await;
            let huge = Usage::default().with(UsageClass::InputText, u64::MAX);
            let rows = [
                LedgerRow { usage: huge.clone(), ..row(Some(&payer), 1, 0, 7) },
                LedgerRow { usage: huge, ..row(Some(&payer), 2, 0, 7) },
                row(Some(&payer), 3, 0, i64::MAX),
                row(Some(&payer), 4, 0, 5),
            ];
            assert_eq!(store.append_ledger(&batch(&rows)).await.unwrap(), 4);
            let audit = store.audit().await.unwrap();
            assert_eq!((audit.rows, audit.refused_rows), (1, 3), "{audit:?}");
            assert_eq!(audit.wrong, [], "{audit:?}");
            // The latest first; what would burst an account is named and not added to it.
            let charged: Vec<bool> = audit.refused.iter().map(|refused| refused.is_charged).collect();
            assert_eq!(charged, [false, true, true]);
            assert_eq!(now(&store, &payer).await.total_spend, Nanos::new(19));
            let sums = store.daily(&DailyQuery::default(), Page { offset: 0, limit: 9 }).await.unwrap();
            assert_eq!((sums[0].sums.requests, sums[0].sums.spend), (1, Nanos::new(5)));
            store.close().await.unwrap();
        });
    }
}

#[test]
fn what_is_charged_without_rows_is_set_aside_alike() {
    for place in Place::both() {
        block_on(async {
            let store = open(&place.location()).await;
            let payer = kept_key(&store, "payer").await;
            place.meddle(&place.rule("daily_spend", "upstream_model", "odd")).await;
            let mut rows: Vec<LedgerRow> = (0..5).map(|call| row(Some(&payer), call, 0, 10)).collect();
            rows[2].upstream_model = "odd".into();
            store.charge_keys(&batch(&rows)).await.unwrap();
            assert_eq!(now(&store, &payer).await.total_spend, Nanos::new(50));
            let sums = store.daily(&DailyQuery::default(), Page { offset: 0, limit: 9 }).await.unwrap();
            assert_eq!((sums[0].sums.requests, sums[0].sums.spend), (4, Nanos::new(40)));
            assert_eq!(store.refused_rows(), 1);
            store.close().await.unwrap();
        });
    }
}

/// PostgreSQL takes no NUL, and no text of any length into an index.
#[test]
fn texts_that_postgresql_never_takes_hold_up_nothing() {
    for place in Place::both() {
        if !place.is_postgres() {
            continue;
        }
        block_on(async {
            let store = open(&place.location()).await;
            let noise: String =
                (0..9_000_u32).filter_map(|at| char::from_u32(0x4e00 + at * 7_919 % 20_000)).collect();
            let rows = [
                LedgerRow { user_id: Some("nul\0".into()), ..row(None, 1, 0, 3) },
                LedgerRow { accounts: [life_of(&noise)].into(), ..row(None, 2, 0, 4) },
                row(None, 3, 0, 5),
            ];
            assert_eq!(store.append_ledger(&batch(&rows)).await.unwrap(), 3);
            let audit = store.audit().await.unwrap();
            assert_eq!(
                (audit.rows, audit.refused_rows, audit.wrong.as_slice()),
                (1, 2, [].as_slice()),
                "{audit:?}"
            );
            let charged: Vec<bool> = audit.refused.iter().map(|refused| refused.is_charged).collect();
            assert_eq!(charged, [false, true], "an account that cannot be kept cannot be charged: {audit:?}");
            store.close().await.unwrap();
        });
    }
}
