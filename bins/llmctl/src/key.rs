//! The verbs about keys.

use weighhouse_api::{
    BlockKeyRequest, DeleteKeyRequest, Dollars, GenerateKeyRequest, KeyEntry, KeyInfoQuery, KeyListQuery,
    KeyObject, KeyText, LimitPatch, Patch, RegenerateKeyRequest, UpdateKeyRequest,
};
use weighhouse_client::Client;

use crate::failure::Failure;
use crate::key_arguments::{Field, KeyFields, KeyVerb};
use crate::output::{Output, Table, say};

/// Letters of a hash: SHA-256 in hex.
const HASH_LETTERS: usize = 64;

pub(crate) async fn run(client: &Client, verb: KeyVerb, output: &Output) -> Result<(), Failure> {
    match verb {
        KeyVerb::Generate { chosen, fields } => {
            let made = client.generate_key(&generate(chosen, *fields)?).await?;
            output.write(&made, || whole(&made))?;
            say("The key is shown this once: keep it now.");
        }
        KeyVerb::Update { key, fields, clear } => {
            let request =
                UpdateKeyRequest { key: Some(named(client, &key.name).await?), ..update(*fields, &clear)? };
            // The reply names the key as the request did: a secret is not shown again.
            let changed = KeyObject { key: None, ..client.update_key(&request).await? };
            output.write(&changed, || whole(&changed))?;
        }
        KeyVerb::Info { name } => {
            let key = match name {
                Some(name) => Some(named(client, &name).await?),
                None => None,
            };
            let told = client.key_info(&KeyInfoQuery { key }).await?;
            output.write(&told.info, || whole(&told.info))?;
        }
        KeyVerb::List { page, size, user, team, alias } => {
            let query = KeyListQuery {
                page,
                size,
                user_id: user,
                team_id: team,
                key_alias: alias,
                key_hash: None,
                return_full_object: true,
            };
            let listed = client.list_keys(&query).await?;
            output.write(&listed, || rows(&listed.keys))?;
            if listed.total_pages > 1 {
                say(&format!(
                    "Page {} of {}; {} keys.",
                    listed.current_page, listed.total_pages, listed.total_count
                ));
            }
        }
        KeyVerb::Delete { names } => {
            let mut keys = Vec::with_capacity(names.len());
            for name in &names {
                keys.push(named(client, name).await?);
            }
            let asked = keys.len();
            let request = DeleteKeyRequest { keys: Some(keys), key_aliases: None };
            let deleted = client.delete_keys(&request).await?.deleted_keys.len();
            say(&format!("Deleted {deleted} of {asked} keys."));
            if deleted < asked {
                return Err(Failure::not_found("some of the keys were not there"));
            }
        }
        KeyVerb::Block(key) => {
            let blocked = client.block_key(&BlockKeyRequest { key: named(client, &key.name).await? }).await?;
            output.write(&blocked, || whole(&blocked))?;
        }
        KeyVerb::Unblock(key) => {
            let unblocked =
                client.unblock_key(&BlockKeyRequest { key: named(client, &key.name).await? }).await?;
            output.write(&unblocked, || whole(&unblocked))?;
        }
        KeyVerb::Regenerate { key, chosen } => {
            let key = Some(named(client, &key.name).await?);
            let request = RegenerateKeyRequest { key, new_key: chosen.as_deref().map(KeyText::new) };
            let made = client.regenerate_key(&request).await?;
            output.write(&made, || whole(&made))?;
            say("The new key is shown this once: keep it now. The old one is refused from now on.");
        }
    }
    Ok(())
}

/// What the gateway knows a key by: a secret or hash as it is, an alias by its key's hash.
pub(crate) async fn named(client: &Client, name: &str) -> Result<KeyText, Failure> {
    let is_hash = name.len() == HASH_LETTERS && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash || name.starts_with("sk-") {
        return Ok(KeyText::new(name));
    }
    let query = KeyListQuery { key_alias: Some(name.to_owned()), ..KeyListQuery::default() };
    match client.list_keys(&query).await?.keys.into_iter().next() {
        Some(KeyEntry::Hash(hash)) => Ok(KeyText::new(&hash)),
        _ => Err(Failure::not_found(format!("no key has the alias {name:?}"))),
    }
}

fn generate(chosen: Option<String>, fields: KeyFields) -> Result<GenerateKeyRequest, Failure> {
    Ok(GenerateKeyRequest {
        key: chosen.as_deref().map(KeyText::new),
        key_alias: fields.alias,
        duration: fields.duration,
        models: some(fields.models),
        aliases: some(fields.aliases).map(|pairs| pairs.into_iter().collect()),
        limits: fields.limits.patch()?,
        budget_id: fields.budget,
        user_id: fields.user,
        team_id: fields.team,
        metadata: fields.metadata,
        tags: some(fields.tags),
        blocked: None,
        allowed_routes: None,
        key_type: None,
    })
}

fn update(fields: KeyFields, clear: &[Field]) -> Result<UpdateKeyRequest, Failure> {
    let is_cleared = |field| clear.contains(&field);
    Ok(UpdateKeyRequest {
        key: None,
        key_alias: patch(fields.alias, is_cleared(Field::Alias))?,
        duration: patch(fields.duration, is_cleared(Field::Expiry))?,
        models: patch(some(fields.models), is_cleared(Field::Models))?,
        aliases: patch(some(fields.aliases), is_cleared(Field::ModelAliases))?
            .map(|pairs| pairs.into_iter().collect()),
        limits: cleared(fields.limits.patch()?, clear)?,
        budget_id: patch(fields.budget, false)?,
        user_id: patch(fields.user, is_cleared(Field::User))?,
        team_id: patch(fields.team, is_cleared(Field::Team))?,
        // For these the gateway takes null as silence, and what is empty as empty.
        metadata: patch(fields.metadata, is_cleared(Field::Metadata))?.or_default(),
        tags: patch(some(fields.tags), is_cleared(Field::Tags))?.or_default(),
        blocked: Patch::Keep,
        allowed_routes: Patch::Keep,
    })
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

fn patch<T>(set: Option<T>, is_cleared: bool) -> Result<Patch<T>, Failure> {
    match (set, is_cleared) {
        (None, false) => Ok(Patch::Keep),
        (None, true) => Ok(Patch::Clear),
        (Some(value), false) => Ok(Patch::Set(value)),
        (Some(_), true) => Err(Failure::usage("a field is set and cleared at once; leave one of them out")),
    }
}

/// Limits with those taken away that `--clear` names.
fn cleared(mut limits: LimitPatch, clear: &[Field]) -> Result<LimitPatch, Failure> {
    fn take_away<T>(limit: &mut Patch<T>) -> Result<(), Failure> {
        if !limit.is_keep() {
            return Err(Failure::usage("a limit cannot be set and cleared at once"));
        }
        *limit = Patch::Clear;
        Ok(())
    }
    for field in clear {
        match field {
            Field::MaxBudget => take_away(&mut limits.max_budget)?,
            Field::Rpm => take_away(&mut limits.rpm_limit)?,
            Field::Tpm => take_away(&mut limits.tpm_limit)?,
            Field::MaxParallel => take_away(&mut limits.max_parallel_requests)?,
            _ => {}
        }
    }
    Ok(limits)
}

/// All that is known of a key, a field on a line.
fn whole(key: &KeyObject) -> Table {
    let mut table = Table::default();
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            table.row([name.to_owned(), value]);
        }
    };
    let money = |dollars: Dollars| format!("${}", dollars.0);
    field("key", key.key.as_ref().map(|key| key.expose().to_owned()));
    field("name", key.key_name.clone());
    field("alias", key.key_alias.clone());
    field("hash", key.token.clone());
    field("status", Some(key.status.clone()));
    field("spend", Some(money(key.spend)));
    field("max budget", key.limits.max_budget.map(money));
    field("budget duration", key.limits.budget_duration.clone());
    field("budget resets", key.limits.budget_reset_at.clone());
    field("named budget", key.budget_id.clone());
    field("expires", key.expires.clone());
    field("models", Some(key.models.join(", ")));
    field(
        "model aliases",
        Some(
            key.aliases.iter().map(|(name, model)| format!("{name}={model}")).collect::<Vec<_>>().join(", "),
        ),
    );
    field("user", key.user_id.clone());
    field("team", key.team_id.clone());
    field("tags", Some(key.tags.join(", ")));
    field("rpm limit", key.limits.rpm_limit.map(|limit| limit.to_string()));
    field("tpm limit", key.limits.tpm_limit.map(|limit| limit.to_string()));
    field("max parallel", key.limits.max_parallel_requests.map(|limit| limit.to_string()));
    field("created", Some(key.created_at.clone()));
    field("updated", Some(key.updated_at.clone()));
    table
}

fn rows(keys: &[KeyEntry]) -> Table {
    let mut table = Table::new(&["NAME", "ALIAS", "STATUS", "SPEND", "BUDGET", "EXPIRES", "MODELS", "HASH"]);
    for entry in keys {
        let KeyEntry::Whole(key) = entry else { continue };
        let dash =
            |value: Option<String>| value.filter(|value| !value.is_empty()).unwrap_or_else(|| "-".to_owned());
        table.row([
            dash(key.key_name.clone()),
            dash(key.key_alias.clone()),
            key.status.clone(),
            format!("${}", key.spend.0),
            dash(key.limits.max_budget.map(|budget| format!("${}", budget.0))),
            dash(key.expires.clone()),
            dash(Some(key.models.join(","))),
            dash(key.token.clone()),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit_arguments::LimitFields;

    fn sent(fields: KeyFields, clear: &[Field]) -> Result<String, u8> {
        let request = update(fields, clear).map_err(|failure| failure.code)?;
        Ok(serde_json::to_string(&request).unwrap_or_default())
    }

    #[test]
    fn an_update_sends_what_was_named_and_nothing_else() {
        assert_eq!(sent(KeyFields::default(), &[]), Ok("{}".into()));
        let fields = KeyFields {
            limits: LimitFields { rpm: Some(5), ..LimitFields::default() },
            models: vec!["a".into()],
            ..KeyFields::default()
        };
        let clear = [Field::Expiry, Field::MaxBudget, Field::Tags, Field::Metadata];
        let expected =
            r#"{"duration":null,"models":["a"],"max_budget":null,"rpm_limit":5,"metadata":{},"tags":[]}"#;
        assert_eq!(sent(fields, &clear), Ok(expected.into()));
        assert_eq!(
            sent(
                KeyFields {
                    limits: LimitFields { rpm: Some(5), ..LimitFields::default() },
                    ..KeyFields::default()
                },
                &[Field::Rpm]
            ),
            Err(2)
        );
        assert_eq!(
            sent(
                KeyFields {
                    limits: LimitFields { max_budget: Some(f64::NAN), ..LimitFields::default() },
                    ..KeyFields::default()
                },
                &[]
            ),
            Err(2)
        );
    }

    #[test]
    fn a_new_key_sends_only_what_was_said() {
        let request = generate(
            None,
            KeyFields {
                limits: LimitFields { max_budget: Some(0.1), ..LimitFields::default() },
                ..KeyFields::default()
            },
        );
        assert_eq!(serde_json::to_string(&request.unwrap()).unwrap(), r#"{"max_budget":0.1}"#);
    }
}
