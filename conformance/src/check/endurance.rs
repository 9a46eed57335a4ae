//! What a client keeps of connections that are gone, seen after many of them.

use glimesh_mock::transcript::ProcessEvent;

use crate::check::process::how_it_ended;
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::session::Session;

/// The check EN001.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "EN001",
    slug: "endurance/lost-connections",
    clauses: &[],
    level: Level::Note,
    title: "keeps nothing of lost connections",
    requirement: "While forty connections end, one after the other, a client's descriptors and its memory SHOULD NOT grow \
                  from one to the next.",
    why: "A bot runs for months, and its server restarts. A socket that is never closed or a buffer that is never given \
          up hurts only when the system gives no more, in a night long after the change that brought it.",
    mend: "Close the old socket, end its timers and tasks, and forget its listeners before you connect anew; look at \
           /proc/PID/fd for what is still open.",
    scope: Scope::Of("endurance"),
    needs: Some(Capability::Reconnect),
    timing: false,
    judge: keeps_nothing,
}];

/// So many connections are for warming up: programs load what they need when they first need it, compile what is used
/// often, and open files and pools that they keep.
const WARM_UP: usize = 10;

/// The least of so many measurements in a row counts: a collector of garbage closes and gives back late, and in jumps.
const WINDOW: usize = 5;

/// From so many measurements on, three windows of what comes after the warm-up stand apart.
const ENOUGH: usize = 30;

/// By how many descriptors a client may grow from one window to the next. Between them lie 13 connections; so one
/// that is kept of every second or third is seen, and a few that something else opens are not. Growth must be seen
/// twice: sockets that linger for half a minute add up at first, and then no more.
const MORE_DESCRIPTORS: u64 = 4;

/// By how much memory a client may grow from one window to the next, in KiB: what runtimes with a collector set aside
/// by themselves within 13 connections. What is seen is a leak of more than 1.2 MiB a connection; a smaller one takes
/// longer than this session.
const MORE_MEMORY: u64 = 16 * 1024;

/// The same as a part of what it was: large runtimes take more at a time.
const PART_MORE_MEMORY: u64 = 4;

/// What was held at the beginning, in the middle and at the end.
type Course = [u64; 3];

fn keeps_nothing(session: &Session) -> Observation {
    let expected = "no more descriptors and no more memory with each connection";
    let held: Vec<_> = session.process_events().filter_map(measured).collect();
    if held.len() < ENOUGH {
        return Observation::unseen(too_few(session, held.len()));
    }
    let descriptors = course(held.iter().map(|held| held.descriptors));
    let memory = course(held.iter().map(|held| held.memory_kib));
    let told = format!(
        "{} descriptors and {} MiB after {WARM_UP} connections, {} and {} in the middle, {} and {} at the end",
        descriptors[0],
        mib(memory[0]),
        descriptors[1],
        mib(memory[1]),
        descriptors[2],
        mib(memory[2])
    );
    let grows = grows(descriptors, |_| MORE_DESCRIPTORS)
        || grows(memory, |before| MORE_MEMORY.max(before / PART_MORE_MEMORY));
    let observation = if grows { Observation::unmet(told) } else { Observation::met(told) };
    match held.last() {
        Some(last) => {
            let at = session.entry(last.entry).at;
            observation.expecting(expected).at_entry(last.entry, at)
        }
        None => observation,
    }
}

/// What the client's processes held once.
struct Held {
    entry: usize,
    descriptors: u64,
    memory_kib: u64,
}

fn measured((entry, event): (usize, &ProcessEvent)) -> Option<Held> {
    match *event {
        ProcessEvent::Measured { descriptors, memory_kib, .. } => {
            Some(Held { entry, descriptors: descriptors.into(), memory_kib })
        }
        _ => None,
    }
}

/// The least of the first window after the warm-up, of the one in the middle, and of the last.
fn course(held: impl Iterator<Item = u64>) -> Course {
    let held: Vec<_> = held.skip(WARM_UP).collect();
    let last = held.len().saturating_sub(WINDOW);
    let least = |from: usize| held.iter().skip(from).take(WINDOW).min().copied();
    [0, last / 2, last].map(|from| least(from).unwrap_or_default())
}

/// Whether it grew by more than that from each window to the next.
fn grows(course: Course, more: impl Fn(u64) -> u64) -> bool {
    course.windows(2).all(|pair| pair[1] > pair[0].saturating_add(more(pair[0])))
}

fn mib(kib: u64) -> String {
    format!("{:.1}", kib as f64 / 1024.0)
}

/// Why there is not enough to be compared.
fn too_few(session: &Session, measured: usize) -> String {
    let asked = session.marks("step:measure").count();
    if measured < asked.min(ENOUGH) {
        return "the client's processes could not be looked into: the kit did not start them, or they show nothing under /proc"
            .to_owned();
    }
    if let Some((_, event)) = session.early_exit() {
        return format!("the client {} after {asked} connections", how_it_ended(event));
    }
    format!("the client had {asked} connections, and {ENOUGH} are needed")
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::{ProcessEvent, What};

    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{Wire, exited, outcome, stop};

    const MIB: u64 = 1024;

    /// A session in which the nth connection, counted from 0, shows so many descriptors and so much memory.
    fn held(connections: u64, held: impl Fn(u64) -> (u64, u64)) -> Wire {
        let mut wire = Wire::new().scenario("endurance");
        for nth in 0..connections {
            let at = nth as f64;
            let (descriptors, memory_kib) = held(nth);
            let descriptors = u32::try_from(descriptors).unwrap();
            let event = ProcessEvent::Measured { processes: 1, descriptors, memory_kib };
            let open = wire.open(at).subscribed(at).mark(at, "step:measure");
            wire = open.entry(at, What::Process { event });
        }
        wire
    }

    #[test]
    fn what_grows_with_each_connection_is_seen() {
        let check = |of: fn(u64) -> (u64, u64)| outcome("EN001", held(41, of));
        assert_eq!(check(|_| (20, 50 * MIB)), Met);
        assert_eq!(check(|nth| (20 + nth, 50 * MIB)), Unmet);
        assert_eq!(check(|nth| (20 + nth / 2, 50 * MIB)), Unmet);
        assert_eq!(check(|nth| (20, 50 * MIB + nth * 2 * MIB)), Unmet);
    }

    #[test]
    fn what_settles_is_no_leak() {
        let check = |of: fn(u64) -> (u64, u64)| outcome("EN001", held(41, of));
        // A runtime that warms up, and one whose collector comes late.
        assert_eq!(check(|nth| (20 + nth.min(10), (50 + 10 * nth.min(12)) * MIB)), Met);
        assert_eq!(check(|nth| (20 + nth % 5, (50 + 10 * (nth % 5)) * MIB)), Met);
        // Sockets that linger.
        assert_eq!(check(|nth| (20 + nth.min(27), 50 * MIB)), Met);
        // One descriptor now and then, and a large runtime that sets aside a little more.
        assert_eq!(check(|nth| (20 + nth / 8, (400 + nth * 2) * MIB)), Met);
    }

    #[test]
    fn few_measurements_show_nothing() {
        let flat = |_| (20, 50 * MIB);
        assert_eq!(outcome("EN001", held(29, flat).entry(30.0, exited(Some(0), None))), Unseen);
        assert_eq!(outcome("EN001", held(30, flat).entry(30.0, stop())), Met);
        let mut blind = Wire::new().scenario("endurance");
        for nth in 0..41 {
            blind = blind.open(f64::from(nth)).mark(f64::from(nth), "step:measure");
        }
        let seen = blind.session();
        let check = super::CHECKS[0].judge;
        assert!(check(&seen).actual.contains("could not be looked into"));
        assert_eq!(check(&seen).outcome, Unseen);
        assert_eq!(outcome("EN001", Wire::new().scenario("endurance")), Unseen);
    }
}
