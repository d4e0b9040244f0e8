//! Blocks and unblocks a key.

use weighhouse_api::{BlockKeyRequest, KeyObject, read_body};
use weighhouse_auth::Granted;
use weighhouse_storage::KeyRecord;
use weighhouse_types::Error;

use crate::admin::Admin;
use crate::named::reached_key;
use crate::rules::taken;
use crate::shown::shown_with_hash;
use crate::update::{MAX_TRIES, busy};

pub(crate) async fn set_blocked(
    admin: &Admin,
    granted: &Granted,
    body: &[u8],
    blocked: bool,
) -> Result<KeyObject, Error> {
    let request: BlockKeyRequest = read_body(body)?;
    for _ in 0..MAX_TRIES {
        let before = reached_key(&admin.store, granted, "key", &request.key).await?;
        let key = KeyRecord { blocked, updated_ms: admin.now_ms(), ..before.clone() };
        if admin.store.update_key(&before, &key).await.map_err(taken)? {
            admin.forget(&key.hash).await;
            let spent = admin.spent_of_key(&key).await?;
            return Ok(shown_with_hash(admin, &key, spent));
        }
    }
    Err(busy())
}
