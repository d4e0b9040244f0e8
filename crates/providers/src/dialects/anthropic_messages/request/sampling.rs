//! How tokens are drawn, as far as the model lets itself be told.

use weighhouse_types::Error;
use weighhouse_types::chat::Sampling;

use super::super::generation::Manner;
use crate::translation::Leaving;
use crate::wire::Object;

/// Least `top_p` that goes together with thinking
/// (<https://docs.claude.com/en/docs/build-with-claude/extended-thinking>).
const LEAST_TOP_P: f64 = 0.95;

/// What is said of sampling.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Drawing {
    temperature: Option<f64>,
    top_p: Option<f64>,
    top_k: Option<u64>,
}

impl Drawing {
    /// Decides what is said; what a model cannot be told is left out by name.
    ///
    /// # Errors
    /// `Unsupported`, where leaving out is not allowed.
    pub(super) fn of(
        sampling: &Sampling,
        manner: Manner,
        thinks: bool,
        leaving: &mut Leaving<'_>,
        dropped: &mut Vec<&'static str>,
    ) -> Result<Self, Error> {
        // OpenAI's range ends at 2.
        let mut drawing = Self {
            temperature: sampling.temperature.map(|warmth| warmth.clamp(0.0, 1.0)),
            top_p: sampling.top_p,
            top_k: sampling.top_k,
        };
        let is_usual = |number: Option<f64>| number.is_none_or(|number| number >= 1.0);
        if !manner.sampling {
            leaving.out("temperature", !is_usual(drawing.temperature))?;
            leaving.out("top_p", !is_usual(drawing.top_p))?;
            leaving.out("top_k", drawing.top_k.is_some())?;
            return Ok(Self::default());
        }
        let mut leave = |is_refused: bool, name: &'static str| {
            if is_refused {
                dropped.push(name);
            }
            is_refused
        };
        if thinks {
            if leave(!is_usual(drawing.temperature), "temperature") {
                drawing.temperature = None;
            }
            if leave(drawing.top_p.is_some_and(|top_p| top_p < LEAST_TOP_P), "top_p") {
                drawing.top_p = None;
            }
            if leave(drawing.top_k.is_some(), "top_k") {
                drawing.top_k = None;
            }
        }
        let is_both = drawing.temperature.is_some() && drawing.top_p.is_some();
        if leave(is_both && !manner.both_samplings, "top_p") {
            drawing.top_p = None;
        }
        Ok(drawing)
    }

    /// Writes the members.
    pub(super) fn write(&self, body: &mut Object<'_>) {
        body.float_if("temperature", self.temperature);
        body.float_if("top_p", self.top_p);
        body.number_if("top_k", self.top_k);
    }
}

/// Stop texts that the API takes: it refuses blank ones.
pub(super) fn stops(stop: &[String]) -> Vec<String> {
    stop.iter().filter(|text| !text.trim().is_empty()).cloned().collect()
}
