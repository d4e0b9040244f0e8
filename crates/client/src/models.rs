//! What `GET /v1/models` and `GET /model/info` answer.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

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

/// What `GET /model/info` answers.
#[derive(Clone, Debug, Deserialize)]
pub struct ModelFacts {
    /// A deployment each.
    pub data: Vec<ModelFact>,
}

/// A deployment: what is called, what answers, and its limits and prices.
#[derive(Clone, Debug, Deserialize)]
pub struct ModelFact {
    /// The name to call it by.
    pub model_name: String,
    /// Where it is.
    pub litellm_params: ModelPlace,
    /// What is known of it.
    pub model_info: ModelDetail,
}

/// Where a deployment is.
#[derive(Clone, Debug, Deserialize)]
pub struct ModelPlace {
    /// Provider and model.
    pub model: String,
    /// The provider's address.
    pub api_base: String,
}

/// What is known of a deployment. Prices are JSON numbers of dollars a token, digit by digit.
#[derive(Clone, Debug, Deserialize)]
pub struct ModelDetail {
    /// The deployment's id.
    pub id: String,
    /// The most tokens of a prompt.
    #[serde(default)]
    pub max_input_tokens: Option<u64>,
    /// The most tokens of an answer.
    #[serde(default)]
    pub max_output_tokens: Option<u64>,
    /// A token of the prompt.
    #[serde(default)]
    pub input_cost_per_token: Option<Box<RawValue>>,
    /// A token of the answer.
    #[serde(default)]
    pub output_cost_per_token: Option<Box<RawValue>>,
}
