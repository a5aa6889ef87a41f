//! How one text looks, as far as it tells by itself: for the schema, out of what the decoders judge by.

use serde_json::{Value, json};

use super::limits::{self, Name};
use super::{api, domain, function, runtimes};

pub(super) enum Form {
    Name(Name),
    /// A name that is no number.
    Stage,
    /// At most so many characters.
    Description(usize),
    Summary,
    Region,
    Runtime,
    /// The name of an environment variable.
    Variable,
    Path,
    Status,
    ContentType,
    GatewayResponse,
    Bucket,
    BasePath,
    Certificate,
    SecurityPolicy,
}

impl Form {
    pub fn schema(&self) -> Value {
        match self {
            Form::Name(name) => named(name, ""),
            Form::Stage => named(&limits::STAGE, "(?![0-9]+$)"),
            Form::Description(max) => json!({ "type": "string", "minLength": 1, "maxLength": max }),
            Form::Summary => {
                json!({ "type": "string", "pattern": r"^[^\r\n]*\S[^\r\n]*$", "maxLength": limits::LONGEST_SUMMARY })
            }
            Form::Region => pattern(limits::REGION),
            Form::Runtime => json!({ "enum": runtimes::accepted().collect::<Vec<_>>() }),
            Form::Variable => pattern(&format!("^(?!(?:{})$)[A-Za-z][A-Za-z0-9_]+$", either(&function::RESERVED))),
            Form::Path => {
                let (fixed, name) = (class(limits::in_path), class(limits::PARAMETER.allowed));
                pattern(&format!(r"^/$|^(?:/(?:{fixed}+|\{{{name}+\}}))*/(?:{fixed}+|\{{{name}+\+?\}})$"))
            }
            Form::Status => pattern("^[1-5][0-9][0-9]$"),
            Form::ContentType => {
                let token = class(limits::HEADER.allowed);
                pattern(&format!(r"^(?:\$default|{token}+/{token}+)$"))
            }
            Form::GatewayResponse => json!({ "enum": api::RESPONSE_TYPES }),
            Form::Bucket => {
                let (starts, ends) = (either(&limits::BUCKET_STARTS), either(&limits::BUCKET_ENDS));
                let not = format!(r"(?!{starts})(?!.*(?:{ends})$)(?!.*\.\.)(?!(?:[0-9]+\.){{3}}[0-9]+$)");
                pattern(&format!("^{not}[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]$"))
            }
            Form::BasePath => {
                let not = either(&domain::NO_BASE_PATHS);
                pattern(&format!("^(?!(?:{not})$){}+$", class(domain::in_base_path)))
            }
            Form::Certificate => pattern(r"^(?:request|arn:aws[^:]*:acm:[^:]*:[^:]*:certificate/.*)$"),
            Form::SecurityPolicy => json!({ "enum": domain::POLICIES }),
        }
    }
}

fn pattern(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

fn named(name: &Name, not: &str) -> Value {
    let pattern = format!("^{not}{}*$", class(name.allowed));
    json!({ "type": "string", "pattern": pattern, "minLength": name.min, "maxLength": name.max })
}

/// The characters that are allowed, as a class. Of those beyond ASCII one stands for all.
fn class(allowed: fn(char) -> bool) -> String {
    let mut class = String::new();
    let mut letters = (' '..='~').filter(|letter| allowed(*letter)).peekable();
    while let Some(first) = letters.next() {
        let mut last = first;
        while let Some(following) = letters.next_if(|letter| *letter as u32 == last as u32 + 1) {
            last = following;
        }
        class += &in_class(first);
        if last != first {
            class += &format!("-{}", in_class(last));
        }
    }
    match allowed('é') {
        true => format!(r"(?:[{class}]|[^\x00-\x7f])"),
        false => format!("[{class}]"),
    }
}

fn in_class(letter: char) -> String {
    if matches!(letter, '\\' | '[' | ']' | '^' | '-') { format!("\\{letter}") } else { letter.to_string() }
}

/// One of these texts.
fn either(texts: &[&str]) -> String {
    let escaped = |text: &&str| {
        let sign = |letter: char| if ".()$+*".contains(letter) { format!("\\{letter}") } else { letter.to_string() };
        text.chars().map(sign).collect::<String>()
    };
    texts.iter().map(escaped).collect::<Vec<_>>().join("|")
}
