//! The verbs about keys.

mod arguments;
mod view;

use weighhouse_api::{
    BlockKeyRequest, DeleteKeyRequest, GenerateKeyRequest, KeyEntry, KeyInfoQuery, KeyListQuery, KeyObject,
    KeyText, RegenerateKeyRequest, UpdateKeyRequest,
};
use weighhouse_client::Client;

use arguments::KeyFields;
pub(crate) use arguments::KeyVerb;

use crate::batch::{self, in_batches};
use crate::failure::Failure;
use crate::output::{Output, Progress, say};
use crate::paging;
use crate::request::{complete, list, pairs, set, some, told_deleted};

const ID: &str = "key";
/// Letters of a hash: SHA-256 in hex.
const HASH_LETTERS: usize = 64;

pub(crate) async fn run(client: &Client, verb: KeyVerb, output: &Output) -> Result<(), Failure> {
    let shown = match verb {
        KeyVerb::New { chosen, fields, source } => {
            let made = client.generate_key(&complete(generate(chosen, *fields), ID, &source, &[])?).await?;
            output.write(&made, || view::record(&made))?;
            say("The key is shown this once: keep it now.");
            return Ok(());
        }
        KeyVerb::Update { key, fields, clear, source } => {
            let key = named(client, &key.name).await?;
            let changed = client.update_key(&complete(update(key, *fields), ID, &source, &clear)?).await?;
            // The reply names the key as the request did: a secret is not shown again.
            let changed = KeyObject { key: None, ..changed.into_value() };
            return output.write(&changed, || view::record(&changed));
        }
        KeyVerb::Info { name } => {
            let key = match name {
                Some(name) => Some(named(client, &name).await?),
                None => None,
            };
            let told = client.key_info(&KeyInfoQuery { key }).await?;
            let info: weighhouse_client::Answer<KeyObject> = told.part(Some("info"))?;
            return output.write(&info, || view::record(&info));
        }
        KeyVerb::List { paging, user, team, alias, hash } => {
            let ask = async |page, size| {
                let query = KeyListQuery {
                    page,
                    size,
                    user_id: user.clone(),
                    team_id: team.clone(),
                    key_alias: alias.clone(),
                    key_hash: hash.clone(),
                    return_full_object: true,
                };
                client.list_keys(&query).await
            };
            return paging::show(output, &paging, "keys", ask, view::list).await;
        }
        KeyVerb::Delete { names, consent } => {
            consent.ask(&format!("Delete the keys {}", batch::named(&names)))?;
            return delete(client, &names).await;
        }
        KeyVerb::Block(key) => {
            client.block_key(&BlockKeyRequest { key: named(client, &key.name).await? }).await?
        }
        KeyVerb::Unblock(key) => {
            client.unblock_key(&BlockKeyRequest { key: named(client, &key.name).await? }).await?
        }
        KeyVerb::Regenerate { key, chosen, consent } => {
            consent.ask("Give the key a new secret, and refuse the old one from now on")?;
            let key = Some(named(client, &key.name).await?);
            let request = RegenerateKeyRequest { key, new_key: chosen.as_deref().map(KeyText::new) };
            let made = client.regenerate_key(&request).await?;
            output.write(&made, || view::record(&made))?;
            say("The new key is shown this once: keep it now. The old one is refused from now on.");
            return Ok(());
        }
    };
    output.write(&shown, || view::record(&shown))
}

async fn delete(client: &Client, names: &[String]) -> Result<(), Failure> {
    let mut keys = Vec::with_capacity(names.len());
    let mut progress = Progress::new("names", Some(names.len() as u64));
    for name in names {
        keys.push(named(client, name).await?);
        progress.advance(1);
    }
    drop(progress);
    let delete = async |keys: &[KeyText]| {
        let request = DeleteKeyRequest { keys: Some(keys.to_vec()), key_aliases: None };
        client.delete_keys(&request).await.map(|deleted| deleted.deleted_keys.len())
    };
    told_deleted(in_batches(&keys, "keys", delete).await?, keys.len(), "keys")
}

/// What the gateway knows a key by: a secret or hash as it is, an alias by its key's hash.
pub(crate) async fn named(client: &Client, name: &str) -> Result<KeyText, Failure> {
    let is_hash = name.len() == HASH_LETTERS && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash || name.starts_with("sk-") {
        return Ok(KeyText::new(name));
    }
    let query = KeyListQuery { key_alias: Some(name.to_owned()), ..KeyListQuery::default() };
    match client.list_keys(&query).await?.into_value().keys.into_iter().next() {
        Some(KeyEntry::Hash(hash)) => Ok(KeyText::new(&hash)),
        _ => Err(Failure::not_found(format!("no key has the alias {name:?}"))
            .hint("`llmctl key list --all` shows the aliases")),
    }
}

fn generate(chosen: Option<String>, fields: KeyFields) -> GenerateKeyRequest {
    GenerateKeyRequest {
        key: chosen.as_deref().map(KeyText::new),
        key_alias: fields.alias,
        duration: fields.duration,
        models: some(fields.models),
        aliases: some(fields.aliases).map(|pairs| pairs.into_iter().collect()),
        limits: fields.limits.patch(),
        budget_id: fields.budget,
        user_id: fields.user,
        team_id: fields.team,
        metadata: fields.metadata,
        tags: some(fields.tags),
        allowed_routes: some(fields.allowed_routes),
        ..GenerateKeyRequest::default()
    }
}

fn update(key: KeyText, fields: KeyFields) -> UpdateKeyRequest {
    UpdateKeyRequest {
        key: Some(key),
        key_alias: set(fields.alias),
        duration: set(fields.duration),
        models: list(fields.models),
        aliases: pairs(fields.aliases),
        limits: fields.limits.patch(),
        budget_id: set(fields.budget),
        user_id: set(fields.user),
        team_id: set(fields.team),
        metadata: set(fields.metadata),
        tags: list(fields.tags),
        allowed_routes: list(fields.allowed_routes),
        ..UpdateKeyRequest::default()
    }
}
