use super::*;
use crate::table::{Member, Policy};

fn table(groups: &[(&str, &[(f64, u32)])], policy: Policy) -> Table {
    let mut table = Table::new(policy);
    let mut deployment = 0;
    for (name, members) in groups {
        for (weight, order) in *members {
            table.add(name, Member { weight: *weight, order: *order, ..Member::plain(deployment) });
            deployment += 1;
        }
    }
    table
}

fn failure(status: u16) -> Failure {
    Failure { setback: Setback { status, is_connection: false, retry_after: None }, is_final: false }
}

/// Deployments that a call visits when every attempt meets `status`, pauses passed over.
fn course(table: &Table, name: &str, status: u16) -> Vec<usize> {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut plan = Plan::new(table, name, None).unwrap();
    let mut visited = Vec::new();
    loop {
        match plan.next(table, &mut rng, 0) {
            Step::Try(leg) => {
                visited.push(leg.deployment);
                plan.failed(table, &leg, &failure(status), &mut rng, 0);
            }
            Step::Wait(_) => {}
            Step::AllCooling | Step::Exhausted => return visited,
        }
    }
}

fn falling_back(from: &str, to: &[&str]) -> Policy {
    let to = to.iter().map(|name| (*name).to_owned()).collect();
    Policy { fallbacks: [(from.to_owned(), to)].into(), ..Policy::default() }
}

#[test]
fn a_failing_call_tries_others_first_then_falls_back() {
    let one = table(&[("a", &[(1.0, 0)])], Policy::default());
    assert_eq!(course(&one, "a", 500), [0, 0, 0]);
    assert_eq!(course(&one, "a", 400), [0]);
    assert_eq!(course(&one, "a", 401), [0]);
    let two = table(&[("a", &[(1.0, 0), (1.0, 0)])], Policy::default());
    let mut visited = course(&two, "a", 500);
    visited.truncate(2);
    visited.sort_unstable();
    assert_eq!(visited, [0, 1]);
    let back = table(&[("a", &[(1.0, 0)]), ("b", &[(1.0, 0)])], falling_back("a", &["missing", "b"]));
    assert_eq!(course(&back, "a", 500), [0, 0, 0, 1, 1, 1]);
    assert_eq!(course(&back, "a", 400), [0, 1]);
}

#[test]
fn a_deployments_own_settings_win_over_the_policys() {
    let mut table = Table::new(Policy::default());
    let cooldown = Some(Duration::from_secs(30));
    table.add("a", Member { num_retries: Some(0), cooldown, ..Member::plain(0) });
    assert_eq!(course(&table, "a", 500), [0]);
    table.add("b", Member { cooldown, ..Member::plain(1) });
    table.add("b", Member::plain(2));
    course(&table, "b", 429);
    let cools = |deployment: usize| table.health(deployment).unwrap().is_cooling(29_000);
    assert_eq!((cools(1), cools(2)), (true, false));
}

#[test]
fn orders_are_used_one_after_the_other() {
    let orders = table(&[("a", &[(1.0, 2), (1.0, 1)])], Policy { num_retries: 0, ..Policy::default() });
    assert_eq!(course(&orders, "a", 500), [1, 0]);
}

#[test]
fn a_final_failure_ends_the_call() {
    let table = table(&[("a", &[(1.0, 0)]), ("b", &[(1.0, 0)])], falling_back("a", &["b"]));
    let mut rng = fastrand::Rng::with_seed(1);
    let mut plan = Plan::new(&table, "a", None).unwrap();
    let Step::Try(leg) = plan.next(&table, &mut rng, 0) else { panic!("a first attempt") };
    plan.failed(&table, &leg, &Failure { is_final: true, ..failure(500) }, &mut rng, 0);
    assert_eq!(plan.next(&table, &mut rng, 0), Step::Exhausted);
}

#[test]
fn a_group_that_cools_down_is_passed_over() {
    let table = table(&[("a", &[(1.0, 0), (1.0, 0)]), ("b", &[(1.0, 0)])], falling_back("a", &["b"]));
    let visited = course(&table, "a", 429);
    assert_eq!((visited[0] + visited[1], &visited[2..]), (1, &[2, 2, 2][..]));
    let mut rng = fastrand::Rng::with_seed(1);
    let mut plan = Plan::new(&table, "a", None).unwrap();
    assert!(
        matches!(plan.next(&table, &mut rng, 1), Step::Try(leg) if leg.deployment == 2 && leg.fallbacks == 1)
    );
    let mut alone = Plan::new(&table, "a", None).unwrap();
    alone.fall_back_to(&[]);
    assert_eq!(alone.next(&table, &mut rng, 1), Step::AllCooling);
}

#[test]
fn pauses_follow_the_hint_or_grow() {
    let table = table(&[("a", &[(1.0, 0)])], Policy::default());
    let mut rng = fastrand::Rng::with_seed(1);
    let mut pause_after = |status: Failure| {
        let mut plan = Plan::new(&table, "a", None).unwrap();
        let Step::Try(leg) = plan.next(&table, &mut rng, 0) else { panic!("a first attempt") };
        plan.failed(&table, &leg, &status, &mut rng, 0);
        match plan.next(&table, &mut rng, 0) {
            Step::Wait(pause) => pause,
            step => panic!("a pause, not {step:?}"),
        }
    };
    let hinted = |seconds| {
        let retry_after = Some(Duration::from_secs(seconds));
        Failure { setback: Setback { retry_after, ..failure(429).setback }, is_final: false }
    };
    assert!((3_000..3_100).contains(&pause_after(hinted(3)).as_millis()));
    assert!(pause_after(hinted(3_600)).as_millis() <= 500);
    assert!((125..=500).contains(&pause_after(failure(500)).as_millis()));
}

#[test]
fn weights_share_the_calls() {
    let table = table(&[("a", &[(3.0, 0), (1.0, 0), (0.0, 0)])], Policy::default());
    let mut rng = fastrand::Rng::with_seed(42);
    let mut counts = [0_u32; 3];
    for _ in 0..10_000 {
        let mut plan = Plan::new(&table, "a", None).unwrap();
        if let Step::Try(leg) = plan.next(&table, &mut rng, 0) {
            counts[leg.deployment] += 1;
        }
    }
    assert!((7_300..7_700).contains(&counts[0]) && counts[2] == 0, "{counts:?}");
}

proptest::proptest! {
    #[test]
    fn every_call_ends_and_never_tries_more_than_it_may(
        statuses in proptest::collection::vec(proptest::sample::select(vec![400_u16, 401, 404, 408, 429, 500, 503]), 1..60),
        members in 1_usize..5, fallbacks in 0_usize..4, retries in 0_u32..4, seed in proptest::num::u64::ANY,
    ) {
        let names: Vec<String> = (0..=fallbacks).map(|index| format!("g{index}")).collect();
        let mut table = Table::new(Policy {
            num_retries: retries,
            fallbacks: [(names[0].clone(), names[1..].to_vec())].into(),
            ..Policy::default()
        });
        for deployment in 0..members * names.len() {
            let member = Member { order: u32::from(deployment % 2 == 1), ..Member::plain(deployment) };
            table.add(&names[deployment % names.len()], member);
        }
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut plan = Plan::new(&table, "g0", None).unwrap();
        let (mut tries, mut now) = (0_usize, 0_u64);
        for turn in 0.. {
            match plan.next(&table, &mut rng, now) {
                Step::Try(leg) => {
                    proptest::prop_assert!(!table.health(leg.deployment).unwrap().is_cooling(now));
                    tries += 1;
                    plan.failed(&table, &leg, &failure(statuses[turn % statuses.len()]), &mut rng, now);
                }
                Step::Wait(pause) => {
                    proptest::prop_assert!(pause <= Duration::from_secs(70));
                    now += u64::try_from(pause.as_millis()).unwrap();
                }
                Step::AllCooling | Step::Exhausted => break,
            }
            proptest::prop_assert!(turn < 1_000);
        }
        // Two orders a group, each with its own retries.
        proptest::prop_assert!(tries <= names.len() * 2 * (retries as usize + 1));
    }
}
