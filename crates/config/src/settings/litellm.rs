//! `litellm_settings` (contract §2c).

use std::time::Duration;

use super::groups::{Fallbacks, Mention, fallbacks, groups};
use crate::fields::{Fields, Unknown};
use crate::finding::Finding;
use crate::keys;
use crate::yaml::Node;

/// `litellm_settings`.
#[derive(Clone, Debug, Default)]
pub struct LitellmSettings {
    /// Parameters that a provider cannot honour are dropped everywhere.
    pub drop_params: Option<bool>,
    /// Messages are changed where a provider needs it.
    pub modify_params: Option<bool>,
    /// Time for an answer.
    pub request_timeout: Option<Duration>,
    /// Retries.
    pub num_retries: Option<u64>,
    /// Failures that are borne before a cooldown.
    pub allowed_fails: Option<u64>,
    /// Fallback groups by group.
    pub fallbacks: Fallbacks,
    /// Fallback groups for every other group.
    pub default_fallbacks: Vec<String>,
    /// Fallback groups by group, for a context window that is too small.
    pub context_window_fallbacks: Fallbacks,
    /// Fallback groups by group, for a refusal by content policy.
    pub content_policy_fallbacks: Fallbacks,
    /// Status of a refusal by budget.
    pub budget_exceeded_status_code: Option<u64>,
    /// Budget of the whole proxy, in dollars as decimal text.
    pub max_budget: Option<String>,
    /// Its period, such as `30d`.
    pub budget_duration: Option<String>,
    /// Models without a price are refused.
    pub block_unpriced: bool,
    /// Whose calendar begins and ends the windows of budgets, such as `Europe/Amsterdam`.
    pub timezone: Option<String>,
    /// Answers are kept.
    pub cache: Option<bool>,
    /// Sinks of every call.
    pub callbacks: Vec<String>,
    /// Sinks of calls that succeeded.
    pub success_callback: Vec<String>,
    /// Sinks of calls that failed.
    pub failure_callback: Vec<String>,
    /// Sinks get no messages.
    pub turn_off_message_logging: Option<bool>,
    /// Sinks get no facts about keys.
    pub redact_user_api_key_info: Option<bool>,
    /// Logs are JSON.
    pub json_logs: Option<bool>,
    /// Names that stand for models.
    pub model_alias_map: Vec<(String, String)>,
    /// Members that have no effect yet, as they stand.
    pub idle: Vec<(String, Node)>,
}

pub(super) fn read(
    node: Option<&Node>,
    mentions: &mut Vec<Mention>,
    findings: &mut Vec<Finding>,
) -> LitellmSettings {
    let mut fields = Fields::of(node, "litellm_settings", &keys::LITELLM, findings);
    let settings = LitellmSettings {
        drop_params: fields.switch("drop_params"),
        modify_params: fields.switch("modify_params"),
        request_timeout: fields.seconds("request_timeout"),
        num_retries: fields.count("num_retries"),
        allowed_fails: fields.count("allowed_fails"),
        fallbacks: fallbacks(&mut fields, "fallbacks", mentions),
        default_fallbacks: groups(&mut fields, "default_fallbacks", mentions),
        context_window_fallbacks: fallbacks(&mut fields, "context_window_fallbacks", mentions),
        content_policy_fallbacks: fallbacks(&mut fields, "content_policy_fallbacks", mentions),
        budget_exceeded_status_code: fields.count("budget_exceeded_status_code"),
        max_budget: fields.dollars("max_budget"),
        budget_duration: fields.window("budget_duration"),
        block_unpriced: fields.switch("block_requests_for_models_without_pricing").unwrap_or(false),
        timezone: fields.text("timezone"),
        cache: fields.switch("cache"),
        callbacks: fields.texts("callbacks"),
        success_callback: fields.texts("success_callback"),
        failure_callback: fields.texts("failure_callback"),
        turn_off_message_logging: fields.switch("turn_off_message_logging"),
        redact_user_api_key_info: fields.switch("redact_user_api_key_info"),
        json_logs: fields.switch("json_logs"),
        model_alias_map: fields.pairs("model_alias_map"),
        idle: fields.idle(),
    };
    fields.finish(Unknown::Refused);
    settings
}
