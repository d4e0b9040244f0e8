//! Virtual keys on the wire, with LiteLLM's field names.

mod many;
mod query;
mod reply;
mod request;

pub use many::{
    BulkUpdateKeysRequest, BulkUpdateTeamKeysRequest, BulkUpdatedKeys, FailedKey, KeyAliases,
    KeyAliasesQuery, KeyHealth, KeyInfos, KeyInfosRequest, LoggingHealth, UpdatedKey,
};
pub use query::{KeyInfoQuery, KeyListQuery};
pub use reply::{DeletedKeys, KeyEntry, KeyInfo, KeyList, KeyObject};
pub use request::{
    BlockKeyRequest, DeleteKeyRequest, GenerateKeyRequest, RegenerateKeyRequest, UpdateKeyRequest,
};
