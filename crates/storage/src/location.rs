//! Where a store lives.

use std::fmt;
use std::path::PathBuf;

use crate::error::StoreError;

/// Where a store lives. Its debug form shows no password.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of the embedded database.
    Sqlite(PathBuf),
    /// A PostgreSQL server's address, with its credentials.
    Postgres(String),
}

impl Location {
    /// Reads a `DATABASE_URL`: `postgres://…`, `postgresql://…` or `sqlite://PATH`.
    ///
    /// # Errors
    /// Another kind of address; it is not repeated, because it may hold a password.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let (scheme, rest) = url.split_once("://").unwrap_or((url, ""));
        match scheme {
            "postgres" | "postgresql" => Ok(Self::Postgres(without_prisma(url))),
            "sqlite" | "file" if !rest.is_empty() => Ok(Self::Sqlite(rest.into())),
            _ => Err(StoreError::Location(
                "the database's address must begin with postgres:// or sqlite://".into(),
            )),
        }
    }
}

/// LiteLLM's addresses carry parameters for Prisma, which a PostgreSQL driver refuses.
fn without_prisma(url: &str) -> String {
    const OF_PRISMA: &[&str] = &["connection_limit", "pool_timeout", "schema", "pgbouncer", "socket_timeout"];
    let Some((address, query)) = url.split_once('?') else { return url.to_owned() };
    let is_kept = |pair: &&str| !OF_PRISMA.contains(&pair.split('=').next().unwrap_or_default());
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    if kept.is_empty() { address.to_owned() } else { format!("{address}?{}", kept.join("&")) }
}

impl fmt::Debug for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(out, "sqlite://{}", path.display()),
            Self::Postgres(url) => {
                // Credentials may stand in the query too, and a password may hold an @.
                let address = url.split('?').next().unwrap_or_default();
                let host = address.rsplit_once('@').map_or("…", |(_, host)| host);
                write!(out, "postgres://…@{host}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_and_keep_their_secrets() {
        let of_prisma =
            Location::parse("postgresql://u:secret@h/db?connection_limit=5&sslmode=disable").unwrap();
        assert_eq!(of_prisma, Location::Postgres("postgresql://u:secret@h/db?sslmode=disable".into()));
        for address in [
            "postgres://u:secret@h/db",
            "postgres://u:an@secret@h/db",
            "postgres://u:a?secret@h/db",
            "postgres://u@h/db?password=secret",
            "postgres://h/db?user=a@b&password=secret",
        ] {
            let shown = format!("{:?}", Location::parse(address).unwrap());
            assert!(!shown.contains("secret"), "{shown}");
        }
        assert_eq!(Location::parse("sqlite:///var/x.db").unwrap(), Location::Sqlite("/var/x.db".into()));
        assert!(!Location::parse("mysql://u:secret@h").unwrap_err().to_string().contains("secret"));
    }
}
