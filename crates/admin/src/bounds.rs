//! Nobody gives what they do not have: what bounds a key that somebody makes or changes.

use std::sync::Arc;

use jiff::tz::TimeZone;
use weighhouse_api::RouteGroup;
use weighhouse_auth::{AccessGroups, AllowedRoutes, Granted, Identity, Models, filled};
use weighhouse_metering::WindowRule;
use weighhouse_storage::{BudgetRecord, KeyRecord, Limits, ModelLimits};
use weighhouse_types::{Error, Kind};

use crate::admin::Admin;
use crate::calendar::moment;
use crate::entity;
use crate::rules::invalid;

/// What a giver has: the key that asks, and whoever the key belongs to.
pub(crate) struct Bounds<'granted> {
    /// Its bounds must be said again, because nothing else would hold them for the other key.
    key: Option<&'granted Identity>,
    /// Theirs hold for every call anyway, so a key may say nothing.
    holders: Vec<Holder>,
    groups: Arc<AccessGroups>,
    zone: TimeZone,
    now_ms: i64,
}

/// A user, a team or a member of one.
struct Holder {
    name: String,
    limits: Arc<Limits>,
    models: Option<(Models, Vec<String>)>,
}

impl<'granted> Bounds<'granted> {
    /// What bounds a key of a user or team; nothing where the giver reaches everything.
    ///
    /// # Errors
    /// `Overloaded`: the store does not answer.
    pub(crate) async fn of(
        admin: &Admin,
        granted: &'granted Granted,
        user_id: Option<&str>,
        team_id: Option<&str>,
    ) -> Result<Option<Self>, Error> {
        if granted.reaches_everything() {
            return Ok(None);
        }
        let mut holders = Vec::new();
        if let Some(team_id) = team_id {
            if let Some(team) = admin.directory.team(team_id).await? {
                if let Some(user_id) = user_id {
                    let name = format!("member {user_id} of team {team_id}");
                    holders.push(Holder { name, limits: team.member(user_id).limits, models: None });
                }
                holders.push(Holder {
                    name: format!("team {team_id}"),
                    limits: Arc::clone(&team.subject.limits),
                    models: Some((team.models.clone(), team.record.models.clone())),
                });
            }
        } else if let Some(user_id) = user_id
            && let Some(user) = admin.directory.user(user_id).await?
        {
            holders.push(Holder {
                name: format!("user {user_id}"),
                limits: Arc::clone(&user.subject.limits),
                models: Some((user.models.clone(), user.record.models.clone())),
            });
        }
        let groups = admin.directory.access_groups();
        let (zone, now_ms) = (admin.zone.clone(), admin.now_ms());
        Ok(Some(Self { key: granted.key(), holders, groups, zone, now_ms }))
    }

    /// Puts the bounds of the key that asks where a new key says nothing.
    pub(crate) fn fill(&self, key: &mut KeyRecord) {
        let Some(own) = self.key else { return };
        if key.models.is_empty() {
            key.models.clone_from(&own.record.models);
        }
        if key.allowed_routes.is_empty() {
            key.allowed_routes.clone_from(&own.record.allowed_routes);
        }
        key.expires_ms = key.expires_ms.or(own.record.expires_ms);
        let (to, from) = (&mut key.limits, &own.subject.limits);
        if to.max_budget.is_none() && key.budget_id.is_none() {
            to.max_budget = from.max_budget;
            to.budget_duration.clone_from(&from.budget_duration);
        }
        if to.more_budgets.is_empty() {
            to.more_budgets.clone_from(&from.more_budgets);
        }
        to.budget_mode = to.budget_mode.or(from.budget_mode);
        to.rpm_limit = to.rpm_limit.or(from.rpm_limit);
        to.tpm_limit = to.tpm_limit.or(from.tpm_limit);
        to.rpd_limit = to.rpd_limit.or(from.rpd_limit);
        to.tpd_limit = to.tpd_limit.or(from.tpd_limit);
        to.itpm_limit = to.itpm_limit.or(from.itpm_limit);
        to.otpm_limit = to.otpm_limit.or(from.otpm_limit);
        to.max_parallel_requests = to.max_parallel_requests.or(from.max_parallel_requests);
        for (model, limits) in &from.model_limits {
            to.model_limits.entry(model.clone()).or_insert_with(|| limits.clone());
        }
    }

    /// Checks a key that is made, or what of a key was changed.
    ///
    /// # Errors
    /// Names the field and the bound: `InvalidRequest` for limits, `RouteDenied` for models and routes.
    pub(crate) async fn check(
        &self,
        admin: &Admin,
        before: Option<&KeyRecord>,
        key: &KeyRecord,
    ) -> Result<(), Error> {
        self.check_models(before, key)?;
        if let Some(own) = self.key {
            self.check_expiry(own, before, key)?;
        }
        if before.is_some_and(|before| before.limits == key.limits && before.budget_id == key.budget_id) {
            return Ok(());
        }
        let given = effective(admin, key).await?;
        let known = match before {
            Some(before) => Some(effective(admin, before).await?),
            None => None,
        };
        for holder in &self.holders {
            self.check_limits(&holder.name, known.as_ref(), &given, &holder.limits)?;
        }
        if let Some(own) = self.key {
            let bound = &own.subject.limits;
            let whose = "the key that asks";
            self.check_limits(whose, known.as_ref(), &given, bound)?;
            self.check_said(whose, known.as_ref(), &given, bound)?;
        }
        Ok(())
    }

    /// Checks a key as it stands by the key that asks alone: its owner and team bound it at every call.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub(crate) async fn check_key(&self, admin: &Admin, key: &KeyRecord) -> Result<(), Error> {
        let by_key_alone =
            Self { holders: Vec::new(), groups: Arc::clone(&self.groups), zone: self.zone.clone(), ..*self };
        by_key_alone.check(admin, None, key).await
    }

    /// Models, and what the key's aliases stand for: an alias lets in whatever it names.
    fn check_models(&self, before: Option<&KeyRecord>, key: &KeyRecord) -> Result<(), Error> {
        let models_change = before.is_none_or(|before| before.models != key.models);
        let aliases_change = before.is_none_or(|before| before.aliases != key.aliases);
        let targets: Vec<String> = key.aliases.iter().map(|(_, target)| target.clone()).collect();
        // What a holder allows is checked beside the key at every call, so "all" means all of theirs.
        let named: Vec<String> =
            key.models.iter().filter(|entry| !Models::is_everything(entry)).cloned().collect();
        let own = self.key.map(|own| ("the key that asks", &own.models, &own.record.models, &key.models));
        let holders = self.holders.iter().filter_map(|holder| {
            let (models, list) = holder.models.as_ref()?;
            Some((holder.name.as_str(), models, list, &named))
        });
        for (whose, models, list, given) in own.into_iter().chain(holders) {
            let must_say = self.key.is_some_and(|own| std::ptr::eq(&own.models, models));
            let beyond = models
                .exceeded_by(given, &self.groups)
                .filter(|_| models_change && (must_say || !given.is_empty()))
                .map(|beyond| ("models", beyond));
            let beyond_aliases = models
                .exceeded_by(&targets, &self.groups)
                .filter(|_| aliases_change && !targets.is_empty())
                .map(|beyond| ("aliases", beyond));
            if let Some((field, beyond)) = beyond.or(beyond_aliases) {
                let message = format!("{field}: {beyond:?} is beyond the models of {whose}: {list:?}");
                return Err(Error::new(Kind::RouteDenied, message).at(field));
            }
        }
        Ok(())
    }

    fn check_expiry(&self, own: &Identity, before: Option<&KeyRecord>, key: &KeyRecord) -> Result<(), Error> {
        let Some(bound) = own.record.expires_ms else { return Ok(()) };
        let is_beyond = key.expires_ms.is_none_or(|expires| expires > bound);
        if !is_beyond || before.is_some_and(|before| before.expires_ms == key.expires_ms) {
            return Ok(());
        }
        let message =
            format!("duration: the key would outlive the key that asks, which expires at {}", moment(bound));
        Err(invalid("duration", message))
    }

    /// Numbers above those of a holder.
    fn check_limits(
        &self,
        whose: &str,
        before: Option<&Limits>,
        given: &Limits,
        bound: &Limits,
    ) -> Result<(), Error> {
        let is_same = before.is_some_and(|before| {
            before.max_budget == given.max_budget && before.temporary == given.temporary
        });
        if let (Some(most), Some(budget), false) = (bound.max_budget, given.max_budget, is_same) {
            above("max_budget", whose, budget, most)?;
            let more = given.temporary.filter(|more| self.now_ms < more.until_ms);
            if let Some(more) = more {
                above("temp_budget_increase", whose, budget + more.amount, most)?;
            }
        }
        if let Some(most) = bound.max_budget
            && before.is_none_or(|before| before.more_budgets != given.more_budgets)
        {
            for window in &given.more_budgets {
                above("budget_limits", whose, window.max, most)?;
            }
        }
        for ((field, given), (bound, before)) in
            rates(given).into_iter().zip(rates(bound).into_iter().zip(of_before(before, rates)))
        {
            if let (Some(rate), (_, Some(most))) = (given, bound)
                && before != Some((field, Some(rate)))
            {
                above(field, whose, rate, most)?;
            }
        }
        for (model, most) in &bound.model_limits {
            let known = before.and_then(|before| before.model_limits.get(model));
            if let Some(given) = given.model_limits.get(model).filter(|given| known != Some(*given)) {
                check_model(model, whose, given, most)?;
            }
        }
        Ok(())
    }

    /// Bounds of the key that asks that the other key would be free of.
    fn check_said(
        &self,
        whose: &str,
        before: Option<&Limits>,
        given: &Limits,
        bound: &Limits,
    ) -> Result<(), Error> {
        check_mode(whose, before, given, bound)?;
        let was_free = |of: fn(&Limits) -> bool| before.is_some_and(of);
        if let Some(most) = bound.max_budget {
            if given.max_budget.is_none() && !was_free(|before| before.max_budget.is_none()) {
                return Err(unsaid("max_budget", whose, most));
            }
            let is_same = before.is_some_and(|before| before.budget_duration == given.budget_duration);
            if given.max_budget.is_some() && !is_same && self.comes_back_sooner(given, bound) {
                let said = bound.budget_duration.as_deref().unwrap_or("for life");
                return Err(unsaid("budget_duration", whose, said));
            }
        }
        if before.is_none_or(|before| before.more_budgets != given.more_budgets) {
            for window in &bound.more_budgets {
                let of_given = given.more_budgets.iter().find(|given| given.duration == window.duration);
                match of_given {
                    Some(of_given) => above("budget_limits", whose, of_given.max, window.max)?,
                    None => return Err(unsaid("budget_limits", whose, window.max)),
                }
            }
        }
        for ((field, given), ((_, bound), before)) in
            rates(given).into_iter().zip(rates(bound).into_iter().zip(of_before(before, rates)))
        {
            if let (None, Some(most)) = (given, bound)
                && before != Some((field, None))
            {
                return Err(unsaid(field, whose, most));
            }
        }
        if before.is_none_or(|before| before.model_limits != given.model_limits) {
            for (model, most) in &bound.model_limits {
                let said = given.model_limits.get(model);
                let is_free = said.is_none_or(|said| {
                    most.max_budget.is_some() && said.max_budget.is_none()
                        || most.rpm_limit.is_some() && said.rpm_limit.is_none()
                        || most.tpm_limit.is_some() && said.tpm_limit.is_none()
                });
                if is_free {
                    return Err(unsaid("model_max_budget", whose, format!("that of model {model}")));
                }
            }
        }
        Ok(())
    }

    /// Whether a budget is given anew more often than another.
    fn comes_back_sooner(&self, given: &Limits, bound: &Limits) -> bool {
        let length = |limits: &Limits| {
            let rule = WindowRule::parse(limits.budget_duration.as_deref()?, &self.zone)?;
            let (start, end) = rule.window_at(self.now_ms);
            Some(end - start)
        };
        match (length(given), length(bound)) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(given), Some(bound)) => given < bound,
        }
    }
}

/// What holds for a key: its own limits, and those of its named budget where they say nothing.
async fn effective(admin: &Admin, key: &KeyRecord) -> Result<Limits, Error> {
    let budget: Option<BudgetRecord> = match &key.budget_id {
        Some(budget) => Some(entity::find(admin, "budget_id", budget).await?),
        None => None,
    };
    Ok(filled(&key.limits, budget.as_ref()))
}

/// Checks that a key carries no routes beyond those of the key that asks, whosever that is.
///
/// # Errors
/// `RouteDenied`, naming the entry.
pub(crate) fn check_routes(
    granted: &Granted,
    before: Option<&KeyRecord>,
    key: &KeyRecord,
) -> Result<(), Error> {
    let Some(own) = granted.key() else { return Ok(()) };
    let Some(bound) = &own.routes else { return Ok(()) };
    if before.is_some_and(|before| before.allowed_routes == key.allowed_routes) {
        return Ok(());
    }
    let all = ["*".to_owned()];
    let given = if key.allowed_routes.is_empty() { &all[..] } else { &key.allowed_routes };
    match bound.exceeded_by(given) {
        None => Ok(()),
        Some(entry) => {
            let message = format!(
                "allowed_routes: {entry:?} is beyond the routes of the key that asks: {:?}",
                own.record.allowed_routes
            );
            Err(Error::new(Kind::RouteDenied, message).at("allowed_routes"))
        }
    }
}

/// Whether a list lets calls to models through and nothing else.
pub(crate) fn only_calls(allowed_routes: &[String]) -> bool {
    let calls = AllowedRoutes::new(&[RouteGroup::LlmApi.name().to_owned()]);
    !allowed_routes.is_empty() && calls.is_some_and(|calls| calls.exceeded_by(allowed_routes).is_none())
}

const fn rates(limits: &Limits) -> [(&'static str, Option<u64>); 7] {
    [
        ("rpm_limit", limits.rpm_limit),
        ("tpm_limit", limits.tpm_limit),
        ("rpd_limit", limits.rpd_limit),
        ("tpd_limit", limits.tpd_limit),
        ("itpm_limit", limits.itpm_limit),
        ("otpm_limit", limits.otpm_limit),
        ("max_parallel_requests", limits.max_parallel_requests),
    ]
}

/// A budget that holds less strictly would let through what the bound was set against.
fn check_mode(whose: &str, before: Option<&Limits>, given: &Limits, bound: &Limits) -> Result<(), Error> {
    let is_same = before.is_some_and(|before| before.budget_mode == given.budget_mode);
    let most = bound.budget_mode.unwrap_or_default();
    match given.budget_mode {
        Some(mode) if mode as u8 > most as u8 && !is_same && bound.max_budget.is_some() => {
            Err(unsaid("budget_mode", whose, most.name()))
        }
        _ => Ok(()),
    }
}

fn of_before<T: Copy, const N: usize>(before: Option<&Limits>, of: fn(&Limits) -> [T; N]) -> [Option<T>; N] {
    before.map_or([None; N], |before| of(before).map(Some))
}

fn check_model(model: &str, whose: &str, given: &ModelLimits, bound: &ModelLimits) -> Result<(), Error> {
    let whose = format!("{whose} for model {model}");
    if let (Some(budget), Some(most)) = (given.max_budget, bound.max_budget) {
        above("model_max_budget", &whose, budget, most)?;
    }
    if let (Some(rate), Some(most)) = (given.rpm_limit, bound.rpm_limit) {
        above("model_rpm_limit", &whose, rate, most)?;
    }
    match (given.tpm_limit, bound.tpm_limit) {
        (Some(rate), Some(most)) => above("model_tpm_limit", &whose, rate, most),
        _ => Ok(()),
    }
}

/// Refuses limits of a member above those of the team, by whoever is no proxy admin.
///
/// # Errors
/// `InvalidRequest`, naming the field and the bound.
pub(crate) fn check_member(team_id: &str, given: &Limits, bound: &Limits) -> Result<(), Error> {
    let whose = format!("team {team_id}");
    if let (Some(budget), Some(most)) = (given.max_budget, bound.max_budget) {
        above("max_budget_in_team", &whose, budget, most)?;
    }
    for ((field, given), (_, bound)) in rates(given).into_iter().zip(rates(bound)) {
        if let (Some(rate), Some(most)) = (given, bound) {
            above(field, &whose, rate, most)?;
        }
    }
    Ok(())
}

/// In LiteLLM's words.
fn above<T: PartialOrd + std::fmt::Display>(
    field: &'static str,
    whose: &str,
    given: T,
    most: T,
) -> Result<(), Error> {
    if given <= most {
        return Ok(());
    }
    Err(invalid(field, format!("{field} ({given}) cannot exceed that of {whose} ({most})")))
}

fn unsaid(field: &'static str, whose: &str, most: impl std::fmt::Display) -> Error {
    invalid(field, format!("{field} must stay within that of {whose} ({most}); say so much or less"))
}
