//! What an attempt used, as a partition: every unit stands in exactly one class.

/// A class of usage. Prices and costs are per class; the classes of one usage never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum UsageClass {
    /// Prompt tokens that are in no other input class.
    InputText,
    /// Prompt tokens read from the provider's cache.
    InputCacheRead,
    /// Prompt tokens written to a cache that lives five minutes (or has no stated life).
    InputCacheWrite5m,
    /// Prompt tokens written to a cache that lives one hour.
    InputCacheWrite1h,
    /// Audio tokens of the prompt.
    InputAudio,
    /// Image tokens of the prompt, where the provider counts them apart.
    InputImage,
    /// Generated tokens that are in no other output class.
    OutputText,
    /// Generated tokens of hidden or shown reasoning.
    OutputReasoning,
    /// Generated audio tokens.
    OutputAudio,
    /// Generated image tokens.
    OutputImage,
    /// Calls, where the provider charges per call.
    Request,
    /// Web searches that the provider ran.
    Search,
}

impl UsageClass {
    /// All classes in their fixed order.
    pub const ALL: [Self; 12] = [
        Self::InputText,
        Self::InputCacheRead,
        Self::InputCacheWrite5m,
        Self::InputCacheWrite1h,
        Self::InputAudio,
        Self::InputImage,
        Self::OutputText,
        Self::OutputReasoning,
        Self::OutputAudio,
        Self::OutputImage,
        Self::Request,
        Self::Search,
    ];

    /// The name in the ledger, in APIs and in price data.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InputText => "input_text",
            Self::InputCacheRead => "input_cache_read",
            Self::InputCacheWrite5m => "input_cache_write_5m",
            Self::InputCacheWrite1h => "input_cache_write_1h",
            Self::InputAudio => "input_audio",
            Self::InputImage => "input_image",
            Self::OutputText => "output_text",
            Self::OutputReasoning => "output_reasoning",
            Self::OutputAudio => "output_audio",
            Self::OutputImage => "output_image",
            Self::Request => "request",
            Self::Search => "search",
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Tokens of the prompt, cached ones included.
    #[must_use]
    pub const fn is_input(self) -> bool {
        matches!(
            self,
            Self::InputText
                | Self::InputCacheRead
                | Self::InputCacheWrite5m
                | Self::InputCacheWrite1h
                | Self::InputAudio
                | Self::InputImage
        )
    }

    /// Generated tokens.
    #[must_use]
    pub const fn is_output(self) -> bool {
        matches!(self, Self::OutputText | Self::OutputReasoning | Self::OutputAudio | Self::OutputImage)
    }
}

/// Units by class, and how far they can be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    units: [u64; UsageClass::ALL.len()],
    /// Counted here because the provider did not say.
    pub estimated: bool,
    /// The provider's classes did not sum to its totals; the larger reading was taken.
    pub mismatch: bool,
}

impl Usage {
    /// Units of a class.
    #[must_use]
    pub const fn get(&self, class: UsageClass) -> u64 {
        self.units[class as usize]
    }

    /// Sets the units of a class.
    pub const fn set(&mut self, class: UsageClass, units: u64) {
        self.units[class as usize] = units;
    }

    /// The same usage with the units of a class set.
    #[must_use]
    pub const fn with(mut self, class: UsageClass, units: u64) -> Self {
        self.set(class, units);
        self
    }

    /// Classes with units, in their fixed order.
    pub fn classes(&self) -> impl Iterator<Item = (UsageClass, u64)> + '_ {
        UsageClass::ALL.into_iter().map(|class| (class, self.get(class))).filter(|(_, units)| *units > 0)
    }

    /// All tokens of the prompt, cached ones included.
    #[must_use]
    pub fn input(&self) -> u64 {
        self.sum(UsageClass::is_input)
    }

    /// All generated tokens.
    #[must_use]
    pub fn output(&self) -> u64 {
        self.sum(UsageClass::is_output)
    }

    /// All tokens.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.input().saturating_add(self.output())
    }

    fn sum(&self, of: impl Fn(UsageClass) -> bool) -> u64 {
        self.classes().filter(|(class, _)| of(*class)).fold(0, |sum, (_, units)| sum.saturating_add(units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_stand_at_their_own_place_and_name() {
        for (place, class) in UsageClass::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, place);
            assert_eq!(UsageClass::from_name(class.name()), Some(class));
            assert!(!(class.is_input() && class.is_output()));
        }
        assert_eq!(UsageClass::from_name("tokens"), None);
    }

    #[test]
    fn totals_leave_out_what_is_not_a_token() {
        let usage = Usage::default()
            .with(UsageClass::InputCacheRead, 5)
            .with(UsageClass::OutputReasoning, 7)
            .with(UsageClass::Request, 1);
        assert_eq!((usage.input(), usage.output(), usage.total()), (5, 7, 12));
    }
}
