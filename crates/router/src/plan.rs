//! The course of one call over deployments: attempts, retries, fallbacks (contract §3b, §3c).

use std::sync::Arc;
use std::time::Duration;

use crate::health::{CooldownRules, Setback};
use crate::table::{Found, Group, Table};

/// Longest `Retry-After` that is waited for; beyond it the back-off decides.
const LONGEST_HINT: Duration = Duration::from_secs(60);
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(8);

/// One attempt to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The deployment's place in the caller's list.
    pub deployment: usize,
    /// What the group's wildcard stands for.
    pub tail: Option<String>,
    /// The group.
    pub group: Arc<str>,
    /// Counts all attempts of the call from 0.
    pub attempt: u16,
    /// Groups fallen back to so far.
    pub fallbacks: u32,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An attempt.
    Try(Leg),
    /// A pause, then ask again.
    Wait(Duration),
    /// Nothing: every deployment of the last group cools down.
    AllCooling,
    /// Nothing: retries and fallbacks are used up.
    Exhausted,
}

/// What an attempt met, as far as the plan decides by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For the deployment's health.
    pub setback: Setback,
    /// The request itself is at fault, or the caller is gone: nobody else would do better.
    pub is_final: bool,
}

/// The course of one call.
#[derive(Clone, Debug)]
pub struct Plan {
    group: Arc<Group>,
    tail: Option<String>,
    /// Groups still to fall back to, next one last.
    ahead: Vec<String>,
    retries_left: u32,
    retries: u32,
    attempt: u16,
    fallbacks: u32,
    order: u32,
    tried: Vec<usize>,
    /// Deployments that cannot take the call, well or not.
    barred: Vec<usize>,
    pause: Option<Duration>,
    is_over: bool,
    /// The only deployment that can serve the call.
    only: Option<usize>,
}

impl Plan {
    /// The course of a call to a name; `num_retries` is the caller's own count. None: nobody serves the name.
    #[must_use]
    pub fn new(table: &Table, name: &str, num_retries: Option<u32>) -> Option<Self> {
        let Found { group, tail } = table.find(name)?;
        let most = usize::try_from(table.policy().max_fallbacks).unwrap_or(usize::MAX);
        let mut ahead: Vec<String> = table
            .fallbacks(&group.name)
            .iter()
            .filter(|next| **next != *group.name)
            .take(most)
            .cloned()
            .collect();
        ahead.reverse();
        let retries = num_retries.or(group.num_retries()).unwrap_or(table.policy().num_retries);
        Some(Self {
            order: group.lowest_order(),
            group,
            tail,
            ahead,
            retries_left: retries,
            retries,
            attempt: 0,
            fallbacks: 0,
            tried: Vec::new(),
            barred: Vec::new(),
            pause: None,
            is_over: false,
            only: None,
        })
    }

    /// Replaces the groups to fall back to by the caller's own.
    pub fn fall_back_to(&mut self, groups: &[String]) {
        self.ahead = groups.iter().rev().cloned().collect();
    }

    /// Only this deployment can serve the call, well or not: it keeps what the call goes on from.
    pub fn stay_with(&mut self, deployment: usize) {
        self.only = Some(deployment);
        self.ahead.clear();
    }

    /// Drops groups that the caller may not use.
    pub fn keep_fallbacks(&mut self, may_use: impl Fn(&str) -> bool) {
        self.ahead.retain(|group| may_use(group));
    }

    /// Retries that the call may make in a group.
    #[must_use]
    pub const fn max_retries(&self) -> u32 {
        self.retries
    }

    /// Attempts made so far.
    #[must_use]
    pub const fn attempts(&self) -> u16 {
        self.attempt
    }

    /// The groups that the call may still reach, the present one first: a hold must cover the dearest.
    pub fn reach(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.group.name.as_ref()).chain(self.ahead.iter().rev().map(String::as_str))
    }

    /// What comes next at a moment (milliseconds of a clock that never goes back).
    pub fn next(&mut self, table: &Table, rng: &mut fastrand::Rng, now_ms: u64) -> Step {
        if self.is_over {
            return Step::Exhausted;
        }
        if let Some(pause) = self.pause.take() {
            return Step::Wait(pause);
        }
        loop {
            if let Some(deployment) = self.choose(table, rng, now_ms) {
                self.tried.push(deployment);
                let leg = Leg {
                    deployment,
                    tail: self.tail.clone(),
                    group: self.group.name.clone(),
                    attempt: self.attempt,
                    fallbacks: self.fallbacks,
                };
                self.attempt = self.attempt.saturating_add(1);
                return Step::Try(leg);
            }
            if !self.next_order() && !self.fall_back(table) {
                self.is_over = true;
                return if self.attempt == 0 { Step::AllCooling } else { Step::Exhausted };
            }
        }
    }

    /// Notes that a deployment cannot take the call, though it is well: nothing was sent. Another one may.
    pub fn bar(&mut self, leg: &Leg) {
        self.barred.push(leg.deployment);
        self.attempt = self.attempt.saturating_sub(1);
        if self.only.is_some() {
            self.is_over = true;
        }
    }

    /// Notes that an attempt failed; decides whether and where the call goes on.
    pub fn failed(
        &mut self,
        table: &Table,
        leg: &Leg,
        failure: &Failure,
        rng: &mut fastrand::Rng,
        now_ms: u64,
    ) {
        let is_alone = self.group.members.len() <= 1;
        if let Some(health) = table.health(leg.deployment) {
            let rules = CooldownRules {
                disabled: table.policy().disable_cooldowns,
                allowed_fails: table.policy().allowed_fails,
                length: self.cooldown_of(leg.deployment).or(table.policy().cooldown),
            };
            health.failed(&failure.setback, &rules, is_alone, now_ms);
        }
        if failure.is_final {
            self.is_over = true;
            return;
        }
        if self.retries_left > 0 && is_retryable(failure.setback.status, is_alone) {
            self.retries_left -= 1;
            self.pause = self.pause_before_retry(table, failure, rng, now_ms);
        } else if !self.next_order() && !self.fall_back(table) {
            self.is_over = true;
        }
    }

    /// Weighted choice among the deployments of the present order that are well and not yet tried;
    /// where all were tried, among all that are well.
    fn choose(&self, table: &Table, rng: &mut fastrand::Rng, now_ms: u64) -> Option<usize> {
        if self.only.is_some() {
            return self.only;
        }
        let is_well = |deployment: usize| {
            !self.barred.contains(&deployment)
                && table.health(deployment).is_none_or(|health| !health.is_cooling(now_ms))
        };
        if let [only] = self.group.members.as_slice() {
            return (only.order == self.order && is_well(only.deployment)).then_some(only.deployment);
        }
        let of_order = self.group.members.iter().filter(|member| member.order == self.order);
        let well: Vec<_> = of_order.filter(|member| is_well(member.deployment)).collect();
        let fresh: Vec<_> =
            well.iter().copied().filter(|member| !self.tried.contains(&member.deployment)).collect();
        let from = if fresh.is_empty() { &well } else { &fresh };
        match from.as_slice() {
            [] => None,
            [only] => Some(only.deployment),
            many => {
                let total: f64 = many.iter().map(|member| member.weight.max(0.0)).sum();
                if total <= 0.0 {
                    return many.get(rng.usize(..many.len())).map(|member| member.deployment);
                }
                let mut point = rng.f64() * total;
                let hit = many.iter().find(|member| {
                    point -= member.weight.max(0.0);
                    point < 0.0
                });
                hit.or(many.last()).map(|member| member.deployment)
            }
        }
    }

    fn cooldown_of(&self, deployment: usize) -> Option<Duration> {
        let member = self.group.members.iter().find(|member| member.deployment == deployment);
        member.and_then(|member| member.cooldown)
    }

    fn next_order(&mut self) -> bool {
        if self.only.is_some() {
            return false;
        }
        let next =
            self.group.members.iter().map(|member| member.order).filter(|order| *order > self.order).min();
        match next {
            Some(order) => {
                self.order = order;
                self.retries_left = self.retries;
                true
            }
            None => false,
        }
    }

    fn fall_back(&mut self, table: &Table) -> bool {
        while let Some(name) = self.ahead.pop() {
            let Some(Found { group, tail }) = table.find(&name) else { continue };
            self.order = group.lowest_order();
            self.group = group;
            self.tail = tail;
            self.retries_left = self.retries;
            self.tried.clear();
            self.fallbacks += 1;
            return true;
        }
        false
    }

    /// No pause where another deployment is well; else the provider's hint, else a growing back-off with jitter.
    fn pause_before_retry(
        &self,
        table: &Table,
        failure: &Failure,
        rng: &mut fastrand::Rng,
        now_ms: u64,
    ) -> Option<Duration> {
        let has_other = self.group.members.iter().any(|member| {
            !self.tried.contains(&member.deployment)
                && table.health(member.deployment).is_none_or(|health| !health.is_cooling(now_ms))
        });
        if has_other {
            return None;
        }
        let made = self.retries.saturating_sub(self.retries_left).saturating_sub(1).min(8);
        let backoff = FIRST_BACKOFF.saturating_mul(1 << made).min(LONGEST_BACKOFF);
        let hint = failure.setback.retry_after.filter(|after| *after <= LONGEST_HINT);
        let pause = match hint {
            Some(hint) => hint + backoff.mul_f64(0.1 * rng.f64()),
            None => backoff.mul_f64(0.25 + 0.75 * rng.f64()),
        };
        Some(pause.max(table.policy().retry_after)).filter(|pause| !pause.is_zero())
    }
}

/// LiteLLM's rule: 408, 409, 429 and 5xx; 401 and 403 where another deployment may have a better key.
const fn is_retryable(status: u16, is_alone: bool) -> bool {
    match status {
        408 | 409 | 429 | 500.. => true,
        401 | 403 => !is_alone,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
