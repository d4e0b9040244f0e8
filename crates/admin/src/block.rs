//! Blocks and unblocks a key.

use weighhouse_api::{BlockKeyRequest, KeyObject, read_body};
use weighhouse_auth::Granted;
use weighhouse_types::Error;

use crate::admin::Admin;
use crate::named::{not_found, reached_key};
use crate::rules::taken;
use crate::shown::shown_with_hash;

pub(crate) async fn set_blocked(
    admin: &Admin,
    granted: &Granted,
    body: &[u8],
    blocked: bool,
) -> Result<KeyObject, Error> {
    let request: BlockKeyRequest = read_body(body)?;
    let mut key = reached_key(&admin.store, granted, "key", &request.key).await?;
    key.blocked = blocked;
    key.updated_ms = admin.now_ms();
    if !admin.store.update_key(&key).await.map_err(taken)? {
        return Err(not_found());
    }
    admin.forget(&key.hash).await;
    let spent = admin.spent_of_key(&key).await?;
    Ok(shown_with_hash(admin, &key, spent))
}
