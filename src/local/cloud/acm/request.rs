//! RequestCertificate.

use serde_json::{Value, json};

use crate::local::cloud::{ACCOUNT, Call, Failure, HEX};

use super::{Answer, Certificate, Token, constraint, tags};

const TOKEN_LIVES_MILLIS: u64 = 60 * 60 * 1000;

const KEY_ALGORITHMS: [&str; 7] =
    ["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"];

pub fn request(call: &mut Call<'_>, input: &Value) -> Answer {
    let domains = domains(input)?;
    let tags = tags::given(input)?;
    let key_algorithm = input["KeyAlgorithm"].as_str().unwrap_or("RSA_2048").to_owned();
    if !KEY_ALGORITHMS.contains(&key_algorithm.as_str()) {
        let rule = format!("Member must satisfy enum value set: [{}]", KEY_ALGORITHMS.join(", "));
        return Err(constraint(&key_algorithm, "keyAlgorithm", &rule));
    }
    let token = token(input)?;
    if let Some(token) = &token
        && let Some(known) = known(call, token, &domains)
    {
        return Ok(json!({ "CertificateArn": known }));
    }
    let id = [8, 4, 4, 4, 12].map(|length| call.id(length, HEX)).join("-");
    let arn = format!("arn:aws:acm:{}:{ACCOUNT}:certificate/{id}", call.region);
    if let Some(token) = token {
        let (region, at, domains) = (call.region.clone(), call.now, domains.clone());
        call.state.acm.tokens.push(Token { region, token, domains, at, arn: arn.clone() });
    }
    let certificate = Certificate {
        arn: arn.clone(),
        region: call.region.clone(),
        domains,
        requested: call.now,
        validation: input["ValidationMethod"].as_str().unwrap_or("EMAIL").to_owned(),
        key_algorithm,
        transparency_logging: input["Options"]["CertificateTransparencyLoggingPreference"]
            .as_str()
            .unwrap_or("ENABLED")
            .to_owned(),
        tags,
        ..Certificate::default()
    };
    call.state.acm.certificates.insert(arn.clone(), certificate);
    Ok(json!({ "CertificateArn": arn }))
}

/// The domain name, then the alternative names, each once and in lower case.
fn domains(input: &Value) -> Result<Vec<String>, Failure> {
    let domain = input["DomainName"].as_str().unwrap_or_default();
    check_domain(domain, "domainName")?;
    let mut domains = vec![domain.to_lowercase()];
    for name in input["SubjectAlternativeNames"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        check_domain(name, "subjectAlternativeNames")?;
        let name = name.to_lowercase();
        if !domains.contains(&name) {
            domains.push(name);
        }
    }
    if domains.len() > 10 {
        let message = "Error: you have reached your limit of 10 subject alternative names.";
        return Err(Failure::new(400, "LimitExceededException", message));
    }
    Ok(domains)
}

fn check_domain(name: &str, member: &str) -> Result<(), Failure> {
    let labels: Vec<&str> = name.strip_prefix("*.").unwrap_or(name).split('.').collect();
    let sound = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 {
        return Err(constraint(name, member, "Member must have length less than or equal to 253"));
    }
    if labels.len() < 2 || !labels.iter().all(sound) {
        let rule = "Member must satisfy regular expression pattern: \
                    (\\*\\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])";
        return Err(constraint(name, member, rule));
    }
    Ok(())
}

fn token(input: &Value) -> Result<Option<String>, Failure> {
    let Some(token) = input["IdempotencyToken"].as_str() else { return Ok(None) };
    if token.len() > 32 {
        return Err(constraint(token, "idempotencyToken", "Member must have length less than or equal to 32"));
    }
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(constraint(token, "idempotencyToken", "Member must satisfy regular expression pattern: \\w+"));
    }
    Ok(Some(token.to_owned()))
}

/// The ARN told for this token within the last hour.
fn known(call: &mut Call<'_>, token: &str, domains: &[String]) -> Option<String> {
    let (now, region) = (call.now, call.region.as_str());
    let tokens = &mut call.state.acm.tokens;
    tokens.retain(|known| now.saturating_sub(known.at) < TOKEN_LIVES_MILLIS);
    let mut same = tokens.iter().filter(|known| known.region == region && known.token == token);
    same.find(|known| known.domains == domains).map(|known| known.arn.clone())
}
