//! Tells about a key.

use weighhouse_api::{KeyInfo, KeyInfoQuery, KeyText};
use weighhouse_auth::Caller;
use weighhouse_types::{Error, Kind};

use crate::admin::Admin;
use crate::named::{hash_named, key_named};
use crate::shown::shown;

pub(crate) async fn info(admin: &Admin, caller: &Caller, query: Option<&str>) -> Result<KeyInfo, Error> {
    let key = KeyInfoQuery::read(query).key.unwrap_or_else(|| KeyText::new(caller.hash().as_str()));
    // Refused before the store is asked, so that a key cannot find out which others exist.
    let is_own = hash_named(key.expose()) == *caller.hash();
    if !is_own && !admin.directory.may_administer(caller, true).await? {
        let message = "You are not allowed to access this key's info. A virtual key sees only itself; use the master key";
        return Err(Error::new(Kind::RouteDenied, message).at("key"));
    }
    let record = key_named(&admin.store, &key).await?;
    let spent = admin.spent_of_key(&record).await?;
    Ok(KeyInfo { key, info: shown(admin, &record, spent) })
}
