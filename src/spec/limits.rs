//! The names and sizes AWS accepts, each with its source in AWS_FACTS, and the one way of saying that one is not.

use std::collections::BTreeMap;

use super::decode::{At, Table};
use super::interpolate::{Filled, shorten};

/// A kind of name: how long it may be, which characters it may hold, and how to say so.
pub(super) struct Name {
    pub what: &'static str,
    pub min: usize,
    pub max: usize,
    pub allowed: fn(char) -> bool,
    pub words: &'static str,
}

fn word_or_dash(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

pub(super) fn tag_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ' ' | '+' | '-' | '=' | '.' | '_' | ':' | '/' | '@')
}

/// A tag value is where it ends up (F).
pub(super) const APP: Name = Name {
    what: "an application name",
    min: 1,
    max: 128,
    allowed: tag_character,
    words: "letters, digits, spaces and + - = . _ : / @",
};
pub(super) const FUNCTION: Name =
    Name { what: "a function name", min: 1, max: 64, allowed: word_or_dash, words: "letters, digits, - and _" };
/// B8.
pub(super) const ROLE: Name = Name {
    what: "a role name",
    min: 1,
    max: 64,
    allowed: |c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c),
    words: "letters, digits and + = , . @ - _",
};
/// B2; the alias of B5 is named after it and allows the same.
pub(super) const STAGE: Name =
    Name { what: "a stage name", min: 1, max: 128, allowed: word_or_dash, words: "letters, digits, - and _" };
/// B1.
pub(super) const MODEL: Name = Name {
    what: "a model name",
    min: 1,
    max: 255,
    allowed: |c| c.is_ascii_alphanumeric(),
    words: "letters and digits",
};
/// B3: names of keys, and by analogy of plans and APIs.
pub(super) const API_THING: Name = Name {
    what: "a name in API Gateway",
    min: 1,
    max: 1024,
    allowed: |c| !c.is_control(),
    words: "printable characters",
};
/// B2.
pub(super) const STAGE_VARIABLE: Name = Name {
    what: "the name of a stage variable",
    min: 1,
    max: 64,
    allowed: |c| c.is_ascii_alphanumeric() || c == '_',
    words: "letters, digits and _",
};
/// B2.
pub(super) const STAGE_VARIABLE_VALUE: Name = Name {
    what: "the value of a stage variable",
    min: 1,
    max: 512,
    allowed: |c| c.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(c),
    words: "letters, digits and - . _ ~ : / ? # & = ,",
};
pub(super) const HEADER: Name = Name {
    what: "a header name",
    min: 1,
    max: 256,
    allowed: |c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c),
    words: "letters, digits and !#$%&'*+-.^_`|~",
};
/// What a mapping expression can name.
pub(super) const PARAMETER: Name = Name {
    what: "a parameter name",
    min: 1,
    max: 256,
    allowed: |c| c.is_ascii_alphanumeric() || "._$-".contains(c),
    words: "letters, digits and . _ $ -",
};

impl Name {
    /// What is wrong with the text, as the rest of the sentence `… is not a function name: `.
    pub fn wrong(&self, text: &str) -> Option<String> {
        let length = text.chars().count();
        if length < self.min {
            return Some(if length == 0 { "it is empty".to_string() } else { format!("it has {length} characters") });
        }
        if length > self.max {
            return Some(format!("it has {length} characters"));
        }
        text.chars().find(|c| !(self.allowed)(*c)).map(|c| format!("it holds `{}`", c.escape_debug()))
    }

    pub fn rule(&self) -> String {
        format!("{} to {} characters: {}", self.min, self.max, self.words)
    }

    /// Reports a text that is not such a name. `text` may have grown a suffix since it was read.
    pub fn judge(&self, at: &At<'_>, text: &str, filled: &Filled) -> bool {
        let wrong = self.wrong(text);
        if let Some(wrong) = &wrong {
            let (shown, wrong) =
                if filled.from_env { (filled.shown(), String::new()) } else { (shorten(text), format!(": {wrong}")) };
            at.fault("bad_name", format!("`{shown}` is not {}{wrong}", self.what), self.rule());
        }
        wrong.is_none()
    }

    /// The same for the key a value stands under.
    pub fn judge_key(&self, at: &At<'_>) -> bool {
        let text = at.name();
        let wrong = self.wrong(&text);
        if let Some(wrong) = &wrong {
            at.fault_in_key("bad_name", format!("`{}` is not {}: {wrong}", shorten(&text), self.what), self.rule());
        }
        wrong.is_none()
    }
}

pub(super) fn stage_name(at: &At<'_>, name: &str) {
    if STAGE.judge_key(at) {
        stage_is_an_alias(at, name);
    }
}

/// B5: an alias of digits alone would be a version.
pub(super) fn stage_is_an_alias(at: &At<'_>, name: &str) {
    if name.bytes().all(|b| b.is_ascii_digit()) {
        let message =
            format!("`{}` cannot be a stage: the Lambda alias named after it must not be a number", shorten(name));
        at.fault_in_key("bad_name", message, "put a letter in it, like v1");
    }
}

/// Characters of a description; a function's has room for fewer (B5).
pub(super) const DESCRIPTION: usize = 1024;
pub(super) const FUNCTION_DESCRIPTION: usize = 256;

/// A description, where there is one: `max` characters, and never empty (B1 refuses that).
pub(super) fn description(table: &Table<'_>, max: usize) -> Option<String> {
    let at = table.get("description")?;
    let text = at.text()?;
    let length = text.text.chars().count();
    if length == 0 {
        at.fault("bad_description", "the description is empty", "write one, or remove the line");
    } else if length > max {
        at.fault(
            "bad_description",
            format!("the description has {length} characters"),
            format!("at most {max} are accepted"),
        );
    }
    Some(text.text)
}

pub(super) const LONGEST_SUMMARY: usize = 120;

/// A line for lists of methods.
pub(super) fn summary(table: &Table<'_>) -> Option<String> {
    let at = table.get("summary")?;
    let text = at.text()?;
    let length = text.text.chars().count();
    if text.text.trim().is_empty() {
        at.fault("bad_summary", "the summary is empty", "write one, or remove the line");
    } else if text.text.contains(['\n', '\r']) {
        at.fault("bad_summary", "the summary has more than one line", "what needs more goes under `description`");
    } else if length > LONGEST_SUMMARY {
        let message = format!("the summary has {length} characters");
        let help = format!("at most {LONGEST_SUMMARY} are accepted; what needs more goes under `description`");
        at.fault("bad_summary", message, help);
    }
    Some(text.text)
}

/// poc's own two tags.
const OWN_TAGS: usize = 2;
const MAX_TAGS: usize = 50;

/// Characters of a tag's name and of its value (F).
pub(super) const TAG_NAME: usize = 128;
pub(super) const TAG_VALUE: usize = 256;

/// Tags (F): what may be one, and that they still fit once `inherited` and poc's own have been added.
pub(super) fn tags(table: &Table<'_>, inherited: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for (key, at) in table.entries("tags") {
        let name = shorten(&key.text);
        if key.text.to_ascii_lowercase().starts_with("aws:") {
            at.fault_in_key(
                "bad_tag",
                format!("the tag `{name}` starts with aws:, which is AWS's own"),
                "choose another name",
            );
        } else if key.text.starts_with("poc:") {
            at.fault_in_key(
                "bad_tag",
                format!("the tag `{name}` starts with poc:, which marks what poc owns"),
                "choose another name",
            );
        } else if key.text.is_empty() || key.text.chars().count() > TAG_NAME || !key.text.chars().all(tag_character) {
            let help = "1 to 128 letters, digits, spaces and + - = . _ : / @";
            at.fault_in_key("bad_tag", format!("`{name}` is not a tag name"), help);
        }
        let Some(value) = at.text() else { continue };
        if value.text.chars().count() > TAG_VALUE || !value.text.chars().all(tag_character) {
            let help = "at most 256 letters, digits, spaces and + - = . _ : / @";
            at.fault("bad_tag", format!("`{}` is not a tag value", value.shown()), help);
        }
        tags.insert(key.text.clone(), value.text);
    }
    let all = tags.len() + inherited.keys().filter(|key| !tags.contains_key(*key)).count() + OWN_TAGS;
    if all > MAX_TAGS
        && let Some(at) = table.get("tags")
    {
        let message = format!("there are {all} tags on one resource, poc's own {OWN_TAGS} among them");
        at.fault_in_key("too_many_tags", message, format!("at most {MAX_TAGS} are accepted"));
    }
    tags
}

/// What S3 keeps for its own buckets.
pub(super) const BUCKET_STARTS: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
pub(super) const BUCKET_ENDS: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// S3's rules for bucket names. The reason, or nothing.
pub(super) fn bucket_name(name: &str) -> Option<&'static str> {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let parts: Vec<&str> = name.split('.').collect();
    if !(3..=63).contains(&name.len()) {
        Some("it must have 3 to 63 characters")
    } else if name.chars().any(|c| c.is_ascii_uppercase()) {
        Some("it must be lower case")
    } else if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.')) {
        Some("it may hold lower-case letters, digits, hyphens and dots only")
    } else if !edge(name.chars().next()) || !edge(name.chars().last()) {
        Some("it must begin and end with a letter or digit")
    } else if name.contains("..") {
        Some("two dots must not be adjacent")
    } else if parts.len() == 4 && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit())) {
        Some("it must not look like an IP address")
    } else if BUCKET_STARTS.iter().any(|prefix| name.starts_with(prefix)) {
        Some("it must not start with xn--, sthree- or amzn-s3-demo-")
    } else if BUCKET_ENDS.iter().any(|suffix| name.ends_with(suffix)) {
        Some("its ending is reserved by S3")
    } else {
        None
    }
}

/// What [`is_region`] judges, as a pattern.
pub(super) const REGION: &str = "^[a-z]{2,12}(?:-[a-z]{2,12}){1,2}-[0-9]$";

/// `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`: parts of lower-case letters and one digit at the end.
pub(super) fn is_region(text: &str) -> bool {
    let mut parts: Vec<&str> = text.split('-').collect();
    let number = parts.pop().unwrap_or_default();
    number.len() == 1
        && number.bytes().all(|b| b.is_ascii_digit())
        && (2..=3).contains(&parts.len())
        && parts.iter().all(|part| (2..=12).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase()))
}

/// May it stand in a part of a path that is no variable?
pub(super) fn in_path(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "._-:,".contains(letter)
}

/// A content type, or `$default`.
pub(super) fn content_type(at: &At<'_>, text: &str) {
    let token = |part: &str| !part.is_empty() && part.chars().all(HEADER.allowed);
    let well_formed = text == "$default" || text.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub));
    if !well_formed {
        let message = format!("`{}` is not a content type", shorten(text));
        at.fault_in_key("bad_content_type", message, "write one like application/json");
    }
}

/// The parts of an ARN after `arn:`: partition, service, region, account, resource.
pub(super) fn arn(text: &str) -> Option<[&str; 5]> {
    let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
    let arn = [parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    (arn[0].starts_with("aws") && !arn[1].is_empty() && !arn[4].is_empty()).then_some(arn)
}
