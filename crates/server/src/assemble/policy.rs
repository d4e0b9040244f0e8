//! What the settings say about routing.

use weighhouse_config::{ModelEntry, Settings};
use weighhouse_router::Policy;

/// Most retries that a config may ask for.
const MOST_RETRIES: u64 = 20;

/// Retries, fallbacks and cooldowns: `router_settings` win over `litellm_settings`.
pub(super) fn policy(settings: &Settings) -> Policy {
    let (router, litellm) = (&settings.router, &settings.litellm);
    let default = Policy::default();
    let small = |count: u64, most: u64| u32::try_from(count.min(most)).unwrap_or(u32::MAX);
    let asked = router.num_retries.or(litellm.num_retries);
    let fallbacks = if router.fallbacks.is_empty() { &litellm.fallbacks } else { &router.fallbacks };
    let default_fallbacks = if router.default_fallbacks.is_empty() {
        &litellm.default_fallbacks
    } else {
        &router.default_fallbacks
    };
    Policy {
        num_retries: asked.map_or(default.num_retries, retries),
        retry_after: router.retry_after.unwrap_or(default.retry_after),
        max_fallbacks: router.max_fallbacks.map_or(default.max_fallbacks, |count| small(count, MOST_RETRIES)),
        fallbacks: fallbacks.iter().cloned().collect(),
        default_fallbacks: default_fallbacks.clone(),
        disable_cooldowns: router.disable_cooldowns.unwrap_or(false),
        allowed_fails: router.allowed_fails.map(|count| small(count, u64::from(u32::MAX))),
        cooldown: router.cooldown_time,
    }
}

/// A count of retries, within what a config may ask for.
pub(super) fn retries(asked: u64) -> u32 {
    u32::try_from(asked.min(MOST_RETRIES)).unwrap_or(u32::MAX)
}

/// LiteLLM's rule: the first of `weight`, `rpm`, `tpm` that any deployment of the group sets; else all alike.
pub(super) fn weight(entry: &ModelEntry, settings: &Settings) -> f64 {
    let of_group = || settings.models.iter().filter(|other| other.model_name == entry.model_name);
    #[expect(clippy::cast_precision_loss, reason = "shares need no more precision than a float has")]
    let kinds: [fn(&ModelEntry) -> Option<f64>; 3] = [
        |entry| entry.params.weight,
        |entry| entry.params.rpm.map(|rpm| rpm as f64),
        |entry| entry.params.tpm.map(|tpm| tpm as f64),
    ];
    let set = kinds.iter().find(|kind| of_group().any(|other| kind(other).is_some()));
    set.map_or(1.0, |kind| kind(entry).unwrap_or(0.0))
}
