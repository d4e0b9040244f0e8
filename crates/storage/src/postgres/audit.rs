//! The books held against the ledger, in PostgreSQL: the server groups, and spills to its disk where it must; only
//! what is wrong comes here.

use deadpool_postgres::Transaction;
use tokio_postgres::{IsolationLevel, Row};

use super::PostgresStore;
use super::daily::next_day;
use crate::audit::{Audit, BOOKS, BookRow, DAYS, DayRow, UNCHECKED_DAYS};
use crate::daily::{DailyTable, SUMS, moments_of};
use crate::error::StoreError;
use crate::refused::{LATEST_REFUSED, REFUSED_TOTALS, RefusedRow};

/// Every key beside the sum of its rows, those that were set aside included, where they differ.
const WRONG_KEYS: &str = "SELECT * FROM (SELECT 'key:' || k.id, k.total_spend_nanos AS said, \
       (coalesce(l.nanos, 0) + coalesce(r.nanos, 0))::bigint AS ledger FROM virtual_keys k \
     LEFT JOIN (SELECT key_id, sum(cost_nanos) AS nanos FROM ledger WHERE key_id IS NOT NULL GROUP BY key_id) l \
       ON l.key_id = k.id \
     LEFT JOIN (SELECT key_id, sum(cost_nanos) AS nanos FROM ledger_refused WHERE is_charged = 1 GROUP BY key_id) r \
       ON r.key_id = k.id) AS books WHERE said <> ledger ORDER BY 1";

/// Every account beside the sum of what it was charged for, where they differ.
const WRONG_ACCOUNTS: &str = "SELECT * FROM (SELECT coalesce(a.scope, s.scope) || ' ' || \
       coalesce(a.budget_window, s.budget_window), coalesce(a.settled_nanos, 0)::bigint AS said, \
       coalesce(s.nanos, 0)::bigint AS ledger \
     FROM accounts a FULL OUTER JOIN (SELECT account->>0 AS scope, account->>1 AS budget_window, \
         sum(cost_nanos) AS nanos \
       FROM (SELECT cost_nanos, accounts FROM ledger WHERE cost_nanos <> 0 \
         UNION ALL SELECT cost_nanos, accounts FROM ledger_refused WHERE is_charged = 1 AND cost_nanos <> 0) AS charged, \
         jsonb_array_elements(charged.accounts::jsonb) AS account GROUP BY 1, 2) s \
       ON s.scope = a.scope AND s.budget_window = a.budget_window) AS books WHERE said <> ledger ORDER BY 1";

impl PostgresStore {
    pub(crate) async fn audit(&self) -> Result<Audit, StoreError> {
        let mut client = self.client().await?;
        // One moment for all of it.
        let moment =
            client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let transaction = moment.start().await?;
        let totals = "SELECT count(*), coalesce(sum(cost_nanos), 0)::bigint FROM ledger";
        let totals = transaction.query_one(totals, &[]).await?;
        let books = transaction.query_one(BOOKS, &[]).await?.get(0);
        let mut wrong: Vec<BookRow> = Vec::new();
        for statement in [WRONG_KEYS, WRONG_ACCOUNTS] {
            let rows = transaction.query(statement, &[]).await?;
            wrong.extend(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))));
        }
        let known = transaction.query_one(DAYS, &[]).await?.get(0);
        let unchecked = transaction.query(UNCHECKED_DAYS, &[]).await?;
        let unchecked: Vec<i64> = unchecked.iter().map(|row| row.get(0)).collect();
        let (mut wrong_days, mut day) = (Vec::new(), None);
        while let Some(next) = next_day(&transaction, day).await? {
            if unchecked.binary_search(&next).is_err() {
                wrong_days.extend(wrong_day(&transaction, next).await?);
            }
            day = Some(next);
        }
        let refused_totals = transaction.query_one(REFUSED_TOTALS, &[]).await?;
        let refused = transaction.query(LATEST_REFUSED, &[]).await?;
        let read = |row: &Row| {
            let columns = (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4), row.get(5));
            RefusedRow::read(columns)
        };
        let refused = refused.iter().map(read).collect::<Result<_, _>>()?;
        transaction.commit().await?;
        Ok(Audit::of(totals.get(0), totals.get(1), books, wrong)
            .with_days(known, wrong_days, unchecked)
            .with_refused(refused_totals.get(0), refused_totals.get(1), refused))
    }
}

/// A day of either table that says something else than the ledger.
async fn wrong_day(transaction: &Transaction<'_>, day: i64) -> Result<Vec<(DailyTable, DayRow)>, StoreError> {
    let (mut wrong, (from, until)) = (Vec::new(), moments_of(day));
    for table in DailyTable::ALL {
        let statement = transaction.prepare_cached(&differences(table)).await?;
        let row = transaction.query_one(&statement, &[&day, &from, &until]).await?;
        if row.get::<_, i64>(0) > 0 {
            wrong.push((table, [day, row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)]));
        }
    }
    Ok(wrong)
}

/// Rows of a day beside what the ledger sums to, where they differ in anything.
fn differences(table: DailyTable) -> String {
    let (facts, name, view, sums) = (table.facts(), table.name(), table.of_ledger(), SUMS.join(", "));
    let minus = SUMS.map(|sum| format!("-{sum}")).join(", ");
    let differ = SUMS.map(|sum| format!("sum({sum}) <> 0")).join(" OR ");
    let total = ["said", "ledger", "said_requests", "ledger_requests"]
        .map(|side| format!("coalesce(sum({side}), 0)::bigint"))
        .join(", ");
    format!(
        "SELECT count(*), {total} FROM (SELECT sum(said) AS said, sum(ledger) AS ledger, \
             sum(said_requests) AS said_requests, sum(ledger_requests) AS ledger_requests \
           FROM (SELECT {facts}, {sums}, spend_nanos AS said, 0 AS ledger, requests AS said_requests, \
               0 AS ledger_requests FROM {name} WHERE day = $1 \
             UNION ALL SELECT {facts}, {minus}, 0, spend_nanos, 0, requests FROM {view} \
               WHERE started_ms >= $2 AND started_ms < $3) AS sides \
           GROUP BY {facts} HAVING {differ}) AS wrong"
    )
}
