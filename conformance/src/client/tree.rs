//! The processes that descend from a client, seen from its supervisor.
//!
//! On Linux the supervisor adopts the orphans, so nothing gets out of its reach: neither a daemon nor a process
//! that has made itself a session of its own. Elsewhere only the client's process group can be seen.

#[cfg(target_os = "linux")]
use nix::sys::signal::kill;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// Sends a signal to the client and to those of its children that have stayed in its process group.
pub(super) fn signal_group(client: Pid, signal: Signal) {
    // An error means that nobody is left there.
    let _ = killpg(client, signal);
}

/// Kills every process that descends from the client.
///
/// Whole groups at once: a process that forks between two looks cannot get out of a signal to its group.
#[cfg(target_os = "linux")]
pub(super) fn kill_all(_client: Pid) {
    let own_group = nix::unistd::getpgrp();
    for process in linux::descendants(Pid::this()) {
        let _ = if process.group == own_group || process.group.as_raw() <= 1 {
            kill(process.pid, Signal::SIGKILL)
        } else {
            killpg(process.group, Signal::SIGKILL)
        };
    }
}

/// Kills the client's process group.
#[cfg(not(target_os = "linux"))]
pub(super) fn kill_all(client: Pid) {
    signal_group(client, Signal::SIGKILL);
}

/// How many processes that descend from the client are alive, once it has ended itself.
#[cfg(target_os = "linux")]
pub(super) fn alive(_client: Pid) -> u32 {
    let alive = linux::descendants(Pid::this()).iter().filter(|process| process.alive).count();
    u32::try_from(alive).unwrap_or(u32::MAX)
}

/// One if any process of the client's group is alive, once it has ended itself.
#[cfg(not(target_os = "linux"))]
pub(super) fn alive(client: Pid) -> u32 {
    u32::from(killpg(client, None::<Signal>).is_ok())
}

/// The processes that descend from this one and are alive.
#[cfg(target_os = "linux")]
pub(super) fn below(ancestor: Pid) -> Vec<Pid> {
    let processes = linux::descendants(ancestor).into_iter();
    processes.filter(|process| process.alive).map(|process| process.pid).collect()
}

/// Nobody: only what a supervisor adopts is known, and here it adopts nobody.
#[cfg(not(target_os = "linux"))]
pub(super) fn below(_ancestor: Pid) -> Vec<Pid> {
    Vec::new()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use nix::unistd::Pid;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct Process {
        pub(super) pid: Pid,
        pub(super) parent: Pid,
        pub(super) group: Pid,
        /// Not a zombie.
        pub(super) alive: bool,
    }

    /// All processes that descend from this one, without itself.
    pub(super) fn descendants(ancestor: Pid) -> Vec<Process> {
        let mut others = processes();
        let mut found: Vec<Process> = Vec::new();
        let mut ancestors = vec![ancestor];
        while let Some(parent) = ancestors.pop() {
            let (children, rest) = others.into_iter().partition(|process| process.parent == parent);
            others = rest;
            let children: Vec<Process> = children;
            ancestors.extend(children.iter().map(|child| child.pid));
            found.extend(children);
        }
        found
    }

    fn processes() -> Vec<Process> {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let numbered = entries.flatten().filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            // A process may end between two looks.
            parse(pid, &fs::read_to_string(entry.path().join("stat")).ok()?)
        });
        numbered.collect()
    }

    /// Reads `/proc/PID/stat`. The program's name stands in parentheses and may hold any character.
    fn parse(pid: i32, stat: &str) -> Option<Process> {
        let (_, after_name) = stat.rsplit_once(')')?;
        let mut fields = after_name.split_ascii_whitespace();
        let alive = !matches!(fields.next()?, "Z" | "X");
        let mut number = || fields.next()?.parse().ok().map(Pid::from_raw);
        Some(Process { pid: Pid::from_raw(pid), parent: number()?, group: number()?, alive })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_name_with_parentheses_and_spaces_is_no_field() {
            let process = parse(7, "7 (a) R 1) Z 5 6 7 0 -1").unwrap();
            assert_eq!(
                (process.parent.as_raw(), process.group.as_raw(), process.alive),
                (5, 6, false)
            );
        }
    }
}
