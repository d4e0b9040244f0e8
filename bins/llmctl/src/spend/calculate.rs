//! What a prompt would cost, or an answer did.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::json;
use weighhouse_api::{CalculateRequest, Calculated};
use weighhouse_client::Client;

use super::{priced, steps};
use crate::failure::Failure;
use crate::output::{Column, Output, Table, say};

const STEPS: &[Column] = &[
    Column::text("class", "WHAT"),
    Column::number("units", "UNITS"),
    Column::number("per_unit", "PER UNIT"),
    Column::number("cost", "COST"),
];
/// The largest answer that is read from a file.
const MAX_ANSWER_BYTES: u64 = 32 * 1_024 * 1_024;

pub(super) async fn show(
    client: &Client,
    model: Option<String>,
    prompt: Option<String>,
    answer: Option<PathBuf>,
    output: &Output,
) -> Result<(), Failure> {
    let completion_response = answer.as_deref().map(read).transpose()?;
    let messages = prompt.map(|text| vec![json!({ "role": "user", "content": text })]);
    let request = CalculateRequest { model, messages, completion_response };
    let told = client.calculate_spend(&request).await?;
    output.write(&told, || table(&told))?;
    say(&format!("${} by the prices of {}.", told.cost.0, told.price_version));
    Ok(())
}

fn table(told: &Calculated) -> Table {
    let mut table = Table::list(STEPS);
    for (class, units, picos) in steps(&told.arithmetic) {
        let (price, cost) = priced(units, picos);
        table.row([class.into(), units.into(), price, cost]);
    }
    table
}

fn read(path: &Path) -> Result<serde_json::Map<String, serde_json::Value>, Failure> {
    let unreadable = |error: std::io::Error| Failure::other(format!("{}: {error}", path.display()));
    let mut text = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(MAX_ANSWER_BYTES).read_to_end(&mut text).map_err(unreadable)?;
    } else {
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MAX_ANSWER_BYTES).read_to_end(&mut text).map_err(unreadable)?;
    }
    serde_json::from_slice(&text)
        .map_err(|error| Failure::usage(format!("{} is no JSON object: {error}", path.display())))
}
