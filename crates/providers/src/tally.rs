//! Counts of tokens as providers state them: read without trust, and brought to a sum that loses none.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use weighhouse_types::{Usage, UsageClass};

/// Tokens that one call uses at most: 4,294,967,296.
const MOST: u64 = 1 << 32;

/// A count as providers write it; what is no count is remembered, not refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Count {
    /// Not stated.
    #[default]
    Absent,
    /// So many.
    Of(u64),
    /// Stated, but no count: negative, broken, or of another kind.
    Odd,
}

impl Count {
    /// The count, and nothing where there is none.
    pub(crate) const fn or_zero(self) -> u64 {
        match self {
            Self::Of(count) => count,
            Self::Absent | Self::Odd => 0,
        }
    }

    /// A count beyond what any call uses is noise. Sums of what is taken must fit the store's whole numbers, however
    /// many rows a day has: one that does not would stop the ledger.
    const fn checked(count: u64) -> Self {
        if count <= MOST { Self::Of(count) } else { Self::Odd }
    }
}

/// What is left of a total after its named parts, and whether they exceed it. Parts that do were counted apart from
/// the total: then both count, which is the larger reading.
pub(crate) fn rest_of(total: u64, parts: &[u64]) -> (u64, bool) {
    let named = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(*part));
    total.checked_sub(named).map_or((total, true), |rest| (rest, false))
}

/// A stated total above the sum of the parts means tokens that no part names: they count as generated text.
pub(crate) fn take_larger_total(usage: &mut Usage, total: u64) {
    let sum = usage.total();
    if sum == 0 {
        // Some embeddings state a total alone.
        usage.set(UsageClass::InputText, total);
        return;
    }
    if total > sum {
        let text = usage.get(UsageClass::OutputText);
        usage.set(UsageClass::OutputText, text.saturating_add(total - sum));
    }
    usage.mismatch |= total != sum;
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a count")
    }

    fn visit_u64<E>(self, count: u64) -> Result<Count, E> {
        Ok(Count::checked(count))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Count, E> {
        Ok(Count::Odd)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "guarded by the range")]
    fn visit_f64<E>(self, count: f64) -> Result<Count, E> {
        let is_whole = (0.0..=9e15).contains(&count) && count.fract() == 0.0;
        Ok(if is_whole { Count::checked(count as u64) } else { Count::Odd })
    }

    /// Proto JSON writes wide numbers as texts (<https://protobuf.dev/programming-guides/json/>).
    fn visit_str<E>(self, text: &str) -> Result<Count, E> {
        Ok(text.parse().map_or(Count::Odd, Count::checked))
    }

    fn visit_unit<E>(self) -> Result<Count, E> {
        Ok(Count::Absent)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Count, E> {
        Ok(Count::Odd)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Count, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Count::Odd)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Count::Odd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_are_counts() {
        let odd = [
            "-1",
            "1.5",
            "18446744073709551615",
            "\"x\"",
            "true",
            "[1]",
            "{\"a\":1}",
            "\"\"",
            "4294967297",
            "5e9",
            "\"9223372036854775807\"",
        ];
        odd.iter()
            .for_each(|raw| assert_eq!(serde_json::from_str::<Count>(raw).unwrap(), Count::Odd, "{raw}"));
        for (raw, count) in [
            ("0", Count::Of(0)),
            ("7", Count::Of(7)),
            ("7.0", Count::Of(7)),
            ("4294967296", Count::Of(MOST)),
            ("\"7\"", Count::Of(7)),
            ("null", Count::Absent),
        ] {
            assert_eq!(serde_json::from_str::<Count>(raw).unwrap(), count, "{raw}");
        }
    }
}
