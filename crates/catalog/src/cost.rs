//! What an attempt cost, exactly, and how that was reckoned.

use std::fmt::Write;

use weighhouse_types::{Nanos, Picos, Usage, UsageClass};

/// The cost of a usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The sum over the priced classes, not yet rounded.
    pub total: Picos,
    /// Pico-dollars per unit by class, in the order of [`UsageClass::ALL`]; none for a class that has no
    /// units or no price.
    pub unit_prices: [Option<Picos>; UsageClass::ALL.len()],
    /// A class has units and no price, so that the total is too low.
    pub unpriced: bool,
}

impl Cost {
    /// The total, rounded half up: the one rounding of an attempt.
    #[must_use]
    pub fn nanos(&self) -> Nanos {
        self.total.to_nanos()
    }

    /// How the total comes about, for the ledger: `[["input_text",1000,"150000"],…]` with the units and the
    /// pico-dollars per unit of every class of the usage, `null` for one without a price.
    #[must_use]
    pub fn arithmetic_json(&self, usage: &Usage) -> String {
        let mut text = String::from("[");
        for (class, units) in usage.classes() {
            if text.len() > 1 {
                text.push(',');
            }
            let written = match self.unit_prices[class as usize] {
                Some(price) => write!(text, "[\"{}\",{units},\"{}\"]", class.name(), price.get()),
                None => write!(text, "[\"{}\",{units},null]", class.name()),
            };
            debug_assert!(written.is_ok(), "a String takes every text");
        }
        text.push(']');
        text
    }
}
