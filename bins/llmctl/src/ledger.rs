//! The verbs about the ledger as a whole.

use weighhouse_api::{LedgerAudit, RefusedAttempt};
use weighhouse_client::Client;

use crate::failure::Failure;
use crate::output::{Column, Output, Table, plain, say};
use crate::spend::LedgerVerb;

const WRONG: &[Column] =
    &[Column::text("book", "BOOK"), Column::number("said", "SAYS"), Column::number("ledger", "LEDGER")];

pub(crate) async fn run(client: &Client, verb: LedgerVerb, output: &Output) -> Result<(), Failure> {
    match verb {
        LedgerVerb::Verify => verify(client, output).await,
        LedgerVerb::RebuildDaily => rebuild(client, output).await,
    }
}

/// Holds the books against the ledger.
async fn verify(client: &Client, output: &Output) -> Result<(), Failure> {
    let audit = client.verify_ledger().await?;
    output.write(&audit, || wrong(&audit))?;
    say(&format!(
        "{} books and {} days against {} rows of ${}: {} differ.",
        audit.books,
        audit.days,
        audit.rows,
        audit.total.0,
        audit.wrong.len() + audit.wrong_days.len()
    ));
    if !audit.unchecked_days.is_empty() {
        say(&format!(
            "On {} days attempts were charged without rows (disable_spend_logs); they cannot be checked: {}",
            audit.unchecked_days.len(),
            plain(&audit.unchecked_days.join(", "))
        ));
    }
    if audit.refused_rows > 0 {
        say(&format!(
            "{} attempts, charged with ${}, were not taken by the store and lie in its table ledger_refused:",
            audit.refused_rows, audit.refused_total.0
        ));
        for refused in &audit.refused {
            let RefusedAttempt { attempt, day, cost, is_charged, reason } = refused;
            let charged = if *is_charged { "charged" } else { "not charged" };
            say(&plain(&format!("  {attempt} of {day}, ${}, {charged}: {reason}", cost.0)));
        }
    }
    if !audit.wrong.is_empty() {
        return Err(Failure::other("the books and the ledger differ"));
    }
    if !audit.wrong_days.is_empty() {
        return Err(Failure::other("the sums of days and the ledger differ")
            .hint("`llmctl ledger rebuild-daily` reckons them again"));
    }
    if audit.refused_rows > 0 {
        return Err(Failure::other("attempts were not taken by the ledger").hint(
            "their rows are whole in the table ledger_refused; see \"Rows that are refused\" in docs/reference/spend.md",
        ));
    }
    Ok(())
}

fn wrong(audit: &LedgerAudit) -> Table {
    let mut table = Table::list(WRONG);
    for wrong in &audit.wrong {
        table.row([(&wrong.book).into(), wrong.said.into(), wrong.ledger.into()]);
    }
    for wrong in &audit.wrong_days {
        let rows = format!("{} {}: {} rows", wrong.table, wrong.day, wrong.rows);
        table.row([rows.into(), wrong.said.into(), wrong.ledger.into()]);
    }
    table
}

async fn rebuild(client: &Client, output: &Output) -> Result<(), Failure> {
    let rebuilt = client.rebuild_daily().await?;
    output.write(&rebuilt, || {
        let mut table = Table::record();
        table.field("rows", "rows", rebuilt.rows);
        table
    })
}
