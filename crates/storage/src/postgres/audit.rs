//! The books held against the ledger, in PostgreSQL.

use tokio_postgres::{IsolationLevel, Row};

use super::PostgresStore;
use crate::audit::{Audit, BookRow, DAYS, KEYS, UNCHECKED_DAYS, accounts, days};
use crate::daily::DailyTable;
use crate::error::StoreError;

const SHARES: &str = "SELECT account->>0 AS scope, account->>1 AS budget_window, sum(cost_nanos) AS nanos \
     FROM ledger, jsonb_array_elements(ledger.accounts::jsonb) AS account WHERE cost_nanos <> 0 GROUP BY 1, 2";

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
        for statement in [KEYS, accounts(SHARES).as_str()] {
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
        transaction.commit().await?;
        Ok(Audit::of(totals.get(0), totals.get(1), books).with_days(known, wrong_days, unchecked))
    }
}
