//! Sums of a period, by whom or what, from the days that the gateway keeps.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
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
/// Days that a period goes back from its end where nothing is said: LiteLLM's last 30.
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
    let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    let (start, end) = days_of(period.start, period.end, today);
    let query =
        DailyActivityQuery { model: period.model, api_key, ..DailyActivityQuery::of_days(&start, &end) };
    let activity = client.whole_daily_activity(by.of(), &query).await?;
    output.write(&activity, || table(&activity, by))
}

/// The first and the last day of a period of which both, one or none were said.
fn days_of(start: Option<String>, end: Option<String>, today: Date) -> (String, String) {
    let end = end.unwrap_or_else(|| today.to_string());
    let start = start.unwrap_or_else(|| {
        // An end that is no date is the gateway's to refuse.
        let last = end.parse::<Date>().unwrap_or(today);
        last.saturating_sub(MONTH.days()).to_string()
    });
    (start, end)
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
    fn a_period_goes_back_from_its_end() {
        let days = |start: Option<&str>, end: Option<&str>| {
            let today = jiff::civil::date(2026, 11, 28);
            let (start, end) = days_of(start.map(str::to_owned), end.map(str::to_owned), today);
            format!("{start} {end}")
        };
        assert_eq!(days(None, None), "2026-10-29 2026-11-28");
        assert_eq!(days(None, Some("2026-01-31")), "2026-01-01 2026-01-31");
        assert_eq!(days(Some("2026-11-01"), None), "2026-11-01 2026-11-28");
        assert_eq!(days(Some("2025-12-31"), Some("2026-01-31")), "2025-12-31 2026-01-31");
        assert_eq!(days(None, Some("soon")), "2026-10-29 soon");
    }

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
