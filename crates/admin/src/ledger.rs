//! The books held against the ledger, and the daily tables reckoned again from it.

use weighhouse_api::{Dollars, LedgerAudit, RebuiltDaily, WrongBook, WrongDay};
use weighhouse_auth::Everything;
use weighhouse_storage::{DailyDiscrepancy, Discrepancy};
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
    Ok(LedgerAudit {
        rows: audit.rows,
        total: Dollars(audit.total),
        books: audit.books,
        wrong: audit.wrong.into_iter().map(wrong).collect(),
        days: audit.days,
        wrong_days: audit.wrong_days.into_iter().map(wrong_day).collect(),
        unchecked_days: audit.unchecked_days.into_iter().map(date_of).collect(),
    })
}

/// The daily tables, reckoned again.
pub(crate) async fn rebuild_daily(admin: &Admin, by: Everything<'_>) -> Result<RebuiltDaily, Error> {
    let rows = admin.store.rebuild_daily().await?;
    tracing::info!(rows, by = %by.granted().caller()?.hash(), "the daily tables were reckoned again from the ledger");
    Ok(RebuiltDaily { rows })
}
