//! Whole numbers of any size: Java's `BigInteger`, as far as templates reach it.

use std::cmp::Ordering;
use std::fmt;

/// Sign and magnitude; little-endian digits of 32 bits without leading zeros. Zero is not negative.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct BigInt {
    negative: bool,
    digits: Vec<u32>,
}

impl BigInt {
    fn new(negative: bool, mut digits: Vec<u32>) -> Self {
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Self { negative: negative && !digits.is_empty(), digits }
    }

    /// Up to 4,000 decimal digits with an optional sign.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if digits.is_empty() || digits.len() > 4_000 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut magnitude = Vec::new();
        for chunk in digits.as_bytes().chunks(9) {
            let value = chunk.iter().fold(0u32, |value, b| value * 10 + u32::from(b - b'0'));
            multiply_add(&mut magnitude, 10u32.pow(chunk.len() as u32), value);
        }
        Some(Self::new(negative, magnitude))
    }

    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Size, in 32-bit digits.
    pub fn size(&self) -> usize {
        self.digits.len()
    }

    pub fn negate(&self) -> Self {
        Self::new(!self.negative, self.digits.clone())
    }

    pub fn add(&self, other: &Self) -> Self {
        if self.negative == other.negative {
            return Self::new(self.negative, add(&self.digits, &other.digits));
        }
        match compare(&self.digits, &other.digits) {
            Ordering::Less => Self::new(other.negative, subtract(&other.digits, &self.digits)),
            _ => Self::new(self.negative, subtract(&self.digits, &other.digits)),
        }
    }

    pub fn subtract(&self, other: &Self) -> Self {
        self.add(&other.negate())
    }

    pub fn multiply(&self, other: &Self) -> Self {
        let mut digits = vec![0u32; self.digits.len() + other.digits.len()];
        for (i, &a) in self.digits.iter().enumerate() {
            let mut carry = 0u64;
            for (j, &b) in other.digits.iter().enumerate() {
                let sum = u64::from(a) * u64::from(b) + u64::from(digits[i + j]) + carry;
                digits[i + j] = sum as u32;
                carry = sum >> 32;
            }
            digits[i + other.digits.len()] = carry as u32;
        }
        Self::new(self.negative != other.negative, digits)
    }

    /// Quotient, rounded towards zero, and remainder, with this number's sign. `None` for division by zero.
    pub fn divide(&self, other: &Self) -> Option<(Self, Self)> {
        let (quotient, remainder) = divide(&self.digits, &other.digits)?;
        Some((Self::new(self.negative != other.negative, quotient), Self::new(self.negative, remainder)))
    }

    pub fn power_of_ten(exponent: usize) -> Self {
        let mut digits = vec![1];
        for _ in 0..exponent / 9 {
            multiply_add(&mut digits, 1_000_000_000, 0);
        }
        multiply_add(&mut digits, 10u32.pow((exponent % 9) as u32), 0);
        Self::new(false, digits)
    }

    pub fn power_of_two(exponent: usize) -> Self {
        let mut digits = vec![0; exponent / 32];
        digits.push(1 << (exponent % 32));
        Self::new(false, digits)
    }

    /// The lowest 64 bits, as Java narrows.
    pub fn wrapping_i64(&self) -> i64 {
        let low = |i: usize| u64::from(self.digits.get(i).copied().unwrap_or(0));
        let magnitude = low(0) | low(1) << 32;
        let value = magnitude as i64;
        if self.negative { value.wrapping_neg() } else { value }
    }

    pub fn to_i64(&self) -> Option<i64> {
        let value = self.wrapping_i64();
        (Self::from(value) == *self).then_some(value)
    }

    /// `hashCode()`
    pub fn hash_code(&self) -> i32 {
        let hash = self.digits.iter().rev().fold(0i32, |h, &digit| h.wrapping_mul(31).wrapping_add(digit as i32));
        if self.negative { hash.wrapping_neg() } else { hash }
    }

    /// Hexadecimal digits, with a sign.
    pub fn to_hexadecimal(&self) -> String {
        let Some((top, rest)) = self.digits.split_last() else { return "0".to_owned() };
        let sign = if self.negative { "-" } else { "" };
        let low: String = rest.iter().rev().map(|digit| format!("{digit:08x}")).collect();
        format!("{sign}{top:x}{low}")
    }

    pub fn to_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }
}

impl From<i64> for BigInt {
    fn from(value: i64) -> Self {
        let magnitude = value.unsigned_abs();
        Self::new(value < 0, vec![magnitude as u32, (magnitude >> 32) as u32])
    }
}

impl From<u64> for BigInt {
    fn from(value: u64) -> Self {
        Self::new(false, vec![value as u32, (value >> 32) as u32])
    }
}

impl Ord for BigInt {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => compare(&self.digits, &other.digits),
            (true, true) => compare(&other.digits, &self.digits),
        }
    }
}

impl PartialOrd for BigInt {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups = Vec::new();
        let mut rest = self.digits.clone();
        while !rest.is_empty() {
            groups.push(divide_small(&mut rest, 1_000_000_000));
        }
        let mut text = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            text.push_str(&format!("{group:09}"));
        }
        f.pad_integral(!self.negative, "", &text)
    }
}

fn compare(a: &[u32], b: &[u32]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

fn add(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut sum = Vec::with_capacity(a.len().max(b.len()) + 1);
    let mut carry = 0u64;
    for i in 0..a.len().max(b.len()) {
        let digit = |d: &[u32]| u64::from(d.get(i).copied().unwrap_or(0));
        let total = digit(a) + digit(b) + carry;
        sum.push(total as u32);
        carry = total >> 32;
    }
    sum.push(carry as u32);
    sum
}

/// `a - b`, where `a` is not smaller.
fn subtract(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut difference = Vec::with_capacity(a.len());
    let mut borrow = 0i64;
    for (i, &digit) in a.iter().enumerate() {
        let total = i64::from(digit) - i64::from(b.get(i).copied().unwrap_or(0)) - borrow;
        borrow = i64::from(total < 0);
        difference.push(total as u32);
    }
    difference
}

fn multiply_add(digits: &mut Vec<u32>, factor: u32, addend: u32) {
    let mut carry = u64::from(addend);
    for digit in digits.iter_mut() {
        let total = u64::from(*digit) * u64::from(factor) + carry;
        *digit = total as u32;
        carry = total >> 32;
    }
    if carry > 0 {
        digits.push(carry as u32);
    }
}

/// Divides in place; the remainder.
fn divide_small(digits: &mut Vec<u32>, divisor: u32) -> u32 {
    let mut remainder = 0u64;
    for digit in digits.iter_mut().rev() {
        let total = remainder << 32 | u64::from(*digit);
        *digit = (total / u64::from(divisor)) as u32;
        remainder = total % u64::from(divisor);
    }
    while digits.last() == Some(&0) {
        digits.pop();
    }
    remainder as u32
}

/// Schoolbook division (Knuth's algorithm D).
fn divide(a: &[u32], b: &[u32]) -> Option<(Vec<u32>, Vec<u32>)> {
    let &top = b.last()?;
    if compare(a, b) == Ordering::Less {
        return Some((Vec::new(), a.to_vec()));
    }
    if b.len() == 1 {
        let mut quotient = a.to_vec();
        let remainder = divide_small(&mut quotient, top);
        return Some((quotient, vec![remainder]));
    }
    let shift = top.leading_zeros();
    let divisor = shift_left(b, shift);
    let mut rest = shift_left(a, shift);
    rest.resize(a.len() + 1, 0);
    let n = b.len();
    let mut quotient = vec![0u32; rest.len() - n];
    for j in (0..quotient.len()).rev() {
        quotient[j] = quotient_digit(&mut rest[j..=j + n], &divisor[..n]);
    }
    rest.truncate(n);
    Some((quotient, shift_right(&rest, shift)))
}

/// One digit of the quotient; takes its multiple of the divisor off `rest`, which is one digit longer.
fn quotient_digit(rest: &mut [u32], divisor: &[u32]) -> u32 {
    let n = divisor.len();
    let head = u64::from(rest[n]) << 32 | u64::from(rest[n - 1]);
    let mut guess = (head / u64::from(divisor[n - 1])).min(u64::from(u32::MAX));
    let mut left = head - guess * u64::from(divisor[n - 1]);
    while left <= u64::from(u32::MAX) && guess * u64::from(divisor[n - 2]) > (left << 32 | u64::from(rest[n - 2])) {
        guess -= 1;
        left += u64::from(divisor[n - 1]);
    }
    if take_multiple(rest, divisor, guess) {
        guess -= 1;
        give_back(rest, divisor);
    }
    guess as u32
}

/// Takes `factor` times the divisor off `rest`; whether that was too much.
fn take_multiple(rest: &mut [u32], divisor: &[u32], factor: u64) -> bool {
    let mut borrow = 0i64;
    let mut carry = 0u64;
    for (i, digit) in rest.iter_mut().enumerate() {
        let product = factor * u64::from(divisor.get(i).copied().unwrap_or(0)) + carry;
        carry = product >> 32;
        let total = i64::from(*digit) - i64::from(product as u32) - borrow;
        borrow = i64::from(total < 0);
        *digit = total as u32;
    }
    borrow > 0
}

fn give_back(rest: &mut [u32], divisor: &[u32]) {
    let mut carry = 0u64;
    for (i, digit) in rest.iter_mut().enumerate() {
        let total = u64::from(*digit) + u64::from(divisor.get(i).copied().unwrap_or(0)) + carry;
        *digit = total as u32;
        carry = total >> 32;
    }
}

fn shift_left(digits: &[u32], shift: u32) -> Vec<u32> {
    let mut shifted = Vec::with_capacity(digits.len() + 1);
    let mut carry = 0u64;
    for &digit in digits {
        let total = u64::from(digit) << shift | carry;
        shifted.push(total as u32);
        carry = total >> 32;
    }
    shifted.push(carry as u32);
    shifted
}

fn shift_right(digits: &[u32], shift: u32) -> Vec<u32> {
    (0..digits.len())
        .map(|i| {
            let high = u64::from(digits.get(i + 1).copied().unwrap_or(0));
            ((high << 32 | u64::from(digits[i])) >> shift) as u32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn big(text: &str) -> BigInt {
        BigInt::parse(text).unwrap_or_default()
    }

    #[test]
    fn prints_what_it_parses() {
        for text in ["0", "-1", "4294967296", "-18446744073709551616", "100000000000000000000000000000000000001"] {
            assert_eq!(big(text).to_string(), text);
        }
        assert_eq!(big("-0").to_string(), "0");
        assert_eq!(BigInt::parse("1x"), None);
    }

    #[test]
    fn adds_and_subtracts_across_signs() {
        assert_eq!(big("18446744073709551615").add(&big("1")).to_string(), "18446744073709551616");
        assert_eq!(big("-5").add(&big("3")).to_string(), "-2");
        assert_eq!(big("3").subtract(&big("18446744073709551616")).to_string(), "-18446744073709551613");
    }

    #[test]
    fn quotient_times_divisor_plus_remainder_is_the_dividend() {
        let numbers = [
            "340282366920938463463374607431768211455",
            "-79228162514264337593543950336",
            "99999999999999999999",
            "7",
            "-4294967295",
        ];
        for a in numbers.map(big) {
            for b in numbers.map(big) {
                let Some((q, r)) = a.divide(&b) else { panic!("{a} / {b}") };
                assert_eq!(q.multiply(&b).add(&r), a, "{a} / {b}");
                assert!(r.is_zero() || r.is_negative() == a.is_negative());
            }
        }
        assert_eq!(big("1").divide(&big("0")), None);
    }

    #[test]
    fn narrows_as_java_does() {
        assert_eq!(big("9223372036854775808").wrapping_i64(), i64::MIN);
        assert_eq!(big("-9223372036854775808").to_i64(), Some(i64::MIN));
        assert_eq!(big("9223372036854775808").to_i64(), None);
    }
}
