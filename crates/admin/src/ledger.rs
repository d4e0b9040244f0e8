//! The books held against the ledger, and the daily tables reckoned again from it.

use weighhouse_api::{Dollars, LedgerAudit, RebuiltDaily, RefusedAttempt, WrongBook, WrongDay};
use weighhouse_storage::{DAY_MS, DailyDiscrepancy, Discrepancy, RefusedRow};
use weighhouse_types::Error;

use crate::admin::Admin;
use crate::calendar::date_of;

/// The books held against the ledger.
pub(crate) async fn verify(admin: &Admin) -> Result<LedgerAudit, Error> {
    let audit = admin.store.audit().await?;
    let wrong = |wrong: Discrepancy| WrongBook {
        book: wrong.book,
        said: Dollars(wrong.said),
        ledger: Dollars(wrong.ledger),
    };
    let wrong_day = |wrong: DailyDiscrepancy| WrongDay {
        table: wrong.table.to_owned(),
        day: date_of(wrong.day),
        rows: wrong.rows,
        said: Dollars(wrong.said),
        ledger: Dollars(wrong.ledger),
        said_requests: wrong.said_requests,
        ledger_requests: wrong.ledger_requests,
    };
    let refused = |refused: RefusedRow| RefusedAttempt {
        attempt: refused.attempt.to_string(),
        day: date_of(refused.started_ms.div_euclid(DAY_MS)),
        cost: Dollars(refused.cost),
        is_charged: refused.is_charged,
        reason: refused.reason,
    };
    Ok(LedgerAudit {
        rows: audit.rows,
        total: Dollars(audit.total),
        books: audit.books,
        wrong: audit.wrong.into_iter().map(wrong).collect(),
        days: audit.days,
        wrong_days: audit.wrong_days.into_iter().map(wrong_day).collect(),
        unchecked_days: audit.unchecked_days.into_iter().map(date_of).collect(),
        refused_rows: audit.refused_rows,
        refused_total: Dollars(audit.refused_total),
        refused: audit.refused.into_iter().map(refused).collect(),
    })
}

/// The daily tables, reckoned again.
pub(crate) async fn rebuild_daily(admin: &Admin) -> Result<RebuiltDaily, Error> {
    let rows = admin.store.rebuild_daily().await?;
    tracing::info!(rows, "the daily tables were reckoned again from the ledger");
    Ok(RebuiltDaily { rows })
}
