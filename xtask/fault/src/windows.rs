//! What a provider saw within any minute and at once.

use std::time::{Duration, Instant};

use weighhouse_testkit::fake_openai::Visit;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// The most units that arrived within any 60 seconds, whenever they began.
pub(crate) fn most_in_a_minute(visits: &[Visit], units: impl Fn(&Visit) -> u64) -> u64 {
    let mut arrivals: Vec<(Instant, u64)> =
        visits.iter().map(|visit| (visit.arrived, units(visit))).collect();
    arrivals.sort_unstable();
    let (mut first, mut sum, mut most) = (0, 0, 0);
    for (at, units) in &arrivals {
        sum += units;
        while let Some((earlier, old)) = arrivals.get(first)
            && at.duration_since(*earlier) >= MINUTE
        {
            sum -= old;
            first += 1;
        }
        most = most.max(sum);
    }
    most
}

/// The most calls that were being answered at one moment.
pub(crate) fn most_at_once(visits: &[Visit]) -> u64 {
    // At the same instant the end of one comes before the beginning of another.
    let mut steps: Vec<(Instant, bool)> =
        visits.iter().flat_map(|visit| [(visit.arrived, true), (visit.ended, false)]).collect();
    steps.sort_unstable();
    let (mut open, mut most) = (0_u64, 0);
    for (_, begins) in steps {
        open = if begins { open + 1 } else { open.saturating_sub(1) };
        most = most.max(open);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_densest_minute_and_the_fullest_moment_are_found() {
        let start = Instant::now();
        let visit = |from_ms, to_ms| Visit {
            arrived: start + Duration::from_millis(from_ms),
            ended: start + Duration::from_millis(to_ms),
            prompt_tokens: 2,
            completion_tokens: 3,
        };
        let visits = [visit(0, 10), visit(60_000, 60_500), visit(59_999, 60_100), visit(60_500, 60_600)];
        assert_eq!(most_in_a_minute(&visits, |_| 1), 3);
        assert_eq!(most_in_a_minute(&visits[..2], |visit| visit.prompt_tokens), 2);
        assert_eq!(most_at_once(&visits), 2);
        assert_eq!(most_at_once(&[]), 0);
    }
}
