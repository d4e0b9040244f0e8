//! The verbs about spend.

mod arguments;
mod calculate;
mod days;
mod reprice;

use jiff::Timestamp;
use weighhouse_api::{ChargedAccount, KeyText, RepriceRequest, SpendLog, SpendLogsQuery};
use weighhouse_client::Client;
use weighhouse_types::{Nanos, Picos};

use crate::failure::Failure;
use crate::key::named;
use crate::output::{Cell, Column, Output, Table, say};
pub(crate) use arguments::{LedgerVerb, SpendVerb};
use days::By;

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
/// Rows after which the gateway stops.
const MOST_ROWS: usize = 10_000;

pub(crate) async fn run(client: &Client, verb: SpendVerb, output: &Output) -> Result<(), Failure> {
    match verb {
        SpendVerb::Explain { id } => explain(client, id, output).await,
        SpendVerb::Logs { request, of_key, user, start, end } => {
            let query = SpendLogsQuery {
                request_id: request,
                api_key: key(client, of_key).await?,
                user_id: user,
                start_date: start,
                end_date: end,
                summarize: Some(false),
            };
            logs(client, &query, output).await
        }
        SpendVerb::Keys(period) => days::show(client, period, By::Key, output).await,
        SpendVerb::Users(period) => days::show(client, period, By::User, output).await,
        SpendVerb::Teams(period) => days::show(client, period, By::Team, output).await,
        SpendVerb::Tags(period) => days::show(client, period, By::Tag, output).await,
        SpendVerb::Models(period) => days::show(client, period, By::Model, output).await,
        SpendVerb::Daily(period) => days::show(client, period, By::Day, output).await,
        SpendVerb::Calculate { model, prompt, answer } => {
            calculate::show(client, model, prompt, answer, output).await
        }
        SpendVerb::Reprice { dry_run: false, .. } => Err(Failure::usage(
            "rows of the ledger are never changed: reprice only tells what they would cost",
        )
        .hint("say --dry-run")),
        SpendVerb::Reprice { dry_run: true, start, end, model, of_key } => {
            let api_key = key(client, of_key).await?;
            let request = RepriceRequest {
                start_date: start,
                end_date: end,
                model,
                api_key,
                ..RepriceRequest::default()
            };
            reprice::show(client, request, output).await
        }
    }
}

/// The key that a name stands for.
async fn key(client: &Client, name: Option<String>) -> Result<Option<KeyText>, Failure> {
    match name {
        Some(name) => Ok(Some(named(client, &name).await?)),
        None => Ok(None),
    }
}

async fn logs(client: &Client, query: &SpendLogsQuery, output: &Output) -> Result<(), Failure> {
    let logs = client.spend_logs(query).await?;
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
            let class = format!("· {class}").into();
            let (price, cost) = priced(units, picos);
            table.row([Cell::Nothing, class, units.into(), price, cost]);
        }
        if !log.metadata.price_version.is_empty() {
            let book = format!("· prices of {}", log.metadata.price_version);
            table.row([Cell::Nothing, book.into(), Cell::Nothing, Cell::Nothing, Cell::Nothing]);
        }
        for account in &log.metadata.accounts {
            let account = format!("· charged to {}", charged(account));
            table.row([Cell::Nothing, account.into(), Cell::Nothing, Cell::Nothing, Cell::Nothing]);
        }
    }
    let total = logs.iter().fold(Nanos::ZERO, |sum, log| sum + log.spend.0);
    table.row([Cell::Nothing, "sum".into(), Cell::Nothing, Cell::Nothing, total.into()]);
    table
}

/// Class, units and pico-dollars a unit, of a row's arithmetic; none where the class has no price.
fn steps(arithmetic: &serde_json::Value) -> Vec<(String, u64, Option<i128>)> {
    let step = |step: &serde_json::Value| {
        let price = step.get(2)?;
        let picos = price.as_str().map_or_else(|| price.to_string(), str::to_owned);
        Some((step.get(0)?.as_str()?.to_owned(), step.get(1)?.as_u64()?, picos.parse().ok()))
    };
    arithmetic.as_array().into_iter().flatten().filter_map(step).collect()
}

/// The price of a unit and what all of them cost.
fn priced(units: u64, picos: Option<i128>) -> (Cell, Cell) {
    match picos {
        Some(picos) => (format!("${picos}e-12").into(), (Picos::new(picos) * units).to_nanos().into()),
        None => ("no price".into(), Cell::Nothing),
    }
}

/// A scope, and when its window began.
fn charged(account: &ChargedAccount) -> String {
    let begin = account.window.split_once('@').and_then(|(length, begin)| {
        let begin = Timestamp::from_millisecond(begin.parse().ok()?).ok()?;
        Some(format!("{}, {length} from {begin}", account.scope))
    });
    begin.unwrap_or_else(|| account.scope.clone())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_without_a_price_is_a_step_too() {
        let arithmetic = serde_json::json!([["input_text", 3, "150000"], ["search", 1, null]]);
        let expected = [("input_text".to_owned(), 3, Some(150_000)), ("search".to_owned(), 1, None)];
        assert_eq!(steps(&arithmetic), expected);
    }

    #[test]
    fn an_account_says_when_its_window_began() {
        let shown = |scope: &str, window: &str| {
            charged(&ChargedAccount { scope: scope.into(), window: window.into() })
        };
        assert_eq!(shown("team:t", ""), "team:t");
        assert_eq!(shown("user:u", "days:1@1795824000000"), "user:u, days:1 from 2026-11-28T00:00:00Z");
        assert_eq!(shown("user:u", "odd"), "user:u");
    }
}
