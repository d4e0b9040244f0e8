//! What a model's name tells of what it takes.
//!
//! Sources: <https://ai.google.dev/gemini-api/docs/thinking>, <https://ai.google.dev/gemini-api/docs/gemini-3>,
//! and LiteLLM 1.109 (contract §8d, gemini) for ids, penalties and names without a number.

use weighhouse_types::chat::{Effort, ReasoningAsk, ReasoningMode};

/// A model as far as its requests differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Model {
    /// Ten times its generation: 25 for Gemini 2.5.
    generation: u32,
    is_pro: bool,
    is_flash: bool,
    is_lite: bool,
    /// It speaks or draws, and does not think before (but for those that draw, from 3 on).
    is_maker: bool,
}

/// What is written into `thinkingConfig`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Thinking {
    /// `thinkingBudget`.
    pub(super) budget: Option<i64>,
    /// `thinkingLevel`.
    pub(super) level: Option<&'static str>,
    /// `includeThoughts`.
    pub(super) shown: bool,
}

impl Model {
    /// The model of a name. A name without a number (`gemini-flash-latest`, a tuned model) is taken as new,
    /// but for the few old ones.
    pub(super) fn of(name: &str) -> Self {
        let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        let has = |word: &str| name.contains(word);
        Self {
            generation: generation(&name),
            is_pro: has("pro"),
            is_flash: has("flash"),
            is_lite: has("lite"),
            is_maker: has("-tts") || has("-image"),
        }
    }

    /// Takes JSON schemas for functions and answers, not only OpenAPI's subset.
    pub(super) const fn takes_json_schema(self) -> bool {
        self.generation >= 25
    }

    /// Gemini 3: takes ids of calls, wants proofs on them, takes media inside functions' results.
    pub(super) const fn is_third(self) -> bool {
        self.generation >= 30
    }

    /// Whether the model can think.
    pub(super) const fn thinks(self) -> bool {
        self.is_third() || (self.generation >= 25 && !self.is_maker)
    }

    /// What is said of thinking to this model; none where nothing is asked.
    pub(super) fn thinking(self, ask: &ReasoningAsk) -> Option<Thinking> {
        let is_off = ask.mode == Some(ReasoningMode::Off)
            || ask.effort == Some(Effort::None)
            || (ask.mode.is_none() && ask.budget == Some(0));
        let is_said = is_off || ask.mode.is_some() || ask.effort.is_some() || ask.budget.is_some();
        if !is_said && ask.shown.is_none() {
            return None;
        }
        let mut thinking = Thinking { shown: ask.shown.unwrap_or(!is_off), ..Thinking::default() };
        if self.is_third() {
            thinking.level = self.level(ask, is_off);
        } else {
            thinking.budget = self.budget(ask, is_off);
        }
        Some(thinking)
    }

    fn level(self, ask: &ReasoningAsk, is_off: bool) -> Option<&'static str> {
        // Only Flash models know the least level, and none can be told not to think.
        let least = if self.is_flash { "minimal" } else { "low" };
        if is_off {
            return Some(least);
        }
        if ask.mode == Some(ReasoningMode::Adaptive) && ask.effort.is_none() {
            return None;
        }
        let effort = ask.effort.or_else(|| ask.budget.map(Effort::of_budget))?;
        Some(match effort {
            Effort::None | Effort::Minimal => least,
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High | Effort::XHigh | Effort::Max => "high",
        })
    }

    fn budget(self, ask: &ReasoningAsk, is_off: bool) -> Option<i64> {
        let (least, most) = self.budgets();
        if is_off {
            return Some(if self.is_pro && self.thinks() { least } else { 0 });
        }
        if ask.mode == Some(ReasoningMode::Adaptive) && ask.effort.is_none() && ask.budget.is_none() {
            return Some(-1);
        }
        let asked = ask.budget.or_else(|| ask.effort.map(Effort::budget))?;
        Some(i64::try_from(asked).unwrap_or(most).clamp(least, most))
    }

    /// Least and most of a budget that is not zero.
    const fn budgets(self) -> (i64, i64) {
        if self.is_pro {
            (128, 32_768)
        } else if self.is_lite {
            (512, 24_576)
        } else {
            (1, 24_576)
        }
    }
}

fn generation(name: &str) -> u32 {
    const NEWEST: u32 = 99;
    let Some(rest) = name.strip_prefix("gemini-") else {
        return if name.starts_with("gemma-") { 20 } else { NEWEST };
    };
    let version = rest.split('-').next().unwrap_or_default();
    let mut digits = version.split('.');
    let major = digits.next().and_then(|digit| digit.parse::<u32>().ok());
    let minor = digits.next().and_then(|digit| digit.parse::<u32>().ok()).unwrap_or(0);
    match major {
        Some(major) => major.saturating_mul(10).saturating_add(minor.min(9)),
        None if rest.ends_with("latest") => NEWEST,
        None if matches!(version, "pro" | "flash" | "exp") => 10,
        None => NEWEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_generation() {
        for (name, tenths) in [
            ("gemini-2.5-pro", 25),
            ("models/gemini-2.0-flash-001", 20),
            ("gemini-3-pro-preview", 30),
            ("gemini-3.1-flash-lite", 31),
            ("gemini-1.5-pro", 15),
            ("gemini-pro", 10),
            ("gemini-flash-latest", 99),
            ("gemini-flash-lite-latest", 99),
            ("gemma-3-27b-it", 20),
            ("my-tuned-model", 99),
        ] {
            assert_eq!(Model::of(name).generation, tenths, "{name}");
        }
    }

    #[test]
    fn thinking_is_said_as_each_model_takes_it() {
        let effort = |effort| ReasoningAsk { effort: Some(effort), ..ReasoningAsk::default() };
        let off = ReasoningAsk { mode: Some(ReasoningMode::Off), ..ReasoningAsk::default() };
        let adaptive = ReasoningAsk { mode: Some(ReasoningMode::Adaptive), ..ReasoningAsk::default() };
        let budget = |tokens| ReasoningAsk { budget: Some(tokens), ..ReasoningAsk::default() };
        for (model, ask, tokens, level, shown) in [
            ("gemini-2.5-pro", effort(Effort::High), Some(4_096), None, true),
            ("gemini-2.5-pro", off.clone(), Some(128), None, false),
            ("gemini-2.5-flash", off.clone(), Some(0), None, false),
            ("gemini-2.5-flash-lite", effort(Effort::Minimal), Some(512), None, true),
            ("gemini-2.5-flash", budget(99_999), Some(24_576), None, true),
            ("gemini-2.5-flash", adaptive.clone(), Some(-1), None, true),
            ("gemini-3-pro-preview", adaptive, None, None, true),
            ("gemini-3-pro-preview", off.clone(), None, Some("low"), false),
            ("gemini-3-flash-preview", off, None, Some("minimal"), false),
            ("gemini-3-pro-preview", effort(Effort::Max), None, Some("high"), true),
            ("gemini-3-flash-preview", budget(2_000), None, Some("medium"), true),
        ] {
            let expected = Thinking { budget: tokens, level, shown };
            assert_eq!(Model::of(model).thinking(&ask), Some(expected), "{model} {ask:?}");
        }
        assert_eq!(Model::of("gemini-2.5-pro").thinking(&ReasoningAsk::default()), None);
        for (name, thinks) in [
            ("gemini-2.5-flash-image", false),
            ("gemini-2.5-flash-preview-tts", false),
            ("gemini-3-pro-image-preview", true),
            ("gemini-2.0-flash", false),
            ("gemini-2.5-flash", true),
        ] {
            assert_eq!(Model::of(name).thinks(), thinks, "{name}");
        }
    }
}
