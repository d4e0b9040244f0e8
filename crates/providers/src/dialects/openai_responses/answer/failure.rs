//! A provider's error where an answer should be.

use serde_json::value::RawValue;
use weighhouse_types::{Dialect, Error, Kind, ProviderReply};

use crate::error_object;

/// The error that an object stands for: `error` of an answer, or an `error` event.
pub(in super::super) fn error_of(raw: Option<&RawValue>) -> Error {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Said {
        message: Option<String>,
    }
    let text = raw.map_or("{}", RawValue::get);
    let said: Said = serde_json::from_str(text).unwrap_or_default();
    let plain = || serde_json::from_str::<String>(text).ok();
    let message =
        said.message.or_else(plain).unwrap_or_else(|| "the provider broke off without a word".to_owned());
    let body = crate::wire::object(|body| body.raw("error", text.as_bytes()));
    let status = error_object::status(text.as_bytes());
    let reply =
        ProviderReply { provider: Dialect::OpenAiResponses.name().to_owned(), status, body: body.into() };
    Error::new(Kind::UpstreamStatus, message).provider(reply)
}
