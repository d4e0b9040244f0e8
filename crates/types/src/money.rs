//! Money as integers: exact sums in pico-dollars, books in nano-dollars.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Sub};
use std::str::FromStr;

const PICOS_PER_NANO: i128 = 1_000;
const NANOS_PER_DOLLAR: i64 = 1_000_000_000;

/// An exact amount in pico-dollars (10⁻¹² USD): a price per unit, or a sum of prices not yet rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Picos(i128);

impl Picos {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount of pico-dollars.
    #[must_use]
    pub const fn new(picos: i128) -> Self {
        Self(picos)
    }

    /// The amount in pico-dollars.
    #[must_use]
    pub const fn get(self) -> i128 {
        self.0
    }

    /// Rounds half up: the one rounding that a settled attempt gets.
    /// Amounts beyond the range of [`Nanos`] stop at its end.
    #[must_use]
    pub fn to_nanos(self) -> Nanos {
        Nanos::clamped((self.0 + PICOS_PER_NANO / 2).div_euclid(PICOS_PER_NANO))
    }

    /// Rounds up: what a hold takes, so that it never covers less than the cost.
    #[must_use]
    pub fn to_nanos_up(self) -> Nanos {
        Nanos::clamped((self.0 + PICOS_PER_NANO - 1).div_euclid(PICOS_PER_NANO))
    }

    /// Reads a decimal number of dollars, such as `0.00000015` or `1.5e-7`, exactly; digits below a
    /// pico-dollar round half up.
    ///
    /// # Errors
    /// The text is not a decimal number, or is beyond 10²⁰ dollars.
    pub fn parse_usd(text: &str) -> Result<Self, ParseMoneyError> {
        parse_scaled(text, 12).map(Self)
    }
}

impl Add for Picos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Picos {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u64> for Picos {
    type Output = Self;
    fn mul(self, units: u64) -> Self {
        Self(self.0.saturating_mul(i128::from(units)))
    }
}

impl Sum for Picos {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// An amount in nano-dollars (10⁻⁹ USD): budgets, holds and settled costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(i64);

impl Nanos {
    /// No money.
    pub const ZERO: Self = Self(0);
    /// The largest amount that the books can hold, about nine billion dollars.
    pub const MAX: Self = Self(i64::MAX);

    /// An amount of nano-dollars.
    #[must_use]
    pub const fn new(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Whole dollars.
    #[must_use]
    pub const fn dollars(dollars: i64) -> Self {
        Self(dollars.saturating_mul(NANOS_PER_DOLLAR))
    }

    /// The amount in nano-dollars.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    fn clamped(nanos: i128) -> Self {
        Self(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Sum that stops at the ends of the range instead of wrapping.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Difference that stops at the ends of the range instead of wrapping.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Reads a decimal number of dollars; digits below a nano-dollar round half up.
    ///
    /// # Errors
    /// The text is not a decimal number, or is beyond the range of the books.
    pub fn parse_usd(text: &str) -> Result<Self, ParseMoneyError> {
        let nanos = parse_scaled(text, 9)?;
        i64::try_from(nanos).map(Self).map_err(|_| ParseMoneyError::OutOfRange)
    }

    /// Takes a JSON number of dollars, as LiteLLM's admin API sends it.
    /// The shortest decimal text of the float is what counts, so `0.1` is exactly a tenth.
    ///
    /// # Errors
    /// The number is not finite or is beyond the range of the books.
    pub fn from_usd(dollars: f64) -> Result<Self, ParseMoneyError> {
        if dollars.is_finite() {
            Self::parse_usd(&format!("{dollars}"))
        } else {
            Err(ParseMoneyError::OutOfRange)
        }
    }

    /// Dollars as a float: for display in APIs that speak floats, never for arithmetic.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "display only; the books stay integers")]
    pub fn to_usd(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add for Nanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Nanos {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.saturating_sub(other)
    }
}

impl Sum for Nanos {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// Dollars without trailing zeros: `1`, `0.5`, `-0.000000001`.
impl fmt::Display for Nanos {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let unit = NANOS_PER_DOLLAR.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (magnitude / unit, magnitude % unit);
        out.write_str(sign)?;
        write!(out, "{whole}")?;
        if part == 0 {
            return Ok(());
        }
        // Every answer tells amounts: no text is made on the way.
        let mut digits = [b'.'; 10];
        let mut rest = part;
        for digit in digits.iter_mut().skip(1).rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        let digits = std::str::from_utf8(&digits).unwrap_or_default();
        out.write_str(digits.trim_end_matches('0'))
    }
}

impl FromStr for Nanos {
    type Err = ParseMoneyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse_usd(text)
    }
}

/// Why a text is no amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseMoneyError {
    /// Not a decimal number such as `12`, `0.5` or `2e-7`.
    NotANumber,
    /// A number beyond what the books can hold.
    OutOfRange,
}

impl fmt::Display for ParseMoneyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotANumber => "not a decimal number of dollars, such as 0.5 or 2e-7",
            Self::OutOfRange => "beyond the amounts that the books can hold",
        })
    }
}

impl std::error::Error for ParseMoneyError {}

/// Reads a decimal text as an integer of `10^-scale` dollars, rounding half up (away from zero).
fn parse_scaled(text: &str, scale: i32) -> Result<i128, ParseMoneyError> {
    let (negative, unsigned) = match text.trim().strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.trim()),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().map_err(|_| ParseMoneyError::NotANumber)?)
        }
        None => (unsigned, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !all_digits(whole) || !all_digits(part) {
        return Err(ParseMoneyError::NotANumber);
    }
    let digits = format!("{whole}{part}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok(0);
    }
    let part_digits = i32::try_from(part.len()).map_err(|_| ParseMoneyError::OutOfRange)?;
    let shift = exponent.saturating_sub(part_digits).saturating_add(scale);
    let magnitude = scaled_digits(digits, shift)?;
    Ok(if negative { -magnitude } else { magnitude })
}

/// `digits × 10^shift`, rounded half up.
fn scaled_digits(digits: &str, shift: i32) -> Result<i128, ParseMoneyError> {
    let parse = |digits: &str| digits.parse::<i128>().map_err(|_| ParseMoneyError::OutOfRange);
    let Ok(cut) = usize::try_from(shift.saturating_neg()) else {
        let factor = 10_i128.checked_pow(shift.unsigned_abs()).ok_or(ParseMoneyError::OutOfRange)?;
        return parse(digits)?.checked_mul(factor).ok_or(ParseMoneyError::OutOfRange);
    };
    if cut > digits.len() {
        return Ok(0);
    }
    let (kept, dropped) = digits.split_at(digits.len() - cut);
    let kept = if kept.is_empty() { 0 } else { parse(kept)? };
    Ok(kept + i128::from(dropped.bytes().next().is_some_and(|first| first >= b'5')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_exactly() {
        let nanos = |text: &str| Nanos::parse_usd(text).map(Nanos::get);
        assert_eq!(nanos("1"), Ok(1_000_000_000));
        assert_eq!(nanos("0.1"), Ok(100_000_000));
        assert_eq!(nanos("-0.000000001"), Ok(-1));
        assert_eq!(nanos("2.5e-7"), Ok(250));
        assert_eq!(nanos("1E2"), Ok(100_000_000_000));
        assert_eq!(nanos("0.0000000005"), Ok(1));
        assert_eq!(nanos("0.00000000049"), Ok(0));
        assert_eq!(nanos("1e-400"), Ok(0));
        assert_eq!(nanos("0e999999999"), Ok(0));
        for bad in ["", ".", "1,5", "one", "1e", "--1", "0x10", "1 2", "NaN", "inf"] {
            assert_eq!(nanos(bad), Err(ParseMoneyError::NotANumber), "{bad}");
        }
        for huge in ["1e30", "9223372037", "1e2147483647"] {
            assert_eq!(nanos(huge), Err(ParseMoneyError::OutOfRange), "{huge}");
        }
        assert_eq!(Picos::parse_usd("1.5e-07"), Ok(Picos::new(150_000)));
        assert_eq!(Nanos::from_usd(0.1), Ok(Nanos::new(100_000_000)));
        assert_eq!(Nanos::from_usd(f64::NAN), Err(ParseMoneyError::OutOfRange));
    }

    #[test]
    fn costs_round_half_up_and_holds_round_up() {
        for (picos, cost, hold) in
            [(0, 0, 0), (1, 0, 1), (499, 0, 1), (500, 1, 1), (1_000, 1, 1), (1_001, 1, 2)]
        {
            assert_eq!(Picos::new(picos).to_nanos(), Nanos::new(cost));
            assert_eq!(Picos::new(picos).to_nanos_up(), Nanos::new(hold));
        }
        assert_eq!(Picos::new(i128::MAX / 2).to_nanos(), Nanos::MAX);
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_reads_back(nanos in proptest::num::i64::ANY) {
            proptest::prop_assume!(nanos != i64::MIN);
            let amount = Nanos::new(nanos);
            proptest::prop_assert_eq!(Nanos::parse_usd(&amount.to_string()), Ok(amount));
        }
    }
}
