//! `$.list.length()`, `$.list.sum()` and the like.

use super::{Rendered, Renderer, parse};
use crate::vtl::java;
use crate::vtl::number::Number;
use crate::vtl::value::{ListKind, Part, Value};

/// Reads a path that ends in a function; `None` if it does not, or there is nothing to apply it to.
pub(super) fn read(renderer: &mut Renderer, path: &str, document: &Value) -> Rendered<Option<Value>> {
    let Some((place, name)) = path.trim().strip_suffix("()").and_then(|call| call.rsplit_once('.')) else {
        return Ok(None);
    };
    if !matches!(name, "length" | "size" | "keys" | "min" | "max" | "avg" | "sum" | "stddev") || place.is_empty() {
        return Ok(None);
    }
    let parsed = parse::path(place, 0)?;
    match super::find(renderer, &parsed, document, document) {
        Ok(value) => Ok(apply(name, &value)),
        Err(super::Miss::Nothing) => Ok(None),
        Err(super::Miss::Failed(interrupt)) => Err(interrupt),
    }
}

fn apply(name: &str, value: &Value) -> Option<Value> {
    match (name, value) {
        ("length" | "size", Value::List(list)) => Some(Value::int(list.items.borrow().len())),
        ("length" | "size", Value::Map(map)) => Some(Value::int(map.len())),
        ("length" | "size", Value::String(text)) => Some(Value::int(java::length(text))),
        ("keys", Value::Map(map)) => Some(Value::list(ListKind::Json, map.part(Part::Keys))),
        (_, Value::List(list)) => {
            let numbers: Vec<f64> = list
                .items
                .borrow()
                .iter()
                .filter_map(|item| match item {
                    Value::Number(n) => Some(n.to_double()),
                    _ => None,
                })
                .collect();
            aggregate(name, &numbers).map(|n| Value::Number(Number::Double(n)))
        }
        _ => None,
    }
}

fn aggregate(name: &str, numbers: &[f64]) -> Option<f64> {
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    if numbers.is_empty() {
        return None;
    }
    match name {
        "min" => numbers.iter().copied().reduce(f64::min),
        "max" => numbers.iter().copied().reduce(f64::max),
        "sum" => Some(sum),
        "avg" => Some(sum / count),
        "stddev" => {
            let squares: f64 = numbers.iter().map(|n| n * n).sum();
            Some((squares / count - (sum / count).powi(2)).sqrt())
        }
        _ => None,
    }
}
