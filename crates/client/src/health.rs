//! What the health routes answer.

use serde::{Deserialize, Serialize};

/// `GET /health/readiness`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// `healthy` or `unhealthy`.
    pub status: String,
    /// `connected` or `disconnected`.
    #[serde(default)]
    pub db: Option<String>,
    /// The gateway's version.
    #[serde(default)]
    pub weighhouse_version: Option<String>,
    /// It was told to stop.
    #[serde(default)]
    pub draining: bool,
}

impl Readiness {
    /// Whether the gateway can serve.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status == "healthy"
    }
}

/// `GET /health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Deployments that are well.
    pub healthy_endpoints: Vec<Deployment>,
    /// Deployments that cool down after failures.
    pub unhealthy_endpoints: Vec<Deployment>,
}

/// A deployment of a model group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The group.
    #[serde(default)]
    pub model_name: Option<String>,
    /// Provider and model.
    pub model: String,
    /// The deployment's id.
    #[serde(default)]
    pub model_id: Option<String>,
    /// The provider's address.
    #[serde(default)]
    pub api_base: Option<String>,
}
