//! Open files: every connection is one, and so is much that a handler process needs.

/// More would be of no use to one machine's port range.
#[cfg(unix)]
const ENOUGH: u64 = 65_536;

/// What everything but connections needs: the cloud's files, handler processes and their pipes.
const OTHERS: u64 = 256;

/// Where the system does not tell how many files may be open.
const USUAL: u64 = 1024;

/// Asks for as many open files as the system grants without privileges, and tells how many connections that allows.
pub(super) fn connections() -> usize {
    let files = raised().unwrap_or(USUAL);
    usize::try_from(files.saturating_sub(OTHERS)).unwrap_or(usize::MAX).max(16)
}

#[cfg(unix)]
fn raised() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let granted = now.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    let current = now.current.unwrap_or(granted);
    if current >= granted {
        return Some(current);
    }
    let wanted = Rlimit { current: Some(granted), maximum: now.maximum };
    match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => Some(granted),
        Err(_) => Some(current),
    }
}

#[cfg(not(unix))]
fn raised() -> Option<u64> {
    None
}

/// Is this the failure of having no descriptor or no memory left, which passes when connections close?
pub(super) fn exhausted(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
        error.raw_os_error().is_some_and(|code| exhausted.iter().any(|errno| errno.raw_os_error() == code))
    }
    #[cfg(not(unix))]
    {
        error.kind() == std::io::ErrorKind::OutOfMemory
    }
}
