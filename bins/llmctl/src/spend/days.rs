//! Sums of a period, by whom or what, from the days that the gateway keeps.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use weighhouse_api::{DailyActivity, DailyActivityDay, DailyActivityQuery, Dollars, SpendMetrics};
use weighhouse_client::{Client, DailyOf};

use super::arguments::Period;
use crate::failure::Failure;
use crate::key::named;
use crate::output::{Cell, Column, Output, Table};

const SUMS: &[Column] = &[
    Column::id("name", "NAME"),
    Column::number("api_requests", "ATTEMPTS"),
    Column::number("failed_requests", "FAILED"),
    Column::number("prompt_tokens", "IN"),
    Column::number("completion_tokens", "OUT"),
    Column::number("spend", "SPEND"),
];
/// Days back from today where nothing is said: LiteLLM's last 30.
const MONTH: i64 = 30;

/// By whom or what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Key,
    User,
    Team,
    Tag,
    Model,
    Day,
}

impl By {
    const fn of(self) -> DailyOf {
        match self {
            Self::Team => DailyOf::Teams,
            Self::Tag => DailyOf::Tags,
            Self::Key | Self::User | Self::Model | Self::Day => DailyOf::Users,
        }
    }

    /// The parts of a day by their names.
    fn parts(self, day: &DailyActivityDay) -> Vec<(String, SpendMetrics)> {
        let groups = match self {
            Self::Day => return vec![(day.date.clone(), day.metrics)],
            Self::Key => {
                let named = |(hash, key): (&String, &weighhouse_api::KeyMetrics)| {
                    (key.metadata.key_alias.clone().unwrap_or_else(|| hash.clone()), key.metrics)
                };
                return day.breakdown.api_keys.iter().map(named).collect();
            }
            Self::User | Self::Team | Self::Tag => &day.breakdown.entities,
            Self::Model => &day.breakdown.models,
        };
        groups.iter().map(|(name, group)| (name.clone(), group.metrics)).collect()
    }
}

pub(super) async fn show(client: &Client, period: Period, by: By, output: &Output) -> Result<(), Failure> {
    let api_key = match &period.of_key {
        Some(name) => Some(named(client, name).await?),
        None => None,
    };
    let day = |said: Option<String>, back: i64| said.unwrap_or_else(|| date_before(back));
    let (start, end) = (day(period.start, MONTH), day(period.end, 0));
    let query =
        DailyActivityQuery { model: period.model, api_key, ..DailyActivityQuery::of_days(&start, &end) };
    let activity = client.whole_daily_activity(by.of(), &query).await?;
    output.write(&activity, || table(&activity, by))
}

/// The day so many days ago, in UTC.
fn date_before(days: i64) -> String {
    let second = Timestamp::now().as_second().saturating_sub(days * 86_400);
    let then = Timestamp::from_second(second).unwrap_or_default();
    then.to_zoned_datetime(TimeZone::UTC).date().to_string()
}

fn table(activity: &DailyActivity, by: By) -> Table {
    let mut sums: BTreeMap<String, SpendMetrics> = BTreeMap::new();
    for (name, metrics) in activity.results.iter().flat_map(|day| by.parts(day)) {
        let sum = sums.entry(name).or_default();
        sum.spend = Dollars(sum.spend.0 + metrics.spend.0);
        sum.api_requests += metrics.api_requests;
        sum.failed_requests += metrics.failed_requests;
        sum.prompt_tokens += metrics.prompt_tokens;
        sum.completion_tokens += metrics.completion_tokens;
    }
    let mut sums: Vec<(String, SpendMetrics)> = sums.into_iter().collect();
    if by != By::Day {
        sums.sort_by_key(|(_, sum)| Reverse(sum.spend));
    }
    let mut table = Table::list(SUMS);
    for (name, sum) in sums {
        table.row([
            Cell::from(name),
            count(sum.api_requests),
            count(sum.failed_requests),
            count(sum.prompt_tokens),
            count(sum.completion_tokens),
            sum.spend.into(),
        ]);
    }
    table
}

fn count(count: i64) -> Cell {
    Cell::from(count.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use weighhouse_api::GroupMetrics;
    use weighhouse_types::Nanos;

    #[test]
    fn days_sum_and_the_dearest_stands_first() {
        let group = |nanos, requests| GroupMetrics {
            metrics: SpendMetrics {
                spend: Dollars(Nanos::new(nanos)),
                api_requests: requests,
                ..SpendMetrics::default()
            },
            ..GroupMetrics::default()
        };
        let day = |date: &str, models: Vec<(&str, GroupMetrics)>| {
            let mut day = DailyActivityDay { date: date.into(), ..DailyActivityDay::default() };
            day.breakdown.models = models.into_iter().map(|(name, group)| (name.to_owned(), group)).collect();
            day
        };
        let activity = DailyActivity {
            results: vec![
                day("2026-01-02", vec![("a", group(5, 1)), ("b", group(7, 2))]),
                day("2026-01-01", vec![("a", group(3, 4))]),
            ],
            ..DailyActivity::default()
        };
        let Table::List { rows, .. } = table(&activity, By::Model) else { panic!("a list") };
        let shown: Vec<String> =
            rows.iter().map(|row| row.iter().map(Cell::bare).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(shown, ["a 5 0 0 0 0.000000008", "b 2 0 0 0 0.000000007"]);
    }
}
