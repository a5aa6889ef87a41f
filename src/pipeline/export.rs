//! `poc export openapi`: from the file alone, without a word to AWS.

use serde_json::Value;

use super::session::variables;
use super::{Failure, Settings, opened};
use crate::desired::{self, Account};
use crate::resources::definition::Form;
use crate::spec::{UNKNOWN_ACCOUNT, Variables};

/// Which document.
#[derive(Clone, Debug, Default)]
pub struct OpenApiWanted {
    /// Without AWS's extensions.
    pub plain: bool,
    /// The account, where it is known.
    pub account: Option<String>,
}

/// The API as an OpenAPI 3.0 document.
///
/// # Errors
/// Faults of the file; [`Failure::Usage`] where no region is given anywhere.
pub fn export_openapi(settings: &Settings, wanted: &OpenApiWanted) -> Result<Value, Failure> {
    let document = opened::open(settings)?;
    let environment = || ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(|name| std::env::var(name).ok());
    let region = document.names(&variables(settings, None, None)).region.or_else(environment).ok_or_else(|| {
        Failure::Usage("no region: write region: in deploy.yaml, set AWS_REGION, or give --region".to_owned())
    })?;
    let account = wanted.account.as_deref();
    let settled = Variables { region: Some(&region), ..variables(settings, account, None) };
    let spec = document.spec(&settled).map_err(Failure::Faults)?;
    let whose = Account {
        id: account.unwrap_or(UNKNOWN_ACCOUNT).to_owned(),
        partition: partition(&region).to_owned(),
        region: region.clone(),
    };
    let form = if wanted.plain { Form::Plain } else { Form::Extended };
    let mut api = desired::openapi(&spec, &whose, form);
    // The embedded cloud's account has the number that stands in for others'.
    if account.is_none() && !settings.local {
        name_account(&mut api);
    }
    Ok(api)
}

pub(super) fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// What stood in for the account reads as in deploy.yaml again.
fn name_account(value: &mut Value) {
    match value {
        Value::String(text) if text.contains(UNKNOWN_ACCOUNT) => *text = text.replace(UNKNOWN_ACCOUNT, "${account}"),
        Value::Array(items) => items.iter_mut().for_each(name_account),
        Value::Object(members) => members.values_mut().for_each(name_account),
        _ => {}
    }
}
