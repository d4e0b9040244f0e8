//! What rows of the ledger would cost by the prices in force, page by page.

use std::cmp::Reverse;

use weighhouse_api::{RepriceRequest, Repriced, RepricedRow};
use weighhouse_client::Client;

use crate::failure::Failure;
use crate::output::{Cell, Column, Output, Progress, Table, say};

const ROWS: &[Column] = &[
    Column::id("startTime", "TIME"),
    Column::text("custom_llm_provider", "PROVIDER").spare(),
    Column::text("model", "MODEL"),
    Column::number("old_spend", "COST"),
    Column::number("new_spend", "WOULD COST"),
    Column::id("request_id", "REQUEST"),
];
/// Rows that are shown because they differ most.
const LARGEST: usize = 20;

pub(super) async fn show(client: &Client, request: RepriceRequest, output: &Output) -> Result<(), Failure> {
    let told = all(client, request).await?;
    output.write(&told, || table(&told.largest))?;
    say(&format!(
        "{} rows cost ${} and would cost ${}: {} would change, {} have no price. Nothing was changed.",
        told.rows, told.old_spend.0, told.new_spend.0, told.changed, told.unpriced
    ));
    Ok(())
}

async fn all(client: &Client, mut request: RepriceRequest) -> Result<Repriced, Failure> {
    let mut sum = Repriced { dry_run: true, ..Repriced::default() };
    let mut progress = Progress::new("rows", None);
    loop {
        let page = client.reprice(&request).await?.into_value();
        progress.advance(page.rows);
        sum.rows += page.rows;
        sum.changed += page.changed;
        sum.unpriced += page.unpriced;
        sum.old_spend.0 += page.old_spend.0;
        sum.new_spend.0 += page.new_spend.0;
        sum.largest.extend(page.largest);
        sum.largest.sort_by_key(|row| Reverse(row.new_spend.0.get().abs_diff(row.old_spend.0.get())));
        sum.largest.truncate(LARGEST);
        if page.next_cursor.is_none() {
            return Ok(sum);
        }
        request.cursor = page.next_cursor;
    }
}

fn table(rows: &[RepricedRow]) -> Table {
    let mut table = Table::list(ROWS);
    for row in rows {
        table.row([
            Cell::from(&row.start_time),
            (&row.custom_llm_provider).into(),
            (&row.model).into(),
            row.old_spend.into(),
            row.new_spend.into(),
            (&row.request_id).into(),
        ]);
    }
    table
}
