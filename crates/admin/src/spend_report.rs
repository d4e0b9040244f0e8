//! `/global/spend/report`: by day and team or customer, or by key, each with its models.

use std::collections::BTreeMap;

use weighhouse_api::{Dollars, ReportDetail, ReportGroup, ReportLine, ReportModel, ReportQuery, ReportSum};
use weighhouse_storage::{DailyCondition, DailyDimension, DailyQuery, DailyRow};
use weighhouse_types::{Error, Nanos};

use crate::admin::Admin;
use crate::calendar::{date_of, days_of};
use crate::global_spend::team_name;
use crate::named::hash_named;
use crate::sums::total_tokens;

pub(crate) async fn report(admin: &Admin, query: Option<&str>) -> Result<Vec<ReportLine>, Error> {
    let asked = ReportQuery::read(query)?;
    let key = asked.api_key.as_ref().map(|key| hash_named(key.expose()).to_string());
    // LiteLLM's order: a key, a user, a customer of a team, and only then the group.
    if let Some(hash) = key {
        return by_key(admin, &asked, vec![(DailyDimension::KeyHash, vec![hash])]).await;
    }
    if let Some(user) = asked.internal_user_id.clone() {
        return by_key(admin, &asked, vec![(DailyDimension::User, vec![user])]).await;
    }
    if let (Some(team), Some(customer)) = (asked.team_id.clone(), asked.customer_id.clone()) {
        let only = vec![(DailyDimension::Team, vec![team]), (DailyDimension::EndUser, vec![customer])];
        return by_day(admin, &asked, Whose::TeamAndCustomer, only).await;
    }
    let team = asked.team_id.iter().map(|team| (DailyDimension::Team, vec![team.clone()]));
    match asked.group_by {
        ReportGroup::Team => by_day(admin, &asked, Whose::Team, team.collect()).await,
        ReportGroup::Customer => by_day(admin, &asked, Whose::Customer, Vec::new()).await,
        ReportGroup::ApiKey => by_key(admin, &asked, Vec::new()).await,
    }
}

/// What a day is told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Team,
    Customer,
    TeamAndCustomer,
}

impl Whose {
    fn dimensions(self) -> Vec<DailyDimension> {
        match self {
            Self::Team => vec![DailyDimension::Team],
            Self::Customer => vec![DailyDimension::EndUser],
            Self::TeamAndCustomer => vec![DailyDimension::Team, DailyDimension::EndUser],
        }
    }

    fn line(self, day: i64, sums: Vec<ReportSum>) -> ReportLine {
        let group_by_day = Some(format!("{}T00:00:00+00:00", date_of(day)));
        let line = ReportLine { group_by_day, ..ReportLine::default() };
        match self {
            Self::Team => ReportLine { teams: Some(sums), ..line },
            Self::Customer => ReportLine { customers: Some(sums), ..line },
            Self::TeamAndCustomer => ReportLine { teams_customers: Some(sums), ..line },
        }
    }
}

async fn by_day(
    admin: &Admin,
    asked: &ReportQuery,
    whose: Whose,
    only: Vec<DailyCondition>,
) -> Result<Vec<ReportLine>, Error> {
    let mut by = vec![DailyDimension::Day, DailyDimension::Model, DailyDimension::KeyHash];
    by.extend(whose.dimensions());
    let mut days: BTreeMap<i64, BTreeMap<(String, String), ReportSum>> = BTreeMap::new();
    for row in asked_of(admin, asked, by, only).await? {
        let sums = days.entry(row.day).or_default();
        let sum = sums.entry((row.team_id.clone(), row.end_user.clone())).or_default();
        sum.total_spend.0 += row.sums.spend;
        sum.metadata.push(ReportDetail {
            spend: Dollars(row.sums.spend),
            total_tokens: total_tokens(&row.sums),
            model: row.upstream_model,
            api_key: row.key_hash,
        });
    }
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut lines = Vec::with_capacity(days.len());
    for (day, sums) in days {
        let mut shown = Vec::with_capacity(sums.len());
        for ((team, customer), sum) in sums {
            if whose != Whose::Customer && !names.contains_key(&team) {
                names.insert(team.clone(), team_name(admin, &team, "Unassigned Team").await?);
            }
            let team_name = (whose != Whose::Customer).then(|| names.get(&team).cloned()).flatten();
            let customer = (whose != Whose::Team).then_some(customer);
            shown.push(ReportSum { team_name, customer, ..sum });
        }
        lines.push(whose.line(day, shown));
    }
    Ok(lines)
}

async fn by_key(
    admin: &Admin,
    asked: &ReportQuery,
    only: Vec<DailyCondition>,
) -> Result<Vec<ReportLine>, Error> {
    let by = vec![DailyDimension::KeyHash, DailyDimension::Model];
    let mut keys: BTreeMap<String, (Nanos, i64, i64, Vec<ReportModel>)> = BTreeMap::new();
    for row in asked_of(admin, asked, by, only).await? {
        let (cost, input, output, models) = keys.entry(row.key_hash.clone()).or_default();
        *cost += row.sums.spend;
        *input += row.sums.prompt_tokens;
        *output += row.sums.completion_tokens;
        models.push(ReportModel {
            total_cost: Dollars(row.sums.spend),
            total_input_tokens: row.sums.prompt_tokens,
            total_output_tokens: row.sums.completion_tokens,
            model: row.upstream_model,
        });
    }
    let line = |(hash, (cost, input, output, models))| ReportLine {
        api_key: Some(hash),
        total_cost: Some(Dollars(cost)),
        total_input_tokens: Some(input),
        total_output_tokens: Some(output),
        model_details: Some(models),
        ..ReportLine::default()
    };
    let mut lines: Vec<ReportLine> = keys.into_iter().map(line).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.total_cost));
    Ok(lines)
}

async fn asked_of(
    admin: &Admin,
    asked: &ReportQuery,
    by: Vec<DailyDimension>,
    only: Vec<DailyCondition>,
) -> Result<Vec<DailyRow>, Error> {
    let (from, to) = days_of(&asked.start_date, &asked.end_date)?;
    let query = DailyQuery { by, from_day: Some(from), to_day: Some(to), only, ..DailyQuery::default() };
    admin.sums(&query).await
}
