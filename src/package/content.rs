//! The bytes of a zip, in a file: read piece by piece and never held as a whole, so that a package of 250 MB deploys in
//! little memory. A zip that is built here lives in a file that has no name and goes with the process.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Bytes of each part but the last: what an interrupted upload goes on by. Between S3's least (5 MiB) and what four at
/// once may take of memory.
pub const PART: u64 = 8 * 1024 * 1024;

/// Read at once; divides [`PART`].
const PIECE: usize = 1 << 16;

/// Empty by default: a teardown uploads nothing.
#[derive(Clone, Default)]
pub struct Content {
    file: Option<Arc<Mutex<File>>>,
    size: u64,
    parts: Arc<[Part]>,
}

/// A stretch of the bytes, as S3 takes it on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    pub sha256_base64: String,
}

impl Content {
    /// What `file` holds now, and the SHA-256 of all of it.
    pub(super) fn of(mut file: File) -> io::Result<(Content, [u8; 32])> {
        let (mut whole, mut part) = (Sha256::new(), Sha256::new());
        let (mut parts, mut offset, mut filled) = (Vec::new(), 0, 0);
        let mut piece = vec![0; PIECE];
        file.seek(SeekFrom::Start(0))?;
        loop {
            // Pieces are full but for the last, so none reaches into two parts.
            let read = fill(&mut file, &mut piece)?;
            whole.update(&piece[..read]);
            part.update(&piece[..read]);
            filled += read as u64;
            if filled == PART || (read < PIECE && filled > 0) {
                parts.push(Part { offset, size: filled, sha256_base64: STANDARD.encode(part.finalize_reset()) });
                (offset, filled) = (offset + filled, 0);
            }
            if read < PIECE {
                let content = Content { file: Some(Arc::new(Mutex::new(file))), size: offset, parts: parts.into() };
                return Ok((content, whole.finalize().into()));
            }
        }
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The bytes, cut where an upload in parts cuts them: [`PART`] bytes each, the last one what is left.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Fills `buffer` from `offset` on; shorter at the end only.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(file) = &self.file else { return Ok(0) };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        fill(&mut file, buffer)
    }
}

/// Fills `buffer`, unless the file ends before.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
