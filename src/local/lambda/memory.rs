//! How much memory a sandbox's processes hold, where the system tells (Linux). Elsewhere nothing is known and the
//! memory limit is not held.

/// Bytes that a process and its children hold now.
#[cfg(target_os = "linux")]
pub fn resident(process: i32) -> Option<u64> {
    let mut total = 0_u64;
    let mut waiting = vec![process];
    let mut seen = 0;
    while let Some(process) = waiting.pop() {
        seen += 1;
        // A fork bomb is stopped by the memory that the counted ones hold.
        if seen > 256 {
            break;
        }
        let Some(own) = status_kilobytes(process, "VmRSS:") else { continue };
        total = total.saturating_add(own.saturating_mul(1024));
        let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
        waiting.extend(children.split_ascii_whitespace().filter_map(|child| child.parse::<i32>().ok()));
    }
    (total > 0).then_some(total)
}

/// The most that the process itself ever held.
#[cfg(target_os = "linux")]
pub fn peak(process: i32) -> Option<u64> {
    status_kilobytes(process, "VmHWM:").map(|kilobytes| kilobytes.saturating_mul(1024))
}

#[cfg(target_os = "linux")]
fn status_kilobytes(process: i32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(name))?.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
pub fn resident(_: i32) -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
pub fn peak(_: i32) -> Option<u64> {
    None
}
