//! Who calls: AWS_IAM signatures and API keys.
//!
//! A signature cannot be verified here, because nobody keeps a secret: any well-formed Signature Version 4 of the
//! embedded cloud's own access key counts, everything else is refused as AWS refuses it.

use std::sync::Arc;

use super::refusal::{Kind, Refusal};
use super::request::MethodRequest;
use super::site::{Admission, Authorization, Known, Stage};

/// The access key that the embedded cloud's clients sign with.
const ACCESS_KEY: &str = "LOCAL";

/// # Errors
/// When the method is for signed requests and this is not one, or for an authorizer that cannot exist here.
pub fn authorize(authorization: &Authorization, request: &mut MethodRequest) -> Result<(), Refusal> {
    match authorization {
        Authorization::None => Ok(()),
        Authorization::Iam => {
            request.access_key = Some(signed_by(request)?);
            Ok(())
        }
        Authorization::Unsupported(kind) => {
            Err(Kind::AuthorizerConfiguration.because(format!("authorization {kind} does not exist in this cloud")))
        }
    }
}

fn signed_by(request: &MethodRequest) -> Result<String, Refusal> {
    let (credential, signature) = match request.header("authorization") {
        Some(header) => from_header(&header)?,
        None => match (request.query("X-Amz-Credential"), request.query("X-Amz-Signature")) {
            (Some(credential), Some(signature)) => (credential.to_owned(), signature.to_owned()),
            _ => return Err(Kind::MissingAuthenticationToken.because("the method is AWS_IAM, the request not signed")),
        },
    };
    let scope: Vec<&str> = credential.split('/').collect();
    let [access_key, date, _, "execute-api", "aws4_request"] = scope.as_slice() else {
        let message = "Credential should be scoped to correct service: 'execute-api'.";
        return Err(Kind::InvalidSignature.because(message).saying(message));
    };
    let dated = date.len() == 8 && date.bytes().all(|digit| digit.is_ascii_digit());
    if !dated || signature.len() != 64 || !signature.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        let message = "The request signature we calculated does not match the signature you provided. Check your AWS \
                       Secret Access Key and signing method. Consult the service documentation for details.";
        return Err(Kind::InvalidSignature.because("the signature is not well-formed").saying(message));
    }
    if *access_key != ACCESS_KEY {
        return Err(Kind::UnknownAccessKey.because(format!("this cloud knows the access key {ACCESS_KEY} alone")));
    }
    Ok(ACCESS_KEY.to_owned())
}

fn from_header(header: &str) -> Result<(String, String), Refusal> {
    let Some(rest) = header.strip_prefix("AWS4-HMAC-SHA256 ") else {
        return Err(incomplete(&["Credential", "Signature", "SignedHeaders"], header));
    };
    let part = |name: &str| {
        rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    match (part("Credential"), part("Signature"), part("SignedHeaders")) {
        (Some(credential), Some(signature), Some(_)) => Ok((credential, signature)),
        (credential, signature, signed) => {
            let all = [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed)];
            let missing: Vec<&str> = all.iter().filter(|(_, part)| part.is_none()).map(|(name, _)| *name).collect();
            Err(incomplete(&missing, header))
        }
    }
}

fn incomplete(missing: &[&str], header: &str) -> Refusal {
    let parts: Vec<String> =
        missing.iter().map(|name| format!("Authorization header requires '{name}' parameter.")).collect();
    let message = format!(
        "{} Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization={}",
        parts.join(" "),
        header.split(' ').next().unwrap_or_default()
    );
    Kind::IncompleteSignature.because("the Authorization header is no Signature Version 4").saying(message)
}

/// The key that a request brings, if it opens this stage (`AWS_FACTS` C2) and is usable since it joined its plan.
///
/// # Errors
/// When there is none, it is unknown or disabled, or no usage plan of the stage holds it.
pub fn admission(
    stage: &Stage,
    request: &MethodRequest,
    is_usable: impl Fn(u64) -> bool,
) -> Result<Arc<Admission>, Refusal> {
    if stage.key_source != "HEADER" {
        let reason = format!("API keys come from {}, and there are no authorizers in this cloud", stage.key_source);
        return Err(Kind::InvalidApiKey.because(reason));
    }
    let Some(value) = request.header("x-api-key").filter(|value| !value.is_empty()) else {
        return Err(Kind::InvalidApiKey.because("the method needs an API key, and the request has no x-api-key header"));
    };
    if let Some(admission) = stage.admissions.get(value.as_ref()) {
        if !is_usable(admission.joined) {
            let name = &admission.key_name;
            let reason =
                format!("the API key {name} joined its usage plan a moment ago, which is not known everywhere yet");
            return Err(Kind::InvalidApiKey.because(reason));
        }
        return Ok(admission.clone());
    }
    Err(Kind::InvalidApiKey.because(match stage.known_keys.get(value.as_ref()) {
        None => "there is no API key with the value that the request brings".to_owned(),
        Some(Known { name, enabled: false }) => format!("the API key {name} is disabled"),
        Some(Known { name, .. }) => {
            format!("the API key {name} is in no usage plan of the stage {} of API {}", stage.name, stage.api_id)
        }
    }))
}
