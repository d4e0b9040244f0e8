//! One fact about a price: what a unit of a class costs, under which conditions, from when to when.

use std::fmt;
use std::str::FromStr;

use weighhouse_types::{Picos, UsageClass};

use crate::date;

/// The service tier that a call was served in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Tier {
    /// What a call gets that asks for nothing else.
    #[default]
    Standard,
    /// Part of a batch that is answered within hours.
    Batch,
    /// Slower and cheaper.
    Flex,
    /// Between flex and standard.
    Balanced,
    /// Faster and dearer.
    Priority,
    /// Faster still.
    Ultrafast,
}

impl Tier {
    /// All tiers.
    pub const ALL: [Self; 6] =
        [Self::Standard, Self::Batch, Self::Flex, Self::Balanced, Self::Priority, Self::Ultrafast];

    /// The name in price data and in the ledger.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Batch => "batch",
            Self::Flex => "flex",
            Self::Balanced => "balanced",
            Self::Priority => "priority",
            Self::Ultrafast => "ultrafast",
        }
    }

    /// The tier of that name, or of a provider's `service_tier`: `fast` is billed as priority, and
    /// `default`, `auto` and `standard_only` as standard (LiteLLM's mapping).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "fast" => Some(Self::Priority),
            "default" | "auto" | "standard_only" => Some(Self::Standard),
            _ => Self::ALL.into_iter().find(|tier| tier.name() == name),
        }
    }
}

/// What a unit of a class costs, and when that holds.
///
/// Its text form, as the catalogue's file has it: class, pico-dollars per unit, then the conditions that
/// are not the usual ones, e.g. `input_text 2500000 priority >200000 from=2026-01-01 to=2026-07-01 off_peak`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceLine {
    /// What is counted.
    pub class: UsageClass,
    /// Pico-dollars per unit.
    pub price: Picos,
    /// The tier that it holds in.
    pub tier: Tier,
    /// It holds for calls whose whole prompt has more tokens than this (0: for all); it then prices every
    /// token of the call, not only those above.
    pub above_input_tokens: u64,
    /// It holds from this moment on (Unix milliseconds; `i64::MIN`: always did).
    pub from_ms: i64,
    /// It ends before this moment (Unix milliseconds; `i64::MAX`: no end known).
    pub to_ms: i64,
    /// It holds only in the book's off-peak hours, and then before every other line of its class.
    pub is_off_peak: bool,
}

impl PriceLine {
    /// Whether it holds for every call.
    pub(crate) fn is_plain(&self) -> bool {
        self.tier == Tier::Standard
            && self.above_input_tokens == 0
            && !self.is_off_peak
            && (self.from_ms, self.to_ms) == (i64::MIN, i64::MAX)
    }

    /// A line without conditions.
    #[must_use]
    pub const fn new(class: UsageClass, price: Picos) -> Self {
        Self {
            class,
            price,
            tier: Tier::Standard,
            above_input_tokens: 0,
            from_ms: i64::MIN,
            to_ms: i64::MAX,
            is_off_peak: false,
        }
    }

    /// Whether the line is valid at a moment (its off-peak hours aside).
    #[must_use]
    pub const fn is_valid_at(&self, unix_ms: i64) -> bool {
        self.from_ms <= unix_ms && unix_ms < self.to_ms
    }

    /// Whether a prompt of so many tokens is long enough for the line.
    #[must_use]
    pub const fn takes(&self, input_tokens: u64) -> bool {
        self.above_input_tokens == 0 || input_tokens > self.above_input_tokens
    }

    /// What lines of a book are sorted by.
    pub(crate) const fn order(&self) -> (UsageClass, Tier, bool, u64, i64) {
        (self.class, self.tier, self.is_off_peak, self.above_input_tokens, self.from_ms)
    }
}

impl fmt::Display for PriceLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.class.name(), self.price.get())?;
        if self.tier != Tier::Standard {
            write!(out, " {}", self.tier.name())?;
        }
        if self.above_input_tokens > 0 {
            write!(out, " >{}", self.above_input_tokens)?;
        }
        if self.from_ms != i64::MIN {
            write!(out, " from={}", date::format_date(self.from_ms))?;
        }
        if self.to_ms != i64::MAX {
            write!(out, " to={}", date::format_date(self.to_ms))?;
        }
        if self.is_off_peak {
            out.write_str(" off_peak")?;
        }
        Ok(())
    }
}

/// A text is no price line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseLineError(String);

impl fmt::Display for ParseLineError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` is no price line such as `input_text 2500000 priority >200000`", self.0)
    }
}

impl std::error::Error for ParseLineError {}

impl FromStr for PriceLine {
    type Err = ParseLineError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| ParseLineError(text.to_owned()))
    }
}

fn read(text: &str) -> Option<PriceLine> {
    let mut words = text.split(' ');
    let class = UsageClass::from_name(words.next()?)?;
    let picos: u64 = words.next()?.parse().ok()?;
    let mut line = PriceLine::new(class, Picos::new(i128::from(picos)));
    for word in words {
        if let Some(tokens) = word.strip_prefix('>') {
            line.above_input_tokens = tokens.parse().ok()?;
        } else if let Some(day) = word.strip_prefix("from=") {
            line.from_ms = date::parse_date(day)?;
        } else if let Some(day) = word.strip_prefix("to=") {
            line.to_ms = date::parse_date(day)?;
        } else if word == "off_peak" {
            line.is_off_peak = true;
        } else {
            line.tier = Tier::ALL.into_iter().find(|tier| tier.name() == word)?;
        }
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_as_it_prints() {
        for text in [
            "input_text 2500000",
            "output_text 0 batch",
            "input_text 5000000 priority >200000 from=2026-01-01 to=2026-07-01",
            "input_cache_read 3 off_peak",
        ] {
            assert_eq!(text.parse::<PriceLine>().unwrap().to_string(), text);
        }
        for bad in
            ["", "input_text", "input 5", "input_text -5", "input_text 5 fast", "input_text 5 from=2026"]
        {
            assert!(bad.parse::<PriceLine>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_holds_from_its_first_day_to_before_its_last() {
        let line: PriceLine = "input_text 5 >10 from=2026-01-01 to=2026-01-02".parse().unwrap();
        let day = date::parse_date("2026-01-01").unwrap();
        assert!(!line.is_valid_at(day - 1) && line.is_valid_at(day));
        assert!(line.is_valid_at(day + 86_399_999) && !line.is_valid_at(day + 86_400_000));
        assert!(!line.takes(10) && line.takes(11));
    }
}
