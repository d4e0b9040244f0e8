//! Limits as requests set them and as they are shown, the same for keys, teams, users, customers, budgets and tags.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use weighhouse_api::{BudgetLimit, Dollars, LimitObject, LimitPatch, ModelBudget, Patch};
use weighhouse_auth::NO_MODELS;
use weighhouse_metering::WindowRule;
use weighhouse_storage::{BudgetMode, Limits, ModelLimits, TemporaryIncrease, WindowBudget};
use weighhouse_types::{Error, Nanos};

use crate::calendar::{end_of, moment, moment_of};
use crate::rules::{budget, invalid};

/// Puts what a request says into the limits.
///
/// # Errors
/// `InvalidRequest`: less than nothing, no duration, or an increase without its end.
pub(crate) fn apply(patch: LimitPatch, limits: &mut Limits, now_ms: i64) -> Result<(), Error> {
    amount(patch.max_budget, &mut limits.max_budget, "max_budget")?;
    amount(patch.soft_budget, &mut limits.soft_budget, "soft_budget")?;
    if let Patch::Set(duration) = &patch.budget_duration {
        check_duration("budget_duration", duration)?;
    }
    patch.budget_duration.apply(&mut limits.budget_duration);
    match patch.budget_limits {
        Patch::Keep => {}
        Patch::Clear => limits.more_budgets.clear(),
        Patch::Set(budgets) => {
            limits.more_budgets = budgets.into_iter().map(window_budget).collect::<Result<_, _>>()?;
        }
    }
    mode(patch.budget_mode, &mut limits.budget_mode)?;
    temporary(patch.temp_budget_increase, patch.temp_budget_expiry, limits, now_ms)?;
    patch.rpm_limit.apply(&mut limits.rpm_limit);
    patch.tpm_limit.apply(&mut limits.tpm_limit);
    patch.itpm_limit.apply(&mut limits.itpm_limit);
    patch.otpm_limit.apply(&mut limits.otpm_limit);
    patch.rpd_limit.apply(&mut limits.rpd_limit);
    patch.tpd_limit.apply(&mut limits.tpd_limit);
    patch.max_parallel_requests.apply(&mut limits.max_parallel_requests);
    each_model(patch.model_max_budget, limits, |limits, of| {
        let of: Option<ModelBudget> = of;
        limits.max_budget = of.as_ref().map(|of| of.budget_limit.0);
        limits.budget_duration = of.and_then(|of| of.time_period);
    });
    each_model(patch.model_rpm_limit, limits, |limits, of| limits.rpm_limit = of);
    each_model(patch.model_tpm_limit, limits, |limits, of| limits.tpm_limit = of);
    for (name, model) in &limits.model_limits {
        // Nothing would ever be counted there.
        if name.is_empty() || name == NO_MODELS {
            let message = format!(
                "model_max_budget, model_rpm_limit, model_tpm_limit: {name:?} stands for no model; write a model's name, \
                 an access group, or a wildcard such as openai/*"
            );
            return Err(invalid("model_max_budget", message));
        }
        if let Some(duration) = &model.budget_duration {
            check_duration("model_max_budget", duration)?;
        }
        model.max_budget.map(|max| budget("model_max_budget", Dollars(max))).transpose()?;
    }
    Ok(())
}

fn amount(patch: Patch<Dollars>, to: &mut Option<Nanos>, name: &'static str) -> Result<(), Error> {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *to = None,
        Patch::Set(dollars) => *to = Some(budget(name, dollars)?),
    }
    Ok(())
}

fn mode(patch: Patch<String>, to: &mut Option<BudgetMode>) -> Result<(), Error> {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *to = None,
        Patch::Set(name) => {
            let unknown = || {
                let message = format!("`budget_mode`: {name:?} is no mode; write strict, bounded or after");
                invalid("budget_mode", message)
            };
            *to = Some(BudgetMode::from_name(&name).ok_or_else(unknown)?);
        }
    }
    Ok(())
}

fn check_duration(name: &'static str, duration: &str) -> Result<(), Error> {
    if WindowRule::parse(duration, &TimeZone::UTC).is_some() {
        return Ok(());
    }
    let message = format!("`{name}`: {duration:?} is no duration; write 30s, 5m, 24h, 7d, 30d or 1mo");
    Err(invalid(name, message))
}

fn window_budget(limit: BudgetLimit) -> Result<WindowBudget, Error> {
    check_duration("budget_limits", &limit.budget_duration)?;
    Ok(WindowBudget { max: budget("budget_limits", limit.max_budget)?, duration: limit.budget_duration })
}

fn temporary(
    increase: Patch<Dollars>,
    expiry: Patch<String>,
    limits: &mut Limits,
    now_ms: i64,
) -> Result<(), Error> {
    match (increase, expiry) {
        (Patch::Keep, Patch::Keep) => {}
        (Patch::Clear, _) | (_, Patch::Clear) => limits.temporary = None,
        (increase, expiry) => {
            let amount = match increase {
                Patch::Set(dollars) => Some(budget("temp_budget_increase", dollars)?),
                Patch::Keep | Patch::Clear => limits.temporary.map(|known| known.amount),
            };
            let until_ms = match expiry {
                Patch::Set(text) => match moment_of(&text) {
                    Some(moment) => Some(moment),
                    None => end_of(&text, now_ms)?,
                },
                Patch::Keep | Patch::Clear => limits.temporary.map(|known| known.until_ms),
            };
            let (Some(amount), Some(until_ms)) = (amount, until_ms) else {
                let message = "a temporary increase needs both temp_budget_increase and temp_budget_expiry";
                return Err(invalid("temp_budget_increase", message));
            };
            limits.temporary = Some(TemporaryIncrease { amount, until_ms });
        }
    }
    Ok(())
}

/// Sets one limit of every model: a model that is not named has none of it any more.
fn each_model<T>(
    patch: Patch<BTreeMap<String, T>>,
    limits: &mut Limits,
    set: impl Fn(&mut ModelLimits, Option<T>),
) {
    let given = match patch {
        Patch::Keep => return,
        Patch::Clear => BTreeMap::new(),
        Patch::Set(given) => given,
    };
    limits.model_limits.values_mut().for_each(|model| set(model, None));
    for (name, value) in given {
        set(limits.model_limits.entry(name).or_default(), Some(value));
    }
    limits.model_limits.retain(|_, model| *model != ModelLimits::default());
}

/// Limits as they are shown at a moment, windows by the calendar of `zone`.
pub(crate) fn shown(limits: &Limits, zone: &TimeZone, now_ms: i64) -> LimitObject {
    let window = limits.budget_duration.as_deref().and_then(|duration| WindowRule::parse(duration, zone));
    let increase = limits.temporary.filter(|increase| now_ms < increase.until_ms);
    let of_models = |of: fn(&ModelLimits) -> Option<u64>| {
        let each = limits.model_limits.iter().filter_map(|(name, model)| Some((name.clone(), of(model)?)));
        each.collect()
    };
    let budget_of = |(name, model): (&String, &ModelLimits)| {
        let budget_limit = Dollars(model.max_budget?);
        Some((name.clone(), ModelBudget { budget_limit, time_period: model.budget_duration.clone() }))
    };
    LimitObject {
        max_budget: limits.max_budget.map(Dollars),
        soft_budget: limits.soft_budget.map(Dollars),
        budget_duration: limits.budget_duration.clone(),
        budget_reset_at: window.map(|window| moment(window.window_at(now_ms).1)),
        budget_limits: limits
            .more_budgets
            .iter()
            .map(|budget| BudgetLimit {
                budget_duration: budget.duration.clone(),
                max_budget: Dollars(budget.max),
            })
            .collect(),
        budget_mode: limits.budget_mode.map(|mode| mode.name().to_owned()),
        temp_budget_increase: increase.map(|increase| Dollars(increase.amount)),
        temp_budget_expiry: increase.map(|increase| moment(increase.until_ms)),
        rpm_limit: limits.rpm_limit,
        tpm_limit: limits.tpm_limit,
        itpm_limit: limits.itpm_limit,
        otpm_limit: limits.otpm_limit,
        rpd_limit: limits.rpd_limit,
        tpd_limit: limits.tpd_limit,
        max_parallel_requests: limits.max_parallel_requests,
        model_max_budget: limits.model_limits.iter().filter_map(budget_of).collect(),
        model_rpm_limit: of_models(|model| model.rpm_limit),
        model_tpm_limit: of_models(|model| model.tpm_limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(json: &str) -> LimitPatch {
        serde_json::from_str(json).unwrap()
    }

    fn applied(json: &str, limits: &mut Limits) -> Result<(), Error> {
        apply(patch(json), limits, 1_795_000_000_000)
    }

    #[test]
    fn what_is_said_is_set_and_shown_again() {
        let mut limits = Limits::default();
        let asked = r#"{"max_budget":1.5,"budget_duration":"30d","rpm_limit":3,
            "budget_limits":[{"budget_duration":"1d","max_budget":0.25}],
            "model_max_budget":{"a":{"budget_limit":1,"time_period":"1d"},"b":{"max_budget":2}},
            "model_rpm_limit":{"a":5},"budget_mode":"bounded","otpm_limit":70,"temp_budget_increase":3,"temp_budget_expiry":"2d"}"#;
        applied(asked, &mut limits).unwrap();
        let shown = serde_json::to_value(shown(&limits, &TimeZone::UTC, 1_795_000_000_000)).unwrap();
        for (name, value) in [
            ("max_budget", serde_json::json!(1.5)),
            ("budget_reset_at", serde_json::json!("2026-12-01T00:00:00Z")),
            ("budget_limits", serde_json::json!([{"budget_duration": "1d", "max_budget": 0.25}])),
            (
                "model_max_budget",
                serde_json::json!({"a": {"budget_limit": 1.0, "time_period": "1d"}, "b": {"budget_limit": 2.0}}),
            ),
            ("model_rpm_limit", serde_json::json!({"a": 5})),
            ("budget_mode", serde_json::json!("bounded")),
            ("otpm_limit", serde_json::json!(70)),
            ("temp_budget_increase", serde_json::json!(3.0)),
        ] {
            assert_eq!(shown[name], value, "{name}");
        }
        applied(r#"{"model_max_budget":{},"budget_limits":null,"temp_budget_increase":null}"#, &mut limits)
            .unwrap();
        assert_eq!(limits.model_limits.len(), 1, "the rate of `a` stays: {limits:?}");
        assert!(limits.more_budgets.is_empty() && limits.temporary.is_none());
        assert_eq!(limits.rpm_limit, Some(3));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (json, name) in [
            (r#"{"max_budget":-1}"#, "max_budget"),
            (r#"{"budget_duration":"soon"}"#, "budget_duration"),
            (r#"{"budget_limits":[{"budget_duration":"1y","max_budget":1}]}"#, "budget_limits"),
            (r#"{"temp_budget_increase":1}"#, "temp_budget_increase"),
            (r#"{"budget_mode":"lax"}"#, "budget_mode"),
            (r#"{"model_max_budget":{"a":{"budget_limit":-1}}}"#, "model_max_budget"),
            (r#"{"model_max_budget":{"":{"budget_limit":1}}}"#, "model_max_budget"),
            (r#"{"model_rpm_limit":{"no-default-models":1}}"#, "model_max_budget"),
        ] {
            let error = applied(json, &mut Limits::default()).unwrap_err();
            assert_eq!(error.at.as_deref(), Some(name), "{json}: {error}");
        }
    }
}
