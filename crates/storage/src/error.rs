//! Why the store refused.

use weighhouse_types::{Error, Kind};

/// Why the store refused.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached now, or gave up; trying again may help.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// It does not take what it was given, now or later: a value that no column holds, or one that breaks a rule.
    #[error("the database does not take this: {0}")]
    Refused(String),
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
            StoreError::Refused(_) => Kind::InvalidRequest,
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
            rusqlite::Error::SqliteFailure(failure, _) if is_refusal(failure.code) => {
                Self::Refused(error.to_string())
            }
            rusqlite::Error::ToSqlConversionFailure(_) => Self::Refused(error.to_string()),
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
            Some(refusal) => {
                let words = format!("{}: {}", refusal.code().code(), refusal.message());
                if is_refusing(refusal.code().code()) {
                    Self::Refused(words)
                } else {
                    Self::Unavailable(words)
                }
            }
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

/// What SQLite says of a value; whatever else it says may be over in a moment: busy, full, not to be read.
const fn is_refusal(code: rusqlite::ErrorCode) -> bool {
    use rusqlite::ErrorCode;
    matches!(code, ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch)
}

/// PostgreSQL's classes of a value: data exceptions, broken rules, limits of the program. Connections, deadlocks,
/// full disks, shutdowns and missing rights may all be over in a moment.
fn is_refusing(code: &str) -> bool {
    ["22", "23", "54"].iter().any(|class| code.starts_with(class))
}

/// What of a key is taken, by the constraint that said so.
fn taken(constraint: &str) -> &'static str {
    if constraint.contains("alias") { "a key with that alias" } else { "that key" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_over_in_a_moment_is_no_refusal() {
        for code in ["22021", "22P05", "22003", "23514", "54000"] {
            assert!(is_refusing(code), "{code}");
        }
        for code in ["08006", "40P01", "40001", "42501", "53100", "53300", "55P03", "57014", "57P01", "58030"]
        {
            assert!(!is_refusing(code), "{code}");
        }
        let sqlite =
            |code| StoreError::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        for code in [rusqlite::ffi::SQLITE_CONSTRAINT_CHECK, rusqlite::ffi::SQLITE_TOOBIG] {
            assert!(matches!(sqlite(code), StoreError::Refused(_)), "{code}");
        }
        for code in [rusqlite::ffi::SQLITE_BUSY, rusqlite::ffi::SQLITE_FULL, rusqlite::ffi::SQLITE_IOERR] {
            assert!(matches!(sqlite(code), StoreError::Unavailable(_)), "{code}");
        }
    }
}
