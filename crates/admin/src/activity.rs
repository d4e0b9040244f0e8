//! Calls and tokens by day (`/global/activity`).

use std::collections::BTreeMap;

use weighhouse_api::{Activity, ActivityDay, ModelActivity, PeriodQuery};
use weighhouse_auth::Granted;
use weighhouse_storage::{DailyDimension, DailyQuery, DailyRow};
use weighhouse_types::Error;

use crate::admin::Admin;
use crate::calendar::{days_of, short_date_of};
use crate::sums::total_tokens;

/// Models that LiteLLM tells of.
const MODELS: usize = 10;

pub(crate) async fn all(admin: &Admin, granted: &Granted, query: Option<&str>) -> Result<Activity, Error> {
    let mut activity = Activity::default();
    for row in days(admin, granted, query, None).await? {
        let day = day(&row);
        activity.sum_api_requests += day.api_requests;
        activity.sum_total_tokens += day.total_tokens;
        activity.daily_data.push(day);
    }
    Ok(activity)
}

pub(crate) async fn by_model(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
) -> Result<Vec<ModelActivity>, Error> {
    let mut models: BTreeMap<String, ModelActivity> = BTreeMap::new();
    for row in days(admin, granted, query, Some(DailyDimension::ModelGroup)).await? {
        let model = models.entry(row.model_group.clone()).or_default();
        let day = day(&row);
        model.sum_api_requests += day.api_requests;
        model.sum_total_tokens += day.total_tokens;
        model.daily_data.push(day);
    }
    let named = |(name, model)| ModelActivity { model: name, ..model };
    let mut models: Vec<ModelActivity> = models.into_iter().map(named).collect();
    models.sort_by_key(|model| std::cmp::Reverse(model.sum_api_requests));
    models.truncate(MODELS);
    Ok(models)
}

/// The days of a period, the earliest first.
async fn days(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
    also_by: Option<DailyDimension>,
) -> Result<Vec<DailyRow>, Error> {
    let asked = PeriodQuery::read(query)?;
    let (from, to) = days_of(&asked.start_date, &asked.end_date)?;
    let by = std::iter::once(DailyDimension::Day).chain(also_by).collect();
    let query = DailyQuery {
        by,
        from_day: Some(from),
        to_day: Some(to),
        of: granted.keys(),
        ..DailyQuery::default()
    };
    let mut rows = admin.sums(&query).await?;
    rows.sort_by_key(|row| row.day);
    Ok(rows)
}

fn day(row: &DailyRow) -> ActivityDay {
    ActivityDay {
        date: short_date_of(row.day),
        api_requests: row.sums.requests,
        total_tokens: total_tokens(&row.sums),
    }
}
