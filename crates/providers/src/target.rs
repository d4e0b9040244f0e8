//! A provider and a model, resolved: everything that a call needs to be sent.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Uri};
use secrecy::{ExposeSecret, SecretString};
use weighhouse_catalog::{Catalog, Mode, ModelFacts};
use weighhouse_types::{CallId, Dialect, Error, Kind, Operation};

use crate::ask::Ask;
use crate::dialects::{read_request, write_request};
use crate::envelope::Envelope;
use crate::passage::{Passage, Translated};
use crate::quirks::OperatorRules;
use crate::registry::{self, KeyNeed, Row};
use crate::relay::{Relay, Wire};
use crate::translation::{Shown, Toward};
use crate::way::Way;
use crate::{cache_points, carrier, count, operator};

/// What the operator says about a deployment's provider side.
#[derive(Clone, Debug, Default)]
pub struct TargetOptions {
    /// LiteLLM's `model`: `provider/model`, or a model whose provider is known.
    pub model: String,
    /// LiteLLM's `custom_llm_provider`, where the model's prefix does not say.
    pub provider: Option<String>,
    /// Address that overrides the row's.
    pub api_base: Option<String>,
    /// The provider's key; else the row's variables are asked.
    pub api_key: Option<SecretString>,
    /// OpenAI's organisation.
    pub organization: Option<String>,
    /// Headers sent with every call.
    pub extra_headers: Vec<(String, String)>,
    /// What the operator says about parameters.
    pub operator: OperatorRules,
    /// LiteLLM's `mock_response`: answered here, without a provider.
    pub mock_response: Option<String>,
}

/// Looks a variable up.
pub type Variables<'env> = &'env dyn Fn(&str) -> Option<String>;

/// A provider and a model, resolved.
#[derive(Clone, Debug)]
pub struct Target {
    row: &'static Row,
    provider: Arc<str>,
    model: Arc<str>,
    base: Arc<str>,
    ways: Arc<[Way]>,
    /// Chat goes through OpenAI's responses, whatever the client speaks.
    only_responses: bool,
    /// It answers at the row's own address, so that everything that the row names is there.
    is_at_home: bool,
    headers: Arc<HeaderMap>,
    operator: Arc<OperatorRules>,
    mock: Option<Arc<str>>,
    key: Option<Arc<SecretString>>,
}

/// What a call says of how it is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'call> {
    /// What is asked for.
    pub operation: Operation,
    /// The house's bound on generated tokens.
    pub output_cap: Option<u64>,
    /// What is known of the model.
    pub facts: Option<&'call ModelFacts>,
    /// The model's name that the client is shown; none leaves the provider's.
    pub shown: Option<&'call Arc<str>>,
    /// The call.
    pub call: CallId,
    /// Now, in seconds since 1970.
    pub seconds: i64,
}

/// A request on its way to a provider.
#[derive(Debug)]
pub struct Outgoing {
    /// Where to.
    pub uri: Uri,
    /// Headers, credentials among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How the answer is brought to the client.
    pub passage: Passage,
}

impl Target {
    /// Resolves a deployment's provider side.
    ///
    /// # Errors
    /// `InvalidRequest` with the remedy: unknown provider, no address, no key, an unusable header.
    pub fn resolve(options: &TargetOptions, variables: Variables<'_>) -> Result<Self, Error> {
        let (row, model) = provider_of(options)?;
        let (model, only_responses) = responses_only(row, model);
        let is_built_in = row.name == "echo" || options.mock_response.is_some();
        let base = base_of(row, options, variables, is_built_in)?;
        let key = match &options.api_key {
            Some(key) => Some(key.clone()),
            None => row.key_env.iter().find_map(|name| variables(name)).map(SecretString::from),
        };
        if key.is_none() && row.key == KeyNeed::Required && !is_built_in {
            let names = row.key_env.join(" or ");
            let message = format!("no key for {}: set `api_key` in litellm_params, or {names}", row.title);
            return Err(Error::new(Kind::InvalidRequest, message).at("api_key"));
        }
        let mut extra = options.extra_headers.clone();
        extra
            .extend(options.organization.iter().map(|name| ("openai-organization".to_owned(), name.clone())));
        let headers = carrier::headers(row, key.as_ref(), &extra)?;
        // What is answered here is answered in chat's dialect.
        let of_ways = if is_built_in { registry::find("echo").unwrap_or(row) } else { row };
        let ways = Way::all(of_ways, &model, &base, &options.operator)?;
        Ok(Self {
            row,
            provider: row.name.as_str().into(),
            model: model.into(),
            is_at_home: row.base_url.as_deref() == Some(base.as_str()),
            base: carrier::without_credentials(&base).into(),
            ways: ways.into(),
            only_responses,
            headers: headers.into(),
            operator: options.operator.clone().into(),
            mock: options.mock_response.as_deref().map(Into::into),
            key: key.map(Arc::new),
        })
    }

    /// The same target for another model of the provider: what a wildcard deployment needs per model.
    #[must_use]
    pub fn for_model(&self, model: &str) -> Self {
        let (model, only_responses) = responses_only(self.row, model.to_owned());
        let ways = self.ways.iter().map(|way| way.for_model(self.row, &model, &self.operator));
        Self { ways: ways.collect(), model: model.into(), only_responses, ..self.clone() }
    }

    /// The provider's name, shared.
    #[must_use]
    pub fn provider(&self) -> Arc<str> {
        Arc::clone(&self.provider)
    }

    /// The provider's row.
    #[must_use]
    pub const fn row(&self) -> &'static Row {
        self.row
    }

    /// The model as the provider knows it; `*` for a wildcard.
    #[must_use]
    pub const fn model(&self) -> &Arc<str> {
        &self.model
    }

    /// The address without credentials.
    #[must_use]
    pub const fn base(&self) -> &Arc<str> {
        &self.base
    }

    /// The text that is answered here instead of calling a provider: a mock's, or the echo of the question.
    #[must_use]
    pub fn answers_itself(&self) -> Option<Option<&str>> {
        match &self.mock {
            Some(text) => Some(Some(text)),
            None => (self.row.name == "echo").then_some(None),
        }
    }

    /// Whether the provider serves an operation, in whatever dialect.
    #[must_use]
    pub fn serves(&self, operation: Operation) -> bool {
        self.ways.iter().any(|way| way.name.operation == operation)
    }

    /// Whether the provider counts the tokens of a prompt.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.serves(Operation::CountTokens) && self.answers_itself().is_none()
    }

    /// The bound on output and the number of choices that the deployment adds where the client says nothing.
    #[must_use]
    pub fn added(&self, operation: Operation, client: Dialect) -> (Option<u64>, Option<u64>) {
        let Some(Way { rules, .. }) = self.way(operation, client) else { return (None, None) };
        let most = |names: &[&str]| names.iter().filter_map(|name| rules.default_of(name)).max();
        (most(&["max_tokens", "max_completion_tokens", "max_output_tokens"]), most(&["n", "best_of"]))
    }

    /// A provider's words without the key that it was shown, should it repeat it.
    #[must_use]
    pub fn redacted(&self, body: Bytes) -> Bytes {
        let Some(key) = self.key.as_ref().map(|key| key.expose_secret()).filter(|key| key.len() >= 6) else {
            return body;
        };
        if memchr::memmem::find(&body, key.as_bytes()).is_none() {
            return body;
        }
        String::from_utf8_lossy(&body).replace(key, "[redacted]").into()
    }

    /// The way that a client's call takes: in its own dialect where the provider has it, else in the provider's
    /// first.
    fn way(&self, operation: Operation, client: Dialect) -> Option<&Way> {
        let mut ways = self.ways.iter().filter(|way| way.name.operation == operation);
        let in_dialect = |dialect: Dialect| move |way: &&Way| way.name.dialect == dialect;
        let responses = || {
            self.ways
                .iter()
                .filter(|way| way.name.operation == operation)
                .find(in_dialect(Dialect::OpenAiResponses))
        };
        if self.only_responses
            && let Some(way) = responses()
        {
            return Some(way);
        }
        if let Some(own) = ways.clone().find(in_dialect(client)) {
            return Some(own);
        }
        // OpenAI's reasoning goes on over turns only in responses, which other servers at its wire may not have.
        if self.is_at_home
            && let Some(way) = responses()
        {
            return Some(way);
        }
        ways.next()
    }

    /// Where the provider keeps its responses, followed by `tail`, and the headers for it.
    ///
    /// # Errors
    /// `Unsupported`: the provider keeps none.
    pub fn responses_at(&self, tail: &str) -> Result<(Uri, HeaderMap), Error> {
        let is_kept = |way: &&Way| way.name.dialect == Dialect::OpenAiResponses;
        let way = self.ways.iter().filter(|way| way.name.operation == Operation::Chat).find(is_kept);
        let way = way.ok_or_else(|| {
            let message = format!("{} keeps no responses", self.row.title);
            Error::new(Kind::Unsupported, message).at("response_id")
        })?;
        let uri = carrier::address(&way.uri.to_string(), tail)?;
        Ok((uri, (*self.headers).clone()))
    }

    /// Writes a call for the provider.
    ///
    /// # Errors
    /// `Unsupported`: an operation or parameter that the provider does not have. `InvalidRequest`: a request that
    /// must be read to be translated, and cannot be.
    pub fn write(&self, ask: &Ask, sending: &Sending<'_>) -> Result<Outgoing, Error> {
        let Some(way) = self.way(sending.operation, ask.dialect) else {
            let message = format!(
                "{} has no {} endpoint; choose another model",
                self.row.title,
                sending.operation.name()
            );
            return Err(Error::new(Kind::Unsupported, message).at("model"));
        };
        let prefixed = match &way.rules.model_prefix {
            Some(prefix) if !self.model.starts_with(prefix.as_str()) => {
                Some(format!("{prefix}{}", self.model))
            }
            _ => None,
        };
        let model = prefixed.as_deref().unwrap_or(&self.model);
        let mut passage = Passage {
            provider: way.name.dialect,
            client: ask.dialect,
            model: sending.shown.map(Arc::clone),
            hides_usage: false,
            rules: self.row.usage,
            is_count: sending.operation == Operation::CountTokens,
            translation: None,
        };
        let mut headers = (*self.headers).clone();
        let translated = match way.name.dialect == ask.dialect {
            true => None,
            false => Some(self.translate(ask, sending, way, model, &mut passage, &mut headers)?),
        };
        let envelope = translated.as_ref().unwrap_or(&ask.envelope);
        let relay = Relay {
            dialect: way.name.dialect,
            operation: sending.operation,
            envelope,
            stream: ask.peek.stream,
            // What is translated is read here: the usage is always wanted, and the writer shows it or not.
            wants_usage: ask.peek.wants_usage || translated.is_some(),
            model,
            rules: &way.rules,
            output_cap: sending.output_cap,
            provider: &self.row.name,
        };
        let Wire { body, hides_usage } = relay.write()?;
        passage.hides_usage = hides_usage;
        carrier::forward(&ask.forwarded, way.name.dialect, &mut headers);
        let uri = if ask.peek.stream { &way.stream_uri } else { &way.uri };
        Ok(Outgoing { uri: uri.clone(), headers, body, passage })
    }

    /// The client's request in the provider's dialect; `passage` and `headers` take what else comes of it.
    fn translate(
        &self,
        ask: &Ask,
        sending: &Sending<'_>,
        way: &Way,
        model: &str,
        passage: &mut Passage,
        headers: &mut HeaderMap,
    ) -> Result<Envelope, Error> {
        let seed = sending.call.to_string();
        let toward = Toward {
            provider: &self.row.name,
            model,
            facts: sending.facts,
            drops: self.operator.drop_params || ask.dialect != Dialect::OpenAiChat,
            mends: self.operator.modify_params,
            seed: &seed,
        };
        let body = operator::without(&ask.envelope, &self.operator.additional_drop_params);
        let mut request = match sending.operation {
            Operation::CountTokens => read_request(ask.dialect, &count::inside(ask.dialect, &body))?,
            _ => read_request(ask.dialect, &body)?,
        };
        operator::fill(&mut request, &self.operator.defaults)?;
        request.stream = ask.peek.stream;
        if request.previous_response.is_some() && way.name.dialect != Dialect::OpenAiResponses {
            let message = format!(
                "{} keeps no responses to go on from; send the whole conversation in `input` instead of \
                 `previous_response_id`",
                self.row.title
            );
            return Err(Error::new(Kind::Unsupported, message).at("previous_response_id"));
        }
        cache_points::mark(&self.operator.cache_points, &mut request);
        let written = write_request(way.name.dialect, &request, &toward)?;
        for (name, value) in &written.headers {
            carrier::add(headers, name, value);
        }
        let body = match sending.operation {
            Operation::CountTokens => count::request(way.name.dialect, written.body, model),
            _ => written.body,
        };
        let shown = Shown {
            model: sending.shown.map_or_else(|| self.model.to_string(), ToString::to_string),
            seed: seed.clone(),
            created: sending.seconds,
            wants_usage: ask.peek.wants_usage,
            request: ask.envelope.clone(),
        };
        passage.translation =
            Some(Box::new(Translated { notes: written.notes, shown, dropped: written.dropped }));
        Envelope::read(&body.into())
    }
}

/// Whether a model is to be had by OpenAI's responses alone: LiteLLM's prefix `responses/`, or the facts.
fn responses_only(row: &Row, model: String) -> (String, bool) {
    if let Some(bare) = model.strip_prefix("responses/") {
        return (bare.to_owned(), true);
    }
    let facts = row.operations.contains_key("responses").then(|| Catalog::builtin().find(&row.name, &model));
    let is_only = facts.flatten().is_some_and(|facts| facts.mode == Some(Mode::Responses));
    (model, is_only)
}

/// The row and the provider's own model name.
fn provider_of(options: &TargetOptions) -> Result<(&'static Row, String), Error> {
    let refused = |name: &str| {
        let message = format!(
            "no provider `{name}` in the registry; write `provider/model`, or use `custom_openai/model` with `api_base` \
             for any server that speaks OpenAI's wire format"
        );
        Error::new(Kind::InvalidRequest, message).at("model")
    };
    let prefix = options.model.split_once('/');
    if let Some(name) = &options.provider {
        let row = registry::find(name).ok_or_else(|| refused(name))?;
        let model =
            prefix.filter(|(prefix, _)| prefix == name).map_or(options.model.as_str(), |(_, model)| model);
        return Ok((row, model.to_owned()));
    }
    if let Some((name, model)) = prefix {
        return registry::find(name).map(|row| (row, model.to_owned())).ok_or_else(|| refused(name));
    }
    // LiteLLM knows the provider of well-known bare names; the facts about their models do too.
    let known = ["openai", "anthropic"]
        .into_iter()
        .find(|name| Catalog::builtin().find(name, &options.model).is_some());
    let row = known.and_then(registry::find);
    row.map(|row| (row, options.model.clone())).ok_or_else(|| refused(&options.model))
}

fn base_of(
    row: &'static Row,
    options: &TargetOptions,
    variables: Variables<'_>,
    is_built_in: bool,
) -> Result<String, Error> {
    let said = options.api_base.clone().or_else(|| row.base_url_env.iter().find_map(|name| variables(name)));
    match said.or_else(|| row.base_url.clone()) {
        Some(base) => Ok(base),
        None if is_built_in => Ok("http://built-in".into()),
        None => {
            let message = format!("{} has no fixed address: set `api_base` in litellm_params", row.title);
            Err(Error::new(Kind::InvalidRequest, message).at("api_base"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(model: &str, key: Option<&str>) -> Result<Target, Error> {
        let options = TargetOptions { model: model.into(), ..TargetOptions::default() };
        Target::resolve(&options, &|name| {
            (name == "OPENAI_API_KEY").then(|| key.map(str::to_owned)).flatten()
        })
    }

    #[test]
    fn providers_are_found_by_prefix_or_known_name() {
        let target = resolve("openai/gpt-4o", Some("sk-x")).unwrap();
        assert_eq!((target.row().name.as_str(), target.model().as_ref()), ("openai", "gpt-4o"));
        assert_eq!(resolve("gpt-4o", Some("sk-x")).unwrap().row().name, "openai");
        assert!(resolve("nobody/model", None).unwrap_err().message.contains("`nobody`"));
        assert!(resolve("openai/gpt-4o", None).unwrap_err().message.contains("OPENAI_API_KEY"));
        assert!(resolve("custom_openai/model", None).unwrap_err().message.contains("api_base"));
    }

    #[test]
    fn a_wildcard_takes_the_rules_of_each_model() {
        let wildcard = resolve("openai/*", Some("sk-x")).unwrap();
        assert_eq!(wildcard.model().as_ref(), "*");
        assert_eq!(wildcard.for_model("o3-mini").model().as_ref(), "o3-mini");
    }
}
