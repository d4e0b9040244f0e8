//! A provider's whole answer: the model's name put back, the usage read, everything else as it came.

use bytes::Bytes;
use weighhouse_types::{Error, Kind};

use super::super::estimate::estimate_output;
use super::super::usage::read_usage;
use crate::envelope::{Edits, Envelope, quote};
use crate::registry::UsageRules;
use crate::weight::Whole;

/// Reads a whole answer; `model` is the name that the client is shown, none to leave the provider's.
///
/// # Errors
/// `UpstreamGarbled`: not a JSON object. `UpstreamStatus`: an error object behind a status of success.
pub fn weigh_answer(body: &Bytes, model: Option<&str>, rules: UsageRules) -> Result<Whole, Error> {
    let envelope = Envelope::read(body).map_err(|error| {
        Error::new(Kind::UpstreamGarbled, "the provider answered with something that is not a JSON object")
            .source(error)
    })?;
    let mut edits = Edits::default();
    let mut choices = None;
    let (mut usage, mut raw_usage, mut response_id, mut service_tier) = (None, None, None, None);
    for member in envelope.members() {
        let raw = envelope.raw(member);
        match envelope.name(member).as_ref() {
            "model" => {
                if let Some(model) = model {
                    let quoted = quote(model);
                    if quoted.as_bytes() != raw {
                        edits.replace(member.value.clone(), quoted);
                    }
                }
            }
            "usage" => {
                usage = read_usage(raw, rules);
                raw_usage = std::str::from_utf8(raw).ok().filter(|text| *text != "null").map(Into::into);
            }
            "id" => response_id = serde_json::from_slice(raw).ok(),
            "choices" => choices = Some(raw),
            "service_tier" => service_tier = serde_json::from_slice(raw).ok(),
            _ => {}
        }
    }
    let counted_output = match (&usage, choices) {
        (None, Some(choices)) => estimate_output(choices),
        _ => 0,
    };
    Ok(Whole { body: edits.apply(&envelope), counted_output, usage, raw_usage, response_id, service_tier })
}
