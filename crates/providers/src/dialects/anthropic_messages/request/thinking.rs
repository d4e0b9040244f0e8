//! What is said of thinking, in the words of the model's generation.

use weighhouse_types::chat::{Effort, ReasoningAsk, ReasoningMode};

use super::super::generation::Manner;
use crate::wire::Object;

/// Least budget that the API takes.
const LEAST_BUDGET: u64 = 1_024;

/// What a request says of thinking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Thinking {
    pub(super) mode: Mode,
    /// `output_config.effort`.
    pub(super) effort: Option<&'static str>,
    /// `thinking.display`.
    display: Option<&'static str>,
    /// What was asked for is left out, because the API would refuse it.
    pub(super) is_dropped: bool,
}

/// `thinking`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// Not said.
    #[default]
    Unsaid,
    /// `disabled`.
    Off,
    /// `enabled`, with a budget.
    Budget(u64),
    /// `adaptive`.
    Adaptive,
}

/// What else of a request decides on thinking.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    /// What the model takes.
    pub(super) manner: Manner,
    /// The model is known not to think.
    pub(super) cannot: bool,
    /// `max_tokens`.
    pub(super) max_tokens: u64,
    /// The client spoke this dialect.
    pub(super) is_faithful: bool,
    /// A tool must be used, which the API refuses together with thinking.
    pub(super) forces_tool: bool,
    /// The history's last turn of tool calls does not begin with thinking, which the API wants where a
    /// budget is given.
    pub(super) lacks_proof: bool,
}

impl Thinking {
    /// Decides what is said.
    pub(super) fn of(ask: Option<&ReasoningAsk>, around: &Circumstances) -> Self {
        let Some(ask) = ask else { return Self::default() };
        let manner = around.manner;
        let is_off = ask.mode == Some(ReasoningMode::Off)
            || (ask.mode.is_none() && (ask.effort == Some(Effort::None) || ask.budget == Some(0)));
        if is_off {
            let mode = if manner.always_thinks || around.cannot { Mode::Unsaid } else { Mode::Off };
            return Self { mode, ..Self::default() };
        }
        let is_effort_alone = ask.mode.is_none() && ask.budget.is_none();
        if is_effort_alone && ask.effort.is_none() {
            return Self::default();
        }
        let effort = ask.effort.map(|effort| effort_word(effort, manner));
        if is_effort_alone && around.is_faithful {
            return Self {
                effort: effort.filter(|_| manner.effort),
                is_dropped: !manner.effort,
                ..Self::default()
            };
        }
        let mode = mode_of(ask, around);
        let is_refused = around.cannot
            || mode == Mode::Unsaid
            || (around.forces_tool && !manner.always_thinks)
            || (around.lacks_proof && matches!(mode, Mode::Budget(_)));
        if is_refused {
            return Self { is_dropped: true, ..Self::default() };
        }
        // A budget says more exactly what an effort says.
        let of_budget = || ask.budget.map(|budget| effort_word(Effort::of_budget(budget), manner));
        let effort = match mode {
            Mode::Adaptive => effort.or_else(of_budget),
            Mode::Unsaid | Mode::Off | Mode::Budget(_) => {
                effort.filter(|_| manner.effort && around.is_faithful)
            }
        };
        Self { mode, effort, display: display_of(ask, mode, around.is_faithful), is_dropped: false }
    }

    /// Thinking goes on.
    pub(super) const fn is_on(&self) -> bool {
        matches!(self.mode, Mode::Budget(_) | Mode::Adaptive)
    }

    /// Writes the member.
    pub(super) fn write(&self, body: &mut Object<'_>) {
        let write = |kind: &str, budget: Option<u64>, body: &mut Object<'_>| {
            body.object("thinking", |thinking| {
                thinking.text("type", kind);
                thinking.number_if("budget_tokens", budget);
                thinking.text_if("display", self.display);
            });
        };
        match self.mode {
            Mode::Unsaid => {}
            Mode::Off => write("disabled", None, body),
            Mode::Budget(budget) => write("enabled", Some(budget), body),
            Mode::Adaptive => write("adaptive", None, body),
        }
    }
}

fn mode_of(ask: &ReasoningAsk, around: &Circumstances) -> Mode {
    let manner = around.manner;
    let is_budget = ask.mode == Some(ReasoningMode::On) || (ask.mode.is_none() && ask.budget.is_some());
    if manner.adaptive && !(manner.budgets && is_budget && ask.budget.is_some()) {
        return Mode::Adaptive;
    }
    let wanted =
        ask.budget.unwrap_or_else(|| ask.effort.unwrap_or(Effort::Medium).budget()).max(LEAST_BUDGET);
    // The client's bound on output holds, for it is what the books reserve: thinking that does not fit below
    // it takes three quarters, and none where even the least budget is too much.
    match around.max_tokens {
        most if most > wanted => Mode::Budget(wanted),
        most if most > LEAST_BUDGET => Mode::Budget((most / 4 * 3).max(LEAST_BUDGET)),
        _ => Mode::Unsaid,
    }
}

/// Adaptive thinking shows nothing unless it is asked to, and clients of other dialects expect to see some.
fn display_of(ask: &ReasoningAsk, mode: Mode, is_faithful: bool) -> Option<&'static str> {
    match (mode, ask.shown) {
        (Mode::Adaptive, Some(true)) => Some("summarized"),
        (Mode::Adaptive, None) if !is_faithful => Some("summarized"),
        (Mode::Adaptive, Some(false)) => Some("omitted"),
        (Mode::Budget(_), Some(true)) if is_faithful => Some("summarized"),
        (Mode::Budget(_), Some(false)) if is_faithful => Some("omitted"),
        (Mode::Unsaid | Mode::Off | Mode::Budget(_) | Mode::Adaptive, _) => None,
    }
}

/// The effort in the API's words, as far as the model knows them.
fn effort_word(effort: Effort, manner: Manner) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::XHigh if manner.xhigh => "xhigh",
        Effort::Max if manner.adaptive => "max",
        Effort::XHigh | Effort::Max => "high",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(model: &str, ask: &ReasoningAsk) -> Thinking {
        let around = Circumstances {
            manner: Manner::of(model),
            cannot: false,
            max_tokens: 8_000,
            is_faithful: false,
            forces_tool: false,
            lacks_proof: false,
        };
        Thinking::of(Some(ask), &around)
    }

    fn effort(effort: Effort) -> ReasoningAsk {
        ReasoningAsk { effort: Some(effort), ..ReasoningAsk::default() }
    }

    #[test]
    fn an_effort_is_a_budget_for_older_models_and_a_word_for_newer_ones() {
        let older = of("claude-sonnet-4-5", &effort(Effort::High));
        assert_eq!((older.mode, older.effort), (Mode::Budget(4_096), None));
        let newer = of("claude-opus-4-6", &effort(Effort::XHigh));
        assert_eq!(
            (newer.mode, newer.effort, newer.display),
            (Mode::Adaptive, Some("high"), Some("summarized"))
        );
        assert_eq!(of("claude-sonnet-4-5", &effort(Effort::Minimal)).mode, Mode::Budget(1_024));
        assert_eq!(of("claude-opus-5", &effort(Effort::Max)).effort, Some("max"));
    }

    #[test]
    fn off_is_said_where_it_can_be() {
        assert_eq!(of("claude-opus-5", &effort(Effort::None)).mode, Mode::Off);
        assert_eq!(of("claude-opus-5-5", &effort(Effort::None)).mode, Mode::Unsaid);
    }

    #[test]
    fn a_budget_stays_below_the_bound_or_is_left_out() {
        let budget = |budget| ReasoningAsk { budget: Some(budget), ..ReasoningAsk::default() };
        assert_eq!(of("claude-sonnet-4-5", &budget(20_000)).mode, Mode::Budget(6_000));
        assert_eq!(of("claude-opus-4-6", &budget(2_000)).mode, Mode::Budget(2_000));
        let newest = of("claude-opus-4-7", &budget(2_000));
        assert_eq!((newest.mode, newest.effort), (Mode::Adaptive, Some("medium")));
        let around = Circumstances {
            manner: Manner::of("claude-sonnet-4-5"),
            cannot: false,
            max_tokens: 500,
            is_faithful: false,
            forces_tool: false,
            lacks_proof: false,
        };
        assert!(Thinking::of(Some(&effort(Effort::Low)), &around).is_dropped);
    }
}
