//! What a config says, typed.

mod model;
mod sections;

use crate::fields::{Fields, Unknown};
use crate::finding::{Finding, Severity};
use crate::known;
use crate::yaml::Node;

pub use model::{LitellmParams, ModelEntry, ModelInfo};
pub use sections::{
    Alias, CompatSettings, Credential, GeneralSettings, LitellmSettings, OwnSettings, RouterSettings,
};

/// What a config says. Everything is optional; defaults are the rooms' own.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `model_list`.
    pub models: Vec<ModelEntry>,
    /// `litellm_settings`.
    pub litellm: LitellmSettings,
    /// `router_settings`.
    pub router: RouterSettings,
    /// `general_settings`.
    pub general: GeneralSettings,
    /// `weighhouse_settings`: what LiteLLM has no name for.
    pub own: OwnSettings,
}

/// Reads the sections of a config.
pub(crate) fn read(root: &Node, findings: &mut Vec<Finding>) -> Settings {
    let mut top = Fields::of(Some(root), "", findings);
    let model_list = top.take("model_list");
    let sections =
        ["litellm_settings", "router_settings", "general_settings", "weighhouse_settings", "credential_list"];
    let [litellm, router, general, own, credentials] = sections.map(|name| top.take(name));
    for handled in ["include", "environment_variables"] {
        top.take(handled);
    }
    top.rest(known::SECTIONS, Unknown::Refused);
    let credentials = sections::credentials(credentials, findings);
    let settings = Settings {
        models: model::read_list(model_list, &credentials, findings),
        litellm: sections::litellm(litellm, findings),
        router: sections::router(router, findings),
        general: sections::general(general, findings),
        own: sections::own(own, findings),
    };
    report_missing_groups(root, &settings, findings);
    settings
}

/// Fallbacks to groups that no deployment has.
fn report_missing_groups(root: &Node, settings: &Settings, findings: &mut Vec<Finding>) {
    let serves = |name: &str| {
        settings.models.iter().any(|model| {
            let mut parts = model.model_name.split('*');
            let first = parts.next().unwrap_or_default();
            let last = parts.next_back();
            match last {
                None => first == name,
                Some(last) => name.starts_with(first) && name.ends_with(last),
            }
        }) || settings.router.model_group_alias.iter().any(|alias| alias.name == name)
    };
    let from = |section: &'static str,
                fallbacks: &[(String, Vec<String>)],
                default: &[String],
                findings: &mut Vec<Finding>| {
        let named = fallbacks.iter().flat_map(|(_, to)| to).chain(default);
        for name in named.filter(|name| !serves(name)) {
            findings.push(Finding {
                severity: Severity::Warning,
                place: root.get(section).map(|node| node.place.clone()),
                path: format!("{section}.fallbacks"),
                message: format!("no deployment has the name `{name}`; the fallback is passed over"),
                hint: None,
            });
        }
    };
    from("router_settings", &settings.router.fallbacks, &settings.router.default_fallbacks, findings);
    from("litellm_settings", &settings.litellm.fallbacks, &settings.litellm.default_fallbacks, findings);
}
