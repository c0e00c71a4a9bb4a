//! What the operating system says of this process.

/// How much of the machine the process takes; none of what the system does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    /// Bytes in the machine's memory.
    pub(crate) resident_bytes: Option<u64>,
    /// Open files, sockets and pipes.
    pub(crate) open_files: Option<u64>,
}

impl Process {
    /// As it is now.
    pub(crate) fn look() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").ok();
        Self {
            resident_bytes: status.as_deref().and_then(resident),
            open_files: std::fs::read_dir("/proc/self/fd").ok().map(|open| open.count() as u64),
        }
    }
}

/// The line `VmRSS: 1234 kB`.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_takes_memory_and_has_files_open() {
        let process = Process::look();
        assert!(process.resident_bytes.is_some_and(|bytes| bytes > 1 << 20));
        assert!(process.open_files.is_some_and(|open| open > 2));
        assert_eq!(resident("VmPeak:\t  9 kB\nVmRSS:\t   12 kB\n"), Some(12 * 1024));
        assert_eq!(resident("VmRSS: lots"), None);
    }
}
