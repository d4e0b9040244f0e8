//! Where a store lives, and a way to it that is not the store's.

use weighhouse_storage::Location;
use weighhouse_testkit::services::{Database, Postgres};
use weighhouse_testkit::temp_dir::TempDir;

/// A database, and a way to it that is not the store's.
pub(crate) enum Place {
    Sqlite(TempDir),
    Postgres(Database),
}

impl Place {
    pub(crate) fn both() -> [Self; 2] {
        [Self::Sqlite(TempDir::new("place")), Self::Postgres(Postgres::database())]
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    pub(crate) fn location(&self) -> Location {
        match self {
            Self::Sqlite(dir) => Location::Sqlite(dir.path().join("test.db")),
            Self::Postgres(database) => Location::parse(database.url()).unwrap(),
        }
    }

    /// What makes a table refuse a value, for no reason of ours. PostgreSQL leaves the rows alone that are there.
    pub(crate) fn rule(&self, table: &str, column: &str, odd: &str) -> String {
        if self.is_postgres() {
            return format!(
                "ALTER TABLE {table} ADD CONSTRAINT no_odd CHECK ({column} <> '{odd}') NOT VALID"
            );
        }
        format!(
            "CREATE TRIGGER no_odd BEFORE INSERT ON {table} WHEN NEW.{column} || '' = '{odd}' \
             BEGIN SELECT RAISE(ABORT, 'no odd ones'); END"
        )
    }

    /// What takes that back.
    pub(crate) fn without_rule(&self, table: &str) -> String {
        if self.is_postgres() {
            return format!("ALTER TABLE {table} DROP CONSTRAINT no_odd");
        }
        "DROP TRIGGER no_odd".into()
    }

    /// Does behind the store's back what no store would.
    pub(crate) async fn meddle(&self, statements: &str) {
        match self {
            Self::Sqlite(dir) => {
                let file = rusqlite::Connection::open(dir.path().join("test.db")).unwrap();
                file.execute_batch(statements).unwrap();
            }
            Self::Postgres(database) => {
                let (client, connection) =
                    tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await.unwrap();
                let driver = tokio::spawn(connection);
                client.batch_execute(statements).await.unwrap();
                drop(client);
                driver.await.unwrap().unwrap();
            }
        }
    }
}
