//! A provider and a model, resolved: everything that a call needs to be sent.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Uri};
use secrecy::{ExposeSecret, SecretString};
use weighhouse_catalog::Catalog;
use weighhouse_types::{Error, Kind, Operation};

use crate::ask::Ask;
use crate::carrier;
use crate::quirks::{OperatorRules, Rules};
use crate::registry::{self, KeyNeed, Row};
use crate::relay::{Relay, Wire};

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
    ways: Arc<[Option<Way>]>,
    headers: Arc<HeaderMap>,
    operator: Arc<OperatorRules>,
    mock: Option<Arc<str>>,
    key: Option<Arc<SecretString>>,
}

/// How one operation is sent.
#[derive(Clone, Debug)]
struct Way {
    uri: Uri,
    rules: Rules,
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
    /// The usage chunk was asked for by the house, not by the client.
    pub hides_usage: bool,
}

impl Target {
    /// Resolves a deployment's provider side.
    ///
    /// # Errors
    /// `InvalidRequest` with the remedy: unknown provider, no address, no key, an unusable header.
    pub fn resolve(options: &TargetOptions, variables: Variables<'_>) -> Result<Self, Error> {
        let (row, model) = provider_of(options)?;
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
        let ways = ways(row, &model, &base, &options.operator)?;
        Ok(Self {
            row,
            provider: row.name.as_str().into(),
            model: model.into(),
            base: carrier::without_credentials(&base).into(),
            ways,
            headers: headers.into(),
            operator: options.operator.clone().into(),
            mock: options.mock_response.as_deref().map(Into::into),
            key: key.map(Arc::new),
        })
    }

    /// The same target for another model of the provider: what a wildcard deployment needs per model.
    #[must_use]
    pub fn for_model(&self, model: &str) -> Self {
        let ways = self.ways.iter().zip(Operation::ALL).map(|(way, operation)| {
            way.as_ref().map(|way| Way {
                uri: way.uri.clone(),
                rules: Rules::new(self.row, model, operation, &self.operator),
            })
        });
        Self { model: model.into(), ways: ways.collect(), ..self.clone() }
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

    /// Whether the provider serves an operation.
    #[must_use]
    pub fn serves(&self, operation: Operation) -> bool {
        self.way(operation).is_some()
    }

    /// The bound on output and the number of choices that the deployment adds where the client says nothing.
    #[must_use]
    pub fn added(&self, operation: Operation) -> (Option<u64>, Option<u64>) {
        let Some(Way { rules, .. }) = self.way(operation) else { return (None, None) };
        let most = |names: [&str; 2]| names.iter().filter_map(|name| rules.default_of(name)).max();
        (most(["max_tokens", "max_completion_tokens"]), most(["n", "best_of"]))
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

    fn way(&self, operation: Operation) -> Option<&Way> {
        let place = Operation::ALL.iter().position(|one| *one == operation)?;
        self.ways.get(place)?.as_ref()
    }

    /// Writes a call for the provider; `output_cap` is the house's bound on generated tokens.
    ///
    /// # Errors
    /// `Unsupported`: an operation or parameter that the provider does not have.
    pub fn write(&self, ask: &Ask, operation: Operation, output_cap: Option<u64>) -> Result<Outgoing, Error> {
        let way = self.way(operation).ok_or_else(|| {
            let message =
                format!("{} has no {} endpoint; choose another model", self.row.title, operation.name());
            Error::new(Kind::Unsupported, message).at("model")
        })?;
        let prefixed = match &way.rules.model_prefix {
            Some(prefix) if !self.model.starts_with(prefix.as_str()) => {
                Some(format!("{prefix}{}", self.model))
            }
            _ => None,
        };
        let model = prefixed.as_deref().unwrap_or(&self.model);
        let relay = Relay {
            dialect: ask.dialect,
            operation,
            envelope: &ask.envelope,
            stream: ask.peek.stream,
            wants_usage: ask.peek.wants_usage,
            model,
            rules: &way.rules,
            output_cap,
            provider: &self.row.name,
        };
        let Wire { body, hides_usage } = relay.write()?;
        Ok(Outgoing { uri: way.uri.clone(), headers: (*self.headers).clone(), body, hides_usage })
    }
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
    // LiteLLM knows the provider of well-known bare names; the facts about OpenAI's models do too.
    let known = Catalog::builtin().find("openai", &options.model).is_some();
    let row = known.then(|| registry::find("openai")).flatten();
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

fn ways(row: &Row, model: &str, base: &str, operator: &OperatorRules) -> Result<Arc<[Option<Way>]>, Error> {
    let way = |operation: Operation| {
        let path = row.operations.get(operation.name());
        path.map(|path| {
            let uri = carrier::address(base, path)?;
            Ok(Way { uri, rules: Rules::new(row, model, operation, operator) })
        })
        .transpose()
    };
    Operation::ALL.into_iter().map(way).collect()
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
