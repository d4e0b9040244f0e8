//! The book of record as this room needs it; the store keeps it, and simulations keep one that fails.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use weighhouse_storage::{LedgerBatch, Store, StoreError};
use weighhouse_types::{AccountId, Nanos, Scope};

/// What the book answers, in a moment.
pub type Answering<'book, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'book>>;

/// Where settled attempts lie for good. It is asked when a scope is first seen and written to in batches, never on
/// the way of a call.
pub trait BookOfRecord: fmt::Debug + Send + Sync {
    /// What was settled on every account of a scope.
    fn settled<'book>(&'book self, scope: &'book Scope) -> Answering<'book, Vec<(AccountId, Nanos)>>;

    /// Takes attempts that it does not have yet and charges their accounts, all or nothing; gives the number of
    /// those it took. Telling it the same again changes nothing.
    fn append<'book>(&'book self, rows: &'book LedgerBatch) -> Answering<'book, u64>;

    /// Charges accounts without keeping attempts. Not idempotent.
    fn charge<'book>(&'book self, rows: &'book LedgerBatch) -> Answering<'book, ()>;
}

impl BookOfRecord for Store {
    fn settled<'book>(&'book self, scope: &'book Scope) -> Answering<'book, Vec<(AccountId, Nanos)>> {
        Box::pin(self.accounts(std::slice::from_ref(scope)))
    }

    fn append<'book>(&'book self, rows: &'book LedgerBatch) -> Answering<'book, u64> {
        Box::pin(self.append_ledger(rows))
    }

    fn charge<'book>(&'book self, rows: &'book LedgerBatch) -> Answering<'book, ()> {
        Box::pin(self.charge_keys(rows))
    }
}
