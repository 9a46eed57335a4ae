//! The kit judges itself: the reference client passes, correct variants do not fail, and every mutant is caught
//! by the check that is named for it.

use std::path::Path;
use std::time::Instant;

use glimesh_conformance::check;
use glimesh_conformance::self_check::{self, Pace, Row, Subject};

/// The clients mostly sleep, but each is born as a process with a supervisor; more at once would make the machine
/// late for the timing checks.
const JOBS: usize = 24;

#[tokio::test]
async fn correct_clients_pass_and_every_mutant_is_caught() {
    let began = Instant::now();
    let kit = Path::new(env!("CARGO_BIN_EXE_glimesh-conformance"));
    let subjects = Subject::all();
    let tell = |row: &Row| {
        if let Some(complaint) = row.complaint() {
            anstream::eprintln!("{complaint}");
        }
    };
    let rows = self_check::run(kit, &subjects, Pace::whole(JOBS), &tell).await;
    let rows = rows.expect("the kit can do its work");
    anstream::eprintln!("{} clients in {:.1} s", rows.len(), began.elapsed().as_secs_f64());
    let mut complaints = self_check::complaints(&check::catalogue(), &rows);
    // What judges time must say the same whatever the clock's rate is.
    let began = Instant::now();
    let timing = Subject::timing(&check::catalogue());
    let rows = self_check::run(kit, &timing, Pace::second(JOBS), &tell).await;
    let rows = rows.expect("the kit can do its work");
    let (n, took) = (rows.len(), began.elapsed().as_secs_f64());
    anstream::eprintln!("{n} clients at another rate in {took:.1} s");
    complaints.extend(self_check::complaints_at_second_rate(&rows));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
