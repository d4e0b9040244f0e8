//! A call that was received: what the stages of the pipeline hand on.

use std::sync::Arc;
use std::time::Duration;

use weighhouse_providers::ask::Ask;
use weighhouse_types::{CallId, Operation};

use crate::clock::Moment;
use crate::ingress::Framing;

/// A call. It is made once, by `ingress`, and never changed.
#[derive(Debug)]
pub(crate) struct Call {
    /// Minted here.
    pub(crate) id: CallId,
    /// What is asked for.
    pub(crate) operation: Operation,
    /// How a stream is cut for the client.
    pub(crate) framing: Framing,
    /// The body and what is known of it.
    pub(crate) ask: Ask,
    /// The model as the client wrote it.
    pub(crate) asked_model: Arc<str>,
    /// When its head arrived.
    pub(crate) received: Moment,
    /// When its body was there.
    pub(crate) complete: Moment,
    /// Whom the client names as its end user.
    pub(crate) end_user: Option<Arc<str>>,
    /// Tags that the client put on it.
    pub(crate) tags: Vec<String>,
    /// LiteLLM's `x-litellm-timeout`.
    pub(crate) timeout: Option<Duration>,
    /// LiteLLM's `x-litellm-num-retries`, or the body's `num_retries`.
    pub(crate) num_retries: Option<u32>,
}
