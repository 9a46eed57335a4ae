//! Every scenario of the library, played to the reference client; the transcript of each is a snapshot.
//!
//! Server and client run in one thread over pipes, on paused time, and the client leaves nothing to luck: two minutes
//! cost milliseconds, and every run of every machine is the same. `INSTA_UPDATE=always cargo test -p
//! glimesh-conformance --test scenario_transcripts` writes them anew; then read the diff.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use glimesh_conformance::reference::{self, Mutant, Said, Surroundings};
use glimesh_mock::transcript::{Entry, From, Transcript, What};
use glimesh_mock::{MockServer, Scenario, Trust};
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

/// Longer than any timeline waits, on paused time.
const LONG: Duration = Duration::from_secs(60 * 60);

/// How many lines of one kind may stand at one moment before the middle of them is left out.
const MANY: usize = 12;

/// How many of them stay at the beginning, and at the end.
const FIRST: usize = 5;
const LAST: usize = 2;

/// What differs between two runs, and ids that are too long to be read.
const FILTERS: &[(&str, &str)] = &[
    (r"(__absinthe__:doc:-?\d+:[0-9A-F]{8})[0-9A-F]{56}", "$1…"),
    (r"authority in \S+\.pem", "authority in <file>"),
    (r#"certificate expired: [^"]+"#, "certificate expired: <times>"),
    (r#"certificate not valid yet: [^"]+"#, "certificate not valid yet: <times>"),
];

/// Scenarios whose end the reference client does not reach, and why.
const UNREACHED: &[(&str, &str)] =
    &[("single-bytes", "its library takes a handshake in single bytes for an attack")];

/// A scenario about posts, which the polite client never makes: here a mutant meets it that posts on each connection.
const POSTS: &str = "dropped-before-the-reply";

#[test]
fn the_reference_client_meets_every_scenario_as_before() {
    let mut failed = Vec::new();
    for (name, transcript) in played() {
        let reached = transcript.lines().any(|line| line.ends_with("s -- end"));
        assert_eq!(reached, UNREACHED.iter().all(|(known, _)| *known != name), "{name}");
        let compared = catch_unwind(AssertUnwindSafe(|| {
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path("scenario_transcripts");
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            for (varies, shown) in FILTERS {
                settings.add_filter(varies, *shown);
            }
            settings.bind(|| insta::assert_snapshot!(name, transcript));
        }));
        if compared.is_err() {
            failed.push(name);
        }
    }
    assert_eq!(failed, [] as [&str; 0], "the transcripts of these scenarios have changed");
}

#[test]
fn every_snapshot_is_of_a_scenario() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenario_transcripts");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let found: BTreeSet<_> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "snap"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(found, Scenario::names().map(str::to_owned).collect());
}

/// The transcripts of all scenarios, in the order of their names.
fn played() -> Vec<(&'static str, String)> {
    let names: Vec<_> = Scenario::names().collect();
    let next = AtomicUsize::new(0);
    let (send, received) = mpsc::channel();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let send = send.clone();
            scope.spawn(|| {
                let send = send;
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    send.send((*name, play(name))).expect("it is received");
                }
            });
        }
    });
    drop(send);
    let mut played: Vec<_> = received.iter().collect();
    played.sort_unstable();
    played
}

fn play(name: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().start_paused(true).build().expect("there is room");
    let (transcript, said) = runtime.block_on(meet(Scenario::named(name).expect("it is built in")));
    show(&transcript, &said)
}

/// What the client said, and when, in milliseconds since the server's start.
type Heard = Vec<(u64, Said)>;

/// The client meets the scenario until the timeline has ended; then it is stopped.
async fn meet(scenario: Scenario) -> (Transcript, Heard) {
    let scenario_name = scenario.name.clone();
    let began = Instant::now();
    let server =
        MockServer::builder().in_memory().scenario(scenario).start().await.expect("it starts");
    let server = Arc::new(server);
    let heard = Arc::new(Mutex::new(Heard::new()));
    let around = {
        let (server, heard) = (Arc::downgrade(&server), Arc::clone(&heard));
        let dial = move || match server.upgrade() {
            Some(server) => server.dial(),
            None => Err(std::io::ErrorKind::ConnectionRefused.into()),
        };
        let hear = move |said| {
            let at = began.elapsed().as_millis() as u64;
            heard.lock().expect("nobody panics").push((at, said));
        };
        Surroundings::test(dial, hear)
    };
    let posts = scenario_name == POSTS;
    let args = reference::Args {
        url: Some(server.url()),
        driver: false,
        driver_manner: None,
        heartbeat_ms: 25_000,
        reply_ms: 10_000,
        variant: None,
        mutant: posts.then_some(Mutant::Greets),
    };
    let trust = server.ca_file().map(|path| Trust::file(path).expect("it is there"));
    let (stop, stopped) = oneshot::channel();
    let stopped = async { stopped.await.unwrap_or_default() };
    let client = tokio::spawn(reference::run_in(around, args, trust, stopped));
    timeout(LONG, server.scenario_ended()).await.expect("the timeline ends");
    stop.send(()).expect("the client has not ended by itself");
    assert_eq!(client.await.expect("it does not panic"), 0, "it ends in order");
    let server = Arc::into_inner(server).expect("nobody else holds it");
    let transcript = server.stop().await;
    let heard = std::mem::take(&mut *heard.lock().expect("nobody panics"));
    (transcript, heard)
}

/// A line of a snapshot: when, what kind of thing it is, and what it says.
struct Line {
    at_ms: u64,
    kind: &'static str,
    text: String,
}

fn show(transcript: &Transcript, said: &Heard) -> String {
    let mut lines: Vec<_> = transcript.entries.iter().filter_map(line).collect();
    lines.extend(said.iter().map(|(at_ms, said)| {
        let (kind, text) = match said {
            Said::Message(text) => ("shown", format!("the client shows {text:?}")),
            Said::Trouble(text) => ("said", format!("the client says {text:?}")),
        };
        Line { at_ms: *at_ms, kind, text }
    }));
    // Stable: what crossed the wire at a moment stands before what the client said then.
    lines.sort_by_key(|line| line.at_ms);
    let mut shown = String::new();
    for alike in lines.chunk_by(|a, b| (a.at_ms, a.kind) == (b.at_ms, b.kind)) {
        let left_out = if alike.len() > MANY { FIRST..alike.len() - LAST } else { 0..0 };
        let mut digest = Sha256::new();
        for (index, Line { at_ms, text, .. }) in alike.iter().enumerate() {
            if !left_out.contains(&index) {
                let (seconds, tenths) = (at_ms / 1_000, at_ms % 1_000 / 100);
                let _ = writeln!(shown, "{seconds:4}.{tenths}s {text}");
                continue;
            }
            digest.update(text);
            if index + 1 == left_out.end {
                let hash = format!("{:x}", std::mem::take(&mut digest).finalize());
                let _ =
                    writeln!(shown, "        … {} more, SHA-256 {}", left_out.len(), &hash[..16]);
            }
        }
    }
    shown
}

fn line(entry: &Entry) -> Option<Line> {
    let conn = entry.conn.map(|conn| format!("#{conn} ")).unwrap_or_default();
    let (kind, text) = match &entry.what {
        What::Accept => ("accept", "connection".to_owned()),
        What::Upgrade { method, path, query, status, .. } => {
            let query: Vec<_> =
                query.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = match status {
                0 => "not answered".to_owned(),
                status => format!("answered with {status}"),
            };
            ("upgrade", format!("> {method} {path}?{} {answer}", query.join("&")))
        }
        What::Text { from, data, .. } => (kind(*from), format!("{} {data}", arrow(*from))),
        What::Binary { from, hex, .. } => (kind(*from), format!("{} binary {hex}", arrow(*from))),
        What::Ping { from, hex } => (kind(*from), format!("{} ping {hex}", arrow(*from))),
        What::Pong { from, hex } => (kind(*from), format!("{} pong {hex}", arrow(*from))),
        What::Close { from, code, reason } => {
            let code = code.map_or("without a code".to_owned(), |code| code.to_string());
            (kind(*from), format!("{} close {code} {reason:?}", arrow(*from)))
        }
        What::Eof { from, reset } => {
            let word = if *reset { "reset" } else { "end of TCP" };
            (kind(*from), format!("{} {word}", arrow(*from)))
        }
        What::Note { code, text } => ("note", format!("note {code}: {text}")),
        What::Mark { name } => ("mark", format!("-- {name}")),
        What::Noise { .. } | What::Process { .. } | What::Driver { .. } => return None,
    };
    let text = format!("{conn}{text}").trim_end().to_owned();
    Some(Line { at_ms: entry.at.as_millis(), kind, text })
}

const fn arrow(from: From) -> char {
    match from {
        From::Client => '>',
        From::Server => '<',
    }
}

const fn kind(from: From) -> &'static str {
    match from {
        From::Client => "client",
        From::Server => "server",
    }
}
