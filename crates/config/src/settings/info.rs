//! `model_info` of a deployment (contract §2a).

use crate::fields::{Fields, Unknown};
use crate::finding::Finding;
use crate::keys;
use crate::yaml::Node;

/// `model_info`.
#[derive(Clone, Debug, Default)]
pub struct ModelInfo {
    /// LiteLLM's deployment id, where it is set.
    pub id: Option<String>,
    /// The model whose facts and prices hold.
    pub base_model: Option<String>,
    /// What it is for.
    pub mode: Option<String>,
    /// Names that keys may be given for it.
    pub access_groups: Vec<String>,
    /// The only team that may use it.
    pub team_id: Option<String>,
    /// Prices: LiteLLM's name and the decimal text, JSON for nested ones.
    pub prices: Vec<(String, String)>,
    /// Members that have no effect yet, as they stand.
    pub idle: Vec<(String, Node)>,
    /// Members that nobody knows; LiteLLM shows them to people.
    pub extra: Vec<(String, Node)>,
}

pub(super) fn read(node: Option<&Node>, path: &str, findings: &mut Vec<Finding>) -> ModelInfo {
    let mut fields = Fields::of(node, path, &keys::MODEL_INFO, findings);
    let mut info = ModelInfo {
        id: fields.text("id"),
        base_model: fields.text("base_model"),
        mode: fields.text("mode"),
        access_groups: fields.texts("access_groups"),
        team_id: fields.text("team_id"),
        prices: fields.prices(),
        idle: fields.idle(),
        extra: Vec::new(),
    };
    let extra = fields.finish(Unknown::Kept);
    info.extra = extra.into_iter().map(|(name, value)| (name, value.clone())).collect();
    info
}
