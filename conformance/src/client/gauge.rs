//! What a client's processes hold at a moment, as Linux tells it under `/proc`.

use std::fs;
use std::io;
use std::path::Path;

use nix::unistd::Pid;

use super::tree;

/// All processes of a client, to be measured.
#[derive(Clone, Copy, Debug)]
pub struct Gauge {
    /// The process from which they descend, and which is none of them.
    pub(super) supervisor: Pid,
}

/// What they hold, all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// How many processes there are.
    pub processes: u32,
    /// Their open descriptors.
    pub descriptors: u32,
    /// Their memory that belongs to no file, in RAM or swapped out, in KiB.
    ///
    /// Programs and libraries are not counted: they are read from their files bit by bit, and given back at will.
    pub memory_kib: u64,
}

impl Gauge {
    /// Looks into each process. Nothing if there is none, if one may not be looked into, or where there is no `/proc`.
    pub fn read(self) -> Option<Held> {
        let mut held = Held::default();
        for pid in tree::below(self.supervisor) {
            let Some((descriptors, memory_kib)) = look_into(pid)? else { continue };
            held.processes += 1;
            held.descriptors = held.descriptors.saturating_add(descriptors);
            held.memory_kib = held.memory_kib.saturating_add(memory_kib);
        }
        (held.processes > 0).then_some(held)
    }
}

/// The descriptors and the memory of one process; `Some(None)` if it has ended meanwhile, `None` if it may not be seen.
fn look_into(pid: Pid) -> Option<Option<(u32, u64)>> {
    let folder = Path::new("/proc").join(pid.to_string());
    let read = || -> io::Result<_> {
        let descriptors = fs::read_dir(folder.join("fd"))?.count();
        Ok((descriptors, fs::read_to_string(folder.join("status"))?))
    };
    match read() {
        // A process that is just ending has no memory any more.
        Ok((descriptors, status)) => Some(
            memory_kib(&status)
                .map(|memory| (u32::try_from(descriptors).unwrap_or(u32::MAX), memory)),
        ),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
        Err(_) => Some(None),
    }
}

/// The memory of `/proc/PID/status` that is no file's: `RssAnon`, `RssShmem` and `VmSwap`, in KiB. All of what is in
/// RAM where that is not told apart.
fn memory_kib(status: &str) -> Option<u64> {
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix("kB")?.trim_end().parse().ok()
    };
    let resident = match field("RssAnon") {
        Some(own) => own.saturating_add(field("RssShmem").unwrap_or_default()),
        None => field("VmRSS")?,
    };
    Some(resident.saturating_add(field("VmSwap").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_what_no_file_holds() {
        let status = "Name:\tRssAnon: 7 kB\nVmRSS:\t    1720 kB\nRssAnon:\t     112 kB\nRssFile:\t    1608 kB\nRssShmem:\t       3 kB\nVmSwap:\t       5 kB\n";
        assert_eq!(memory_kib(status), Some(120));
        assert_eq!(memory_kib("VmRSS:\t    1720 kB\n"), Some(1720));
        assert_eq!(memory_kib("Name:\tzombie\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_process_opens_is_counted() {
        let (before, _) = look_into(Pid::this()).unwrap().unwrap();
        let files: Vec<_> = (0..100).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        let (after, memory) = look_into(Pid::this()).unwrap().unwrap();
        drop(files);
        // Other tests open and close files meanwhile.
        assert!(after >= before + 50, "{before} and {after}");
        assert!(memory > 0);
    }

    #[test]
    fn without_processes_nothing_is_held() {
        let nobody = Gauge { supervisor: Pid::from_raw(i32::MAX) };
        assert_eq!(nobody.read(), None);
    }
}
