//! What a prompt would cost, or an answer did (`/spend/calculate`), by the prices in force.

use serde_json::json;
use weighhouse_api::{CalculateRequest, Calculated, Dollars, read_body};
use weighhouse_catalog::{PriceMoment, Tier};
use weighhouse_types::{Error, Kind, Usage, UsageClass};

use crate::admin::Admin;
use crate::in_force::Priced;
use crate::rules::invalid;

pub(crate) async fn calculate(admin: &Admin, body: &[u8]) -> Result<Calculated, Error> {
    let request: CalculateRequest = read_body(body)?;
    let in_force = admin.in_force()?;
    let written = |value: &serde_json::Value| {
        serde_json::to_vec(value)
            .map_err(|error| Error::new(Kind::Internal, "the body cannot be written").source(error))
    };
    let (model, usage, tier) = match (request.model, request.messages, request.completion_response) {
        (model, None, Some(answer)) => {
            let of_answer = answer.get("model").and_then(serde_json::Value::as_str).map(str::to_owned);
            let model = model.or(of_answer).ok_or_else(|| {
                invalid("model", "name the model: `model`, or the answer's own `model`, is missing")
            })?;
            let answer = written(&answer.into())?.into();
            let (usage, tier) = in_force.usage_of_answer(&model, &answer).ok_or_else(|| {
                let message = "`completion_response` has no `usage` that can be read; without it nothing says what the \
                               answer cost";
                invalid("completion_response", message)
            })?;
            (model, usage, tier)
        }
        (Some(model), Some(messages), None) => {
            let chat = written(&json!({ "model": model, "messages": messages }))?;
            let usage = in_force.prompt_usage(&model, chat.into()).await?;
            (model, usage, Tier::Standard)
        }
        (Some(_), None, None) => {
            return Err(invalid(
                "messages",
                "Bad Request - messages must be provided if 'model' is provided",
            ));
        }
        _ => {
            let message = "Bad Request - Either 'model' or 'completion_response' must be provided";
            return Err(invalid("model", message));
        }
    };
    let priced = in_force.prices_of_model(&model).ok_or_else(|| unknown(&model))?;
    let moment = PriceMoment { unix_ms: admin.now_ms(), tier };
    told(&model, usage, &priced, &moment)
}

fn told(model: &str, mut usage: Usage, priced: &Priced, moment: &PriceMoment) -> Result<Calculated, Error> {
    // A fee per call counts as a unit of its own class, as it is booked.
    if priced.0.lines().iter().any(|line| line.class == UsageClass::Request) {
        usage.set(UsageClass::Request, 1);
    }
    let cost = priced.0.cost(&usage, moment);
    if cost.unpriced {
        return Err(unknown(model));
    }
    Ok(Calculated {
        cost: Dollars(cost.nanos()),
        arithmetic: serde_json::from_str(&cost.arithmetic_json(&usage)).unwrap_or_default(),
        price_version: priced.1.to_string(),
    })
}

fn unknown(model: &str) -> Error {
    let message = format!(
        "no price is known for {model:?}; name a model of the config or such as openai/gpt-4o, or give the deployment \
         input_cost_per_token and output_cost_per_token"
    );
    invalid("model", message)
}
