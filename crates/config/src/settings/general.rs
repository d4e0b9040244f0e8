//! `general_settings` (contract §2b).

use std::time::Duration;

use secrecy::SecretString;

use crate::fields::{Fields, Unknown};
use crate::finding::Finding;
use crate::keys;
use crate::yaml::Node;

/// `general_settings`.
#[derive(Clone, Debug, Default)]
pub struct GeneralSettings {
    /// The key of the administrator.
    pub master_key: Option<SecretString>,
    /// Address of the database.
    pub database_url: Option<SecretString>,
    /// Largest request, in megabytes.
    pub max_request_size_mb: Option<f64>,
    /// Largest answer, in megabytes.
    pub max_response_size_mb: Option<f64>,
    /// A header of its own for keys.
    pub litellm_key_header_name: Option<String>,
    /// A weak master key is taken.
    pub permits_weak_master_key: bool,
    /// Keys are charged, rows are not kept.
    pub disable_spend_logs: bool,
    /// Models and settings are kept in the database too.
    pub store_model_in_db: Option<bool>,
    /// Calls are served while the database is away.
    pub allow_requests_on_db_unavailable: Option<bool>,
    /// Connections to the database.
    pub database_connection_pool_limit: Option<u64>,
    /// Time to wait for one.
    pub database_connection_timeout: Option<Duration>,
    /// Calls in flight at once, by key.
    pub max_parallel_requests: Option<u64>,
    /// Calls in flight at once, in all.
    pub global_max_parallel_requests: Option<u64>,
    /// Every call must name a user.
    pub enforce_user_param: Option<bool>,
    /// Prompts and answers are kept with a call's row.
    pub store_prompts_in_spend_logs: Option<bool>,
    /// Time between writes of spend.
    pub proxy_batch_write_at: Option<Duration>,
    /// Deployments are asked for their health now and then.
    pub background_health_checks: Option<bool>,
    /// Time between two such rounds.
    pub health_check_interval: Option<Duration>,
    /// Where alerts go.
    pub alerting: Vec<String>,
    /// Time after which a call is slow enough for an alert.
    pub alerting_threshold: Option<Duration>,
    /// Addresses that may call.
    pub allowed_ips: Vec<String>,
    /// Keys are JWTs.
    pub enable_jwt_auth: Option<bool>,
    /// Members that have no effect yet, as they stand.
    pub idle: Vec<(String, Node)>,
}

pub(super) fn read(node: Option<&Node>, findings: &mut Vec<Finding>) -> GeneralSettings {
    let mut fields = Fields::of(node, "general_settings", &keys::GENERAL, findings);
    let settings = GeneralSettings {
        master_key: fields.secret("master_key"),
        database_url: fields.secret("database_url"),
        max_request_size_mb: size(&mut fields, "max_request_size_mb"),
        max_response_size_mb: size(&mut fields, "max_response_size_mb"),
        litellm_key_header_name: fields.text("litellm_key_header_name"),
        permits_weak_master_key: fields
            .switch("dangerously_permit_weak_or_unset_master_key")
            .unwrap_or(false),
        disable_spend_logs: fields.switch("disable_spend_logs").unwrap_or(false),
        store_model_in_db: fields.switch("store_model_in_db"),
        allow_requests_on_db_unavailable: fields.switch("allow_requests_on_db_unavailable"),
        database_connection_pool_limit: fields.count("database_connection_pool_limit"),
        database_connection_timeout: fields.seconds("database_connection_timeout"),
        max_parallel_requests: fields.count("max_parallel_requests"),
        global_max_parallel_requests: fields.count("global_max_parallel_requests"),
        enforce_user_param: fields.switch("enforce_user_param"),
        store_prompts_in_spend_logs: fields.switch("store_prompts_in_spend_logs"),
        proxy_batch_write_at: fields.seconds("proxy_batch_write_at"),
        background_health_checks: fields.switch("background_health_checks"),
        health_check_interval: fields.seconds("health_check_interval"),
        alerting: fields.texts("alerting"),
        alerting_threshold: fields.seconds("alerting_threshold"),
        allowed_ips: fields.texts("allowed_ips"),
        enable_jwt_auth: fields.switch("enable_jwt_auth"),
        idle: fields.idle(),
    };
    fields.finish(Unknown::Refused);
    settings
}

/// Megabytes, more than none.
fn size(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<f64> {
    let node = fields.take(name)?;
    let size = fields.number(name)?;
    if size <= 0.0 {
        fields.report(node, name, "must be more than 0; it has no effect", None);
        return None;
    }
    Some(size)
}
