//! The books held against the ledger, in PostgreSQL.

use tokio_postgres::{IsolationLevel, Row};

use super::PostgresStore;
use crate::audit::{Audit, BookRow, CHARGED, DAYS, KEYS, UNCHECKED_DAYS, accounts, days};
use crate::daily::DailyTable;
use crate::error::StoreError;
use crate::refused::{LATEST_REFUSED, REFUSED_TOTALS, RefusedRow};

fn shares() -> String {
    format!(
        "SELECT account->>0 AS scope, account->>1 AS budget_window, sum(cost_nanos) AS nanos \
         FROM {CHARGED}, jsonb_array_elements(charged.accounts::jsonb) AS account GROUP BY 1, 2"
    )
}

impl PostgresStore {
    pub(crate) async fn audit(&self) -> Result<Audit, StoreError> {
        let mut client = self.client().await?;
        // One moment for all of it.
        let moment =
            client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let transaction = moment.start().await?;
        let totals = "SELECT count(*), coalesce(sum(cost_nanos), 0)::bigint FROM ledger";
        let totals = transaction.query_one(totals, &[]).await?;
        let mut books: Vec<BookRow> = Vec::new();
        for statement in [KEYS, accounts(&shares()).as_str()] {
            let rows = transaction.query(statement, &[]).await?;
            books.extend(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))));
        }
        let mut wrong_days = Vec::new();
        for table in DailyTable::ALL {
            let rows = transaction.query(days(table).as_str(), &[]).await?;
            let of_day = |row: &Row| (table, std::array::from_fn(|place| row.get(place)));
            wrong_days.extend(rows.iter().map(of_day));
        }
        let known = transaction.query_one(DAYS, &[]).await?.get(0);
        let unchecked = transaction.query(UNCHECKED_DAYS, &[]).await?;
        let unchecked = unchecked.iter().map(|row| row.get(0)).collect();
        let refused_totals = transaction.query_one(REFUSED_TOTALS, &[]).await?;
        let refused = transaction.query(LATEST_REFUSED, &[]).await?;
        let read = |row: &Row| {
            let columns = (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4), row.get(5));
            RefusedRow::read(columns)
        };
        let refused = refused.iter().map(read).collect::<Result<_, _>>()?;
        transaction.commit().await?;
        Ok(Audit::of(totals.get(0), totals.get(1), books)
            .with_days(known, wrong_days, unchecked)
            .with_refused(refused_totals.get(0), refused_totals.get(1), refused))
    }
}
