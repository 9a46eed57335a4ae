//! The bugs of published clients and libraries that a check would have found: `OWNER-OR-REPOSITORY#NUMBER`.

/// Check and bug.
const BUGS: [(&str, &str); 11] = [
    ("HB003", "firezone#4348"),
    ("HB001", "firezone#4484"),
    ("JN004", "phoenix#1579"),
    ("JN004", "phoenix#1740"),
    ("JN004", "firezone#3833"),
    ("JN004", "SwiftPhoenixClient#177"),
    ("RC004", "realtime-py#213"),
    ("RC004", "realtime-py#258"),
    ("RC004", "phoenix_client#19"),
    ("RC004", "SwiftPhoenixClient#176"),
    ("RC004", "absinthe-socket#22"),
];

/// The bugs that a check would have found.
pub(super) fn of(check: &str) -> impl Iterator<Item = &'static str> {
    BUGS.iter().filter(move |(id, _)| *id == check).map(|(_, bug)| *bug)
}

#[cfg(test)]
mod tests {
    use super::BUGS;

    #[test]
    fn every_bug_belongs_to_a_check() {
        let checks = crate::check::catalogue();
        for (id, bug) in BUGS {
            assert!(checks.iter().any(|check| check.id == id), "{id} {bug}");
            assert!(bug.contains('#'), "{bug}");
        }
    }
}
