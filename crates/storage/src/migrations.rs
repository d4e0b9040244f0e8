//! The schema's steps: numbered, forward only, the same numbers in both dialects.

use crate::error::StoreError;

/// One step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    pub(crate) number: i64,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// All steps in order. A step that was released is never changed; a new one is added.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        sqlite: include_str!("../migrations/sqlite/0001_keys_and_ledger.sql"),
        postgres: include_str!("../migrations/postgres/0001_keys_and_ledger.sql"),
    },
    Migration {
        number: 2,
        sqlite: include_str!("../migrations/sqlite/0002_ledger_look_ups.sql"),
        postgres: include_str!("../migrations/postgres/0002_ledger_look_ups.sql"),
    },
    Migration {
        number: 3,
        sqlite: include_str!("../migrations/sqlite/0003_entities_and_accounts.sql"),
        postgres: include_str!("../migrations/postgres/0003_entities_and_accounts.sql"),
    },
    Migration {
        number: 4,
        sqlite: include_str!("../migrations/sqlite/0004_daily_spend.sql"),
        postgres: include_str!("../migrations/postgres/0004_daily_spend.sql"),
    },
    Migration {
        number: 5,
        sqlite: include_str!("../migrations/sqlite/0005_refused_rows.sql"),
        postgres: include_str!("../migrations/postgres/0005_refused_rows.sql"),
    },
    Migration {
        number: 6,
        sqlite: include_str!("../migrations/sqlite/0006_days_one_by_one.sql"),
        postgres: include_str!("../migrations/postgres/0006_days_one_by_one.sql"),
    },
    Migration {
        number: 7,
        sqlite: include_str!("../migrations/sqlite/0007_no_index_of_end_users.sql"),
        postgres: include_str!("../migrations/postgres/0007_no_index_of_end_users.sql"),
    },
];

/// Here the fourth step begins to fill the daily tables, with the whole ledger at once: it is taken up to here, and the
/// days are filled one by one when all steps are taken.
const FILLING: &str = "INSERT INTO daily_spend SELECT";

/// What of a step is executed.
pub(crate) fn statements_of(text: &'static str) -> &'static str {
    text.split_once(FILLING).map_or(text, |(before, _)| before)
}

/// Whether the days are to be filled after these steps.
pub(crate) fn fill_days(steps: &[Migration]) -> bool {
    steps.iter().any(|step| step.sqlite.contains(FILLING))
}

/// Where the steps taken are noted; the same in both dialects.
pub(crate) const NOTED: &str =
    "CREATE TABLE IF NOT EXISTS weighhouse_migrations (number BIGINT PRIMARY KEY, checksum BIGINT NOT NULL)";

/// The steps that are still to be taken.
///
/// # Errors
/// `Schema`: a newer version was here, or a step was changed after it was taken.
pub(crate) fn missing(
    taken: &[(i64, i64)],
    text: impl Fn(&Migration) -> &'static str,
) -> Result<Vec<Migration>, StoreError> {
    let newest = MIGRATIONS.last().map_or(0, |migration| migration.number);
    if let Some((number, _)) = taken.iter().find(|(number, _)| *number > newest) {
        let words = format!(
            "step {number} was taken by a newer version; this one knows {newest}. Use the newer version"
        );
        return Err(StoreError::Schema(words));
    }
    for (number, checksum) in taken {
        let known = MIGRATIONS.iter().find(|migration| migration.number == *number);
        if known.is_none_or(|migration| checksum_of(text(migration)) != *checksum) {
            return Err(StoreError::Schema(format!("step {number} is not the one that this version knows")));
        }
    }
    let is_missing = |migration: &&Migration| taken.iter().all(|(number, _)| *number != migration.number);
    Ok(MIGRATIONS.iter().filter(is_missing).copied().collect())
}

/// FNV-1a: tells a changed text from the same one; guards against mistakes, not against malice.
pub(crate) fn checksum_of(text: &str) -> i64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_fills_the_days_and_is_taken_without_that() {
        assert!(fill_days(MIGRATIONS) && !fill_days(&MIGRATIONS[..3]) && !fill_days(&MIGRATIONS[4..]));
        for step in MIGRATIONS {
            for text in [step.sqlite, step.postgres] {
                let (taken, left) = (statements_of(text), text.len() - statements_of(text).len());
                assert!(taken.trim_end().ends_with(';'), "step {}", step.number);
                assert_eq!(left > 0, step.number == 4, "step {}", step.number);
            }
        }
    }

    #[test]
    fn a_newer_or_changed_schema_is_refused() {
        let text = |migration: &Migration| migration.sqlite;
        assert_eq!(missing(&[], text).unwrap().len(), MIGRATIONS.len());
        let taken: Vec<_> =
            MIGRATIONS.iter().map(|migration| (migration.number, checksum_of(migration.sqlite))).collect();
        assert!(missing(&taken, text).unwrap().is_empty());
        assert_eq!(missing(&taken[..1], text).unwrap().first().map(|step| step.number), Some(2));
        assert!(missing(&[(999, 0)], text).unwrap_err().to_string().contains("newer"));
        assert!(missing(&[(1, 0)], text).unwrap_err().to_string().contains("step 1"));
    }
}
