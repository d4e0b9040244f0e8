//! The verbs about spend.

use weighhouse_api::{SpendLog, SpendLogsQuery};
use weighhouse_client::Client;

use crate::arguments::SpendVerb;
use crate::failure::Failure;
use crate::key::named;
use crate::output::{Output, Table, say};

/// Rows after which the gateway stops.
const MOST_ROWS: usize = 10_000;

pub(crate) async fn run(client: &Client, verb: SpendVerb, output: &Output) -> Result<(), Failure> {
    let SpendVerb::Logs { request, of_key, user, start, end } = verb;
    let api_key = match of_key {
        Some(name) => Some(named(client, &name).await?),
        None => None,
    };
    let query =
        SpendLogsQuery { request_id: request, api_key, user_id: user, start_date: start, end_date: end };
    let logs = client.spend_logs(&query).await?;
    output.write(&logs, || rows(&logs))?;
    if logs.len() >= MOST_ROWS {
        say("These are the newest 10,000 rows; narrow them with --start and --end to see others.");
    }
    Ok(())
}

fn rows(logs: &[SpendLog]) -> Table {
    let mut table =
        Table::new(&["TIME", "STATUS", "GROUP", "PROVIDER", "MODEL", "IN", "OUT", "SPEND", "REQUEST"]);
    for log in logs {
        table.row([
            log.start_time.clone(),
            log.status.clone(),
            log.model_group.clone(),
            log.custom_llm_provider.clone(),
            log.model.clone(),
            log.prompt_tokens.to_string(),
            log.completion_tokens.to_string(),
            format!("${}", log.spend.0),
            log.request_id.clone(),
        ]);
    }
    table
}
