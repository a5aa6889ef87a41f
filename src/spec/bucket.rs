//! Names of buckets: the one a section gives, or one made up from application, account and region.

use super::decode::{Reader, Table};
use super::interpolate::{Filled, shorten};
use super::limits;

/// The bucket of `section`: the one given, or `<prefix>-<app>-<account>-<region>`; other stages' buckets get their stage's
/// suffix.
pub(super) fn name(
    section: &'static str,
    root: &Table<'_>,
    table: Option<&Table<'_>>,
    reader: &Reader<'_>,
    (prefix, app): (&str, &Filled),
) -> String {
    let given = table.and_then(|table| table.get("bucket"));
    let (name, at) = match &given {
        Some(at) => match at.text() {
            Some(text) => (text, at),
            None => return String::new(),
        },
        None => (Filled { text: made_up(prefix, &app.text, reader), ..app.clone() }, &root.at),
    };
    let unique = reader.unique(&[section, "bucket"], &name);
    let unique = match unique.strip_prefix(name.text.as_str()) {
        Some(suffix) => format!("{}{}", name.text, in_bucket_letters(suffix)),
        None => unique,
    };
    if let Some(wrong) = limits::bucket_name(&unique) {
        let shown = if name.from_env { name.shown() } else { shorten(&unique) };
        let message = format!("S3 would refuse the bucket name `{shown}`: {wrong}");
        let help = "3 to 63 lower-case letters, digits and hyphens, like \"my-app-${account}-${region}\"";
        match given.as_ref().or(root.get(section).as_ref()) {
            Some(at) => at.fault("bad_bucket", message, help),
            None => at.fault("bad_bucket", message, help),
        }
    }
    unique
}

fn in_bucket_letters(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

/// Shortened so that account, region and a short stage still fit into 63 characters.
fn made_up(prefix: &str, app: &str, reader: &Reader<'_>) -> String {
    let tail = format!("-{}-{}", reader.scope.account, reader.scope.region);
    let stage = if reader.differences.is_some() { reader.scope.stage.len() + 1 } else { 0 };
    let room = 63_usize.saturating_sub(prefix.len() + 1 + tail.len() + stage).max(1);
    let words = in_bucket_letters(app);
    let name: String = words.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let name: String = name.chars().take(room).collect();
    format!("{prefix}-{}{tail}", name.trim_end_matches('-'))
}
