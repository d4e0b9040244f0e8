//! What a config says, typed.

mod general;
mod groups;
mod info;
mod litellm;
mod model;
mod own;
mod params;
mod router;

use crate::fields::{Fields, Unknown};
use crate::finding::Finding;
use crate::keys;
use crate::yaml::Node;

pub use general::GeneralSettings;
pub use groups::{Alias, Fallbacks};
pub use info::ModelInfo;
pub use litellm::LitellmSettings;
pub use model::{Credential, ModelEntry};
pub use own::{CompatSettings, OwnSettings};
pub use params::{CachePoint, LitellmParams};
pub use router::{ProviderBudget, RouterSettings};

/// What a config says. Everything is optional; defaults are the rooms' own.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `model_list`.
    pub models: Vec<ModelEntry>,
    /// `credential_list`.
    pub credentials: Vec<Credential>,
    /// `litellm_settings`.
    pub litellm: LitellmSettings,
    /// `router_settings`.
    pub router: RouterSettings,
    /// `general_settings`.
    pub general: GeneralSettings,
    /// `weighhouse_settings`: what LiteLLM has no name for.
    pub own: OwnSettings,
    /// Sections that nothing acts on yet (`guardrails`, `mcp_servers`, …), as they stand.
    pub sections: Vec<(String, Node)>,
}

/// Reads the sections of a config.
pub(crate) fn read(root: &Node, findings: &mut Vec<Finding>) -> Settings {
    let mut top = Fields::of(Some(root), "", &keys::SECTIONS, findings);
    let names = [
        "model_list",
        "credential_list",
        "litellm_settings",
        "router_settings",
        "general_settings",
        "weighhouse_settings",
    ];
    let [model_list, credentials, litellm, router, general, own] = names.map(|name| top.take(name));
    let sections = top.idle();
    top.finish(Unknown::Refused);
    let credentials = model::credentials(credentials, findings);
    let models = model::models(model_list, &credentials, findings);
    let mut mentions = Vec::new();
    let litellm = litellm::read(litellm, &mut mentions, findings);
    let router = router::read(router, &mut mentions, findings);
    let aliases = &router.model_group_alias;
    groups::report_missing(&mentions, &models, aliases, findings);
    Settings {
        litellm,
        router,
        general: general::read(general, findings),
        own: own::read(own, findings),
        models,
        credentials,
        sections,
    }
}
