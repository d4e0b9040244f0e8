//! Rows that PostgreSQL never takes, set aside.

use deadpool_postgres::Transaction;

use super::PostgresStore;
use super::ledger::{Writing, charge};
use crate::error::StoreError;
use crate::records::LedgerRow;
use crate::refused::{REFUSED_COLUMNS, RefusedColumns, Written, check, halves, reason_of};

impl PostgresStore {
    /// Writes rows in one transaction; those that are refused for their own sake are set aside in it.
    pub(super) async fn write(
        &self,
        rows: &[Box<LedgerRow>],
        writing: Writing,
    ) -> Result<Written, StoreError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        match written(&transaction, rows, writing).await {
            Ok(appended) => {
                transaction.commit().await?;
                return Ok(Written { appended, refused: Vec::new() });
            }
            Err(error) => drop(reason_of(error)?),
        }
        transaction.rollback().await?;
        let mut transaction = client.transaction().await?;
        let apart = write_apart(&mut transaction, rows, writing).await?;
        transaction.commit().await?;
        Ok(apart)
    }
}

async fn written(
    transaction: &Transaction<'_>,
    rows: &[Box<LedgerRow>],
    writing: Writing,
) -> Result<u64, StoreError> {
    check(rows)?;
    writing.write(transaction, rows).await
}

/// Halves what is refused until one row stands alone.
async fn write_apart(
    transaction: &mut Transaction<'_>,
    rows: &[Box<LedgerRow>],
    writing: Writing,
) -> Result<Written, StoreError> {
    let (mut apart, mut parts) = (Written::default(), vec![rows]);
    while let Some(part) = parts.pop() {
        let savepoint = transaction.savepoint("part").await?;
        let reason = match written(&savepoint, part, writing).await {
            Ok(appended) => {
                savepoint.commit().await?;
                apart.appended += appended;
                continue;
            }
            Err(error) => reason_of(error)?,
        };
        savepoint.rollback().await?;
        match (halves(part), part) {
            (Some((earlier, later)), _) => parts.extend([later, earlier]),
            (None, [_]) => apart.refused.extend(set_aside(transaction, part, &reason).await?),
            (None, _) => {}
        }
    }
    Ok(apart)
}

/// Keeps a row and charges its key and accounts, where that is not what is refused. None: it was there.
async fn set_aside(
    transaction: &mut Transaction<'_>,
    alone: &[Box<LedgerRow>],
    reason: &str,
) -> Result<Option<crate::refused::RefusedRow>, StoreError> {
    let Some(row) = alone.first() else { return Ok(None) };
    let mut kept = RefusedColumns::of(row, reason);
    let savepoint = transaction.savepoint("aside").await?;
    match keep(&savepoint, alone, &kept).await {
        Ok(is_new) => {
            savepoint.commit().await?;
            return Ok(is_new.then_some(kept.told));
        }
        Err(error) => drop(reason_of(error)?),
    }
    savepoint.rollback().await?;
    kept.told.is_charged = false;
    Ok(keep(transaction, alone, &kept).await?.then_some(kept.told))
}

async fn keep(
    transaction: &Transaction<'_>,
    alone: &[Box<LedgerRow>],
    kept: &RefusedColumns,
) -> Result<bool, StoreError> {
    let statement = format!(
        "INSERT INTO ledger_refused ({REFUSED_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT DO NOTHING"
    );
    let told = &kept.told;
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 9] = [
        &told.attempt.call.as_bytes().as_slice(),
        &i64::from(told.attempt.number),
        &told.started_ms,
        &kept.key_id,
        &told.cost.get(),
        &kept.accounts,
        &i64::from(told.is_charged),
        &told.reason,
        &kept.record,
    ];
    let is_new = transaction.execute(&statement, &values).await? == 1;
    if is_new && told.is_charged {
        charge(transaction, alone).await?;
    }
    Ok(is_new)
}
