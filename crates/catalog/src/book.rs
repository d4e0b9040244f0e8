//! The prices of a model: which line holds for which class of a call, and what a usage costs.

use weighhouse_types::{Picos, Usage, UsageClass};

use crate::bound::Terms;
use crate::cost::Cost;
use crate::line::{PriceLine, Tier};
use crate::off_peak::OffPeak;

/// When a call was admitted, and the tier that it was served in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PriceMoment {
    /// The moment of admission, in Unix milliseconds; prices are those of that moment, however long the
    /// call takes.
    pub unix_ms: i64,
    /// The tier that the provider said it served.
    pub tier: Tier,
}

/// A price that is kept but not costed, because no class of usage counts its unit (images, pixels,
/// seconds, pages, DBU).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraPrice {
    /// LiteLLM's name of the field.
    pub field: String,
    /// Pico-dollars per unit; for a field that ends in `_multiplier`, the factor times 10¹².
    pub price: Picos,
}

/// The prices of one model.
///
/// Which line holds (LiteLLM's rules, `llm_cost_calc/utils.py` of 1.109.1):
/// 1. Lines are those of the class that are valid at the moment of admission and whose threshold the whole
///    prompt passes. An off-peak line, in its hours, comes before all others.
/// 2. In the batch tier, lines of the batch tier come before standard ones; LiteLLM's halving of a price
///    that has no batch line is not followed, because no source states it.
/// 3. In other tiers the highest passed threshold comes first, and at one threshold the tier's own line.
/// 4. A class without a line is priced as another one, along these edges only: reasoning → output text;
///    output audio, output image → output text; output text → output image (image models that price
///    nothing else); cache write 1 h → cache write 5 min; cache read, cache write, input audio, input
///    image → input text. Reasoning in a tier is priced as the output text of the tier, unless it has a
///    line of the tier.
/// 5. A class that still has no price is unpriced, never free. Only calls ([`UsageClass::Request`]) are
///    free where the book has other prices: no fee per call is stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceBook {
    lines: Vec<PriceLine>,
    /// Where the lines of each class end: every call asks for several classes.
    ends: [usize; UsageClass::ALL.len()],
    off_peak: Option<OffPeak>,
    extras: Vec<ExtraPrice>,
    /// The dearest price of each class, where no line depends on anything but its class: most books are so, and
    /// every call under a budget asks.
    plain: Option<Box<ClassPrices>>,
}

/// A price for each class, in the order of the classes; none where none is sure.
pub(crate) type ClassPrices = [Option<Picos>; UsageClass::ALL.len()];

impl PriceBook {
    /// A book of these lines. Off-peak lines hold in `off_peak`, and never where that is none.
    #[must_use]
    pub fn new(mut lines: Vec<PriceLine>, off_peak: Option<OffPeak>, mut extras: Vec<ExtraPrice>) -> Self {
        lines.sort_by_key(PriceLine::order);
        extras.sort_by(|one, other| one.field.cmp(&other.field));
        let ends = UsageClass::ALL.map(|class| lines.partition_point(|line| line.class <= class));
        let mut book = Self { lines, ends, off_peak, extras, plain: None };
        if book.is_priced() && book.lines.iter().all(PriceLine::is_plain) {
            let terms = Terms { tier: Some(Tier::Standard), ..Terms::default() };
            book.plain = Some(Box::new(UsageClass::ALL.map(|class| book.dearest(class, 0, &terms))));
        }
        book
    }

    /// The lines, by class, tier, threshold and first day.
    #[must_use]
    pub fn lines(&self) -> &[PriceLine] {
        &self.lines
    }

    /// The hours in which off-peak lines hold.
    #[must_use]
    pub const fn off_peak(&self) -> Option<&OffPeak> {
        self.off_peak.as_ref()
    }

    /// Prices that are known but not costed.
    #[must_use]
    pub fn extras(&self) -> &[ExtraPrice] {
        &self.extras
    }

    /// Whether exactly this class has a price.
    #[must_use]
    pub fn prices(&self, class: UsageClass) -> bool {
        !self.of(class).is_empty()
    }

    /// The same without what was reckoned beforehand.
    #[cfg(test)]
    pub(crate) fn by_lines(&self) -> Self {
        Self { plain: None, ..self.clone() }
    }

    pub(crate) fn plain(&self) -> Option<&ClassPrices> {
        self.plain.as_deref()
    }

    /// Whether anything can be costed.
    #[must_use]
    pub const fn is_priced(&self) -> bool {
        !self.lines.is_empty()
    }

    /// What a usage cost at the moment of its admission.
    #[must_use]
    pub fn cost(&self, usage: &Usage, moment: &PriceMoment) -> Cost {
        let input_tokens = usage.input();
        let mut cost = Cost::default();
        for (class, units) in usage.classes() {
            match self.price(class, input_tokens, moment) {
                Some(price) => {
                    cost.unit_prices[class as usize] = Some(price);
                    cost.total += price * units;
                }
                None => cost.unpriced = true,
            }
        }
        cost
    }

    /// Pico-dollars per unit of a class in a call with so many prompt tokens.
    #[must_use]
    pub fn price(&self, class: UsageClass, input_tokens: u64, moment: &PriceMoment) -> Option<Picos> {
        let priced = edges(class)
            .iter()
            .filter(|edge| !self.yields_to_output(**edge, class, moment))
            .find_map(|edge| self.line(*edge, input_tokens, moment));
        match priced {
            None if class == UsageClass::Request && self.is_priced() => Some(Picos::ZERO),
            line => line.map(|line| line.price),
        }
    }

    /// The line of exactly this class that holds.
    fn line(&self, class: UsageClass, input_tokens: u64, moment: &PriceMoment) -> Option<&PriceLine> {
        let holds = |line: &&PriceLine| {
            line.is_valid_at(moment.unix_ms)
                && line.takes(input_tokens)
                && (line.tier == moment.tier || line.tier == Tier::Standard)
                && (!line.is_off_peak || self.is_off_peak_at(moment.unix_ms))
        };
        let batch_first = moment.tier == Tier::Batch;
        self.of(class).iter().filter(holds).max_by_key(|line| {
            let is_own_tier = line.tier == moment.tier;
            (line.is_off_peak, batch_first && is_own_tier, line.above_input_tokens, is_own_tier)
        })
    }

    /// Rule 4's exception: the reasoning line of the standard tier does not price reasoning of another
    /// tier that has its own price of output.
    fn yields_to_output(&self, edge: UsageClass, class: UsageClass, moment: &PriceMoment) -> bool {
        let has_tier = |class| {
            self.of(class).iter().any(|line| line.tier == moment.tier && line.is_valid_at(moment.unix_ms))
        };
        class == UsageClass::OutputReasoning
            && edge == class
            && moment.tier != Tier::Standard
            && !has_tier(class)
            && has_tier(UsageClass::OutputText)
    }

    pub(crate) fn is_off_peak_at(&self, unix_ms: i64) -> bool {
        self.off_peak.as_ref().is_some_and(|hours| hours.is_open(unix_ms))
    }

    /// The lines of exactly this class.
    pub(crate) fn of(&self, class: UsageClass) -> &[PriceLine] {
        let place = class as usize;
        let end = |place: usize| self.ends.get(place).copied().unwrap_or_default();
        let start = place.checked_sub(1).map_or(0, end);
        self.lines.get(start..end(place)).unwrap_or_default()
    }
}

/// The classes whose lines may price a class, itself first (rule 4).
pub(crate) const fn edges(class: UsageClass) -> &'static [UsageClass] {
    use UsageClass as C;
    match class {
        C::InputText => &[C::InputText],
        C::InputCacheRead => &[C::InputCacheRead, C::InputText],
        C::InputCacheWrite5m => &[C::InputCacheWrite5m, C::InputText],
        C::InputCacheWrite1h => &[C::InputCacheWrite1h, C::InputCacheWrite5m, C::InputText],
        C::InputAudio => &[C::InputAudio, C::InputText],
        C::InputImage => &[C::InputImage, C::InputText],
        C::OutputText => &[C::OutputText, C::OutputImage],
        C::OutputReasoning => &[C::OutputReasoning, C::OutputText, C::OutputImage],
        C::OutputAudio => &[C::OutputAudio, C::OutputText, C::OutputImage],
        C::OutputImage => &[C::OutputImage, C::OutputText],
        C::Request => &[C::Request],
        C::Search => &[C::Search],
    }
}

#[cfg(test)]
pub(crate) mod tests;
