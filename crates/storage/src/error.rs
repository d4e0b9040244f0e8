//! Why the store refused.

use weighhouse_types::{Error, Kind};

/// Why the store refused.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached now, or gave up; trying again may help.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// Something like it exists already.
    #[error("{0} exists already")]
    Conflict(&'static str),
    /// The database is not one that this version can use.
    #[error("the database's schema: {0}")]
    Schema(String),
    /// What is kept cannot be read back.
    #[error("the store holds something unreadable: {0}")]
    Corrupt(String),
    /// The address names no store.
    #[error("{0}")]
    Location(String),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Unavailable(_) => Kind::Overloaded,
            StoreError::Conflict(_) => Kind::Conflict,
            StoreError::Schema(_) | StoreError::Corrupt(_) | StoreError::Location(_) => Kind::Internal,
        };
        Self::new(kind, error.to_string()).source(error)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        match &error {
            rusqlite::Error::SqliteFailure(failure, words)
                if matches!(
                    failure.extended_code,
                    SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY
                ) =>
            {
                Self::Conflict(taken(words.as_deref().unwrap_or_default()))
            }
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(refusal) if *refusal.code() == tokio_postgres::error::SqlState::UNIQUE_VIOLATION => {
                Self::Conflict(taken(refusal.constraint().unwrap_or_default()))
            }
            Some(refusal) => Self::Unavailable(format!("{}: {}", refusal.code().code(), refusal.message())),
            None => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<deadpool_postgres::PoolError> for StoreError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => error.into(),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// What of a key is taken, by the constraint that said so.
fn taken(constraint: &str) -> &'static str {
    if constraint.contains("alias") { "a key with that alias" } else { "that key" }
}
