//! Tells about a key.

use weighhouse_api::{KeyInfo, KeyInfoQuery, KeyText};
use weighhouse_auth::Granted;
use weighhouse_types::Error;

use crate::admin::Admin;
use crate::named::reached_key;
use crate::shown::shown;

pub(crate) async fn info(admin: &Admin, granted: &Granted, query: Option<&str>) -> Result<KeyInfo, Error> {
    let key = match KeyInfoQuery::read(query).key {
        Some(key) => key,
        None => KeyText::new(granted.caller()?.hash().as_str()),
    };
    let record = reached_key(&admin.store, granted, "key", &key).await?;
    let spent = admin.spent_of_key(&record).await?;
    Ok(KeyInfo { key, info: shown(admin, &record, spent) })
}
