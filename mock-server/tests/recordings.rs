//! Every recording, played against the mock on real ports in the profiles `phoenix` and `glimesh`.
//!
//! What is not reproduced is listed with its reason in `fixtures/recordings/differences.txt`; a listed record that is
//! reproduced fails the test as well as an unlisted one that is not. `cargo test --test recordings -- --nocapture`
//! shows the tables. The slow records, of `timing`, are played on paused time, in `src/driver/tests.rs`.

use glimesh_mock::profile::ProfileName;
use glimesh_mock::recording::{Category, Differences, Outcome, Record, Stage, Table, suite};
use glimesh_mock::{MockServer, Profile};

/// How many records run side by side; they mostly wait for quiet.
const JOBS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_answers_as_the_recorded_server_did() {
    check(ProfileName::Phoenix).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_profile_differs_only_where_it_is_meant_to() {
    check(ProfileName::Glimesh).await;
}

#[test]
fn every_listed_difference_is_a_record() {
    let records = Record::all();
    for name in ProfileName::ALL {
        for id in Differences::of(name).ids() {
            assert!(records.iter().any(|record| record.id == id), "there is no record {id}");
        }
    }
}

#[test]
fn only_records_of_timing_are_slow() {
    let slow = |record: &Record| record.slow == (record.category == Category::Timing);
    assert!(Record::all().iter().all(slow));
}

async fn check(name: ProfileName) {
    let records: Vec<_> = Record::all().into_iter().filter(|record| !record.slow).collect();
    let server = MockServer::builder().profile(Profile::named(name));
    let listed = Differences::of(name);
    let played = suite::play(records, &Stage::Own(Box::new(server)), &listed, JOBS).await;
    eprintln!("profile {name}\n{}", Table::new(&played));
    let mut faults = String::new();
    for played in &played {
        let id = &played.record.id;
        let fault = match &played.outcome {
            Outcome::Same => listed.reason(id).map(|_| format!("{id} is reproduced, but listed")),
            Outcome::Listed { .. } => None,
            Outcome::Different(differences) => Some(format!("{id} differs: {differences:#?}")),
            Outcome::NotPlayed { why } => Some(format!("{id} was not played: {why}")),
        };
        faults.extend(fault.map(|fault| fault + "\n"));
    }
    assert!(faults.is_empty(), "{faults}");
}
