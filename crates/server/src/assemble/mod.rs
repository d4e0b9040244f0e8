//! From settings to a snapshot: what the configuration says, in each room's own options.

mod deployments;
mod master_key;
mod money;
mod policy;
mod quickstart;

use std::sync::Arc;
use std::time::Duration;

use weighhouse_auth::AccessGroups;
use weighhouse_config::{Finding, Settings};
use weighhouse_router::{Member, Table};

use crate::deployment::Deployment;
use crate::limits::{Limits, Patience};
use crate::snapshot::{Compat, Snapshot};

pub use master_key::{check_master_key, master};
pub use money::budget_mode;
pub use quickstart::quickstart;

/// The snapshot of a config. Deployments that cannot be used are left out and reported.
#[must_use]
pub fn snapshot(settings: &Settings, variables: &dyn Fn(&str) -> Option<String>) -> (Snapshot, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut table = Table::new(policy::policy(settings));
    let mut deployments = Vec::new();
    let mut access_groups = AccessGroups::default();
    for entry in &settings.models {
        match deployments::deployment(entry, settings, variables) {
            Ok(deployment) => {
                let member = Member {
                    deployment: deployments.len(),
                    weight: policy::weight(entry, settings),
                    order: entry.params.order.map_or(0, |order| u32::try_from(order).unwrap_or(u32::MAX)),
                    num_retries: entry.params.num_retries.map(policy::retries),
                    cooldown: entry.params.cooldown_time,
                };
                table.add(&entry.model_name, member);
                access_groups.add(&entry.model_name, &entry.info.access_groups);
                deployments.push(deployment.into());
            }
            Err(error) => findings.push(deployments::left_out(entry, &error)),
        }
    }
    findings.extend(money::unkept(&settings.router.provider_budgets));
    for alias in &settings.router.model_group_alias {
        table.alias(&alias.name, &alias.group, alias.hidden);
    }
    let weighs_deployments = deployments.iter().any(|deployment: &Arc<Deployment>| deployment.has_budget());
    let snapshot = Snapshot {
        table,
        deployments,
        access_groups: access_groups.into(),
        limits: limits(settings),
        master: None,
        key_header: settings.general.litellm_key_header_name.as_ref().map(|name| name.to_ascii_lowercase()),
        compat: compat(settings),
        money: money::rules(settings),
        weighs_deployments,
        global: money::global(settings),
    };
    (snapshot, findings)
}

fn limits(settings: &Settings) -> Limits {
    let mut limits = Limits::default();
    if let Some(size) = settings.general.max_request_size_mb {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded to a gigabyte")]
        let bytes = (size.clamp(0.001, 1_024.0) * 1_048_576.0) as usize;
        limits.body_bytes = bytes;
    }
    limits.drain = settings.own.drain.unwrap_or(limits.drain);
    limits
}

fn compat(settings: &Settings) -> Compat {
    let own = &settings.own.compat;
    let budget = own.budget_exceeded_status.or(settings.litellm.budget_exceeded_status_code);
    let status = |asked: Option<u64>, allowed: &[u16], default: u16| {
        asked
            .and_then(|asked| allowed.iter().copied().find(|status| u64::from(*status) == asked))
            .unwrap_or(default)
    };
    let default = Compat::default();
    Compat {
        budget_exceeded: status(budget, &[422, 429, 400], default.budget_exceeded),
        model_denied: status(own.model_denied_status, &[403, 401], default.model_denied),
    }
}

/// Times for whole answers and for streams: the deployment's own, the router's, LiteLLM's, ours.
pub(super) fn patience(entry: &weighhouse_config::ModelEntry, settings: &Settings) -> (Patience, Patience) {
    let own = &settings.own;
    let base = Patience::default();
    let base = Patience {
        first_byte: own.first_byte.unwrap_or(base.first_byte),
        silence: own.silence.unwrap_or(base.silence),
        total: own.total.unwrap_or(base.total),
    };
    let timeout = entry.params.timeout.or(settings.router.timeout).or(settings.litellm.request_timeout);
    let within = |patience: Patience, timeout: Option<Duration>| match timeout {
        Some(timeout) => Patience { first_byte: timeout, total: timeout, ..patience },
        None => patience,
    };
    let stream = entry.params.stream_timeout.or(settings.router.stream_timeout).or(timeout);
    let for_stream = Patience { total: base.total, ..within(base, stream) };
    (within(base, timeout), for_stream)
}
