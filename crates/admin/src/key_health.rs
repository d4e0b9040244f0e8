//! Tells whether the key that asks is in order.

use serde_json::Value;
use weighhouse_api::{KeyHealth, LoggingHealth};
use weighhouse_auth::Granted;

/// A key that may ask works; only callbacks that its metadata names, which are not called here, are out of order.
pub(crate) fn health(granted: &Granted) -> KeyHealth {
    let logging = granted.key().and_then(|key| key.record.metadata.get("logging")).and_then(Value::as_array);
    let Some(logging) = logging.filter(|logging| !logging.is_empty()) else {
        return KeyHealth { key: "healthy".to_owned(), logging_callbacks: None };
    };
    let name = |callback: &Value| Some(callback.get("callback_name")?.as_str()?.to_owned());
    KeyHealth {
        key: "unhealthy".to_owned(),
        logging_callbacks: Some(LoggingHealth {
            callbacks: logging.iter().filter_map(name).collect(),
            status: "unhealthy".to_owned(),
            details: "callbacks of single keys are not supported yet; nothing is sent to these".to_owned(),
        }),
    }
}
