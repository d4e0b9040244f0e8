//! Virtual keys on the wire, with LiteLLM's field names.

mod query;
mod reply;
mod request;

pub use query::{KeyInfoQuery, KeyListQuery};
pub use reply::{DeletedKeys, KeyEntry, KeyInfo, KeyList, KeyObject};
pub use request::{
    BlockKeyRequest, DeleteKeyRequest, GenerateKeyRequest, RegenerateKeyRequest, UpdateKeyRequest,
};
