//! What the key routes take.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::body::RequestBody;
use crate::limits::{LimitPatch, with_limit_fields};
use crate::patch::Patch;
use crate::secret::KeyText;

/// `POST /key/generate`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GenerateKeyRequest {
    /// The key itself, where it is not to be made here: `sk-` and at least 13 characters more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyText>,
    /// A name for people; unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_alias: Option<String>,
    /// How long the key works: `30s`, `5m`, `24h`, `7d`, `2w`, `1mo`; absent, null or `-1`: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Models that the key may use, with wildcards; empty: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
    /// Names that stand for other models with this key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aliases: Option<BTreeMap<String, String>>,
    /// What the key may spend and how fast.
    #[serde(flatten)]
    pub limits: LimitPatch,
    /// A named budget, whose limits hold where the key's own say nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<String>,
    /// Owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
    /// Free JSON object. Its `tags` are the key's tags where `tags` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// Tags put on every call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Refused from the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<bool>,
    /// Routes that the key may ask: paths, paths that end in `*`, and names of groups such as `llm_api_routes`;
    /// empty: those of its role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_routes: Option<Vec<String>>,
    /// A preset of `allowed_routes`, before which it goes: `default`, `llm_api`, `management` or `read_only`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_type: Option<String>,
}

impl RequestBody for GenerateKeyRequest {
    const FIELDS: &'static [&'static str] = with_limit_fields![
        "key",
        "key_alias",
        "duration",
        "models",
        "aliases",
        "budget_id",
        "user_id",
        "team_id",
        "metadata",
        "tags",
        "blocked",
        "allowed_routes",
        "key_type",
    ];
}

/// `POST /key/update`: a merge patch. What is absent stays, what is present replaces, null clears; but null
/// leaves `metadata` and `tags` as they are, as in LiteLLM.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct UpdateKeyRequest {
    /// The key or its hash; absent: `key_alias` names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyText>,
    /// A new name; without `key`, the name of the key to change.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub key_alias: Patch<String>,
    /// How long the key works from now on; null or `-1`: for ever.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub duration: Patch<String>,
    /// Models that the key may use; null or empty: all.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub models: Patch<Vec<String>>,
    /// Names that stand for other models with this key.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub aliases: Patch<BTreeMap<String, String>>,
    /// What the key may spend and how fast.
    #[serde(flatten)]
    pub limits: LimitPatch,
    /// A named budget, whose limits hold where the key's own say nothing.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub budget_id: Patch<String>,
    /// Owner.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub user_id: Patch<String>,
    /// Team.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub team_id: Patch<String>,
    /// Replaces the whole metadata, its tags included.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub metadata: Patch<Map<String, Value>>,
    /// Tags put on every call.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub tags: Patch<Vec<String>>,
    /// Refused until unblocked.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub blocked: Patch<bool>,
    /// Routes that the key may ask; null or empty: those of its role.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub allowed_routes: Patch<Vec<String>>,
}

impl RequestBody for UpdateKeyRequest {
    const FIELDS: &'static [&'static str] = with_limit_fields![
        "key",
        "key_alias",
        "duration",
        "models",
        "aliases",
        "budget_id",
        "user_id",
        "team_id",
        "metadata",
        "tags",
        "blocked",
        "allowed_routes",
    ];
}

/// `POST /key/delete`: keys, or their aliases.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DeleteKeyRequest {
    /// Keys or their hashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<KeyText>>,
    /// Aliases, where `keys` is absent or empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_aliases: Option<Vec<String>>,
}

impl RequestBody for DeleteKeyRequest {
    const FIELDS: &'static [&'static str] = &["keys", "key_aliases"];
}

/// `POST /key/block` and `/key/unblock`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BlockKeyRequest {
    /// The key or its hash.
    pub key: KeyText,
}

impl RequestBody for BlockKeyRequest {
    const FIELDS: &'static [&'static str] = &["key"];
}

/// `POST /key/regenerate` and `/key/{key}/regenerate`. The body may be empty where the path names the key.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RegenerateKeyRequest {
    /// The key or its hash, where the path does not name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyText>,
    /// The new key, where it is not to be made here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_key: Option<KeyText>,
}

impl RequestBody for RegenerateKeyRequest {
    const FIELDS: &'static [&'static str] = &["key", "new_key"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::read_body;
    use crate::dollars::Dollars;

    fn fields_of<T: RequestBody + JsonSchema>() -> Vec<String> {
        let schema = schemars::schema_for!(T);
        let properties = schema.get("properties").and_then(Value::as_object).unwrap();
        properties.keys().cloned().collect()
    }

    fn check<T: RequestBody + JsonSchema>() {
        let mut fields: Vec<&str> = T::FIELDS.to_vec();
        fields.sort_unstable();
        let mut of_schema = fields_of::<T>();
        of_schema.sort_unstable();
        assert_eq!(of_schema, fields, "{}", std::any::type_name::<T>());
    }

    #[test]
    fn the_lists_of_fields_are_the_types() {
        check::<GenerateKeyRequest>();
        check::<UpdateKeyRequest>();
        check::<DeleteKeyRequest>();
        check::<BlockKeyRequest>();
        check::<RegenerateKeyRequest>();
    }

    #[test]
    fn what_the_terraform_provider_sends_is_read() {
        let sent = br#"{"models":["gpt-4o"],"max_budget":10,"team_id":"t","budget_duration":null,"guardrails":[],
            "soft_budget":null,"send_invite_email":false,"metadata":{"a":1},"aliases":{"a":"b"},"blocked":false}"#;
        let request: GenerateKeyRequest = read_body(sent).unwrap();
        assert_eq!(request.limits.max_budget, Patch::Set(Dollars(weighhouse_types::Nanos::dollars(10))));
        assert_eq!(request.aliases.unwrap().get("a").map(String::as_str), Some("b"));
        assert_eq!((request.blocked, request.team_id.as_deref()), (Some(false), Some("t")));
        let none: GenerateKeyRequest = read_body(br#"{"max_budget":""}"#).unwrap();
        assert_eq!(none.limits.max_budget, Patch::Clear);
    }

    #[test]
    fn an_update_tells_null_from_absence() {
        let request: UpdateKeyRequest =
            read_body(br#"{"key":"sk-1","max_budget":null,"rpm_limit":5}"#).unwrap();
        assert_eq!(request.limits.max_budget, Patch::Clear);
        assert_eq!((request.limits.rpm_limit, request.limits.tpm_limit), (Patch::Set(5), Patch::Keep));
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"key":"sk-1","max_budget":null,"rpm_limit":5}"#
        );
        assert!(!format!("{request:?}").contains("sk-1"));
    }
}
