//! Java's numbers and what the language does with them: types widen as needed, division of whole numbers is whole.

use std::cmp::Ordering;
use std::fmt;

use super::ast::Operator;
use super::bigint::BigInt;
use super::decimal::Decimal;
use super::error::RenderError;
use super::java_float;
use super::limits;

/// `Integer`, `Long`, `BigInteger`, `Float`, `Double` or `BigDecimal`.
#[derive(Debug, Clone)]
pub(super) enum Number {
    Int(i32),
    Long(i64),
    Big(BigInt),
    Float(f32),
    Double(f64),
    Decimal(Decimal),
}

/// How two numbers are computed with.
enum Base {
    Long(i64, i64),
    Big(BigInt, BigInt),
    Float(f32, f32),
    Double(f64, f64),
    Decimal(Decimal, Decimal),
}

impl Number {
    /// A number as written in a template.
    pub fn from_literal(image: &str) -> Option<Self> {
        if image.contains(['.', 'e', 'E']) {
            return image.parse().ok().map(Self::Double);
        }
        Self::whole(image)
    }

    /// Digits with an optional sign: the narrowest type that holds them.
    pub fn whole(digits: &str) -> Option<Self> {
        if let Ok(int) = digits.parse() {
            return Some(Self::Int(int));
        }
        if let Ok(long) = digits.parse() {
            return Some(Self::Long(long));
        }
        BigInt::parse(digits).map(Self::Big)
    }

    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Long(_) | Self::Big(_))
    }

    pub fn is_zero(&self) -> bool {
        match self {
            Self::Int(n) => *n == 0,
            Self::Long(n) => *n == 0,
            Self::Big(n) => n.is_zero(),
            Self::Float(n) => *n == 0.0,
            Self::Double(n) => *n == 0.0,
            Self::Decimal(n) => n.is_zero(),
        }
    }

    /// `longValue()`.
    pub fn to_long(&self) -> i64 {
        match self {
            Self::Int(n) => i64::from(*n),
            Self::Long(n) => *n,
            Self::Big(n) => n.wrapping_i64(),
            Self::Float(n) => *n as i64,
            Self::Double(n) => *n as i64,
            Self::Decimal(n) => n.to_big_int().wrapping_i64(),
        }
    }

    /// `intValue()`.
    pub fn to_int(&self) -> i32 {
        match self {
            Self::Float(n) => *n as i32,
            Self::Double(n) => *n as i32,
            _ => self.to_long() as i32,
        }
    }

    /// `doubleValue()`.
    pub fn to_double(&self) -> f64 {
        match self {
            Self::Int(n) => f64::from(*n),
            Self::Long(n) => *n as f64,
            Self::Big(n) => n.to_f64(),
            Self::Float(n) => f64::from(*n),
            Self::Double(n) => *n,
            Self::Decimal(n) => n.to_f64(),
        }
    }

    /// `floatValue()`.
    pub fn to_float(&self) -> f32 {
        match self {
            Self::Int(n) => *n as f32,
            Self::Long(n) => *n as f32,
            Self::Float(n) => *n,
            _ => self.to_double() as f32,
        }
    }

    pub fn to_big(&self) -> BigInt {
        match self {
            Self::Big(n) => n.clone(),
            _ => BigInt::from(self.to_long()),
        }
    }

    fn to_decimal(&self) -> Result<Decimal, RenderError> {
        match self {
            Self::Decimal(n) => Ok(n.clone()),
            Self::Big(n) => Ok(Decimal::from(n.clone())),
            _ => Decimal::from_f64(self.to_double())
                .ok_or_else(|| RenderError::runtime("an infinite or undefined number cannot be a decimal number")),
        }
    }

    /// `equals()`: the same type and the same value.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Long(a), Self::Long(b)) => a == b,
            (Self::Big(a), Self::Big(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Double(a), Self::Double(b)) => a.to_bits() == b.to_bits(),
            (Self::Decimal(a), Self::Decimal(b)) => a == b,
            _ => false,
        }
    }

    /// Size in 32-bit digits.
    pub fn size(&self) -> usize {
        match self {
            Self::Big(n) => n.size(),
            Self::Decimal(n) => n.size(),
            _ => 2,
        }
    }

    fn base(&self, other: &Self) -> Result<Base, RenderError> {
        let big = |n: &Self| matches!(n, Self::Big(_));
        let decimal = |n: &Self| matches!(n, Self::Decimal(_));
        let double = |n: &Self| matches!(n, Self::Double(_));
        let whole = self.is_whole() && other.is_whole();
        Ok(if decimal(self) || decimal(other) || (!whole && (big(self) || big(other))) {
            Base::Decimal(self.to_decimal()?, other.to_decimal()?)
        } else if whole && (big(self) || big(other)) {
            Base::Big(self.to_big(), other.to_big())
        } else if whole {
            Base::Long(self.to_long(), other.to_long())
        } else if double(self) || double(other) {
            Base::Double(self.to_double(), other.to_double())
        } else {
            Base::Float(self.to_float(), other.to_float())
        })
    }

    /// Whether two whole numbers below `BigInteger` are both `Integer`.
    fn both_int(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Int(_), Self::Int(_)))
    }

    /// A result of computing with `long`, as the narrowest of the operands' types that holds it.
    fn wrap(value: i64, int: bool) -> Self {
        match i32::try_from(value) {
            Ok(narrow) if int => Self::Int(narrow),
            _ => Self::Long(value),
        }
    }

    /// An arithmetic operation. `None` where the language has no result: division by zero.
    pub fn compute(&self, operator: Operator, other: &Self) -> Result<Option<Self>, RenderError> {
        if self.size() + other.size() > limits::BIG_DIGITS {
            return Err(RenderError::limit("a number grew too large"));
        }
        let dividing = matches!(operator, Operator::Divide | Operator::Modulus);
        if dividing && other.is_zero() {
            return Ok(None);
        }
        let int = self.both_int(other);
        Ok(match self.base(other)? {
            Base::Long(a, b) => Some(long(operator, a, b, int)),
            Base::Big(a, b) => big(operator, &a, &b)?,
            Base::Float(a, b) => Some(Self::Float(float(operator, f64::from(a), f64::from(b)) as f32)),
            Base::Double(a, b) => Some(Self::Double(float(operator, a, b))),
            Base::Decimal(a, b) => decimal(operator, &a, &b)?,
        })
    }

    /// The language's comparison. Floating point that is neither less nor greater counts as equal, NaN included.
    pub fn compare(&self, other: &Self) -> Result<Ordering, RenderError> {
        Ok(match self.base(other)? {
            Base::Long(a, b) => a.cmp(&b),
            Base::Big(a, b) => a.cmp(&b),
            Base::Float(a, b) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            Base::Double(a, b) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            Base::Decimal(a, b) => a.cmp(&b),
        })
    }
}

fn long(operator: Operator, a: i64, b: i64, int: bool) -> Number {
    let checked = match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide => Some(a.wrapping_div(b)),
        _ => Some(a.wrapping_rem(b)),
    };
    match checked {
        Some(value) => Number::wrap(value, int),
        // the language checks products by dividing back, which this one quotient defeats
        None if operator == Operator::Multiply && a == i64::MIN && b == -1 => Number::Long(i64::MIN),
        None => {
            let (a, b) = (BigInt::from(a), BigInt::from(b));
            Number::Big(match operator {
                Operator::Add => a.add(&b),
                Operator::Subtract => a.subtract(&b),
                _ => a.multiply(&b),
            })
        }
    }
}

fn big(operator: Operator, a: &BigInt, b: &BigInt) -> Result<Option<Number>, RenderError> {
    let value = match operator {
        Operator::Add => Some(a.add(b)),
        Operator::Subtract => Some(a.subtract(b)),
        Operator::Multiply => Some(a.multiply(b)),
        Operator::Divide => a.divide(b).map(|(quotient, _)| quotient),
        _ if b.is_negative() => return Err(RenderError::runtime("BigInteger: modulus not positive")),
        _ => a.divide(b).map(|(_, remainder)| if remainder.is_negative() { remainder.add(b) } else { remainder }),
    };
    Ok(value.map(Number::Big))
}

fn float(operator: Operator, a: f64, b: f64) -> f64 {
    match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        _ => a % b,
    }
}

fn decimal(operator: Operator, a: &Decimal, b: &Decimal) -> Result<Option<Number>, RenderError> {
    let value = match operator {
        Operator::Add => Some(a.add(b)),
        Operator::Subtract => Some(a.subtract(b)),
        Operator::Multiply => Some(a.multiply(b)),
        Operator::Divide => a.divide(b),
        _ => return Err(RenderError::runtime("Cannot calculate the modulo of BigDecimals.")),
    };
    Ok(value.map(Number::Decimal))
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(n) => write!(f, "{n}"),
            Self::Long(n) => write!(f, "{n}"),
            Self::Big(n) => write!(f, "{n}"),
            Self::Float(n) => f.write_str(&java_float::float(*n)),
            Self::Double(n) => f.write_str(&java_float::double(*n)),
            Self::Decimal(n) => write!(f, "{n}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_widen_and_do_not_wrap() {
        let compute = |a: Number, op, b: Number| a.compute(op, &b).ok().flatten().map(|n| n.to_string());
        assert_eq!(compute(Number::Int(i32::MAX), Operator::Add, Number::Int(1)).as_deref(), Some("2147483648"));
        assert_eq!(
            compute(Number::Long(i64::MAX), Operator::Add, Number::Int(1)).as_deref(),
            Some("9223372036854775808")
        );
        assert_eq!(compute(Number::Int(7), Operator::Divide, Number::Int(-2)).as_deref(), Some("-3"));
        assert_eq!(compute(Number::Int(7), Operator::Modulus, Number::Int(0)), None);
    }
}
