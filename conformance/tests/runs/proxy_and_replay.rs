//! The same findings from the mock's own transcript, from a proxy's, and from a replay of either.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "the tests' own helpers are tests, too")]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use glimesh_conformance::results::Finding;
use glimesh_mock::MockServer;
use glimesh_mock::proxy::Proxy;
use glimesh_mock::replay::{Pace, Replay, Speed};
use glimesh_mock::scenario::Awaited;
use glimesh_mock::transcript::{From, Transcript, What};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// The kit's own program.
const KIT: &str = env!("CARGO_BIN_EXE_glimesh-conformance");

/// Nothing here takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A correct client, and broken ones whose defects show within a second: on the upgrade, on the join, in every frame,
/// in the heartbeat, and by a frame that the server cannot read.
const CLIENTS: [&[&str]; 6] = [
    &[],
    &["--mutant", "no-vsn"],
    &["--mutant", "numeric-refs"],
    &["--mutant", "joins-twice"],
    &["--mutant", "pheonix"],
    &["--mutant", "other-token"],
];

#[tokio::test]
async fn mock_proxy_and_replay_lead_to_the_same_findings() {
    for options in CLIENTS {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let server = MockServer::builder().record_to(file("mock.jsonl")).start().await.unwrap();
        let upstream = server.url().parse().unwrap();
        let proxy = Proxy::to(upstream).record_to(file("proxy.jsonl")).start().await.unwrap();
        let client = start(&proxy.url(), options);
        let beats = server.wait_for(Awaited::Heartbeat, Duration::from_secs(2)).await.is_ok();
        stop(client).await;
        let by_proxy = proxy.stop().await;
        server.stop().await;
        let of_mock = findings(&file("mock.jsonl")).await;
        let of_proxy = findings(&file("proxy.jsonl")).await;
        assert!(of_mock.len() > 2, "{options:?}: {of_mock:#?}");
        assert_eq!(of_proxy, of_mock, "{options:?}, by the proxy");

        let replay = Replay::new(&by_proxy, Pace::Times(Speed::ONE)).unwrap();
        let server = MockServer::builder().replay(replay).record_to(file("replay.jsonl"));
        let server = server.start().await.unwrap();
        let client = start(&server.url(), options);
        if beats {
            server.wait_for(Awaited::Heartbeat, PATIENCE).await.unwrap();
        }
        until_as_long(&server, &by_proxy).await;
        stop(client).await;
        server.stop().await;
        assert_eq!(findings(&file("replay.jsonl")).await, of_mock, "{options:?}, by the replay");
    }
}

/// Waits until the client has said as much, on any connection, as it has in a recording.
async fn until_as_long(server: &MockServer, recorded: &Transcript) {
    let of_client =
        |what: &What| matches!(what, What::Text { from: From::Client, .. } | What::Upgrade { .. });
    let count = |entries: &[glimesh_mock::transcript::Entry]| {
        entries.iter().filter(|entry| of_client(&entry.what)).count()
    };
    let goal = count(&recorded.entries);
    let mut length = server.watch();
    let reached = async {
        while count(&server.entries_from(0)) < goal {
            length.changed().await.unwrap();
        }
    };
    timeout(PATIENCE, reached).await.expect("the client does again what it did");
}

fn start(url: &str, options: &[&str]) -> Child {
    Command::new(KIT)
        .args(["reference-client", "--url", url, "--heartbeat-ms", "700"])
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn stop(mut client: Child) {
    let pid = Pid::from_raw(client.id().unwrap().cast_signed());
    kill(pid, Signal::SIGTERM).unwrap();
    timeout(PATIENCE, client.wait()).await.expect("it ends in time").unwrap();
}

/// What `judge` says, without times and without what names the session.
async fn findings(transcript: &Path) -> Vec<String> {
    let mut judge = Command::new(KIT);
    judge.args(["judge", "--format", "json"]).arg(transcript);
    let output = timeout(PATIENCE, judge.output()).await.unwrap().unwrap();
    let findings: Vec<Finding> = serde_json::from_slice(&output.stdout).unwrap();
    let shown = findings.iter().map(|finding| {
        format!("{} {:?}, expected {:?}", finding.id, finding.verdict, finding.expected)
    });
    shown.collect()
}
