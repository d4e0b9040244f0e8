//! What the operator says of a deployment's parameters, put to a request before it is translated.
//!
//! Where a request is relayed the same rules are spliced into its body ([`crate::quirks`]).

use bytes::Bytes;
use weighhouse_types::chat::{ChatRequest, OutputFormat};
use weighhouse_types::{Dialect, Error};

use crate::dialects::read_request;
use crate::envelope::{Edits, Envelope};
use crate::wire::object;

/// The client's body without the members that the operator has dropped (`additional_drop_params`).
#[must_use]
pub fn without(envelope: &Envelope, dropped: &[String]) -> Bytes {
    let mut edits = Edits::default();
    for (index, member) in envelope.members().iter().enumerate() {
        if dropped.iter().any(|name| *name == envelope.name(member)) {
            edits.remove(index);
        }
    }
    edits.apply(envelope)
}

/// Fills in what the client does not say from `litellm_params`, which are written in chat's words.
///
/// # Errors
/// `InvalidRequest`: a parameter of the configuration is not what chat takes.
pub fn fill(request: &mut ChatRequest, defaults: &[(String, String)]) -> Result<(), Error> {
    if defaults.is_empty() {
        return Ok(());
    }
    let body = object(|out| {
        out.array("messages", |list| {
            list.object(|message| {
                message.text("role", "user");
                message.text("content", "");
            });
        });
        for (name, value) in defaults.iter().filter(|(name, _)| name != "messages" && name != "model") {
            out.raw(name, value.as_bytes());
        }
    });
    let said = read_request(Dialect::OpenAiChat, &body)?;
    let (to, from) = (&mut request.sampling, said.sampling);
    to.temperature = to.temperature.or(from.temperature);
    to.top_p = to.top_p.or(from.top_p);
    to.top_k = to.top_k.or(from.top_k);
    to.frequency_penalty = to.frequency_penalty.or(from.frequency_penalty);
    to.presence_penalty = to.presence_penalty.or(from.presence_penalty);
    to.seed = to.seed.or(from.seed);
    request.max_output = request.max_output.or(said.max_output);
    request.reasoning = request.reasoning.take().or(said.reasoning);
    request.parallel_tools = request.parallel_tools.or(said.parallel_tools);
    request.service_tier = request.service_tier.take().or(said.service_tier);
    request.verbosity = request.verbosity.take().or(said.verbosity);
    request.user = request.user.take().or(said.user);
    if request.stop.is_empty() {
        request.stop = said.stop;
    }
    if request.tools.is_empty() {
        request.tools = said.tools;
        request.tool_choice = request.tool_choice.take().or(said.tool_choice);
    }
    if request.output == OutputFormat::Text {
        request.output = said.output;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_members_are_gone_and_others_stay() {
        let body = Bytes::from_static(br#"{"a":1,"b":2}"#);
        let envelope = Envelope::read(&body).unwrap();
        assert_eq!(without(&envelope, &["a".into(), "c".into()]), br#"{"b":2}"#[..]);
        assert_eq!(without(&envelope, &[]), body);
    }
}
