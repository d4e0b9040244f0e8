//! A row's quirks, compiled for one model and operation, and put to a request.

use serde_json::value::RawValue;
use weighhouse_types::{Dialect, Error, Pattern};

use crate::cache_points::CachePoint;
use crate::envelope::{Edits, Envelope, quote};
use crate::registry::{Quirk, Range, Row, StreamUsage};
use crate::translation::unsupported;
use crate::way::WayName;

/// What is done to requests for one model and operation. Empty for most: then nothing is looked at.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    parameters: Vec<(String, Rule)>,
    defaults: Vec<(String, String)>,
    roles: Vec<(String, String)>,
    /// How usage of a stream is had.
    pub stream_usage: StreamUsage,
    /// What must stand before the model's name.
    pub model_prefix: Option<String>,
}

#[derive(Clone, Debug)]
enum Rule {
    Rename(String),
    Drop,
    Forbid,
    Clamp(Range),
    Values(Vec<(String, String)>),
}

/// What the operator said about parameters of a deployment.
#[derive(Clone, Debug, Default)]
pub struct OperatorRules {
    /// Drop what the provider cannot honour instead of refusing it.
    pub drop_params: bool,
    /// Parameters never sent.
    pub additional_drop_params: Vec<String>,
    /// Parameters sent although a row forbids them.
    pub allowed_openai_params: Vec<String>,
    /// Where marks for the provider's cache are put into prompts that are translated.
    pub cache_points: Vec<CachePoint>,
    /// LiteLLM's `modify_params`: a conversation may be mended where the provider would refuse it.
    pub modify_params: bool,
    /// Members sent where the client says nothing, as JSON texts.
    pub defaults: Vec<(String, String)>,
}

impl Rules {
    /// Compiles the quirks of a row that apply.
    #[must_use]
    pub fn new(row: &Row, model: &str, way: WayName, operator: &OperatorRules) -> Self {
        let mut rules = Self::default();
        for parameter in &operator.additional_drop_params {
            rules.parameters.push((parameter.clone(), Rule::Drop));
        }
        for quirk in row.quirks.iter().filter(|quirk| applies(quirk, model, way)) {
            rules.add(quirk, operator);
        }
        let named =
            |(name, value): &(String, String)| Some((own_name(way.dialect, name)?.to_owned(), value.clone()));
        rules.defaults.extend(operator.defaults.iter().filter_map(named));
        rules
    }

    fn add(&mut self, quirk: &Quirk, operator: &OperatorRules) {
        let mut put = |name: &String, rule| self.parameters.push((name.clone(), rule));
        quirk.drop.iter().for_each(|name| put(name, Rule::Drop));
        for name in quirk.forbid.iter().filter(|name| !operator.allowed_openai_params.contains(name)) {
            put(name, if operator.drop_params { Rule::Drop } else { Rule::Forbid });
        }
        quirk.rename.iter().for_each(|(name, new)| put(name, Rule::Rename(new.clone())));
        quirk.clamp.iter().for_each(|(name, range)| put(name, Rule::Clamp(*range)));
        for (name, values) in &quirk.values {
            put(name, Rule::Values(values.clone().into_iter().collect()));
        }
        self.defaults.extend(quirk.default.iter().map(|(name, value)| (name.clone(), value.to_string())));
        self.roles.extend(quirk.roles.clone());
        self.stream_usage = quirk.stream_usage.unwrap_or(self.stream_usage);
        self.model_prefix = quirk.model_prefix.clone().or_else(|| self.model_prefix.take());
    }

    /// The number that is sent for a parameter where the client says nothing.
    #[must_use]
    pub fn default_of(&self, parameter: &str) -> Option<u64> {
        let default = self.defaults.iter().find(|(name, _)| name == parameter)?;
        default.1.parse().ok()
    }

    /// The provider's name of a parameter.
    #[must_use]
    pub fn name_of<'name>(&'name self, parameter: &'name str) -> &'name str {
        let renamed = self.parameters.iter().find_map(|(name, rule)| match rule {
            Rule::Rename(new) if name == parameter => Some(new.as_str()),
            _ => None,
        });
        renamed.unwrap_or(parameter)
    }

    /// Records the edits that make a request fit the provider. Where the house has written its own bound on
    /// the output (`is_capped`), a default bound must not stand beside it.
    ///
    /// # Errors
    /// `Unsupported`: a parameter that the provider cannot honour, named with the remedy.
    pub fn put_to(
        &self,
        envelope: &Envelope,
        edits: &mut Edits,
        provider: &str,
        is_capped: bool,
    ) -> Result<(), Error> {
        if self.parameters.is_empty() && self.defaults.is_empty() && self.roles.is_empty() {
            return Ok(());
        }
        let mut present = Vec::with_capacity(envelope.members().len());
        for (index, member) in envelope.members().iter().enumerate() {
            let name = envelope.name(member);
            match self.rule_for(&name) {
                _ if envelope.raw(member) == b"null" && self.rule_for(&name).is_some() => edits.remove(index),
                Some(Rule::Drop) => edits.remove(index),
                Some(Rule::Forbid) => return Err(unsupported(&name, provider)),
                Some(Rule::Rename(new)) => {
                    // Sent under both names: the provider's own wins.
                    if envelope.member(new)?.is_some() {
                        edits.remove(index);
                    } else {
                        edits.replace(member.key.clone(), quote(new));
                        present.push(std::borrow::Cow::Borrowed(new.as_str()));
                    }
                }
                Some(Rule::Clamp(range)) => {
                    if let Some(text) = clamped(envelope.raw(member), *range) {
                        edits.replace(member.value.clone(), text);
                    }
                }
                Some(Rule::Values(values)) => {
                    let raw = envelope.raw(member);
                    if let Some((_, new)) = values.iter().find(|(old, _)| quote(old).as_bytes() == raw) {
                        edits.replace(member.value.clone(), quote(new));
                    }
                }
                None => {}
            }
            present.push(name);
        }
        for (name, value) in &self.defaults {
            let is_bound =
                matches!(name.as_str(), "max_tokens" | "max_completion_tokens" | "max_output_tokens");
            let stands = present.iter().any(|there| there == name) || (is_capped && is_bound);
            if !stands {
                edits.append(name, value);
            }
        }
        self.rename_roles(envelope, edits)
    }

    fn rule_for(&self, name: &str) -> Option<&Rule> {
        self.parameters.iter().find(|(parameter, _)| parameter == name).map(|(_, rule)| rule)
    }

    fn rename_roles(&self, envelope: &Envelope, edits: &mut Edits) -> Result<(), Error> {
        if self.roles.is_empty() {
            return Ok(());
        }
        // Most requests hold none of the names, and reading all messages costs more than looking for them.
        let body = envelope.body();
        let holds = |text: &[u8]| memchr::memmem::find(body, text).is_some();
        let may_hold = self.roles.iter().any(|(old, _)| holds(old.as_bytes())) || holds(b"\\u00");
        if !may_hold {
            return Ok(());
        }
        let Some(messages) = envelope.member("messages")? else { return Ok(()) };
        let raw = envelope.raw(messages);
        let Ok(items) = serde_json::from_slice::<Vec<&RawValue>>(raw) else { return Ok(()) };
        for item in items {
            let start = messages.value.start + (item.get().as_ptr().addr() - raw.as_ptr().addr());
            let text = envelope.body().slice(start..start + item.get().len());
            let Ok(message) = Envelope::read(&text) else { continue };
            let Some(role) = message.member("role")? else { continue };
            if let Some((_, new)) =
                self.roles.iter().find(|(old, _)| quote(old).as_bytes() == message.raw(role))
            {
                edits.replace(start + role.value.start..start + role.value.end, quote(new));
            }
        }
        Ok(())
    }
}

/// The number as a JSON text where it lies outside the range.
fn clamped(raw: &[u8], range: Range) -> Option<String> {
    let number: f64 = std::str::from_utf8(raw).ok()?.parse().ok()?;
    let bound = match (range.min, range.max) {
        (Some(min), _) if number < min => min,
        (_, Some(max)) if number > max => max,
        _ => return None,
    };
    serde_json::Number::from_f64(bound).map(|number| number.to_string())
}

fn applies(quirk: &Quirk, model: &str, way: WayName) -> bool {
    let of_model =
        quirk.models.is_empty() || quirk.models.iter().any(|pattern| Pattern::new(pattern).covers(model));
    let of_way = quirk.operations.is_empty() || quirk.operations.iter().any(|name| name == way.name);
    of_model && of_way
}

/// A dialect's name of a parameter that the operator writes in OpenAI chat's words; none where the dialect has
/// it in another shape, so that it cannot be added to a body.
fn own_name(dialect: Dialect, name: &str) -> Option<&str> {
    match (dialect, name) {
        (Dialect::OpenAiChat, name) => Some(name),
        (Dialect::Gemini, _) => None,
        (Dialect::OpenAiResponses, "max_tokens" | "max_completion_tokens") => Some("max_output_tokens"),
        (Dialect::AnthropicMessages, "max_completion_tokens") => Some("max_tokens"),
        (
            Dialect::AnthropicMessages,
            "stop"
            | "n"
            | "seed"
            | "frequency_penalty"
            | "presence_penalty"
            | "logit_bias"
            | "reasoning_effort"
            | "response_format"
            | "user"
            | "parallel_tool_calls",
        )
        | (
            Dialect::OpenAiResponses,
            "stop" | "n" | "seed" | "frequency_penalty" | "presence_penalty" | "logit_bias"
            | "reasoning_effort" | "response_format",
        ) => None,
        (Dialect::OpenAiResponses | Dialect::AnthropicMessages, name) => Some(name),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_in_result, reason = "a table that cannot be read has failed")]
mod tests {
    use super::*;
    use bytes::Bytes;
    use weighhouse_types::Kind;

    fn row(quirks: &str) -> Row {
        let text = format!(
            "name='x'\ntitle='X'\nsource='s'\n[operations]\nchat='/c'\n[[quirks]]\nsource='s'\n{quirks}"
        );
        toml::from_str(&text).unwrap()
    }

    fn put(quirks: &str, operator: &OperatorRules, body: &str) -> Result<String, Error> {
        let rules = Rules::new(&row(quirks), "model-1", WayName::find("chat").unwrap(), operator);
        let body = Bytes::copy_from_slice(body.as_bytes());
        let envelope = Envelope::read(&body).unwrap();
        let mut edits = Edits::default();
        rules.put_to(&envelope, &mut edits, "x", false)?;
        Ok(String::from_utf8(edits.apply(&envelope).to_vec()).unwrap())
    }

    fn check(quirks: &str, body: &str, expected: &str) {
        assert_eq!(put(quirks, &OperatorRules::default(), body).unwrap(), expected, "{quirks}");
    }

    #[test]
    fn each_rule_changes_only_what_it_names() {
        check("rename={a='b'}", r#"{"a": 1,"c":2}"#, r#"{"b": 1,"c":2}"#);
        check("rename={a='b'}", r#"{"a":1,"b":2}"#, r#"{"b":2}"#);
        check("drop=['a']", r#"{"a":1,"c":2}"#, r#"{"c":2}"#);
        check("forbid=['a']", r#"{"a":null,"c":2}"#, r#"{"c":2}"#);
        check("default={a=1}", r#"{"c":2}"#, r#"{"c":2,"a":1}"#);
        check("default={a=1}", r#"{"a":3}"#, r#"{"a":3}"#);
        check("clamp={t={min=0.0,max=1.0}}", r#"{"t":1.5}"#, r#"{"t":1.0}"#);
        check("clamp={t={min=0.0,max=1.0}}", r#"{"t":0.50}"#, r#"{"t":0.50}"#);
        check("values={t={required='any'}}", r#"{"t":"required"}"#, r#"{"t":"any"}"#);
        check(
            "roles={developer='system'}",
            r#"{"messages":[ {"role": "developer","content":"developer"},{"role":"user"}]}"#,
            r#"{"messages":[ {"role": "system","content":"developer"},{"role":"user"}]}"#,
        );
        check("models=['other*']\ndrop=['a']", r#"{"a":1}"#, r#"{"a":1}"#);
    }

    #[test]
    fn what_cannot_be_honoured_is_named_or_dropped() {
        let error =
            put("forbid=['logprobs']", &OperatorRules::default(), r#"{"logprobs":true}"#).unwrap_err();
        assert_eq!(error.kind, Kind::Unsupported);
        assert!(error.message.contains("`logprobs`") && error.message.contains("drop_params"));
        let dropping = OperatorRules { drop_params: true, ..OperatorRules::default() };
        assert_eq!(put("forbid=['a']", &dropping, r#"{"a":1}"#).unwrap(), "{}");
        let allowing = OperatorRules { allowed_openai_params: vec!["a".into()], ..OperatorRules::default() };
        assert_eq!(put("forbid=['a']", &allowing, r#"{"a":1}"#).unwrap(), r#"{"a":1}"#);
    }
}
