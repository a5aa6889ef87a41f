//! Decimal numbers of any size: Java's `BigDecimal`, which a template meets when it mixes very large whole numbers with
//! floating point, or when JSON holds a fraction of more than 18 characters.

use std::cmp::Ordering;
use std::fmt;

use super::bigint::BigInt;

/// Digits and exponents of a number in text.
const LARGEST: usize = 4_000;

/// `unscaled` / 10^`scale`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    unscaled: BigInt,
    scale: i32,
}

impl Decimal {
    /// A number of up to 4,000 characters and an exponent in that range.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
            None => (text, 0),
        };
        if text.len() > LARGEST || exponent.unsigned_abs() as usize > LARGEST {
            return None;
        }
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let unscaled = BigInt::parse(&format!("{whole}{fraction}"))?;
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        Some(Self { unscaled, scale })
    }

    /// The exact value, as `new BigDecimal(double)` has it; `None` for infinities and NaN.
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let bits = value.to_bits();
        let exponent = ((bits >> 52) & 0x7ff) as i32;
        let fraction = bits & ((1 << 52) - 1);
        let (mut mantissa, mut exponent) =
            if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
        if mantissa == 0 {
            return Some(Self { unscaled: BigInt::default(), scale: 0 });
        }
        let zeros = mantissa.trailing_zeros().min(if exponent < 0 { exponent.unsigned_abs() } else { 0 });
        mantissa >>= zeros;
        exponent += zeros as i32;
        let magnitude = BigInt::from(mantissa);
        let (unscaled, scale) = if exponent >= 0 {
            (magnitude.multiply(&BigInt::power_of_two(exponent as usize)), 0)
        } else {
            // m / 2^n = m * 5^n / 10^n
            let tens = BigInt::power_of_ten(exponent.unsigned_abs() as usize);
            let (fives, _) = tens.divide(&BigInt::power_of_two(exponent.unsigned_abs() as usize))?;
            (magnitude.multiply(&fives), -exponent)
        };
        Some(Self { unscaled: if value < 0.0 { unscaled.negate() } else { unscaled }, scale })
    }

    /// `hashCode()`
    pub fn hash_code(&self) -> i32 {
        self.unscaled.hash_code().wrapping_mul(31).wrapping_add(self.scale)
    }

    pub fn is_zero(&self) -> bool {
        self.unscaled.is_zero()
    }

    /// Size of the unscaled value and of its scale, in 32-bit digits.
    pub fn size(&self) -> usize {
        self.unscaled.size() + self.scale.unsigned_abs() as usize / 9
    }

    pub fn add(&self, other: &Self) -> Self {
        let (a, b, scale) = self.aligned(other);
        Self { unscaled: a.add(&b), scale }
    }

    pub fn subtract(&self, other: &Self) -> Self {
        let (a, b, scale) = self.aligned(other);
        Self { unscaled: a.subtract(&b), scale }
    }

    pub fn multiply(&self, other: &Self) -> Self {
        Self { unscaled: self.unscaled.multiply(&other.unscaled), scale: self.scale.saturating_add(other.scale) }
    }

    /// Keeps this number's scale; rounds half down. `None` for division by zero.
    pub fn divide(&self, other: &Self) -> Option<Self> {
        // (a / 10^s) / (b / 10^t) = q / 10^s  =>  q = a * 10^t / b
        let (dividend, divisor) = if other.scale >= 0 {
            (self.unscaled.multiply(&BigInt::power_of_ten(other.scale as usize)), other.unscaled.clone())
        } else {
            let tens = BigInt::power_of_ten(other.scale.unsigned_abs() as usize);
            (self.unscaled.clone(), other.unscaled.multiply(&tens))
        };
        let (quotient, remainder) = dividend.divide(&divisor)?;
        let twice = magnitude(&remainder.add(&remainder));
        let up = twice > magnitude(&divisor);
        let one = BigInt::from(if dividend.is_negative() == divisor.is_negative() { 1i64 } else { -1 });
        Some(Self { unscaled: if up { quotient.add(&one) } else { quotient }, scale: self.scale })
    }

    /// With exactly this many digits after the point.
    pub fn round_half_up(&self, places: usize) -> Self {
        let scale = i32::try_from(places).unwrap_or(i32::MAX);
        if self.scale <= scale {
            let zeros = BigInt::power_of_ten((scale - self.scale).unsigned_abs() as usize);
            return Self { unscaled: self.unscaled.multiply(&zeros), scale };
        }
        let tens = BigInt::power_of_ten((self.scale - scale).unsigned_abs() as usize);
        let (quotient, remainder) = self.unscaled.divide(&tens).unwrap_or_default();
        let up = magnitude(&remainder.add(&remainder)) >= tens;
        let one = BigInt::from(if self.unscaled.is_negative() { -1i64 } else { 1 });
        Self { unscaled: if up { quotient.add(&one) } else { quotient }, scale }
    }

    /// Without an exponent, for a scale that is not negative.
    pub fn to_plain(&self) -> String {
        let digits = magnitude(&self.unscaled).to_string();
        let sign = if self.unscaled.is_negative() { "-" } else { "" };
        let places = usize::try_from(self.scale).unwrap_or(0);
        if places == 0 {
            return format!("{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        format!("{sign}{whole}.{fraction}")
    }

    pub fn to_f64(&self) -> f64 {
        format!("{}e{}", self.unscaled, -i64::from(self.scale)).parse().unwrap_or(f64::NAN)
    }

    /// The whole part.
    pub fn to_big_int(&self) -> BigInt {
        let tens = BigInt::power_of_ten(self.scale.unsigned_abs() as usize);
        if self.scale <= 0 {
            self.unscaled.multiply(&tens)
        } else {
            self.unscaled.divide(&tens).map(|(quotient, _)| quotient).unwrap_or_default()
        }
    }

    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i32) {
        let scale = self.scale.max(other.scale);
        let raise = |d: &Self| d.unscaled.multiply(&BigInt::power_of_ten((scale - d.scale).unsigned_abs() as usize));
        (raise(self), raise(other), scale)
    }
}

impl From<BigInt> for Decimal {
    fn from(unscaled: BigInt) -> Self {
        Self { unscaled, scale: 0 }
    }
}

/// By value: 1.0 and 1.00 compare as equal, though `==` tells them apart.
impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b, _) = self.aligned(other);
        a.cmp(&b)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn magnitude(number: &BigInt) -> BigInt {
    if number.is_negative() { number.negate() } else { number.clone() }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = magnitude(&self.unscaled).to_string();
        let sign = if self.unscaled.is_negative() { "-" } else { "" };
        let length = digits.len() as i64;
        let exponent = length - 1 - i64::from(self.scale);
        if self.scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        if self.scale > 0 && exponent >= -6 {
            let point = length - i64::from(self.scale);
            return match usize::try_from(point) {
                Ok(point) if point > 0 => write!(f, "{sign}{}.{}", &digits[..point], &digits[point..]),
                _ => write!(f, "{sign}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
            };
        }
        let (head, tail) = digits.split_at(1);
        let point = if tail.is_empty() { "" } else { "." };
        let exponent_sign = if exponent < 0 { "" } else { "+" };
        if exponent == 0 {
            write!(f, "{sign}{head}{point}{tail}")
        } else {
            write!(f, "{sign}{head}{point}{tail}E{exponent_sign}{exponent}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| Decimal::from(BigInt::default()))
    }

    #[test]
    fn prints_as_java_does() {
        for (text, printed) in [
            ("1.50", "1.50"),
            ("-0.001", "-0.001"),
            ("1e3", "1E+3"),
            ("0.0000001", "1E-7"),
            ("123456789012345678.25", "123456789012345678.25"),
            ("1.5e-10", "1.5E-10"),
        ] {
            assert_eq!(decimal(text).to_string(), printed);
        }
    }

    #[test]
    fn doubles_convert_exactly() {
        let tenth = Decimal::from_f64(0.1).map(|d| d.to_string());
        assert_eq!(tenth.as_deref(), Some("0.1000000000000000055511151231257827021181583404541015625"));
        assert_eq!(Decimal::from_f64(-2.5).map(|d| d.to_string()).as_deref(), Some("-2.5"));
        assert_eq!(Decimal::from_f64(f64::NAN), None);
    }

    #[test]
    fn division_keeps_the_scale_of_the_dividend() {
        assert_eq!(decimal("10.0").divide(&decimal("4")).map(|d| d.to_string()).as_deref(), Some("2.5"));
        assert_eq!(decimal("1.0").divide(&decimal("3")).map(|d| d.to_string()).as_deref(), Some("0.3"));
        assert_eq!(decimal("0.5").divide(&decimal("2")).map(|d| d.to_string()).as_deref(), Some("0.2"));
        assert_eq!(decimal("1").divide(&decimal("0")), None);
    }
}
