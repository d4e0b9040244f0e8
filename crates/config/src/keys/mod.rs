//! Which keys are known, and which of them are acted on: the one table of it.
//!
//! A key that comes into use moves from `idle` to `acted`; nothing else changes. Names are those that LiteLLM
//! 1.109 reads (contract §2a to §2e).

mod models;
mod sections;
mod settings;

pub(crate) use models::{MODEL, MODEL_INFO, PARAMS};
pub(crate) use sections::{COMPAT, CREDENTIAL, OWN, SECTIONS, TIMEOUTS};
pub(crate) use settings::{GENERAL, LITELLM, ROUTER};

/// The keys of a mapping, as words with spaces between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    /// Something is done with them.
    pub(crate) acted: &'static str,
    /// They are read and have no effect yet, which is reported.
    pub(crate) idle: &'static str,
}

impl Keys {
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static str> {
        words(self.acted).chain(words(self.idle))
    }

    pub(crate) fn is_acted_on(&self, name: &str) -> bool {
        words(self.acted).any(|known| known == name)
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.all().any(|known| known == name)
    }
}

fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split_ascii_whitespace()
}

/// Whether a key of `litellm_params` or `model_info` is a price, as `catalog` reads them.
pub(crate) fn is_price(name: &str) -> bool {
    const NESTED: &[&str] = &["off_peak_pricing", "provider_specific_entry", "tiered_pricing"];
    let speaks_of_cost = name.contains("_cost_") || name.ends_with("_cost") || name.starts_with("cost_per_");
    // What a reserved unit costs is settled beside the tokens.
    let is_of_unit = name == "cost_per_ptu_per_hour";
    (speaks_of_cost && !is_of_unit) || name.contains("uplift_multiplier") || NESTED.contains(&name)
}

/// Whether it is a member of a provider's request that people set for a deployment, and no misspelt setting.
pub(crate) fn is_of_body(name: &str) -> bool {
    words(BODY).any(|known| known == name)
}

const BODY: &str = "\
    audio frequency_penalty function_call functions input logit_bias logprobs max_completion_tokens max_tokens messages \
    metadata modalities n parallel_tool_calls prediction presence_penalty reasoning reasoning_effort response_format \
    safety_settings seed service_tier stop store stream stream_options temperature thinking tool_choice tools top_k \
    top_logprobs top_p user verbosity voice web_search_options";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_twice() {
        for keys in
            [SECTIONS, MODEL, PARAMS, MODEL_INFO, GENERAL, LITELLM, ROUTER, CREDENTIAL, OWN, TIMEOUTS, COMPAT]
        {
            let mut names: Vec<_> = keys.all().collect();
            names.sort_unstable();
            for pair in names.windows(2) {
                assert_ne!(pair[0], pair[1]);
            }
        }
    }
}
