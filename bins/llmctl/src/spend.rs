//! The verbs about spend.

use weighhouse_api::{SpendLog, SpendLogsQuery};
use weighhouse_client::Client;
use weighhouse_types::{Nanos, Picos};

use crate::arguments::SpendVerb;
use crate::failure::Failure;
use crate::key::named;
use crate::output::{Cell, Column, Output, Table, say};

const LOGS: &[Column] = &[
    Column::id("startTime", "TIME"),
    Column::id("status", "STATUS"),
    Column::text("model_group", "GROUP").spare(),
    Column::text("custom_llm_provider", "PROVIDER"),
    Column::text("model", "MODEL"),
    Column::number("prompt_tokens", "IN"),
    Column::number("completion_tokens", "OUT"),
    Column::number("spend", "SPEND"),
    Column::id("request_id", "REQUEST"),
];
const STEPS: &[Column] = &[
    Column::number("attempt", "ATTEMPT"),
    Column::text("what", "WHAT"),
    Column::number("units", "UNITS"),
    Column::number("per_unit", "PER UNIT"),
    Column::number("cost", "COST"),
];
const WRONG: &[Column] =
    &[Column::text("book", "BOOK"), Column::number("said", "SAYS"), Column::number("ledger", "LEDGER")];

/// Rows after which the gateway stops.
const MOST_ROWS: usize = 10_000;

pub(crate) async fn run(client: &Client, verb: SpendVerb, output: &Output) -> Result<(), Failure> {
    let (request, of_key, user, start, end) = match verb {
        SpendVerb::Explain { id } => return explain(client, id, output).await,
        SpendVerb::Logs { request, of_key, user, start, end } => (request, of_key, user, start, end),
    };
    let api_key = match of_key {
        Some(name) => Some(named(client, &name).await?),
        None => None,
    };
    let query = SpendLogsQuery {
        request_id: request,
        api_key,
        user_id: user,
        start_date: start,
        end_date: end,
        summarize: None,
    };
    let logs = client.spend_logs(&query).await?;
    output.write(&logs, || rows(&logs))?;
    if logs.len() >= MOST_ROWS {
        say("These are the newest 10,000 rows; narrow them with --start and --end to see others.");
    }
    Ok(())
}

/// How the cost of a call came about.
async fn explain(client: &Client, id: String, output: &Output) -> Result<(), Failure> {
    let query = SpendLogsQuery { request_id: Some(id.clone()), ..SpendLogsQuery::default() };
    let mut logs = client.spend_logs(&query).await?.into_value();
    if logs.is_empty() {
        return Err(Failure::not_found(format!(
            "the ledger has no call {id:?}; it is written within a second of its end"
        )));
    }
    logs.sort_by_key(|log| log.metadata.attempt);
    output.write(&logs, || explained(&logs))
}

fn explained(logs: &[SpendLog]) -> Table {
    let mut table = Table::list(STEPS);
    for log in logs {
        let doubt = match (log.metadata.usage_estimated, log.metadata.usage_mismatch) {
            (true, _) => ", usage estimated",
            (false, true) => ", the provider's counts did not sum: the larger reading",
            (false, false) => "",
        };
        let what = format!("{} at {} ({}{doubt})", log.model, log.custom_llm_provider, log.status);
        table.row([log.metadata.attempt.into(), what.into(), Cell::Nothing, Cell::Nothing, log.spend.into()]);
        for (class, units, picos) in steps(&log.metadata.arithmetic) {
            let cost = (Picos::new(picos) * units).to_nanos();
            let price = format!("${picos}e-12");
            table.row([Cell::Nothing, format!("· {class}").into(), units.into(), price.into(), cost.into()]);
        }
        if !log.metadata.price_version.is_empty() {
            let book = format!("· prices of {}", log.metadata.price_version);
            table.row([Cell::Nothing, book.into(), Cell::Nothing, Cell::Nothing, Cell::Nothing]);
        }
    }
    let total = logs.iter().fold(Nanos::ZERO, |sum, log| sum + log.spend.0);
    table.row([Cell::Nothing, "sum".into(), Cell::Nothing, Cell::Nothing, total.into()]);
    table
}

/// Class, units and pico-dollars a unit, of a row's arithmetic.
fn steps(arithmetic: &serde_json::Value) -> Vec<(String, u64, i128)> {
    let step = |step: &serde_json::Value| {
        let price = step.get(2)?;
        let picos = price.as_str().map_or_else(|| price.to_string(), str::to_owned);
        Some((step.get(0)?.as_str()?.to_owned(), step.get(1)?.as_u64()?, picos.parse().ok()?))
    };
    arithmetic.as_array().into_iter().flatten().filter_map(step).collect()
}

/// Holds the books against the ledger.
pub(crate) async fn verify(client: &Client, output: &Output) -> Result<(), Failure> {
    let audit = client.verify_ledger().await?;
    output.write(&audit, || {
        let mut table = Table::list(WRONG);
        for wrong in &audit.wrong {
            table.row([(&wrong.book).into(), wrong.said.into(), wrong.ledger.into()]);
        }
        table
    })?;
    say(&format!(
        "{} books against {} rows of ${}: {} differ.",
        audit.books,
        audit.rows,
        audit.total.0,
        audit.wrong.len()
    ));
    if audit.wrong.is_empty() {
        return Ok(());
    }
    Err(Failure::other("the books and the ledger differ"))
}

fn rows(logs: &[SpendLog]) -> Table {
    let mut table = Table::list(LOGS);
    for log in logs {
        table.row([
            Cell::from(&log.start_time),
            (&log.status).into(),
            (&log.model_group).into(),
            (&log.custom_llm_provider).into(),
            (&log.model).into(),
            log.prompt_tokens.into(),
            log.completion_tokens.into(),
            log.spend.into(),
            (&log.request_id).into(),
        ]);
    }
    table
}
