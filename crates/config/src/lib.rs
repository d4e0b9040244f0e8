//! LiteLLM's `config.yaml`, read as PyYAML reads it, into typed settings with findings.
//!
//! Every key that is unknown, misspelt, of the wrong type or not acted on yet becomes a finding with its
//! file, line, nearest known name and remedy. This room never acts on a setting, and it is the only one
//! that reads the process's environment.
//!
//! ```
//! use std::collections::BTreeMap;
//! use weighhouse_config::load_text;
//!
//! let text = "model_list:\n- model_name: fast\n  litellm_params: {modle: openai/gpt-4o, model: openai/gpt-4o}\n";
//! let loaded = load_text("config.yaml", text, &BTreeMap::new()).expect("YAML");
//! assert_eq!(loaded.settings.models[0].params.model, "openai/gpt-4o");
//! assert!(loaded.findings[0].to_string().contains("did you mean `model`?"));
//! ```

mod environment;
mod fields;
mod finding;
mod include;
mod keys;
mod load;
mod master_key;
mod settings;
mod variables;
pub mod yaml;

pub use environment::{Environment, ProcessEnvironment};
pub use finding::{Finding, Severity, nearest};
pub use load::{LoadError, Loaded, load, load_text};
pub use master_key::is_weak_master_key;
pub use settings::{
    Alias, CachePoint, CompatSettings, Credential, Fallbacks, GeneralSettings, LitellmParams,
    LitellmSettings, ModelEntry, ModelInfo, OwnSettings, ProviderBudget, RouterSettings, Settings,
};

#[cfg(test)]
mod tests;
