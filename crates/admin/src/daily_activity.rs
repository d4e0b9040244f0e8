//! Sums by day, told apart: LiteLLM's `…/daily/activity` of users, teams, tags and customers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use weighhouse_api::{
    DailyActivity, DailyActivityDay, DailyActivityMetadata, DailyActivityQuery, DailyIds, Dollars,
    GroupMetrics, KeyMetrics, SpendMetrics, TeamReach,
};
use weighhouse_auth::Granted;
use weighhouse_storage::{DailyDimension, DailyQuery, DailyRow, KeyRecord, KeysOf, Page};
use weighhouse_types::{Error, Operation};

use crate::admin::Admin;
use crate::calendar::{date_of, days_of};
use crate::named::hash_named;
use crate::sums::{add, key_metadata};

/// Whose activity a route tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entity {
    User,
    Team,
    Tag,
    Customer,
}

impl Entity {
    const fn names(self) -> DailyIds {
        match self {
            Self::User => DailyIds::USER,
            Self::Team => DailyIds::TEAM,
            Self::Tag => DailyIds::TAG,
            Self::Customer => DailyIds::CUSTOMER,
        }
    }

    const fn dimension(self) -> DailyDimension {
        match self {
            Self::User => DailyDimension::User,
            Self::Team => DailyDimension::Team,
            Self::Tag => DailyDimension::Tag,
            Self::Customer => DailyDimension::EndUser,
        }
    }

    fn of(self, row: &DailyRow) -> &str {
        match self {
            Self::User => &row.user_id,
            Self::Team => &row.team_id,
            Self::Tag => &row.tag,
            Self::Customer => &row.end_user,
        }
    }

    /// What is known of one of them.
    async fn metadata(self, admin: &Admin, id: &str) -> Result<Map<String, Value>, Error> {
        let named: Vec<(&str, Option<String>)> = match self {
            Self::User => {
                let user = admin.directory.user(id).await?;
                let user = user.as_ref().map(|user| &user.record);
                vec![
                    ("user_email", user.and_then(|user| user.user_email.clone())),
                    ("user_alias", user.and_then(|user| user.user_alias.clone())),
                ]
            }
            Self::Team => {
                let team = admin.directory.team(id).await?;
                vec![("team_alias", team.and_then(|team| team.record.team_alias.clone()))]
            }
            Self::Customer => {
                let customer = admin.directory.customer(id).await?;
                vec![("alias", customer.and_then(|customer| customer.record.alias.clone()))]
            }
            Self::Tag => Vec::new(),
        };
        Ok(named.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect())
    }
}

/// A page of rows, summed by day.
pub(crate) async fn page(
    admin: &Admin,
    granted: &Granted,
    entity: Entity,
    query: Option<&str>,
) -> Result<DailyActivity, Error> {
    let asked = DailyActivityQuery::read(query, entity.names())?;
    let query = narrowed(admin, granted, entity, &asked)?;
    let offset = (asked.page - 1).saturating_mul(u64::from(asked.page_size));
    let rows = admin.store.daily(&query, Page { offset, limit: asked.page_size }).await?;
    let total_pages = admin.store.daily_count(&query).await?.div_ceil(u64::from(asked.page_size));
    summed(admin, entity, &rows, (asked.page, total_pages)).await
}

/// All rows of a period, summed by day.
pub(crate) async fn whole(
    admin: &Admin,
    granted: &Granted,
    entity: Entity,
    query: Option<&str>,
) -> Result<DailyActivity, Error> {
    let asked = DailyActivityQuery::read(query, entity.names())?;
    let query = narrowed(admin, granted, entity, &asked)?;
    let rows = admin.sums(&query).await?;
    summed(admin, entity, &rows, (1, 1)).await
}

/// What is asked for, and of that what the caller may see.
fn narrowed(
    admin: &Admin,
    granted: &Granted,
    entity: Entity,
    asked: &DailyActivityQuery,
) -> Result<DailyQuery, Error> {
    check_ids(granted, entity, &asked.ids)?;
    let (from, to) = days_of(&asked.start_date, &asked.end_date)?;
    let mut only = Vec::new();
    if !asked.ids.is_empty() {
        only.push((entity.dimension(), asked.ids.clone()));
    } else if let (Entity::Team, Some(teams)) = (entity, granted.teams()) {
        only.push((DailyDimension::Team, teams));
    }
    if let Some(model) = &asked.model {
        only.push((DailyDimension::Model, vec![model.clone()]));
    }
    if let Some(key) = &asked.api_key {
        only.push((DailyDimension::KeyHash, vec![hash_named(key.expose()).to_string()]));
    }
    Ok(DailyQuery {
        by: vec![
            DailyDimension::Day,
            entity.dimension(),
            DailyDimension::KeyHash,
            DailyDimension::ModelGroup,
            DailyDimension::Model,
            DailyDimension::Provider,
            DailyDimension::Operation,
        ],
        from_day: Some(from),
        to_day: Some(last_day(admin, asked, to)),
        only,
        except: if asked.exclude.is_empty() {
            Vec::new()
        } else {
            vec![(entity.dimension(), asked.exclude.clone())]
        },
        of: reached(granted, entity),
        dearest_first: false,
    })
}

/// Refuses ids that the caller does not reach.
fn check_ids(granted: &Granted, entity: Entity, ids: &[String]) -> Result<(), Error> {
    match entity {
        Entity::User => ids.iter().try_for_each(|id| granted.check_user("user_id", id)),
        Entity::Team => ids.iter().try_for_each(|id| match granted.in_team(id) {
            TeamReach::Nothing => Err(granted.denied("team_ids", "team", id)),
            TeamReach::Own | TeamReach::Shared | TeamReach::Whole => Ok(()),
        }),
        Entity::Tag | Entity::Customer => Ok(()),
    }
}

/// Which keys' spend is told. A user's activity is the user's own, also for whoever looks after a team.
fn reached(granted: &Granted, entity: Entity) -> Option<KeysOf> {
    let keys = granted.keys()?;
    Some(if entity == Entity::User { KeysOf { whole_teams: Vec::new(), ..keys } } else { keys })
}

/// LiteLLM's rule: a period that ends with the caller's today goes on to today in UTC, where the caller asks so.
fn last_day(admin: &Admin, asked: &DailyActivityQuery, to: i64) -> i64 {
    let Some(behind) = asked.timezone.filter(|_| asked.include_current_utc_day) else { return to };
    let here_ms = admin.now_ms().saturating_sub(behind.saturating_mul(60_000));
    if to < here_ms.div_euclid(weighhouse_storage::DAY_MS) { to } else { to.max(admin.today()) }
}

async fn summed(
    admin: &Admin,
    entity: Entity,
    rows: &[DailyRow],
    (page, total_pages): (u64, u64),
) -> Result<DailyActivity, Error> {
    let keys = admin.keys_of(rows).await?;
    let mut entities = BTreeMap::new();
    let ids: BTreeSet<&str> = rows.iter().map(|row| entity.of(row)).filter(|id| !id.is_empty()).collect();
    for id in ids {
        entities.insert(id, entity.metadata(admin, id).await?);
    }
    let mut days: BTreeMap<i64, DailyActivityDay> = BTreeMap::new();
    let mut total = SpendMetrics::default();
    for row in rows {
        let day = days
            .entry(row.day)
            .or_insert_with(|| DailyActivityDay { date: date_of(row.day), ..DailyActivityDay::default() });
        add(&mut total, &row.sums);
        add_to_day(day, row, keys.get(&row.key_hash), entity.of(row), &entities);
    }
    Ok(DailyActivity {
        results: days.into_values().rev().collect(),
        metadata: metadata(&total, page, total_pages),
    })
}

fn add_to_day(
    day: &mut DailyActivityDay,
    row: &DailyRow,
    key: Option<&KeyRecord>,
    id: &str,
    entities: &BTreeMap<&str, Map<String, Value>>,
) {
    add(&mut day.metrics, &row.sums);
    let parts = &mut day.breakdown;
    add_to_group(&mut parts.models, &row.upstream_model, row, key);
    add_to_group(&mut parts.model_groups, &row.model_group, row, key);
    add_to_group(&mut parts.providers, &row.provider, row, key);
    add_to_group(&mut parts.endpoints, &endpoint(&row.operation), row, key);
    add_to_key(&mut parts.api_keys, row, key);
    let shown = if id.is_empty() { "Unassigned" } else { id };
    let group = add_to_group(&mut parts.entities, shown, row, key);
    if let Some(metadata) = entities.get(id) {
        group.metadata.clone_from(metadata);
    }
}

fn add_to_group<'groups>(
    groups: &'groups mut BTreeMap<String, GroupMetrics>,
    name: &str,
    row: &DailyRow,
    key: Option<&KeyRecord>,
) -> &'groups mut GroupMetrics {
    let group = groups.entry(name.to_owned()).or_default();
    add(&mut group.metrics, &row.sums);
    add_to_key(&mut group.api_key_breakdown, row, key);
    group
}

fn add_to_key(keys: &mut BTreeMap<String, KeyMetrics>, row: &DailyRow, key: Option<&KeyRecord>) {
    let fresh = || KeyMetrics { metadata: key_metadata(key), ..KeyMetrics::default() };
    add(&mut keys.entry(row.key_hash.clone()).or_insert_with(fresh).metrics, &row.sums);
}

/// LiteLLM's endpoint of an operation.
fn endpoint(operation: &str) -> String {
    match Operation::from_name(operation) {
        Some(Operation::Chat) => "/chat/completions".to_owned(),
        Some(Operation::Completion) => "/completions".to_owned(),
        Some(Operation::Embedding) => "/embeddings".to_owned(),
        _ => format!("/{operation}"),
    }
}

const fn metadata(total: &SpendMetrics, page: u64, total_pages: u64) -> DailyActivityMetadata {
    DailyActivityMetadata {
        total_spend: Dollars(total.spend.0),
        total_prompt_tokens: total.prompt_tokens,
        total_completion_tokens: total.completion_tokens,
        total_tokens: total.total_tokens,
        total_api_requests: total.api_requests,
        total_successful_requests: total.successful_requests,
        total_failed_requests: total.failed_requests,
        total_cache_read_input_tokens: total.cache_read_input_tokens,
        total_cache_creation_input_tokens: total.cache_creation_input_tokens,
        total_response_time_ms: total.total_response_time_ms,
        total_timed_requests: total.timed_requests,
        page,
        total_pages,
        has_more: page < total_pages,
    }
}
