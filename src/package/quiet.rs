//! Takes secrets out of what programs say: passwords in the URLs of private indexes, tokens of registries, and whatever
//! this process's environment holds under a name that tells it is one.

/// Parts of names of environment variables that hold secrets.
const TELLING: [&str; 8] = ["TOKEN", "PASSWORD", "PASSWD", "SECRET", "CREDENTIAL", "API_KEY", "ACCESS_KEY", "AUTH"];
/// A shorter value may be part of any word.
const SHORTEST: usize = 8;
/// What npm's settings call theirs.
const SETTINGS: [&str; 3] = ["_authToken=", "_auth=", "_password="];
const HIDDEN: &str = "(secret)";

pub(super) struct Quiet {
    secrets: Vec<String>,
}

impl Quiet {
    pub fn of_this_process() -> Quiet {
        Quiet::of(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    fn of(environment: impl Iterator<Item = (String, String)>) -> Quiet {
        let telling = |name: &str| TELLING.iter().any(|part| name.to_ascii_uppercase().contains(part));
        // A socket or a file to ask is no secret.
        let place = |value: &str| value.starts_with('/');
        let mut secrets: Vec<String> = environment
            .filter(|(name, value)| telling(name) && value.len() >= SHORTEST && !place(value))
            .map(|(_, value)| value)
            .collect();
        // A longer one may contain a shorter one.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Quiet { secrets }
    }

    /// The line without any of them.
    pub fn said(&self, line: &str) -> String {
        let mut line = without_userinfo(line);
        for secret in &self.secrets {
            if line.contains(secret.as_str()) {
                line = line.replace(secret.as_str(), HIDDEN);
            }
        }
        SETTINGS.iter().fold(line, |line, setting| without_value(&line, setting))
    }
}

/// `https://user:pass@host/` becomes `https://(secret)@host/`. A user alone is left where no password could be meant by
/// it, as in `ssh://git@host`.
fn without_userinfo(line: &str) -> String {
    let mut said = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        said += before;
        let end = after.find(|c: char| c.is_whitespace() || "/?#\"'<>`".contains(c)).unwrap_or(after.len());
        let web = before.ends_with("http://") || before.ends_with("https://");
        rest = match after[..end].rfind('@') {
            Some(sign) if web || after[..sign].contains(':') => {
                said += HIDDEN;
                &after[sign..]
            }
            _ => after,
        };
    }
    said + rest
}

fn without_value(line: &str, setting: &str) -> String {
    let Some(at) = line.find(setting) else { return line.to_owned() };
    let (before, value) = line.split_at(at + setting.len());
    let end = value.find(|c: char| c.is_whitespace() || c == '"' || c == '\'').unwrap_or(value.len());
    format!("{before}{HIDDEN}{}", &value[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_tokens_are_not_said() {
        let environment = [
            ("UV_INDEX_INTERNAL_PASSWORD", "hunter2hunter2"),
            ("NPM_TOKEN", "npm_0123456789"),
            ("SSH_AUTH_SOCK", "/tmp/agent.1"),
            ("SHORT_TOKEN", "abc"),
            ("HOME", "/home/me/somewhere"),
        ];
        let quiet = Quiet::of(environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        for (line, said) in [
            (
                "Looking in indexes: https://me:s3cret@pypi.example.com/simple",
                "Looking in indexes: https://(secret)@pypi.example.com/simple",
            ),
            ("a https://t0ken@h/x, b http://u:p@h:1 c", "a https://(secret)@h/x, b http://(secret)@h:1 c"),
            ("https://user:p@ss@host/", "https://(secret)@host/"),
            (
                "git+ssh://git@github.com/a/b and https://pypi.org/a@b",
                "git+ssh://git@github.com/a/b and https://pypi.org/a@b",
            ),
            ("postgres://u:p@db/x", "postgres://(secret)@db/x"),
            ("//r.example.com/:_authToken=abc123 end", "//r.example.com/:_authToken=(secret) end"),
            ("401 for hunter2hunter2 and npm_0123456789", "401 for (secret) and (secret)"),
            ("abc in /tmp/agent.1 of /home/me/somewhere", "abc in /tmp/agent.1 of /home/me/somewhere"),
        ] {
            assert_eq!(quiet.said(line), said);
        }
    }
}
