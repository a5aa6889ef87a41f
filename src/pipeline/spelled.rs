//! Texts that somebody chose, as other languages take them: a scalar of YAML, a word of the shell.

use serde_json::Value;

/// A text as YAML takes any text: JSON's quotes are YAML's.
pub(super) fn yaml(text: &str) -> String {
    let plain =
        !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./ ".contains(letter));
    let plain = plain && text.starts_with(|letter: char| letter.is_ascii_alphabetic()) && !text.ends_with(' ');
    let means_more = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let plain = plain && !means_more.contains(&text.to_lowercase().as_str());
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}

/// A word of the shell.
pub fn shell(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
