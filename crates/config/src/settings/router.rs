//! `router_settings` (contract §2d).

use std::time::Duration;

use super::groups::{Alias, Fallbacks, Mention, aliases, fallbacks, groups};
use crate::fields::{Fields, Unknown, no_window, window};
use crate::finding::Finding;
use crate::keys;
use crate::yaml::{Node, Place, Value};

/// The strategy that deployments are chosen by.
const SHUFFLE: &str = "simple-shuffle";

/// Checks that are made: limits of deployments, and budgets of deployments and providers, which hold anyway.
const CHECKS: [&str; 2] = ["enforce_model_rate_limits", "router_budget_limiting"];

const PROVIDER_BUDGETS: &str = "provider_budget_config";

/// `router_settings`.
#[derive(Clone, Debug, Default)]
pub struct RouterSettings {
    /// How a deployment of a group is chosen.
    pub routing_strategy: Option<String>,
    /// Retries.
    pub num_retries: Option<u64>,
    /// Retries by class of error, such as `RateLimitErrorRetries`.
    pub retry_policy: Vec<(String, String)>,
    /// Groups that a call falls back through.
    pub max_fallbacks: Option<u64>,
    /// Time for an answer.
    pub timeout: Option<Duration>,
    /// Time to a stream's first frame.
    pub stream_timeout: Option<Duration>,
    /// Shortest wait before a retry.
    pub retry_after: Option<Duration>,
    /// Failures that are borne before a cooldown.
    pub allowed_fails: Option<u64>,
    /// Failures that are borne by class of error, such as `RateLimitErrorAllowedFails`.
    pub allowed_fails_policy: Vec<(String, String)>,
    /// A cooldown's length.
    pub cooldown_time: Option<Duration>,
    /// Nothing ever cools.
    pub disable_cooldowns: Option<bool>,
    /// Fallback groups by group.
    pub fallbacks: Fallbacks,
    /// Fallback groups for every other group.
    pub default_fallbacks: Vec<String>,
    /// Fallback groups by group, for a context window that is too small.
    pub context_window_fallbacks: Fallbacks,
    /// Fallback groups by group, for a refusal by content policy.
    pub content_policy_fallbacks: Fallbacks,
    /// Names that stand for groups.
    pub model_group_alias: Vec<Alias>,
    /// Deployments are checked against a call before it is sent.
    pub enable_pre_call_checks: Option<bool>,
    /// Checks by name, such as `prompt_caching`.
    pub optional_pre_call_checks: Vec<String>,
    /// What each provider's deployments together may spend.
    pub provider_budgets: Vec<ProviderBudget>,
    /// Tags of a call choose its deployments.
    pub enable_tag_filtering: Option<bool>,
    /// Calls in flight at once by deployment.
    pub default_max_parallel_requests: Option<u64>,
    /// Members that have no effect yet, as they stand.
    pub idle: Vec<(String, Node)>,
}

/// An entry of `provider_budget_config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderBudget {
    /// The provider's name.
    pub provider: String,
    /// The most that its deployments may spend, in dollars as decimal text.
    pub budget_limit: String,
    /// In windows of this duration, such as `1d`; for life where there is none.
    pub time_period: Option<String>,
    /// Where it stands.
    pub place: Place,
}

pub(super) fn read(
    node: Option<&Node>,
    mentions: &mut Vec<Mention>,
    findings: &mut Vec<Finding>,
) -> RouterSettings {
    let mut fields = Fields::of(node, "router_settings", &keys::ROUTER, findings);
    let settings = RouterSettings {
        routing_strategy: strategy(&mut fields),
        num_retries: fields.count("num_retries"),
        retry_policy: fields.pairs("retry_policy"),
        max_fallbacks: fields.count("max_fallbacks"),
        timeout: fields.seconds("timeout"),
        stream_timeout: fields.seconds("stream_timeout"),
        retry_after: fields.seconds("retry_after"),
        allowed_fails: fields.count("allowed_fails"),
        allowed_fails_policy: fields.pairs("allowed_fails_policy"),
        cooldown_time: fields.seconds("cooldown_time"),
        disable_cooldowns: fields.switch("disable_cooldowns"),
        fallbacks: fallbacks(&mut fields, "fallbacks", mentions),
        default_fallbacks: groups(&mut fields, "default_fallbacks", mentions),
        context_window_fallbacks: fallbacks(&mut fields, "context_window_fallbacks", mentions),
        content_policy_fallbacks: fallbacks(&mut fields, "content_policy_fallbacks", mentions),
        model_group_alias: aliases(&mut fields, "model_group_alias", mentions),
        enable_pre_call_checks: fields.switch("enable_pre_call_checks"),
        optional_pre_call_checks: pre_call_checks(&mut fields),
        provider_budgets: provider_budgets(&mut fields),
        enable_tag_filtering: fields.switch("enable_tag_filtering"),
        default_max_parallel_requests: fields.count("default_max_parallel_requests"),
        idle: fields.idle(),
    };
    fields.finish(Unknown::Refused);
    settings
}

fn provider_budgets(fields: &mut Fields<'_, '_>) -> Vec<ProviderBudget> {
    let Some(node) = fields.take(PROVIDER_BUDGETS) else { return Vec::new() };
    if !matches!(node.value, Value::Map(_)) {
        let message =
            "must be a mapping of providers, such as {openai: {budget_limit: 100, time_period: 1d}}";
        fields.fatal(node, PROVIDER_BUDGETS, message);
    }
    node.entries().filter_map(|(provider, said)| provider_budget(fields, provider, said)).collect()
}

/// A budget that cannot be read would bound nothing, so nothing starts with one.
fn provider_budget(fields: &mut Fields<'_, '_>, provider: &Node, said: &Node) -> Option<ProviderBudget> {
    let (place, provider) = (provider.place.clone(), provider.python_str());
    let path = format!("{PROVIDER_BUDGETS}.{provider}");
    // LiteLLM takes both names of both.
    let named = |names: [&str; 2]| {
        let found = names.into_iter().find_map(|name| said.get(name));
        found.filter(|node| node.value != Value::Null)
    };
    let budget_limit = named(["budget_limit", "max_budget"]).and_then(Node::decimal_text);
    if budget_limit.is_none() {
        fields.fatal(said, &path, "has no `budget_limit` in dollars; write one, such as budget_limit: 100");
    }
    let period = named(["time_period", "budget_duration"]);
    let time_period = period.and_then(window);
    if let (Some(node), None) = (period, &time_period) {
        fields.fatal(node, &path, &no_window(node));
    }
    for (key, _) in said.entries() {
        match key.text().unwrap_or_default() {
            "budget_limit" | "max_budget" | "time_period" | "budget_duration" => {}
            name @ ("rpm_limit" | "tpm_limit") => {
                fields.report(key, &path, &format!("`{name}` is not supported yet; it has no effect"), None);
            }
            _ => {
                let message = format!(
                    "`{}` is nothing that a budget has; write budget_limit and time_period",
                    key.python_str()
                );
                fields.fatal(key, &path, &message);
            }
        }
    }
    Some(ProviderBudget { provider, budget_limit: budget_limit?, time_period, place })
}

/// Checks by name; those that nobody makes yet are reported.
fn pre_call_checks(fields: &mut Fields<'_, '_>) -> Vec<String> {
    const NAME: &str = "optional_pre_call_checks";
    let checks = fields.texts(NAME);
    if let Some(node) = fields.take(NAME) {
        for check in checks.iter().filter(|check| !CHECKS.contains(&check.as_str())) {
            fields.report(node, NAME, &format!("`{check}` is not supported yet; it has no effect"), None);
        }
    }
    checks
}

fn strategy(fields: &mut Fields<'_, '_>) -> Option<String> {
    let node = fields.take("routing_strategy")?;
    let strategy = fields.text("routing_strategy")?;
    if strategy != SHUFFLE {
        let message = format!("`{strategy}` is not supported yet; {SHUFFLE} is used");
        fields.report(node, "routing_strategy", &message, None);
    }
    Some(strategy)
}
