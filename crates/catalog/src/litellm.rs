//! LiteLLM's names of prices (`input_cost_per_token_above_200k_tokens_priority`), read into lines.
//!
//! The same reading serves `model_info` in a config and `cargo xtask codegen`.

mod nested;

use std::fmt;

use weighhouse_types::{ParseMoneyError, Picos, UsageClass};

use crate::book::{ExtraPrice, PriceBook};
use crate::line::{PriceLine, Tier};
use crate::off_peak::OffPeak;

/// Fields that price a class of ours.
const CLASSES: [(&str, UsageClass); 14] = [
    ("input_cost_per_token", UsageClass::InputText),
    ("cache_read_input_token_cost", UsageClass::InputCacheRead),
    ("input_cost_per_token_cache_hit", UsageClass::InputCacheRead),
    ("cache_creation_input_token_cost", UsageClass::InputCacheWrite5m),
    ("cache_creation_input_token_cost_above_1hr", UsageClass::InputCacheWrite1h),
    ("input_cost_per_audio_token", UsageClass::InputAudio),
    ("input_cost_per_image_token", UsageClass::InputImage),
    ("output_cost_per_token", UsageClass::OutputText),
    ("output_cost_per_reasoning_token", UsageClass::OutputReasoning),
    ("output_cost_per_audio_token", UsageClass::OutputAudio),
    ("output_cost_per_image_token", UsageClass::OutputImage),
    ("input_cost_per_request", UsageClass::Request),
    ("input_cost_per_query", UsageClass::Search),
    // What a search costs when its size is not said (LiteLLM's default).
    ("search_context_cost_per_query.search_context_size_medium", UsageClass::Search),
];

/// Beginnings of fields that LiteLLM has and no class of ours counts; they are kept as extra prices.
const EXTRAS: [&str; 36] = [
    "annotation_cost_per_page",
    "cache_creation_input_audio_token_cost",
    "cache_creation_input_token_cost_above_12hr",
    "cache_read_input_audio_token_cost",
    "cache_read_input_image_token_cost",
    "citation_cost_per_token",
    "code_interpreter_cost_per_session",
    "computer_use_",
    "cost_per_second",
    "explicit_cache_read_input_token_cost",
    "file_search_cost_per_",
    "google_maps_grounding_cost_per_query",
    "guardrail_cost_per_unit",
    "input_cost_per_audio_per_second",
    "input_cost_per_character",
    "input_cost_per_image",
    "input_cost_per_pixel",
    "input_cost_per_second",
    "input_cost_per_text_message",
    "input_cost_per_video_per_second",
    "input_cost_per_video_token",
    "input_dbu_cost_per_token",
    "ocr_cost_per_",
    "output_cost_per_character",
    "output_cost_per_image",
    "output_cost_per_pixel",
    "output_cost_per_second",
    "output_cost_per_video_per_second",
    "output_cost_per_video_token",
    "output_cost_per_audio_per_second",
    "output_dbu_cost_per_token",
    "regional_endpoint_uplift_multiplier",
    "regional_processing_uplift_multiplier",
    "search_context_cost_per_query.",
    "tiered_pricing.",
    "vector_store_cost_per_gb_per_day",
];

const TIERS: [(&str, Tier); 5] = [
    ("_batches", Tier::Batch),
    ("_flex", Tier::Flex),
    ("_balanced", Tier::Balanced),
    ("_priority", Tier::Priority),
    ("_ultrafast", Tier::Ultrafast),
];

/// LiteLLM bills a prompt of exactly the threshold at the higher price for this provider.
const INCLUSIVE_THRESHOLDS: &str = "xai";
/// LiteLLM bills cache reads at half the input price for this provider, where no price is stated.
const HALF_PRICE_CACHE_READS: &str = "fireworks_ai";

impl PriceBook {
    /// Reads LiteLLM's price fields, each a name and its value: decimal text (`"2.5e-6"`, dollars), or JSON
    /// for the nested ones (`tiered_pricing`, `off_peak_pricing`, `search_context_cost_per_query`,
    /// `guardrail_cost_per_unit`). Dollars become pico-dollars exactly; digits below a pico-dollar round
    /// half up. `litellm_provider` matters too: for `xai` a threshold includes its own number of tokens,
    /// for `fireworks_ai` a cache read without a price is half the input. Other fields that are no prices
    /// (`max_tokens`, `mode`, …) and values that are `null` or empty are passed over.
    ///
    /// # Errors
    /// A value is no price, or a field that looks like a price is none that LiteLLM has.
    pub fn from_litellm_fields<'a>(
        fields: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, PriceFieldError> {
        let mut reading = Reading::default();
        for (field, value) in fields {
            reading.field(field, value.trim())?;
        }
        Ok(reading.finish())
    }
}

#[derive(Default)]
struct Reading {
    lines: Vec<PriceLine>,
    /// Lines of `tiered_pricing`, which come before the flat ones of their class.
    ranged: Vec<PriceLine>,
    off_peak: Option<OffPeak>,
    extras: Vec<ExtraPrice>,
    provider: String,
}

impl Reading {
    fn field(&mut self, field: &str, value: &str) -> Result<(), PriceFieldError> {
        if value.is_empty() || value == "null" {
            return Ok(());
        }
        match field {
            "litellm_provider" => value.clone_into(&mut self.provider),
            "tiered_pricing" => nested::tiered_pricing(self, value)?,
            "off_peak_pricing" => nested::off_peak_pricing(self, value)?,
            "search_context_cost_per_query" | "guardrail_cost_per_unit" | "provider_specific_entry" => {
                nested::object(self, field, value)?;
            }
            _ if looks_like_a_price(field) => self.price(field, value)?,
            _ => {}
        }
        Ok(())
    }

    fn price(&mut self, field: &str, value: &str) -> Result<(), PriceFieldError> {
        let price = dollars(field, value)?;
        if let Some(line) = line_of(field, price) {
            let is_second_name = field.starts_with("input_cost_per_token_cache_hit");
            let is_known = |known: &PriceLine| known.order() == line.order();
            match self.lines.iter_mut().find(|known| is_known(known)) {
                Some(known) if !is_second_name => *known = line,
                Some(_) => {}
                None => self.lines.push(line),
            }
        } else if is_extra(field) {
            self.extras.push(ExtraPrice { field: field.to_owned(), price });
        } else {
            return Err(PriceFieldError::UnknownField { field: field.to_owned() });
        }
        Ok(())
    }

    fn finish(mut self) -> PriceBook {
        for line in &self.ranged {
            self.lines
                .retain(|flat| flat.class != line.class || flat.tier != Tier::Standard || flat.is_off_peak);
        }
        self.lines.append(&mut self.ranged);
        if self.provider == INCLUSIVE_THRESHOLDS {
            for line in &mut self.lines {
                line.above_input_tokens = line.above_input_tokens.saturating_sub(1);
            }
        }
        if self.provider == HALF_PRICE_CACHE_READS {
            self.halve_cache_reads();
        }
        PriceBook::new(self.lines, self.off_peak, self.extras)
    }

    fn halve_cache_reads(&mut self) {
        let is_flat = |line: &&PriceLine| line.tier == Tier::Standard && line.above_input_tokens == 0;
        let has_own = self
            .lines
            .iter()
            .filter(is_flat)
            .any(|line| line.class == UsageClass::InputCacheRead && !line.is_off_peak);
        if has_own {
            return;
        }
        let input = self.lines.iter().filter(is_flat).filter(|line| line.class == UsageClass::InputText);
        let halves: Vec<PriceLine> = input
            .map(|line| {
                let price = Picos::new((line.price.get() + 1) / 2);
                PriceLine { class: UsageClass::InputCacheRead, price, ..*line }
            })
            .filter(|half| !self.lines.iter().any(|line| line.order() == half.order()))
            .collect();
        self.lines.extend(halves);
    }
}

fn looks_like_a_price(field: &str) -> bool {
    field.contains("cost") || field.ends_with("_pricing") || field.contains("_multiplier")
}

fn is_extra(field: &str) -> bool {
    // A tier of one single model, of calls that no operation of ours makes.
    let is_decision =
        field.strip_suffix("_decisions").is_some_and(|field| line_of(field, Picos::ZERO).is_some());
    is_decision
        || field.starts_with("provider_specific_entry.")
        || EXTRAS.iter().any(|name| field.starts_with(name))
}

/// The line of a field: a class, then `_above_<tokens>_tokens` and a tier in either order.
fn line_of(field: &str, price: Picos) -> Option<PriceLine> {
    let (mut name, mut tier, mut above) = (field, None, None);
    loop {
        if let Some((_, class)) = CLASSES.iter().find(|(known, _)| *known == name) {
            let line = PriceLine::new(*class, price);
            let (tier, above_input_tokens) = (tier.unwrap_or_default(), above.unwrap_or(0));
            return Some(PriceLine { tier, above_input_tokens, ..line });
        }
        let suffix = TIERS.iter().find_map(|(suffix, tier)| Some((name.strip_suffix(suffix)?, *tier)));
        if let (None, Some((rest, found))) = (tier, suffix) {
            (name, tier) = (rest, Some(found));
        } else if let (None, Some((rest, tokens))) = (above, threshold(name)) {
            (name, above) = (rest, Some(tokens));
        } else {
            return None;
        }
    }
}

/// `x_above_200k_tokens` is `x` above 200,000 tokens.
fn threshold(name: &str) -> Option<(&str, u64)> {
    let (rest, tokens) = name.strip_suffix("_tokens")?.rsplit_once("_above_")?;
    let (digits, factor) = tokens.strip_suffix('k').map_or((tokens, 1), |digits| (digits, 1_000));
    Some((rest, digits.parse::<u64>().ok()?.checked_mul(factor)?))
}

/// A price in dollars, bare or as a JSON string.
fn dollars(field: &str, value: &str) -> Result<Picos, PriceFieldError> {
    let text = value.trim_matches('"');
    let price = Picos::parse_usd(text).map_err(|reason| PriceFieldError::NotAPrice {
        field: field.to_owned(),
        value: text.to_owned(),
        reason,
    })?;
    // Prices stand as u64 in the catalogue's file: up to eighteen million dollars a unit.
    if price < Picos::ZERO || u64::try_from(price.get()).is_err() {
        let reason = ParseMoneyError::OutOfRange;
        return Err(PriceFieldError::NotAPrice { field: field.to_owned(), value: text.to_owned(), reason });
    }
    Ok(price)
}

/// Why a field of LiteLLM's price data cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PriceFieldError {
    /// The value is no amount of dollars, or a negative one.
    NotAPrice {
        /// The field.
        field: String,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: ParseMoneyError,
    },
    /// The field looks like a price and is none that LiteLLM has.
    UnknownField {
        /// The field.
        field: String,
    },
    /// A nested field has not the shape that LiteLLM documents.
    Shape {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl fmt::Display for PriceFieldError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPrice { field, value, reason } => {
                write!(out, "`{field}` is `{value}`, {reason}; give dollars per unit, zero or more")
            }
            Self::UnknownField { field } => write!(
                out,
                "`{field}` is no price field of LiteLLM's model map; check its spelling (`input_cost_per_token`, \
                 `output_cost_per_token`, `cache_read_input_token_cost`, …) or leave it out"
            ),
            Self::Shape { field, expected } => write!(out, "`{field}` must be {expected}"),
        }
    }
}

impl std::error::Error for PriceFieldError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotAPrice { reason, .. } => Some(reason),
            Self::UnknownField { .. } | Self::Shape { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
