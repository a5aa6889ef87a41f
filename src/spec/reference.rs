//! `${ssm:NAME}` and `${secret:NAME}`: references in the function's environment. They are passed on as names and never
//! looked up here, so no value of theirs can be shown or kept by this program.

use super::decode::At;
use super::interpolate::{fill, shorten};
use super::model::{EnvironmentValue, Reference, Store};

/// How each store is written.
const STORES: [(&str, Store); 2] = [("ssm:", Store::Parameters), ("secret:", Store::Secrets)];

/// The longest name of a parameter and of a secret, in characters, and a parameter's levels (their API models).
const PARAMETER: usize = 1_011;
const SECRET: usize = 512;
const LEVELS: usize = 15;

/// What a text refers to by its whole; none where it is another text. `raw` is the text as it stands in the file.
fn inside(raw: &str) -> Option<(Store, &str)> {
    let inner = raw.strip_prefix("${")?.strip_suffix('}')?;
    let (mark, store) = STORES.into_iter().find(|(mark, _)| inner.starts_with(mark))?;
    let name = &inner[mark.len()..];
    // One reference and no more: what closes must be its own brace.
    let mut depth = 0usize;
    for (at, letter) in name.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return None,
            '}' => depth -= 1,
            '$' if name[at..].starts_with("${ssm:") || name[at..].starts_with("${secret:") => return None,
            _ => {}
        }
    }
    Some((store, name))
}

/// Is it the name of a reference that stands where none can?
pub(super) fn is_reference(variable: &str) -> bool {
    STORES.iter().any(|(mark, _)| variable.starts_with(mark))
}

/// The value of a variable that is a reference; none where the text is no reference. Mistakes in one are noted at `at`.
pub(super) fn read(at: &At<'_>, raw: &str, secret: bool) -> Option<Option<EnvironmentValue>> {
    let (store, name) = inside(raw)?;
    let name = match fill(name, at.scope()) {
        Ok(name) => name,
        Err(faults) => {
            faults.into_iter().for_each(|fault| at.fault(fault.code, fault.message, fault.help));
            return Some(None);
        }
    };
    if let Some((why, help)) = wrong(store, &name.text) {
        let what = if store == Store::Parameters { "a parameter" } else { "a secret" };
        at.fault("bad_reference", format!("`{}` names no {}: {why}", shorten(raw), &what[2..]), help);
        return Some(None);
    }
    let secret = secret || name.asks_env;
    let reference = Reference { store, name: name.text.clone() };
    Some(Some(EnvironmentValue { value: name.text, secret, reference: Some(reference) }))
}

/// Why AWS would know nothing of that name, and what is right.
fn wrong(store: Store, name: &str) -> Option<(String, &'static str)> {
    let (more, longest, help) = match store {
        Store::Parameters => {
            ("_.-/", PARAMETER, "write ${ssm:NAME}, such as ${ssm:/app/token}: its name, no ARN and no version")
        }
        Store::Secrets if name.starts_with("arn:") => {
            let parts: Vec<&str> = name.splitn(7, ':').collect();
            let right = matches!(parts.as_slice(), ["arn", _, "secretsmanager", region, account, "secret", name]
                if !region.is_empty() && account.len() == 12 && !name.is_empty() && !name.contains(['*', '?', ':']));
            let help = "write arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-ABCDEF, or the secret's name alone";
            return (!right).then(|| ("that is no ARN of a secret".to_owned(), help));
        }
        Store::Secrets => ("/_+=.@-", SECRET, "write ${secret:NAME}, such as ${secret:app/token}, or the secret's ARN"),
    };
    if name.is_empty() {
        return Some(("the name is missing".to_owned(), help));
    }
    if let Some(letter) = name.chars().find(|letter| !letter.is_ascii_alphanumeric() && !more.contains(*letter)) {
        return Some((format!("`{}` may not stand in its name", letter.escape_default()), help));
    }
    if name.len() > longest {
        return Some((format!("its name has {} characters, and AWS takes {longest}", name.len()), help));
    }
    if store == Store::Parameters {
        if name.ends_with('/') || name.contains("//") || (name.contains('/') && !name.starts_with('/')) {
            return Some((
                "a path begins with `/`, does not end with it, and has a name between any two".to_owned(),
                help,
            ));
        }
        if name.matches('/').count() > LEVELS {
            return Some((format!("a path has {LEVELS} levels at most"), help));
        }
        let first = name.trim_start_matches('/').split('/').next().unwrap_or_default().to_ascii_lowercase();
        if first.starts_with("ssm") || (first.starts_with("aws") && name != "/aws" && !name.starts_with("/aws/")) {
            return Some(("names that begin with `aws` or `ssm` are AWS's own".to_owned(), help));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_the_whole_of_a_text() {
        assert_eq!(inside("${ssm:/a/b}"), Some((Store::Parameters, "/a/b")));
        assert_eq!(inside("${secret:app/${stage}/token}"), Some((Store::Secrets, "app/${stage}/token")));
        for text in [
            "${ssm:/a",
            "x${ssm:/a}",
            "${ssm:/a} ",
            "${ssm:/a}${ssm:/b}",
            "${env:A}",
            "$${ssm:/a}",
            "${ssm:/a}-${stage}",
        ] {
            assert_eq!(inside(text), None, "{text}");
        }
    }

    #[test]
    fn names_that_aws_would_not_know_are_wrong() {
        for (store, name) in [
            (Store::Parameters, "/app/token"),
            (Store::Parameters, "token"),
            (Store::Parameters, "/aws/service/ami"),
            (Store::Secrets, "app/token+1@home"),
            (Store::Secrets, "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/token-AbCdEf"),
        ] {
            assert_eq!(wrong(store, name), None, "{name}");
        }
        for (store, name) in [
            (Store::Parameters, ""),
            (Store::Parameters, "/app/"),
            (Store::Parameters, "/app//token"),
            (Store::Parameters, "app/token"),
            (Store::Parameters, "/app/token:3"),
            (Store::Parameters, "/a b"),
            (Store::Parameters, "ssm-token"),
            (Store::Parameters, "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p"),
            (Store::Secrets, ""),
            (Store::Secrets, "app:token"),
            (Store::Secrets, "arn:aws:secretsmanager:us-east-1:123456789012:secret:*"),
            (Store::Secrets, "arn:aws:ssm:us-east-1:123456789012:parameter/a"),
        ] {
            assert!(wrong(store, name).is_some(), "{name}");
        }
        assert!(wrong(Store::Secrets, &"a".repeat(SECRET + 1)).is_some());
    }
}
