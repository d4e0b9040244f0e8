//! The store: keys, ledger and settings, over embedded SQLite or PostgreSQL behind one type.
//!
//! The same suite of tests runs on both. This room never decides who may do what or what a call costs; it
//! keeps what it is given, and what it announces as changed has been committed.
//!
//! ```no_run
//! # async fn example() -> Result<(), weighhouse_storage::StoreError> {
//! use weighhouse_storage::{Location, Store};
//!
//! let store = Store::open(&Location::Sqlite("/var/lib/weighhouse/weighhouse.db".into())).await?;
//! let answered = store.ping().await;
//! # answered
//! # }
//! ```

mod audit;
mod columns;
mod daily;
mod daily_query;
mod entities;
mod entity_store;
mod error;
mod ledger_json;
mod limits;
mod location;
mod migrations;
mod narrowed;
mod postgres;
mod records;
mod refused;
mod sqlite;
mod store;

pub use audit::{Audit, DailyDiscrepancy, Discrepancy};
pub use daily::{DAY_MS, DailySums};
pub use daily_query::{DailyCondition, DailyDimension, DailyQuery, DailyRow};
pub use entities::{
    BudgetRecord, CustomerRecord, Entity, EntityFilter, EntityKind, TagRecord, TeamMember, TeamRecord,
    UserRecord, UserRole,
};
pub use error::StoreError;
pub use limits::{BudgetMode, Limits, ModelLimits, TemporaryIncrease, WindowBudget};
pub use location::Location;
pub use records::{
    Change, KeyFilter, KeyRecord, KeysOf, LedgerBatch, LedgerFilter, LedgerOrder, LedgerPlace, LedgerRow,
    Outcome, Page,
};
pub use refused::RefusedRow;
pub use store::Store;
