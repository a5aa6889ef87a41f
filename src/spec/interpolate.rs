//! Filling in `${account}`, `${region}`, `${stage}`, `${env:NAME}` and `${env:NAME:-default}`. What came from the
//! environment is marked, so that no later message shows it.

/// What `${…}` may stand for in this run.
pub struct Variables<'a> {
    /// The AWS account; until it is known a placeholder of the same length stands in for it.
    pub account: Option<&'a str>,
    /// The region decided on (command line, environment or profile); it goes before the file's own.
    pub region: Option<&'a str>,
    /// `--stage`; without it, the file's own stage.
    pub stage: Option<&'a str>,
    /// Looks up an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

/// Stands in for the account until it is known, so that lengths can be judged.
pub const UNKNOWN_ACCOUNT: &str = "000000000000";
/// Stands in for the region until it is known.
pub const UNKNOWN_REGION: &str = "us-east-1";

/// The values for one stage.
pub(super) struct Scope<'a> {
    pub account: &'a str,
    pub region: &'a str,
    pub stage: &'a str,
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

/// A text with everything filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filled {
    pub text: String,
    /// As it stands in the file.
    pub raw: String,
    /// Some of it came from the environment: `text` is not to be shown.
    pub from_env: bool,
    /// It asks for the environment (even where a default was taken).
    pub asks_env: bool,
    /// A default written in the file (`:-…`) is offered for it.
    pub has_default: bool,
}

impl Filled {
    pub fn literal(text: impl Into<String>) -> Filled {
        let text = text.into();
        Filled { raw: text.clone(), text, from_env: false, asks_env: false, has_default: false }
    }

    /// How a message may name it: never what came from the environment.
    pub fn shown(&self) -> String {
        shorten(if self.from_env { &self.raw } else { &self.text })
    }

    /// Whether the file already tells stages apart in it.
    pub fn names_stage(&self) -> bool {
        self.raw.contains("${stage}")
    }
}

/// At most 60 characters of a text, without line breaks, for use within a sentence.
pub(super) fn shorten(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(60)
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}

/// Why a text could not be filled in: where in it (bytes), what is wrong, what would be right.
pub(super) struct Unfilled {
    pub code: &'static str,
    pub message: String,
    pub help: String,
}

/// Fills in a text. `$${` stands for `${`. Every mistake in it is reported.
pub(super) fn fill(raw: &str, scope: &Scope<'_>) -> Result<Filled, Vec<Unfilled>> {
    let mut filled = Filled::literal(raw);
    let mut faults = Vec::new();
    if !raw.contains("${") {
        return Ok(filled);
    }
    filled.text.clear();
    let mut rest = raw;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            filled.text.push_str(&rest[..at - 1]);
            filled.text.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        filled.text.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        let Some(end) = inner.find('}') else {
            faults.push(Unfilled {
                code: "variable_syntax",
                message: "`${` is not closed".to_string(),
                help: "close it with `}`, or write `$${` for the characters themselves".to_string(),
            });
            return Err(faults);
        };
        match variable(&inner[..end], scope, &mut filled) {
            Ok(value) => filled.text.push_str(&value),
            Err(fault) => faults.push(fault),
        }
        rest = &inner[end + 1..];
    }
    filled.text.push_str(rest);
    if faults.is_empty() { Ok(filled) } else { Err(faults) }
}

fn variable(name: &str, scope: &Scope<'_>, filled: &mut Filled) -> Result<String, Unfilled> {
    match name {
        "account" => return Ok(scope.account.to_string()),
        "region" => return Ok(scope.region.to_string()),
        "stage" => return Ok(scope.stage.to_string()),
        _ => {}
    }
    if super::reference::is_reference(name) {
        return Err(Unfilled {
            code: "misplaced_reference",
            message: format!("`${{{}}}` is passed to the function as a reference, and never filled in", shorten(name)),
            help: "let it be the whole value of a variable under function.environment".to_string(),
        });
    }
    let Some(asked) = name.strip_prefix("env:") else {
        let known = ["account", "region", "stage"];
        let near = known.into_iter().find(|k| strsim::osa_distance(k, &name.to_lowercase()) <= 2);
        let help = match near {
            Some(near) => format!("did you mean `${{{near}}}`? For the characters themselves write `$${{`"),
            None => "there are ${account}, ${region}, ${stage}, ${env:NAME} and ${env:NAME:-default}, and under \
                     function.environment ${ssm:NAME} and ${secret:NAME}; for the characters themselves write `$${`"
                .to_string(),
        };
        return Err(Unfilled {
            code: "unknown_variable",
            message: format!("`${{{}}}` is not a variable", shorten(name)),
            help,
        });
    };
    filled.asks_env = true;
    let (asked, default) = match asked.split_once(":-") {
        Some((asked, default)) => (asked, Some(default)),
        None => (asked, None),
    };
    filled.has_default |= default.is_some();
    let well_named = asked.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && asked.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !well_named {
        return Err(Unfilled {
            code: "variable_syntax",
            message: match asked {
                "" => "the name of the environment variable is missing".to_owned(),
                _ => format!("`{}` is not the name of an environment variable", shorten(asked)),
            },
            help: "write ${env:NAME} or ${env:NAME:-default}".to_string(),
        });
    }
    match ((scope.env)(asked).filter(|value| !value.is_empty()), default) {
        (Some(value), _) => {
            filled.from_env = true;
            Ok(value)
        }
        (None, Some(default)) => Ok(default.to_string()),
        (None, None) => Err(Unfilled {
            code: "missing_variable",
            message: format!("the environment variable `{asked}` is not set"),
            help: format!("set it, or give a default: ${{env:{asked}:-…}}"),
        }),
    }
}
