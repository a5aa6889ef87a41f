//! deploy.yaml as every command opens it. In a fresh clone the schema that its first line names for editors is missing,
//! because git does not see it: it is made again by the way.

use std::fs::{self, File, Metadata};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::init::{SCHEMA, schema_text};
use super::planted::plant_quietly;
use super::{Failure, Settings};
use crate::spec::Document;

pub(super) fn open(settings: &Settings) -> Result<Document, Failure> {
    restore_schema(&settings.file);
    Document::open(&settings.file).map_err(Failure::Faults)
}

/// Only in the place that is ours. Where nothing can be written, nothing is missed either.
fn restore_schema(file: &Path) {
    let Some(first) = first_line(file) else { return };
    let named = first.strip_prefix('#').and_then(|rest| rest.trim().strip_prefix("yaml-language-server:"));
    let named = named.and_then(|rest| rest.trim().strip_prefix("$schema="));
    if named.is_none_or(|named| named.trim_start_matches("./") != SCHEMA) {
        return;
    }
    let path = file.with_file_name("").join(SCHEMA);
    if !path.exists() {
        let _ = plant_quietly(&path, &schema_text());
    }
}

fn first_line(file: &Path) -> Option<String> {
    // What a pipe says can be read once.
    fs::metadata(file).ok().filter(Metadata::is_file)?;
    let mut line = String::new();
    BufReader::new(File::open(file).ok()?.take(256)).read_line(&mut line).ok()?;
    Some(line)
}
