//! The recordings of the real server, replayed: over real ports, to the client that recorded them, and to another one.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::fmt::Write as _;

use glimesh_mock::MockServer;
use glimesh_mock::profile::ProfileName;
use glimesh_mock::recording::{Differences, Outcome, Record, Stage, suite};
use glimesh_mock::replay::{Pace, Replay, Speed};
use raw::{Line, Seen};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How many records run side by side; they mostly wait for quiet.
const JOBS: usize = 64;

const NOT_REPLAYED: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/recordings/not_replayed.txt");

const HEAD: &str = "\
# The records that `glimesh-mock replay --recording ID` cannot serve, each with its reason. Made by a test, which
# `UPDATE_LISTS=1 cargo test -p glimesh-mock --test retold` lets write it anew.
";

#[test]
fn what_cannot_be_replayed_is_listed_with_its_reason() {
    let mut list = HEAD.to_owned();
    for record in Record::all() {
        if let Err(why) = record.retell() {
            writeln!(list, "{}: {why}", record.id).unwrap();
        }
    }
    if std::env::var_os("UPDATE_LISTS").is_some() {
        std::fs::write(NOT_REPLAYED, &list).unwrap();
    }
    assert_eq!(std::fs::read_to_string(NOT_REPLAYED).unwrap(), list);
}

/// The client that did what was recorded sees what was recorded. Records in which something was done inside the server
/// have nobody here who does it at the recorded step, and those of time are a test's on paused time.
#[tokio::test(flavor = "multi_thread")]
async fn recordings_are_served_to_the_client_that_made_them() {
    let records = Record::all().into_iter().filter(|record| {
        !record.slow && !record.needs_control && !record.stops_server() && record.retell().is_ok()
    });
    let mut records: Vec<_> = records.collect();
    let all = records.len();
    let mut running = JoinSet::new();
    let mut faults = String::new();
    while !records.is_empty() || !running.is_empty() {
        while running.len() < JOBS
            && let Some(record) = records.pop()
        {
            running.spawn(fault(record));
        }
        if let Some(fault) = running.join_next().await.unwrap().unwrap() {
            writeln!(faults, "{fault}").unwrap();
        }
    }
    assert!(faults.is_empty(), "{faults}");
    assert!(all > 500, "{all}");
}

async fn fault(record: Record) -> Option<String> {
    let id = record.id.clone();
    let replay = replay(&record, Pace::Gated);
    let stage = Stage::Own(Box::new(MockServer::builder().replay(replay)));
    let nothing = Differences::of(ProfileName::Phoenix);
    let played = suite::play(vec![record], &stage, &nothing, 1).await.pop().expect("it was played");
    match played.outcome {
        Outcome::Same => None,
        outcome => Some(format!("{id}: {outcome:?}")),
    }
}

#[tokio::test]
async fn another_clients_refs_are_written_into_what_was_recorded() {
    let replay = retold("doc/sub_literal", Pace::Times(Speed::ONE));
    let server = MockServer::builder().replay(replay).start().await.unwrap();
    let target = "/api/graph/websocket?vsn=2.0.0&token=anything";
    let mut line = Line::open(server.addr(), target).await;
    line.text(r#"["mine","j",  "__absinthe__:control","phx_join",{}]"#).await;
    assert_eq!(
        line.next_text().await,
        r#"["mine","j","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#
    );
    line.text(
        r#"["mine",77,"__absinthe__:control","doc",{"variables":{},"query":"subscription { chatMessage(channelId: 6) { message, user { username } } }"}]"#,
    )
    .await;
    assert_eq!(
        line.next_text().await,
        r#"["mine",77,"__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-1:DB74155963D462DBE27C047AFFC56368E4B3280AEBF0F74E7D0951A3D514FB63"},"status":"ok"}]"#
    );
    line.text(r#"[null,"beat","phoenix","heartbeat",{}]"#).await;
    let beat = r#"[null,"beat","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(line.next_text().await, beat);
    let notes: Vec<_> = server.stop().await.entries.into_iter().map(|entry| entry.what).collect();
    assert!(!format!("{notes:?}").contains("departed"), "{notes:?}");
}

/// The real server dropped a silent client after 60 s.
#[tokio::test]
async fn recorded_times_are_scaled() {
    let speed = "100".parse().unwrap();
    let replay = retold("timing/idle_unjoined", Pace::Times(speed));
    let server = MockServer::builder().replay(replay).start().await.unwrap();
    let opened = Instant::now();
    let mut line = Line::open(server.addr(), "/api/graph/websocket?vsn=2.0.0&token=anything").await;
    assert!(matches!(line.next().await, Seen::Close { code: Some(1000), .. }));
    // No upper bound: the machine may be busy.
    assert!(opened.elapsed().as_millis() >= 590, "{:?}", opened.elapsed());
}

fn retold(id: &str, pace: Pace) -> Replay {
    replay(&Record::named(id).expect("there is one"), pace)
}

fn replay(record: &Record, pace: Pace) -> Replay {
    let transcript = record.retell().expect("it can be told");
    Replay::new(&transcript, pace).expect("a client asked for a WebSocket")
}
