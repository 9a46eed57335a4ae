//! The adapter of `examples/drivers` in Rust, and what happens to its lines on their way.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use glimesh_conformance::driver::check::{Examined, examine};
use glimesh_mock::MockServer;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, duplex, split};
use tokio::process::Command;

use super::{PATIENCE, json_of, said};

/// The adapter itself, the file that people copy.
mod adapter {
    include!("../../../../examples/drivers/tungstenite-rs/src/main.rs");

    pub(super) fn play() {
        main();
    }
}

/// In the environment of the process that is the adapter.
const PLAYED: &str = "DRIVER_CHECK_PLAYED";

/// No test of its own: the tests start it in a process of its own.
#[test]
fn plays_the_adapter() {
    if std::env::var_os(PLAYED).is_some() {
        // The harness has begun a line; what the adapter says begins with the next one.
        std::io::stdout().write_all(b"\n").unwrap();
        adapter::play();
    }
}

/// What to do with the adapter's lines and requests before they arrive.
#[derive(Clone)]
pub(super) struct Bent {
    /// What the adapter is asked; `None` if it is not to be asked, and what is said in its place.
    pub(super) request: fn(Value) -> (Option<Value>, Vec<String>),
    /// What is said in place of a line of the adapter's.
    pub(super) line: fn(Value) -> Vec<String>,
    pub(super) patience: Duration,
    pub(super) tls: bool,
}

impl Default for Bent {
    fn default() -> Self {
        Self {
            request: |request| (Some(request), Vec::new()),
            line: |line| vec![said(&line)],
            patience: PATIENCE,
            tls: false,
        }
    }
}

impl Bent {
    pub(super) async fn examine(self) -> Examined {
        let server = MockServer::builder().tls(self.tls).start().await.unwrap();
        let (ours, theirs) = duplex(1 << 20);
        let (from, to) = split(ours);
        let patience = self.patience;
        let adapter = tokio::spawn(self.play(theirs));
        let examined = examine(from, to, &server, patience, Box::new(Vec::new)).await;
        adapter.await.unwrap();
        examined
    }

    /// The adapter in a process of its own, with this one in between.
    async fn play(self, stream: tokio::io::DuplexStream) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "driver_check::bent::plays_the_adapter",
                "--nocapture",
                "--test-threads=1",
            ])
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
