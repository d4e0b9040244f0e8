//! What `GET /v1/models` answers.

use serde::{Deserialize, Serialize};

/// The models that a key may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelList {
    /// By name.
    pub data: Vec<Model>,
}

/// A model that a key may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The name to call it by.
    pub id: String,
    /// `openai`, whoever serves it, as in LiteLLM.
    #[serde(default)]
    pub owned_by: Option<String>,
}
