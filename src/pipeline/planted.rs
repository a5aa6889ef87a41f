//! Files that are put into somebody's project: never over anything that is there, and never through a link.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::Failure;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum There {
    Nothing,
    /// The very text.
    Same,
    /// Another text, something that is no file, or a link that leads nowhere.
    Other,
}

/// What is there in the place of such a file.
pub(super) fn there(path: &Path, text: &str) -> Result<There, Failure> {
    match fs::read(path) {
        Ok(bytes) if bytes == text.as_bytes() => Ok(There::Same),
        Ok(_) => Ok(There::Other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::symlink_metadata(path) {
            Ok(_) => Ok(There::Other),
            Err(_) => Ok(There::Nothing),
        },
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => Ok(There::Other),
        Err(error) => Err(failed(path, "read", &error)),
    }
}

/// Writes a file where nothing is.
pub(super) fn plant(path: &Path, text: &str) -> Result<(), Failure> {
    plant_quietly(path, text).map_err(|error| failed(path, "written", &error))
}

pub(super) fn plant_quietly(path: &Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

pub(super) fn failed(path: &Path, what: &str, error: &io::Error) -> Failure {
    Failure::Usage(format!("{} cannot be {what}: {error}", path.display()))
}
