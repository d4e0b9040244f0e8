//! `litellm_params` of a deployment (contract §2a).

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use crate::fields::{Fields, Unknown};
use crate::finding::Finding;
use crate::keys;
use crate::yaml::{Node, Value};

/// A place of `cache_control_injection_points` at which the provider is asked to cache a prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CachePoint {
    /// The end of the tools, not a message.
    pub tools: bool,
    /// Messages of this role.
    pub role: Option<String>,
    /// The message at this place; negative ones count from the end.
    pub index: Option<i64>,
}

/// `litellm_params`.
#[derive(Clone, Default)]
pub struct LitellmParams {
    /// `provider/model`; `*` stands for what the client names.
    pub model: String,
    /// The provider, where the model does not name it.
    pub custom_llm_provider: Option<String>,
    /// The provider's key.
    pub api_key: Option<SecretString>,
    /// The provider's address (`api_base` or `base_url`).
    pub api_base: Option<String>,
    /// The provider's version, such as Azure's date.
    pub api_version: Option<String>,
    /// The provider's organization.
    pub organization: Option<String>,
    /// Where its credentials stand in `credential_list`.
    pub credential_name: Option<String>,
    /// Time for an answer.
    pub timeout: Option<Duration>,
    /// Time to a stream's first frame.
    pub stream_timeout: Option<Duration>,
    /// Retries.
    pub num_retries: Option<u64>,
    /// Retries of LiteLLM's client, inside one attempt.
    pub max_retries: Option<u64>,
    /// A cooldown's length.
    pub cooldown_time: Option<Duration>,
    /// Requests a minute.
    pub rpm: Option<u64>,
    /// Tokens a minute.
    pub tpm: Option<u64>,
    /// Tokens of prompts a minute.
    pub itpm: Option<u64>,
    /// Generated tokens a minute.
    pub otpm: Option<u64>,
    /// Requests a day.
    pub rpd: Option<u64>,
    /// Tokens a day.
    pub tpd: Option<u64>,
    /// Deployments of the lowest order are used first.
    pub order: Option<u64>,
    /// Its share of the group's calls.
    pub weight: Option<f64>,
    /// Calls in flight at once.
    pub max_parallel_requests: Option<u64>,
    /// Tags that a call may ask for.
    pub tags: Vec<String>,
    /// Budget in dollars, as decimal text.
    pub max_budget: Option<String>,
    /// The budget's period, such as `1d`.
    pub budget_duration: Option<String>,
    /// Parameters that the provider cannot honour are dropped.
    pub drop_params: Option<bool>,
    /// Parameters never sent.
    pub additional_drop_params: Vec<String>,
    /// Parameters sent although the registry forbids them.
    pub allowed_openai_params: Vec<String>,
    /// Where marks for the provider's cache are put into prompts.
    pub cache_points: Vec<CachePoint>,
    /// Answered here, without a provider.
    pub mock_response: Option<String>,
    /// Headers sent with every call.
    pub extra_headers: Vec<(String, String)>,
    /// Prices: LiteLLM's name and the decimal text, JSON for nested ones.
    pub prices: Vec<(String, String)>,
    /// Members that LiteLLM knows and that have no effect yet, as they stand.
    pub known_unused: Vec<(String, Node)>,
    /// Members of every request, where the client says nothing: names and JSON texts.
    pub extra: Vec<(String, String)>,
}

impl fmt::Debug for LitellmParams {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers, addresses and what goes to the provider may hold secrets.
        let names =
            |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        out.debug_struct("LitellmParams")
            .field("model", &self.model)
            .field("custom_llm_provider", &self.custom_llm_provider)
            .field("order", &self.order)
            .field("weight", &self.weight)
            .field("prices", &self.prices)
            .field("extra_headers", &names(&self.extra_headers))
            .field("extra", &names(&self.extra))
            .field("known_unused", &self.known_unused)
            .finish_non_exhaustive()
    }
}

/// Reads the parameters. None: there is no model.
pub(super) fn read(node: &Node, path: &str, findings: &mut Vec<Finding>) -> Option<LitellmParams> {
    let mut fields = Fields::of(Some(node), path, &keys::PARAMS, findings);
    let model = fields.text("model").filter(|model| !model.is_empty())?;
    let (api_base, base_url) = (fields.text("api_base"), fields.text("base_url"));
    let mut params = LitellmParams {
        model,
        custom_llm_provider: fields.text("custom_llm_provider"),
        api_key: fields.secret("api_key"),
        api_base: api_base.or(base_url),
        api_version: fields.text("api_version"),
        organization: organizations(&mut fields).first().cloned(),
        credential_name: fields.text("litellm_credential_name"),
        timeout: fields.seconds("timeout"),
        stream_timeout: fields.seconds("stream_timeout"),
        num_retries: fields.count("num_retries"),
        max_retries: fields.count("max_retries"),
        cooldown_time: fields.seconds("cooldown_time"),
        rpm: fields.count("rpm"),
        tpm: fields.count("tpm"),
        itpm: fields.count("itpm"),
        otpm: fields.count("otpm"),
        rpd: fields.count("rpd"),
        tpd: fields.count("tpd"),
        order: fields.count("order"),
        weight: fields.number("weight"),
        max_parallel_requests: fields.count("max_parallel_requests"),
        tags: fields.texts("tags"),
        max_budget: fields.dollars("max_budget"),
        budget_duration: fields.window("budget_duration"),
        drop_params: fields.switch("drop_params"),
        additional_drop_params: fields.texts("additional_drop_params"),
        allowed_openai_params: fields.texts("allowed_openai_params"),
        cache_points: cache_points(&mut fields),
        mock_response: fields.text("mock_response"),
        extra_headers: fields.pairs("extra_headers"),
        prices: fields.prices(),
        known_unused: fields.idle(),
        extra: Vec::new(),
    };
    let of_body = fields.take("extra_body").into_iter().flat_map(Node::entries);
    let of_body: Vec<_> = of_body.map(|(key, value)| (key.python_str(), value)).collect();
    let extra = fields.finish(Unknown::Sent).into_iter().chain(of_body);
    let extra = extra.filter(|(_, value)| value.value != Value::Null);
    params.extra = extra.map(|(name, value)| (name, value.json())).collect();
    Some(params)
}

fn cache_points(fields: &mut Fields<'_, '_>) -> Vec<CachePoint> {
    let items = fields.take("cache_control_injection_points").map(Node::items).unwrap_or_default();
    let of = |node: &Node| {
        let location = node.get("location").and_then(Node::text);
        let index = node.get("index").map(|index| &index.value);
        Some(CachePoint {
            tools: match location {
                Some("message") | None => false,
                Some("tool_config") => true,
                Some(_) => return None,
            },
            role: node.get("role").and_then(Node::text).map(str::to_owned),
            index: match index {
                Some(Value::Int(index)) => i64::try_from(*index).ok(),
                Some(Value::Text(text)) => text.parse().ok(),
                _ => None,
            },
        })
    };
    items.iter().filter_map(of).collect()
}

/// The organization; a list of them makes a deployment of each.
pub(super) fn organizations(fields: &mut Fields<'_, '_>) -> Vec<String> {
    match fields.take("organization").map(|node| &node.value) {
        Some(Value::List(_)) => fields.texts("organization"),
        _ => fields.text("organization").into_iter().collect(),
    }
}
