//! Function names as callers write them: `name`, `name:qualifier`, or an ARN with or without a qualifier.

use crate::local::cloud::{ACCOUNT, Call, Failure};

use super::{Function, constraint, functions, invalid, missing};

const PATTERN: &str = "Member must satisfy regular expression pattern: \
    (arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?\
    ([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";

const QUALIFIER_PATTERN: &str =
    "Member must satisfy regular expression pattern: \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+";

/// Which function, and which of its versions or aliases.
#[derive(Clone, Debug)]
pub struct Target {
    pub name: String,
    /// `arn:aws:lambda:…:function:name`.
    pub arn: String,
    pub qualifier: Option<String>,
}

impl Target {
    /// Reads `given`, and the `Qualifier` of the request where it has one.
    pub fn read(call: &Call<'_>, given: &str, qualifier: Option<&str>) -> Result<Target, Failure> {
        Target::in_region(&call.region, given, qualifier)
    }

    /// The same, for a caller in `here`.
    ///
    /// # Errors
    /// When the name is none, or means a function elsewhere.
    pub fn in_region(here: &str, given: &str, qualifier: Option<&str>) -> Result<Target, Failure> {
        let parts: Vec<&str> = given.split(':').collect();
        let (region, account, name, inline) = match parts[..] {
            [name] => (None, None, name, None),
            [name, qualifier] if name != "function" => (None, None, name, Some(qualifier)),
            ["function", name] => (None, None, name, None),
            [account, "function", name] => (None, Some(account), name, None),
            [account, "function", name, qualifier] => (None, Some(account), name, Some(qualifier)),
            ["arn", _, "lambda", region, account, "function", name] => (Some(region), Some(account), name, None),
            ["arn", _, "lambda", region, account, "function", name, qualifier] => {
                (Some(region), Some(account), name, Some(qualifier))
            }
            _ => return Err(constraint(&format!("'{given}'"), "functionName", PATTERN)),
        };
        let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let good_qualifier = |text: &str| text == "$LATEST" || (word(text) && !text.is_empty());
        if name.is_empty() || !word(name) || !inline.is_none_or(good_qualifier) {
            return Err(constraint(&format!("'{given}'"), "functionName", PATTERN));
        }
        if given.len() > 140 {
            let rule = "Member must have length less than or equal to 140";
            return Err(constraint(&format!("'{given}'"), "functionName", rule));
        }
        if name.len() > 64 {
            let rule = "Member must have length less than or equal to 64";
            let mut failure = constraint(&format!("'{name}'"), "functionName", rule);
            failure.code = "InvalidParameterValueException".to_owned();
            return Err(failure);
        }
        if let Some(region) = region.filter(|region| *region != here) {
            let message = format!("Functions from '{region}' are not reachable in this region ('{here}')");
            return Err(missing(message));
        }
        if account.is_some_and(|account| account != ACCOUNT) {
            return Err(Failure::new(403, "AccessDeniedException", ""));
        }
        if let Some(asked) = qualifier.filter(|asked| !is_qualifier(asked)) {
            return Err(constraint(&format!("'{asked}'"), "qualifier", QUALIFIER_PATTERN));
        }
        if let (Some(inline), Some(asked)) = (inline, qualifier)
            && inline != asked
        {
            let message = "The derived qualifier from the function name does not match the specified qualifier.";
            return Err(invalid(message));
        }
        Ok(Target {
            name: name.to_owned(),
            arn: function_arn(here, name),
            qualifier: inline.or(qualifier).map(str::to_owned),
        })
    }

    /// With the qualifier, where there is one.
    pub fn qualified_arn(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.arn),
            None => self.arn.clone(),
        }
    }

    pub fn not_found(&self) -> Failure {
        missing(format!("Function not found: {}", self.qualified_arn()))
    }

    pub fn function<'c>(&self, call: &'c mut Call<'_>) -> Result<&'c mut Function, Failure> {
        functions(call).get_mut(&self.name).ok_or_else(|| self.not_found())
    }
}

pub fn function_arn(region: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{name}")
}

/// What AWS's model lets a qualifier be.
fn is_qualifier(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_$".contains(&byte))
}
