//! Names of the headers that tell of a call's course, read once when the house is built.

use http::HeaderName;

pub(super) const VERSION: HeaderName = HeaderName::from_static("x-litellm-version");
pub(super) const MODEL_ID: HeaderName = HeaderName::from_static("x-litellm-model-id");
pub(super) const MODEL_GROUP: HeaderName = HeaderName::from_static("x-litellm-model-group");
pub(super) const MODEL_API_BASE: HeaderName = HeaderName::from_static("x-litellm-model-api-base");
pub(super) const ATTEMPTED_RETRIES: HeaderName = HeaderName::from_static("x-litellm-attempted-retries");
pub(super) const MAX_RETRIES: HeaderName = HeaderName::from_static("x-litellm-max-retries");
pub(super) const ATTEMPTED_FALLBACKS: HeaderName = HeaderName::from_static("x-litellm-attempted-fallbacks");
pub(super) const RESPONSE_COST: HeaderName = HeaderName::from_static("x-litellm-response-cost");
pub(super) const RESPONSE_DURATION_MS: HeaderName = HeaderName::from_static("x-litellm-response-duration-ms");
pub(super) const OVERHEAD_DURATION_MS: HeaderName = HeaderName::from_static("x-litellm-overhead-duration-ms");
pub(super) const KEY_SPEND: HeaderName = HeaderName::from_static("x-litellm-key-spend");
pub(super) const KEY_MAX_BUDGET: HeaderName = HeaderName::from_static("x-litellm-key-max-budget");
pub(super) const KEY_TPM_LIMIT: HeaderName = HeaderName::from_static("x-litellm-key-tpm-limit");
pub(super) const KEY_RPM_LIMIT: HeaderName = HeaderName::from_static("x-litellm-key-rpm-limit");
pub(super) const OUTPUT_CAPPED: HeaderName = HeaderName::from_static("x-weighhouse-output-capped");
pub(super) const DROPPED_PARAMS: HeaderName = HeaderName::from_static("x-weighhouse-dropped-params");
pub(super) const CALL_ID: HeaderName = HeaderName::from_static("x-litellm-call-id");
pub(super) const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
