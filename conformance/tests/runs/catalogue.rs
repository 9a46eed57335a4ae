//! The kit judges itself: the reference client passes, correct variants do not fail, and every mutant is caught
//! by the check that is named for it.

use std::path::Path;

use glimesh_conformance::check;
use glimesh_conformance::self_check::{self, Row};

/// The clients mostly sleep, but each is born as a process with a supervisor; more at once would make the machine
/// late for the timing checks.
const JOBS: usize = 36;

#[tokio::test]
async fn correct_clients_pass_and_every_mutant_is_caught() {
    let kit = Path::new(env!("CARGO_BIN_EXE_glimesh-conformance"));
    let checks = check::catalogue();
    let tell = |row: &Row| {
        if let Some(complaint) = row.complaint() {
            anstream::eprintln!("{complaint}");
        }
    };
    let rows = self_check::run(kit, &checks, JOBS, &tell).await.expect("the kit can do its work");
    let complaints = self_check::complaints(&checks, &rows);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
