//! `Double.toString` and `Float.toString` of the Java versions before 19, whose digits are not always the shortest:
//! 2^31 * 0.1 as a float is `2.14748368E8` there.
//!
//! A number is generated digit by digit from exact fractions, until what was generated can be no other number. The
//! known flaws are part of the method: where the scientific form is needed, at least two digits are generated, and
//! `BigInteger` and `long` arithmetic differ on what is exactly half-way.

use std::cmp::Ordering;

use super::bigint::BigInt;

/// Bits of the fraction of a `double`.
const FRACTION_BITS: i32 = 52;

/// Bits of 5^n.
const FIVE_BITS: [i32; 27] =
    [0, 3, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28, 31, 33, 35, 38, 40, 42, 45, 47, 49, 52, 54, 56, 59, 61];

/// Decimal digits and the position of the point in front of which they begin: 0.d₁d₂… × 10^exponent.
struct Digits {
    digits: Vec<u8>,
    exponent: i32,
}

pub(super) fn double(value: f64) -> String {
    let bits = value.to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let exponent = ((bits >> FRACTION_BITS) & 0x7ff) as i32;
    print(value, || normalize(fraction, exponent, FRACTION_BITS, 1023))
}

pub(super) fn float(value: f32) -> String {
    let bits = value.to_bits();
    let fraction = u64::from(bits & 0x7f_ffff);
    let exponent = ((bits >> 23) & 0xff) as i32;
    print(f64::from(value), || normalize(fraction, exponent, 23, 127))
}

/// The significand with its leading one in bit 52, the binary exponent, and how many of its bits mean something.
fn normalize(fraction: u64, exponent: i32, bits: i32, bias: i32) -> (u64, i32, i32) {
    if exponent == 0 {
        let leading = fraction.leading_zeros() as i32;
        let shift = leading - (63 - FRACTION_BITS);
        let own_shift = leading - (63 - bits);
        (fraction << shift, 1 - own_shift - bias, 64 - leading)
    } else {
        ((fraction | 1 << bits) << (FRACTION_BITS - bits), exponent - bias, bits + 1)
    }
}

fn print(value: f64, parts: impl FnOnce() -> (u64, i32, i32)) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    match value {
        value if value.is_nan() => return "NaN".to_owned(),
        value if value.is_infinite() => return format!("{sign}Infinity"),
        0.0 => return format!("{sign}0.0"),
        _ => {}
    }
    let (significand, exponent, bits) = parts();
    let Digits { digits, exponent } = digits(significand, exponent, bits);
    let text: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
    match exponent {
        1..8 => {
            let point = exponent as usize;
            let whole: String = text.chars().chain(std::iter::repeat('0')).take(point).collect();
            format!("{sign}{whole}.{}", text.get(point..).filter(|rest| !rest.is_empty()).unwrap_or("0"))
        }
        -2..=0 => format!("{sign}0.{}{text}", "0".repeat(exponent.unsigned_abs() as usize)),
        _ => {
            let rest = text.get(1..).filter(|rest| !rest.is_empty()).unwrap_or("0");
            format!("{sign}{}.{rest}E{}", &text[..1], exponent - 1)
        }
    }
}

fn digits(significand: u64, exponent: i32, bits: i32) -> Digits {
    let zeros = significand.trailing_zeros() as i32;
    let fraction_bits = FRACTION_BITS + 1 - zeros;
    let tiny_bits = (fraction_bits - exponent - 1).max(0);
    if tiny_bits == 0 && (-21..=62).contains(&exponent) && fraction_bits < 64 {
        let dropped = if exponent > bits { insignificant(exponent - bits - 1) } else { 0 };
        let whole = if exponent >= FRACTION_BITS {
            significand << (exponent - FRACTION_BITS)
        } else {
            significand >> (FRACTION_BITS - exponent)
        };
        return whole_digits(whole, dropped);
    }
    generate(significand >> zeros, exponent, bits, fraction_bits, tiny_bits)
}

/// Decimal digits that 2^n leaves open.
fn insignificant(power: i32) -> u32 {
    if power > 1 { (f64::from(power) * std::f64::consts::LOG10_2) as u32 } else { 0 }
}

/// The digits of a whole number, without those that mean nothing.
fn whole_digits(mut value: u64, dropped: u32) -> Digits {
    let mut exponent = 0;
    if dropped > 0 {
        let unit = 10u64.pow(dropped);
        let residue = value % unit;
        value /= unit;
        exponent += dropped as i32;
        if residue >= unit / 2 {
            value += 1;
        }
    }
    let text = value.to_string();
    let digits = text.trim_end_matches('0').bytes().map(|b| b - b'0').collect();
    Digits { digits, exponent: exponent + text.len() as i32 }
}

fn generate(fraction: u64, exponent: i32, bits: i32, fraction_bits: i32, tiny_bits: i32) -> Digits {
    let mut decimal = estimate(fraction << (FRACTION_BITS + 1 - fraction_bits), exponent);
    let b5 = (-decimal).max(0);
    let s5 = decimal.max(0);
    let mut b2 = b5 + tiny_bits + exponent;
    let mut s2 = s5 + tiny_bits;
    let mut m2 = b2 - bits;
    b2 -= fraction_bits - 1;
    let common = b2.min(s2);
    b2 -= common;
    s2 -= common;
    m2 -= common;
    // below a power of two the next number is only half as far away
    if fraction_bits == 1 {
        m2 -= 1;
    }
    if m2 < 0 {
        b2 -= m2;
        s2 -= m2;
        m2 = 0;
    }
    let exact = is_big(fraction_bits, b2, b5, s2, s5);
    let scale = |n: u64, fives: i32, twos: i32| BigInt::from(n).multiply(&power(5, fives)).multiply(&power(2, twos));
    let divisor = scale(1, s5, s2);
    let ten_divisor = scale(10, s5, s2);
    let mut rest = scale(fraction, b5, b2);
    let mut margin = scale(1, b5, m2);
    let ten = BigInt::from(10u64);
    let mut digits = Vec::new();
    let mut first = true;
    let (mut low, mut high);
    loop {
        let (quotient, remainder) = rest.divide(&divisor).unwrap_or_default();
        rest = remainder.multiply(&ten);
        margin = margin.multiply(&ten);
        low = rest < margin;
        high = match rest.add(&margin).cmp(&ten_divisor) {
            Ordering::Greater => true,
            Ordering::Equal => exact,
            Ordering::Less => false,
        };
        let digit = quotient.wrapping_i64() as u8;
        if first && digit == 0 && !high {
            decimal -= 1;
        } else {
            digits.push(digit);
        }
        // the scientific form has at least two digits
        if std::mem::take(&mut first) && !(-3..8).contains(&decimal) {
            (low, high) = (false, false);
        }
        if low || high || digits.len() > 20 {
            break;
        }
    }
    if high && (!low || rounds_up(&rest, &ten_divisor, &digits)) {
        round_up(&mut digits, &mut decimal);
    }
    Digits { digits, exponent: decimal + 1 }
}

fn rounds_up(rest: &BigInt, ten_divisor: &BigInt, digits: &[u8]) -> bool {
    match rest.add(rest).cmp(ten_divisor) {
        Ordering::Greater => true,
        Ordering::Equal => digits.last().is_some_and(|digit| digit % 2 != 0),
        Ordering::Less => false,
    }
}

fn round_up(digits: &mut Vec<u8>, decimal: &mut i32) {
    for digit in digits.iter_mut().rev() {
        if *digit < 9 {
            *digit += 1;
            return;
        }
        *digit = 0;
    }
    digits.insert(0, 1);
    digits.pop();
    *decimal += 1;
}

/// Whether Java computes with more than 64 bits, where half-way counts as far enough.
fn is_big(fraction_bits: i32, b2: i32, b5: i32, s2: i32, s5: i32) -> bool {
    let five_bits = |n: i32| usize::try_from(n).ok().and_then(|n| FIVE_BITS.get(n).copied()).unwrap_or(n * 3);
    fraction_bits + b2 + five_bits(b5) >= 64 || s2 + 1 + five_bits(s5 + 1) >= 64
}

/// The decimal exponent, as estimated from the first bits.
fn estimate(significand: u64, exponent: i32) -> i32 {
    let mantissa = f64::from_bits(1023 << FRACTION_BITS | significand & ((1 << FRACTION_BITS) - 1));
    ((mantissa - 1.5) * 0.289529654 + 0.176091259 + f64::from(exponent) * std::f64::consts::LOG10_2).floor() as i32
}

fn power(base: u64, exponent: i32) -> BigInt {
    let exponent = usize::try_from(exponent).unwrap_or(0);
    if base == 2 {
        return BigInt::power_of_two(exponent);
    }
    let tens = BigInt::power_of_ten(exponent);
    tens.divide(&BigInt::power_of_two(exponent)).map(|(quotient, _)| quotient).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_print_as_java_prints_them() {
        for (n, text) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e7, "1.0E7"),
            (9_999_999.0, "9999999.0"),
            (1.5e-3, "0.0015"),
            (1.5e-4, "1.5E-4"),
            (-123.456, "-123.456"),
            (1e100, "1.0E100"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::MIN_POSITIVE, "2.2250738585072014E-308"),
            (5e-324, "4.9E-324"),
            (2e-3, "0.002"),
        ] {
            assert_eq!(double(n), text);
        }
    }

    #[test]
    fn floats_have_more_digits_than_they_need() {
        assert_eq!(float(2.147_483_7e8), "2.14748368E8");
        assert_eq!(float(0.1), "0.1");
        assert_eq!(float(1.234_567_9e10), "1.23456788E10");
    }
}
