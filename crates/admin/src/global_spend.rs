//! What the whole house spent (`/global/spend…`, `/spend/tags`), from the daily tables.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use weighhouse_api::{
    DaySpend, Dollars, EndUserNames, EndUserSpend, EndUsersRequest, GlobalSpend, GlobalTagSpend, KeySpend,
    ModelSpend, NamedTagSpend, PeriodQuery, ProviderSpend, SpendQuery, TagNames, TagSpend, TeamSpend,
    TeamsSpend, read_body,
};
use weighhouse_auth::Granted;
use weighhouse_storage::{DailyDimension, DailyQuery, DailySums};
use weighhouse_types::{Error, Nanos};

use crate::admin::Admin;
use crate::calendar::{date_of, day_number, days_of, moment_named};
use crate::named::hash_named;
use crate::sums::total_tokens;

/// Lines where LiteLLM bounds an answer and the query does not.
const END_USERS: u32 = 100;
const MODELS: u32 = 10;
const KEYS: u32 = 1_000;
const TEAMS: usize = 10;
/// LiteLLM's word for all tags.
const ALL_TAGS: &str = "all-tags";

/// Of the last 30 days.
pub(crate) async fn total(admin: &Admin) -> Result<GlobalSpend, Error> {
    let sums = admin.sums(&month(admin, Vec::new())).await?;
    let max_budget = admin.in_force()?.max_budget();
    let spend = sums.first().map_or(Nanos::ZERO, |row| row.sums.spend);
    Ok(GlobalSpend { spend: Dollars(spend), max_budget: Dollars(max_budget.unwrap_or_default()) })
}

/// `/spend/tags`.
pub(crate) async fn tags(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
) -> Result<Vec<TagSpend>, Error> {
    let asked = SpendQuery::read(query)?;
    let day = |name, day: Option<&str>| day.map(|day| day_number(name, day)).transpose();
    let query = DailyQuery {
        by: vec![DailyDimension::Tag],
        from_day: day("start_date", asked.start_date.as_deref())?,
        to_day: day("end_date", asked.end_date.as_deref())?,
        of: granted.keys(),
        ..DailyQuery::default()
    };
    let sums = admin.sums(&query).await?;
    let shown = sums.into_iter().map(|row| TagSpend {
        individual_request_tag: row.tag,
        log_count: row.sums.requests,
        total_spend: Dollars(row.sums.spend),
    });
    Ok(shown.collect())
}

/// `/global/spend/tags`.
pub(crate) async fn dearest_tags(admin: &Admin, query: Option<&str>) -> Result<GlobalTagSpend, Error> {
    let asked = PeriodQuery::read(query)?;
    let (from, to) = days_of(&asked.start_date, &asked.end_date)?;
    let named: Vec<String> =
        asked.tags.iter().flat_map(|tags| tags.split(',')).map(|tag| tag.trim().to_owned()).collect();
    let is_all = named.is_empty() || named.iter().any(|tag| tag == ALL_TAGS);
    let query = DailyQuery {
        by: vec![DailyDimension::Tag],
        from_day: Some(from),
        to_day: Some(to),
        only: if is_all { Vec::new() } else { vec![(DailyDimension::Tag, named)] },
        dearest_first: true,
        ..DailyQuery::default()
    };
    let sums = admin.sums(&query).await?;
    let shown = sums.into_iter().map(|row| NamedTagSpend {
        name: row.tag,
        spend: Dollars(row.sums.spend),
        log_count: row.sums.requests,
    });
    Ok(GlobalTagSpend { spend_per_tag: shown.collect() })
}

pub(crate) async fn tag_names(admin: &Admin) -> Result<TagNames, Error> {
    let query = DailyQuery { by: vec![DailyDimension::Tag], ..DailyQuery::default() };
    Ok(TagNames { tag_names: admin.sums(&query).await?.into_iter().map(|row| row.tag).collect() })
}

pub(crate) async fn end_user_names(admin: &Admin) -> Result<EndUserNames, Error> {
    let query = DailyQuery { by: vec![DailyDimension::EndUser], ..DailyQuery::default() };
    let names = admin.sums(&query).await?.into_iter().map(|row| row.end_user);
    Ok(EndUserNames { end_users: names.filter(|name| !name.is_empty()).collect() })
}

pub(crate) async fn keys(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
) -> Result<Vec<KeySpend>, Error> {
    let asked = SpendQuery::read(query)?;
    let query = DailyQuery { of: granted.keys(), ..month(admin, vec![DailyDimension::KeyHash]) };
    let sums = admin.dearest(query, asked.limit.unwrap_or(KEYS)).await?;
    let keys = admin.keys_of(&sums).await?;
    let shown = sums.into_iter().map(|row| {
        let key = keys.get(&row.key_hash);
        KeySpend {
            key_alias: key.and_then(|key| key.key_alias.clone()),
            key_name: key.map(|key| key.key_name.clone()),
            total_spend: Dollars(row.sums.spend),
            api_key: row.key_hash,
        }
    });
    Ok(shown.collect())
}

pub(crate) async fn models(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
) -> Result<Vec<ModelSpend>, Error> {
    let asked = SpendQuery::read(query)?;
    let query = DailyQuery { of: granted.keys(), ..month(admin, vec![DailyDimension::Model]) };
    let sums = admin.dearest(query, asked.limit.unwrap_or(MODELS)).await?;
    let shown = sums.into_iter().map(|row| ModelSpend {
        total_spend: Dollars(row.sums.spend),
        total_tokens: total_tokens(&row.sums),
        model: row.upstream_model,
    });
    Ok(shown.collect())
}

pub(crate) async fn providers(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
) -> Result<Vec<ProviderSpend>, Error> {
    let asked = PeriodQuery::read(query)?;
    let (from, to) = days_of(&asked.start_date, &asked.end_date)?;
    let query = DailyQuery {
        by: vec![DailyDimension::Provider],
        from_day: Some(from),
        to_day: Some(to),
        of: granted.keys(),
        dearest_first: true,
        ..DailyQuery::default()
    };
    let sums = admin.sums(&query).await?;
    let shown =
        sums.into_iter().map(|row| ProviderSpend { provider: row.provider, spend: Dollars(row.sums.spend) });
    Ok(shown.collect())
}

/// The days of the last 30, the earliest first.
pub(crate) async fn days(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
) -> Result<Vec<DaySpend>, Error> {
    let asked = SpendQuery::read(query)?;
    let hash = asked.api_key.as_ref().map(|key| hash_named(key.expose()).to_string());
    let only = hash.iter().map(|hash| (DailyDimension::KeyHash, vec![hash.clone()])).collect();
    let query = DailyQuery { only, of: granted.keys(), ..month(admin, vec![DailyDimension::Day]) };
    let shown = admin.sums(&query).await?.into_iter().rev().map(|row| DaySpend {
        date: date_of(row.day),
        spend: Dollars(row.sums.spend),
        api_key: hash.clone(),
    });
    Ok(shown.collect())
}

/// What teams spent in the last 30 days, under their aliases.
pub(crate) async fn teams(admin: &Admin) -> Result<TeamsSpend, Error> {
    let sums = admin.sums(&month(admin, vec![DailyDimension::Day, DailyDimension::Team])).await?;
    let mut aliases: BTreeMap<String, String> = BTreeMap::new();
    let mut totals: BTreeMap<String, Nanos> = BTreeMap::new();
    let mut days: BTreeMap<i64, BTreeMap<String, Nanos>> = BTreeMap::new();
    for row in &sums {
        let alias = match aliases.get(&row.team_id) {
            Some(alias) => alias.clone(),
            None => {
                let alias = team_name(admin, &row.team_id, "Unassigned").await?;
                aliases.insert(row.team_id.clone(), alias.clone());
                alias
            }
        };
        *totals.entry(alias.clone()).or_default() += row.sums.spend;
        *days.entry(row.day).or_default().entry(alias).or_default() += row.sums.spend;
    }
    let daily_spend = days.into_iter().map(|(day, teams)| {
        let spent = teams.into_iter().map(|(alias, nanos)| (alias, json!(Dollars(nanos))));
        spent.chain([("date".to_owned(), json!(date_of(day)))]).collect::<Map<String, Value>>()
    });
    let mut dearest: Vec<TeamSpend> = totals
        .iter()
        .map(|(alias, nanos)| TeamSpend { team_id: alias.clone(), total_spend: Dollars(*nanos) })
        .collect();
    dearest.sort_by_key(|team| std::cmp::Reverse(team.total_spend));
    dearest.truncate(TEAMS);
    Ok(TeamsSpend {
        daily_spend: daily_spend.collect(),
        teams: totals.into_keys().collect(),
        total_spend_per_team: dearest,
    })
}

/// A team's alias, or its id where it has none.
pub(crate) async fn team_name(admin: &Admin, id: &str, none: &str) -> Result<String, Error> {
    if id.is_empty() {
        return Ok(none.to_owned());
    }
    let team = admin.directory.team(id).await?;
    let alias = team.and_then(|team| team.record.team_alias.clone());
    Ok(alias.unwrap_or_else(|| id.to_owned()))
}

/// `/global/spend/end_users`. LiteLLM reads moments here; days are what is summed, and both are taken whole.
pub(crate) async fn end_users(admin: &Admin, body: &[u8]) -> Result<Vec<EndUserSpend>, Error> {
    let asked: EndUsersRequest = read_body(body)?;
    let day = |name, moment: Option<&str>| -> Result<Option<i64>, Error> {
        let at_ms = moment.map(|moment| moment_named(name, moment, false)).transpose()?;
        Ok(at_ms.map(|at_ms| at_ms.div_euclid(weighhouse_storage::DAY_MS)))
    };
    let hash = asked.api_key.as_ref().map(|key| hash_named(key.expose()).to_string());
    let query = DailyQuery {
        by: vec![DailyDimension::EndUser],
        from_day: Some(day("startTime", asked.start_time.as_deref())?.unwrap_or_else(|| admin.month_ago())),
        to_day: Some(day("endTime", asked.end_time.as_deref())?.unwrap_or_else(|| admin.today())),
        only: hash.into_iter().map(|hash| (DailyDimension::KeyHash, vec![hash])).collect(),
        ..DailyQuery::default()
    };
    let shown = admin.dearest(query, END_USERS).await?.into_iter().map(|row| {
        let DailySums { requests, spend, .. } = row.sums;
        EndUserSpend { end_user: row.end_user, total_count: requests, total_spend: Dollars(spend) }
    });
    Ok(shown.collect())
}

/// The last 30 days.
fn month(admin: &Admin, by: Vec<DailyDimension>) -> DailyQuery {
    DailyQuery { by, from_day: Some(admin.month_ago()), to_day: Some(admin.today()), ..DailyQuery::default() }
}
