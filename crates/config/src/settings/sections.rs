//! The sections beside the models (contract §2b to §2e).

use std::time::Duration;

use secrecy::SecretString;

use crate::fields::{Fields, Unknown};
use crate::finding::Finding;
use crate::known;
use crate::yaml::{Node, Value};

/// One of `credential_list`.
#[derive(Clone, Debug)]
pub struct Credential {
    /// `credential_name`.
    pub name: String,
    /// The key among its values.
    pub api_key: Option<SecretString>,
    /// The address among its values.
    pub api_base: Option<String>,
}

/// `litellm_settings`.
#[derive(Clone, Debug, Default)]
pub struct LitellmSettings {
    /// Parameters that a provider cannot honour are dropped everywhere.
    pub drop_params: Option<bool>,
    /// Time for an answer.
    pub request_timeout: Option<Duration>,
    /// Retries.
    pub num_retries: Option<u64>,
    /// Fallback groups by group.
    pub fallbacks: Vec<(String, Vec<String>)>,
    /// Fallback groups for every other group.
    pub default_fallbacks: Vec<String>,
    /// Status of a refusal by budget.
    pub budget_exceeded_status_code: Option<u64>,
}

/// `router_settings`.
#[derive(Clone, Debug, Default)]
pub struct RouterSettings {
    /// How a deployment of a group is chosen.
    pub routing_strategy: Option<String>,
    /// Retries.
    pub num_retries: Option<u64>,
    /// Groups that a call falls back through.
    pub max_fallbacks: Option<u64>,
    /// Time for an answer.
    pub timeout: Option<Duration>,
    /// Time to a stream's first frame.
    pub stream_timeout: Option<Duration>,
    /// Shortest wait before a retry.
    pub retry_after: Option<Duration>,
    /// Failures that are borne.
    pub allowed_fails: Option<u64>,
    /// A cooldown's length.
    pub cooldown_time: Option<Duration>,
    /// Nothing ever cools.
    pub disable_cooldowns: Option<bool>,
    /// Fallback groups by group.
    pub fallbacks: Vec<(String, Vec<String>)>,
    /// Fallback groups for every other group.
    pub default_fallbacks: Vec<String>,
    /// Names that stand for groups.
    pub model_group_alias: Vec<Alias>,
}

/// A name that stands for a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The name.
    pub name: String,
    /// The group.
    pub group: String,
    /// It is not listed.
    pub hidden: bool,
}

/// `general_settings`.
#[derive(Clone, Debug, Default)]
pub struct GeneralSettings {
    /// The key of the administrator.
    pub master_key: Option<SecretString>,
    /// Address of the database.
    pub database_url: Option<SecretString>,
    /// Largest request.
    pub max_request_size_mb: Option<f64>,
    /// A header of its own for keys.
    pub litellm_key_header_name: Option<String>,
    /// A weak master key is taken.
    pub permits_weak_master_key: bool,
    /// Keys are charged, rows are not kept.
    pub disable_spend_logs: bool,
}

/// `weighhouse_settings`.
#[derive(Clone, Debug, Default)]
pub struct OwnSettings {
    /// From sending a call to the first byte of its answer.
    pub first_byte: Option<Duration>,
    /// Silence within an answer.
    pub silence: Option<Duration>,
    /// A whole answer.
    pub total: Option<Duration>,
    /// Time for calls in flight at the end.
    pub drain: Option<Duration>,
    /// LiteLLM's behaviour of other versions.
    pub compat: CompatSettings,
}

/// `weighhouse_settings.compat`.
#[derive(Clone, Debug, Default)]
pub struct CompatSettings {
    /// 422, 429 or 400.
    pub budget_exceeded_status: Option<u64>,
    /// 403 or 401.
    pub model_denied_status: Option<u64>,
}

pub(super) fn credentials(node: Option<&Node>, findings: &mut Vec<Finding>) -> Vec<Credential> {
    let mut credentials = Vec::new();
    for (index, item) in node.map(Node::items).unwrap_or_default().iter().enumerate() {
        let path = format!("credential_list[{index}]");
        let mut fields = Fields::of(Some(item), &path, findings);
        let name = fields.text("credential_name");
        let values = fields.take("credential_values");
        fields.take("credential_info");
        fields.rest(&[], Unknown::Refused);
        let mut values = Fields::of(values, &format!("{path}.credential_values"), findings);
        let (api_key, api_base) = (values.secret("api_key"), values.text("api_base"));
        values.rest(known::PARAMS, Unknown::Refused);
        if let Some(name) = name {
            credentials.push(Credential { name, api_key, api_base });
        }
    }
    credentials
}

pub(super) fn litellm(node: Option<&Node>, findings: &mut Vec<Finding>) -> LitellmSettings {
    let mut fields = Fields::of(node, "litellm_settings", findings);
    let settings = LitellmSettings {
        drop_params: fields.switch("drop_params"),
        request_timeout: fields.seconds("request_timeout"),
        num_retries: fields.count("num_retries"),
        fallbacks: fallbacks(fields.take("fallbacks")),
        default_fallbacks: fields.texts("default_fallbacks"),
        budget_exceeded_status_code: fields.count("budget_exceeded_status_code"),
    };
    fields.rest(known::LITELLM, Unknown::Refused);
    settings
}

pub(super) fn router(node: Option<&Node>, findings: &mut Vec<Finding>) -> RouterSettings {
    let mut fields = Fields::of(node, "router_settings", findings);
    let settings = RouterSettings {
        routing_strategy: fields.text("routing_strategy"),
        num_retries: fields.count("num_retries"),
        max_fallbacks: fields.count("max_fallbacks"),
        timeout: fields.seconds("timeout"),
        stream_timeout: fields.seconds("stream_timeout"),
        retry_after: fields.seconds("retry_after"),
        allowed_fails: fields.count("allowed_fails"),
        cooldown_time: fields.seconds("cooldown_time"),
        disable_cooldowns: fields.switch("disable_cooldowns"),
        fallbacks: fallbacks(fields.take("fallbacks")),
        default_fallbacks: fields.texts("default_fallbacks"),
        model_group_alias: aliases(fields.take("model_group_alias")),
    };
    fields.rest(known::ROUTER, Unknown::Refused);
    if let Some(strategy) =
        settings.routing_strategy.as_deref().filter(|strategy| *strategy != "simple-shuffle")
    {
        let place = node.and_then(|node| node.get("routing_strategy")).map(|node| node.place.clone());
        findings.push(Finding {
            severity: crate::finding::Severity::Warning,
            place,
            path: "router_settings.routing_strategy".into(),
            message: format!("`{strategy}` is not supported yet; simple-shuffle is used"),
            hint: None,
        });
    }
    settings
}

pub(super) fn general(node: Option<&Node>, findings: &mut Vec<Finding>) -> GeneralSettings {
    let mut fields = Fields::of(node, "general_settings", findings);
    let settings = GeneralSettings {
        master_key: fields.secret("master_key"),
        database_url: fields.secret("database_url"),
        max_request_size_mb: fields.number("max_request_size_mb").filter(|size| *size > 0.0),
        litellm_key_header_name: fields.text("litellm_key_header_name"),
        permits_weak_master_key: fields
            .switch("dangerously_permit_weak_or_unset_master_key")
            .unwrap_or(false),
        disable_spend_logs: fields.switch("disable_spend_logs").unwrap_or(false),
    };
    fields.rest(known::GENERAL, Unknown::Refused);
    settings
}

pub(super) fn own(node: Option<&Node>, findings: &mut Vec<Finding>) -> OwnSettings {
    let mut fields = Fields::of(node, "weighhouse_settings", findings);
    let mut settings = OwnSettings {
        first_byte: fields.seconds("first_byte_seconds"),
        silence: fields.seconds("silence_seconds"),
        total: fields.seconds("total_seconds"),
        drain: fields.seconds("drain_seconds"),
        compat: CompatSettings::default(),
    };
    let compat = fields.take("compat");
    fields.rest(&[], Unknown::Refused);
    let mut compat = Fields::of(compat, "weighhouse_settings.compat", findings);
    settings.compat = CompatSettings {
        budget_exceeded_status: compat.count("budget_exceeded_status"),
        model_denied_status: compat.count("model_denied_status"),
    };
    compat.rest(&[], Unknown::Refused);
    settings
}

/// LiteLLM's form: a list of dicts, each with a group and its fallbacks.
fn fallbacks(node: Option<&Node>) -> Vec<(String, Vec<String>)> {
    let entries = node.map(Node::items).unwrap_or_default().iter().flat_map(Node::entries);
    let names = |node: &Node| match &node.value {
        Value::Text(name) => vec![name.clone()],
        _ => node.items().iter().filter_map(|item| item.text().map(str::to_owned)).collect(),
    };
    entries.map(|(group, to)| (group.python_str(), names(to))).collect()
}

fn aliases(node: Option<&Node>) -> Vec<Alias> {
    let entries = node.into_iter().flat_map(Node::entries);
    let alias = |(name, to): (&Node, &Node)| {
        let group = to.text().or_else(|| to.get("model").and_then(Node::text))?.to_owned();
        let hidden = to.get("hidden").is_some_and(|hidden| hidden.value == Value::Bool(true));
        Some(Alias { name: name.python_str(), group, hidden })
    };
    entries.filter_map(alias).collect()
}
