//! How one text looks, as far as it tells by itself: for the schema, out of what the decoders judge by.

use serde_json::{Value, json};

use super::limits::{self, Name};
use super::{api, domain, function, runtimes, stage_settings};

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
    TagName,
    TagValue,
    /// Of a domain; its first part may be `*`.
    HostName,
    Zone,
    /// `GET /admit`.
    MethodName,
    Layer,
    ManagedPolicy,
    LogDestination,
    LogFormat,
    Truststore,
    Retention,
    Handler,
    /// Path and query of a check.
    Target,
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
            Form::Bucket => pattern(&format!("^{}$", bucket("$"))),
            Form::BasePath => {
                let not = either(&domain::NO_BASE_PATHS);
                pattern(&format!("^(?!(?:{not})$){}+$", class(domain::in_base_path)))
            }
            Form::Certificate => pattern(r"^(?:request|arn:aws[^:]*:acm:[^:]*:[^:]*:certificate/.*)$"),
            Form::SecurityPolicy => json!({ "enum": domain::POLICIES }),
            Form::TagName => {
                let name = class(limits::tag_character);
                pattern(&format!("^(?![aA][wW][sS]:|poc:){name}{{1,{}}}$", limits::TAG_NAME))
            }
            Form::TagValue => pattern(&format!("^{}{{0,{}}}$", class(limits::tag_character), limits::TAG_VALUE)),
            Form::HostName => host_name(r"(?:\*\.)?"),
            Form::Zone => host_name(""),
            Form::MethodName => pattern("^[^ ]+ "),
            Form::Layer => arn("lambda", "layer:[^:]+:[0-9]+"),
            Form::ManagedPolicy => arn("iam", r"policy/[\s\S]*"),
            Form::LogDestination => {
                let (group, stream) = ("logs:[^:]*:[^:]*:log-group:[^:]+", "firehose:[^:]*:[^:]*:deliverystream/");
                pattern(&format!("^arn:aws[^:]*:(?:{group}$|{stream}{})", stage_settings::FIREHOSE))
            }
            Form::LogFormat => pattern(r"^[^\n]*\$context\.(?:requestId|extendedRequestId)[^\n]*\s*$"),
            Form::Truststore => pattern(&format!("^s3://{}/.", bucket("/"))),
            Form::Retention => json!({ "enum": function::RETENTIONS }),
            Form::Handler => pattern(&format!(r"^\S{{1,{}}}$", function::LONGEST_HANDLER)),
            Form::Target => pattern("^/[!-~]*$"),
        }
    }
}

/// A bucket's name, before `end`.
fn bucket(end: &str) -> String {
    let (starts, ends) = (either(&limits::BUCKET_STARTS), either(&limits::BUCKET_ENDS));
    let within = "[a-z0-9.-]";
    let not = format!(r"(?!{starts})(?!{within}*(?:{ends}){end})(?!{within}*\.\.)(?!(?:[0-9]+\.){{3}}[0-9]+{end})");
    format!("{not}[a-z0-9]{within}{{1,61}}[a-z0-9]")
}

/// Two labels or more, the last of which is no number; a dot at the end is left away.
fn host_name(before: &str) -> Value {
    let label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    pattern(&format!(r"^(?!.{{254}}){before}(?:{label}\.)+(?![0-9]+\.*$){label}\.*$"))
}

/// An ARN with such a resource.
fn arn(service: &str, resource: &str) -> Value {
    pattern(&format!("^arn:aws[^:]*:{service}:[^:]*:[^:]*:{resource}$"))
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
