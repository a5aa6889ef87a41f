//! MOCK: the request template says which status it is to be, and nothing is called.

use ::http::HeaderMap;
use bytes::Bytes;
use serde_json::Value;

use super::Endpoint;
use crate::local::gateway::integration_request::IntegrationRequest;
use crate::local::gateway::refusal::{Kind, Refusal};

/// # Errors
/// When the body names no status code.
pub fn answer(asked: &IntegrationRequest) -> Result<Endpoint, Refusal> {
    let Some(status) = status_code(&asked.body) else {
        return Err(Kind::ApiConfiguration
            .because("a MOCK integration's request template must give {\"statusCode\": N}; this gave something else"));
    };
    Ok(Endpoint { selector: status.to_string(), headers: HeaderMap::new(), body: Bytes::new(), told_trace: false })
}

fn status_code(body: &[u8]) -> Option<u16> {
    let status = match serde_json::from_slice::<Value>(body) {
        Ok(document) => match &document["statusCode"] {
            Value::Number(number) => number.as_u64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        },
        Err(_) => lenient(std::str::from_utf8(body).ok()?)?,
    };
    u16::try_from(status).ok().filter(|status| (100..=599).contains(status))
}

/// API Gateway reads this document with a parser that forgives: names without quotes or in single ones.
fn lenient(text: &str) -> Option<u64> {
    let text = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let (_, after) = text.split_once("statusCode")?;
    let value = after.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?;
    let value = value.trim_start().trim_start_matches(['"', '\'']);
    let end = value.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(value.len());
    value[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_with_some_leniency() {
        for (body, status) in [
            ("{\"statusCode\": 200}", Some(200)),
            ("{\"statusCode\": \"418\"}", Some(418)),
            ("{statusCode: 204}", Some(204)),
            ("{'statusCode': 404, 'x': 1}", Some(404)),
            ("{}", None),
            ("{\"statusCode\": 99}", None),
            ("{\"statusCode\": 200.5}", None),
            ("statusCode: 200", None),
            ("", None),
        ] {
            assert_eq!(status_code(body.as_bytes()), status, "{body}");
        }
    }
}
