//! `driver check` finds nothing wrong with the adapter in Rust, and explains what is wrong with it once it is bent.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers are tests, too")]

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use glimesh_conformance::driver::check::{Examined, LogTail, examine, human};
use glimesh_mock::MockServer;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, duplex, split};
use tokio::process::Command;

/// The adapter itself, the file that people copy.
mod adapter {
    include!("../../examples/drivers/tungstenite-rs/src/main.rs");

    pub(super) fn play() {
        main();
    }
}

/// In the environment of the process that is the adapter.
const PLAYED: &str = "DRIVER_CHECK_PLAYED";

const PREFIX: &str = "@gck ";

/// How long a reply may take, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// No test of its own: the tests start it in a process of its own.
#[test]
fn plays_the_adapter() {
    if std::env::var_os(PLAYED).is_some() {
        // The harness has begun a line; what the adapter says begins with the next one.
        std::io::stdout().write_all(b"\n").unwrap();
        adapter::play();
    }
}

#[tokio::test]
async fn the_adapter_in_rust_is_right() {
    let examined = Bent::default().examine().await;
    insta::assert_snapshot!(told(&examined), @"");
}

/// What to do with the adapter's lines and requests before they arrive.
#[derive(Clone)]
struct Bent {
    /// What the adapter is asked; `None` if it is not to be asked, and what is said in its place.
    request: fn(Value) -> (Option<Value>, Vec<String>),
    /// What is said in place of a line of the adapter's.
    line: fn(Value) -> Vec<String>,
    patience: Duration,
}

impl Default for Bent {
    fn default() -> Self {
        Self {
            request: |request| (Some(request), Vec::new()),
            line: |line| vec![said(&line)],
            patience: PATIENCE,
        }
    }
}

impl Bent {
    async fn examine(self) -> Examined {
        let server = MockServer::start().await.unwrap();
        let (ours, theirs) = duplex(1 << 20);
        let (from, to) = split(ours);
        let patience = self.patience;
        let adapter = tokio::spawn(self.play(theirs));
        let examined = examine(from, to, &server, (patience, LogTail::default())).await;
        adapter.await.unwrap();
        examined
    }

    /// The adapter in a process of its own, with this one in between.
    async fn play(self, stream: tokio::io::DuplexStream) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "plays_the_adapter", "--nocapture", "--test-threads=1"])
            .env(PLAYED, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut asks = child.stdin.take().unwrap();
        let mut says = BufReader::new(child.stdout.take().unwrap()).lines();
        let (requests, mut out) = split(stream);
        let mut requests = BufReader::new(requests).lines();
        let mut asking = true;
        loop {
            let lines = tokio::select! {
                request = requests.next_line(), if asking => match request.unwrap() {
                    Some(request) => {
                        let (pass, lines) = (self.request)(json_of(&request).unwrap());
                        if let Some(request) = pass {
                            let line = format!("{}\n", said(&request));
                            asks.write_all(line.as_bytes()).await.unwrap_or_default();
                        }
                        lines
                    }
                    None => {
                        asks.shutdown().await.unwrap();
                        asking = false;
                        Vec::new()
                    }
                },
                line = says.next_line() => match line.unwrap() {
                    Some(line) => json_of(&line).map(self.line).unwrap_or_default(),
                    None => break,
                },
            };
            for line in lines {
                // Whoever examines may have seen enough.
                out.write_all(format!("{line}\n").as_bytes()).await.unwrap_or_default();
            }
        }
    }
}

fn said(line: &Value) -> String {
    format!("{PREFIX}{line}")
}

/// What a line of the protocol holds.
fn json_of(line: &str) -> Option<Value> {
    serde_json::from_str(line.strip_prefix(PREFIX)?).ok()
}

/// As people see it, without colours, and without what is another in each run.
fn told(examined: &Examined) -> String {
    let mut told = Vec::new();
    human(examined, &mut told).unwrap();
    let told = anstream::adapter::strip_bytes(&told).into_vec();
    String::from_utf8(told).unwrap()
}
