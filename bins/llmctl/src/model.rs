//! The verbs about models.

use clap::Subcommand;
use weighhouse_client::{Answer, Client, Model, ModelFact};

use crate::failure::Failure;
use crate::output::{Cell, Column, Output, Table};

#[derive(Debug, Subcommand)]
pub(crate) enum ModelVerb {
    /// List the models that the key may use, by name
    #[command(after_help = "Examples:\n  llmctl model list\n  llmctl model list -o csv")]
    List,
    /// Tell about deployments: where they are, their limits and prices; without a name, about all
    #[command(after_help = "Examples:\n  llmctl model info\n  llmctl model info gpt-4o -o yaml")]
    Info {
        /// Only this model
        name: Option<String>,
    },
}

const NAMES: &[Column] = &[Column::id("id", "MODEL")];
const FACTS: &[Column] = &[
    Column::id("model_name", "MODEL"),
    Column::id("model", "DEPLOYMENT"),
    Column::number("max_input_tokens", "MAX IN"),
    Column::number("max_output_tokens", "MAX OUT"),
    Column::number("input_cost_per_token", "$/TOKEN IN"),
    Column::number("output_cost_per_token", "$/TOKEN OUT"),
    Column::id("api_base", "WHERE").spare(),
    Column::id("id", "ID").spare(),
];

pub(crate) async fn run(client: &Client, verb: ModelVerb, output: &Output) -> Result<(), Failure> {
    match verb {
        ModelVerb::List => {
            let models = client.models().await?;
            output.write(&models, || names(&models.data))
        }
        ModelVerb::Info { name } => {
            let answer = client.model_info().await?;
            let Some(name) = name else {
                return output.write(&answer, || facts(&answer.data.iter().collect::<Vec<_>>()));
            };
            let mut known: Vec<Answer<ModelFact>> = answer.part(Some("data"))?;
            known.retain(|fact| fact.model_name == name);
            if known.is_empty() {
                return Err(Failure::not_found(format!("the key sees no deployment of {name:?}"))
                    .hint("`llmctl model info` shows those that it sees"));
            }
            output.write(&known, || facts(&known.iter().map(|fact| &**fact).collect::<Vec<_>>()))
        }
    }
}

fn names(models: &[Model]) -> Table {
    let mut table = Table::list(NAMES);
    models.iter().for_each(|model| table.row([(&model.id).into()]));
    table
}

fn facts(known: &[&ModelFact]) -> Table {
    let mut table = Table::list(FACTS);
    for fact in known {
        let price = |price: &Option<Box<serde_json::value::RawValue>>| match price {
            Some(price) => Cell::from(decimal(price.get())),
            None => Cell::Nothing,
        };
        table.row([
            Cell::from(&fact.model_name),
            (&fact.litellm_params.model).into(),
            fact.model_info.max_input_tokens.into(),
            fact.model_info.max_output_tokens.into(),
            price(&fact.model_info.input_cost_per_token),
            price(&fact.model_info.output_cost_per_token),
            (&fact.litellm_params.api_base).into(),
            (&fact.model_info.id).into(),
        ]);
    }
    table
}

/// A JSON number without an exponent, digit by digit: `2.5e-6` is `0.0000025`.
fn decimal(number: &str) -> String {
    let plain = || {
        let (mantissa, exponent) = number.split_once(['e', 'E'])?;
        let exponent: i32 = exponent.parse().ok().filter(|exponent| (-40..=40).contains(exponent))?;
        let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{part}");
        let point = i32::try_from(whole.len()).ok()? + exponent;
        let (before, after) = match usize::try_from(point) {
            Ok(point) if point > 0 => {
                let padded = format!("{digits:0<point$}");
                (padded.get(..point)?.to_owned(), padded.get(point..)?.to_owned())
            }
            _ => ("0".to_owned(), "0".repeat(usize::try_from(-point).ok()?) + &digits),
        };
        let after = after.trim_end_matches('0');
        Some(if after.is_empty() { format!("{sign}{before}") } else { format!("{sign}{before}.{after}") })
    };
    let whole =
        || number.split_once('.').map_or(number, |_| number.trim_end_matches('0').trim_end_matches('.'));
    plain().unwrap_or_else(|| if number.contains(['e', 'E']) { number } else { whole() }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_written_without_exponents() {
        for (number, expected) in [
            ("2.5e-6", "0.0000025"),
            ("1e-7", "0.0000001"),
            ("1.25e-05", "0.0000125"),
            ("-1.5E1", "-15"),
            ("1.5e3", "1500"),
            ("1.25e1", "12.5"),
            ("0.003", "0.003"),
            ("0", "0"),
            ("0.0", "0"),
            ("100", "100"),
            ("1e999", "1e999"),
        ] {
            assert_eq!(decimal(number), expected, "{number}");
        }
    }
}
