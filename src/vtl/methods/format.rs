//! `String.format`: the conversions that templates use.

use crate::vtl::decimal::Decimal;
use crate::vtl::error::RenderError;
use crate::vtl::number::Number;
use crate::vtl::value::Value;

/// The widest field and the longest fraction.
const LARGEST: usize = 10_000;

/// One `%…` of a pattern.
#[derive(Default)]
struct Field {
    position: Option<usize>,
    left: bool,
    plus: bool,
    space: bool,
    zeros: bool,
    groups: bool,
    parentheses: bool,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

/// Formats `arguments`, whose texts are `texts`.
pub(super) fn format(pattern: &str, arguments: &[Value], texts: &[String]) -> Result<String, RenderError> {
    let mut out = String::with_capacity(pattern.len());
    let mut next = 0;
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (field, after) = field(&rest[at + 1..])
            .ok_or_else(|| RenderError::runtime(format!("UnknownFormatConversionException: in {pattern:?}")))?;
        rest = after;
        match field.conversion {
            'n' => out.push('\n'),
            '%' => out.push_str(&pad("%", &field)),
            _ => {
                let index = field.position.unwrap_or_else(|| {
                    next += 1;
                    next - 1
                });
                let (Some(argument), Some(text)) = (arguments.get(index), texts.get(index)) else {
                    let message = format!("MissingFormatArgumentException: argument {} of {pattern:?}", index + 1);
                    return Err(RenderError::runtime(message));
                };
                out.push_str(&converted(&field, argument, text)?);
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Reads what follows `%`.
fn field(text: &str) -> Option<(Field, &str)> {
    let mut field = Field::default();
    let mut rest = text;
    if let Some((digits, after)) = text.split_once('$')
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        field.position = Some(digits.parse::<usize>().ok()?.checked_sub(1)?);
        rest = after;
    }
    while let Some(flag) = rest.chars().next().filter(|c| "-+ 0,(#".contains(*c)) {
        match flag {
            '-' => field.left = true,
            '+' => field.plus = true,
            ' ' => field.space = true,
            '0' => field.zeros = true,
            ',' => field.groups = true,
            '(' => field.parentheses = true,
            _ => {}
        }
        rest = &rest[1..];
    }
    let (width, after) = digits(rest)?;
    field.width = width.unwrap_or(0);
    rest = after;
    if let Some(after) = rest.strip_prefix('.') {
        let (precision, after) = digits(after)?;
        field.precision = Some(precision?);
        rest = after;
    }
    let conversion = rest.chars().next()?;
    field.conversion = conversion;
    "sSdfxXbBceEgon%".contains(conversion).then(|| (field, &rest[1..]))
}

fn digits(text: &str) -> Option<(Option<usize>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 {
        return Some((None, text));
    }
    let value = text[..end].parse().ok().filter(|&value| value <= LARGEST)?;
    Some((Some(value), &text[end..]))
}

fn converted(field: &Field, argument: &Value, text: &str) -> Result<String, RenderError> {
    let mismatch =
        || RenderError::runtime(format!("IllegalFormatConversionException: %{} of {text}", field.conversion));
    let body = match (field.conversion, argument) {
        ('b' | 'B', Value::Bool(value)) => value.to_string(),
        ('b' | 'B', value) => (!value.is_null()).to_string(),
        ('s' | 'S', _) => text.chars().take(field.precision.unwrap_or(usize::MAX)).collect(),
        (_, Value::Null) => "null".to_owned(),
        ('c', Value::Char(_)) => text.to_owned(),
        ('c', Value::Number(Number::Int(n))) => {
            u32::try_from(*n).ok().and_then(char::from_u32).ok_or_else(mismatch)?.to_string()
        }
        ('d', Value::Number(n)) if n.is_whole() => return Ok(signed(field, text)),
        ('x' | 'X', Value::Number(Number::Int(n))) => format!("{n:x}"),
        ('x' | 'X', Value::Number(Number::Long(n))) => format!("{n:x}"),
        ('x' | 'X', Value::Number(Number::Big(n))) => n.to_hexadecimal(),
        ('o', Value::Number(Number::Int(n))) => format!("{n:o}"),
        ('o', Value::Number(Number::Long(n))) => format!("{n:o}"),
        ('f', Value::Number(n)) if !n.is_whole() => return Ok(signed(field, &fixed(n, field.precision.unwrap_or(6)))),
        ('e' | 'E', Value::Number(n)) if !n.is_whole() => {
            let text = signed(field, &scientific(n.to_double(), field.precision.unwrap_or(6)));
            return Ok(if field.conversion == 'E' { text.to_uppercase() } else { text });
        }
        _ => return Err(mismatch()),
    };
    let upper = field.conversion.is_ascii_uppercase();
    let body = if upper { body.to_uppercase() } else { body };
    if field.zeros && matches!(field.conversion, 'x' | 'X' | 'o') {
        return Ok(format!("{}{body}", "0".repeat(field.width.saturating_sub(body.len()))));
    }
    Ok(pad(&body, field))
}

/// Rounded half up in decimal, as Java does from the shortest digits.
fn fixed(number: &Number, precision: usize) -> String {
    let text = number.to_string();
    let (sign, magnitude) = text.strip_prefix('-').map_or(("", text.as_str()), |magnitude| ("-", magnitude));
    match Decimal::parse(magnitude) {
        Some(decimal) => format!("{sign}{}", decimal.round_half_up(precision).to_plain()),
        None => text,
    }
}

fn scientific(number: f64, precision: usize) -> String {
    if !number.is_finite() {
        return Number::Double(number).to_string();
    }
    // half up from the shortest digits, too
    let text = format!("{:e}", number.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mut exponent: i32 = exponent.parse().unwrap_or(0);
    let mut mantissa = match Decimal::parse(mantissa) {
        Some(decimal) => decimal.round_half_up(precision).to_plain(),
        None => mantissa.to_owned(),
    };
    if mantissa.starts_with("10") {
        // 9.99 became 10.0
        mantissa = format!("1{}{}", if precision > 0 { "." } else { "" }, "0".repeat(precision));
        exponent += 1;
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{mantissa}e{direction}{:0>2}", exponent.abs())
}

/// A number with its sign, groups and padding.
fn signed(field: &Field, text: &str) -> String {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let digits = if field.groups { grouped(digits) } else { digits.to_owned() };
    let (before, after) = match (negative, field.parentheses) {
        (true, true) => ("(", ")"),
        (true, false) => ("-", ""),
        (false, _) if field.plus => ("+", ""),
        (false, _) if field.space => (" ", ""),
        _ => ("", ""),
    };
    let length = before.len() + digits.len() + after.len();
    let zeros = if field.zeros { "0".repeat(field.width.saturating_sub(length)) } else { String::new() };
    pad(&format!("{before}{zeros}{digits}{after}"), field)
}

fn grouped(digits: &str) -> String {
    let (whole, fraction) = digits.find('.').map_or((digits, ""), |at| digits.split_at(at));
    let mut out = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out + fraction
}

fn pad(text: &str, field: &Field) -> String {
    let width = field.width;
    if field.left { format!("{text:<width$}") } else { format!("{text:>width$}") }
}
