//! Clients that misbehave as processes: each is told apart, and nothing of it outlives its session.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the tests' own helpers are tests, too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use glimesh_conformance::event::RunEvent;
use glimesh_conformance::exit::Exit;
use glimesh_conformance::finish::{self, Rigour};
use glimesh_conformance::plan::Plan;
use glimesh_conformance::runner::{self, Ran};
use glimesh_mock::transcript::{ProcessEvent, What};
use tempfile::TempDir;
use tokio::sync::watch;

/// The kit's own program.
const KIT: &str = env!("CARGO_BIN_EXE_glimesh-conformance");

/// The longest that anything here may take; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// In the environment of the runner that is to be killed: its client's script.
const DOOMED: &str = "HOSTILE_CLIENTS_DOOMED";

#[tokio::test]
async fn a_program_that_does_not_exist_is_named() {
    let ran = Hostile::program(&["no-such-bot", "{url}"]).run().await;
    assert_eq!(ran.process(), "not-started");
    let error = ran.events().into_iter().find_map(|event| match event {
        ProcessEvent::NotStarted { error } => Some(error),
        _ => None,
    });
    assert_eq!(error.unwrap(), r#"cannot start "no-such-bot": no such program in PATH"#);
    assert_eq!(ran.exit(), Exit::NoClient);
}

#[tokio::test]
async fn an_interrupt_after_the_last_session_leaves_a_whole_report() {
    let hostile = Hostile::script("exit 3");
    let (interrupt, interrupted) = watch::channel(false);
    let tell = |event| {
        if matches!(event, RunEvent::SessionEnded { .. }) {
            interrupt.send_replace(true);
        }
    };
    let ran = runner::run(&hostile.plan, &tell, interrupted).await.unwrap();
    assert!(*interrupt.borrow());
    assert!(!ran.interrupted);
    // In the middle of it, the same is a partial run.
    let ran = Hostile::script(": > $READY; exec sleep $MARK").run_until_ready().await;
    assert!(ran.ran.interrupted);
}

#[tokio::test]
async fn a_client_that_never_connects_is_seen_off() {
    let mut hostile = Hostile::script("exec sleep $MARK");
    hostile.plan.connect_timeout = Duration::from_millis(200);
    let ran = hostile.run().await;
    // It has no handler for the signal that it was sent.
    assert_eq!(ran.process(), "signal SIGTERM");
    assert_eq!(ran.exit(), Exit::NoClient);
    assert!(ran.nothing_is_left());
}

#[tokio::test]
async fn a_crash_is_told_by_status_or_signal() {
    assert_eq!(Hostile::script("exit 3").run().await.process(), "exit 3");
    assert_eq!(Hostile::script("kill -SEGV $$").run().await.process(), "signal SIGSEGV");
    assert_eq!(Hostile::script("exit 0").run().await.process(), "ok");
}

#[tokio::test]
async fn a_client_that_ignores_sigterm_is_killed() {
    let script = "trap '' TERM; : > $READY; while :; do sleep $MARK; done";
    let mut hostile = Hostile::script(script);
    hostile.plan.grace = Duration::from_millis(300);
    let ran = hostile.run_until_ready().await;
    assert_eq!(ran.process(), "hang");
    assert!(ran.nothing_is_left());
}

#[tokio::test]
async fn a_clean_end_behind_a_wrapper_is_no_leak() {
    // The wrapper goes at once, the client proper a little later.
    let script = "trap 'exit 0' TERM
        (trap 'sleep 0.7; exit 0' TERM; : > $READY; while :; do sleep 0.05; done) &
        wait";
    let mut hostile = Hostile::script(script);
    hostile.plan.grace = PATIENCE;
    assert_eq!(hostile.run_until_ready().await.process(), "ok");
}

#[tokio::test]
async fn a_client_that_connects_without_end_ends_its_session() {
    let connect = "while :; do true 3<>/dev/tcp/127.0.0.1/$GLIMESH_PORT; done";
    let after = Hostile::program(&["bash", "-c", connect]).run().await;
    let entries = &after.ran.sessions[0].transcript.entries;
    let accepted = entries.iter().filter(|entry| entry.what == What::Accept).count();
    assert!(accepted > 2_000, "{accepted} connections");
    let notes = entries.iter().filter(
        |entry| matches!(&entry.what, What::Note { code, .. } if code == "too-many-connections"),
    );
    assert_eq!(notes.count(), 1);
    let stops = after.events().into_iter().filter(|it| matches!(it, ProcessEvent::Stop { .. }));
    assert_eq!(stops.count(), 1);
}

#[tokio::test]
async fn a_flood_is_drained_and_cut() {
    // Writes three times what is kept, and is ready only when all of it was taken.
    let script = "yes flood | head -c 3000000; yes flood | head -c 3000000 >&2; : > $READY; exec sleep $MARK";
    let ran = Hostile::script(script).run_until_ready().await;
    for stream in ["stdout", "stderr"] {
        let text = ran.output(stream);
        assert!(text.len() <= 1024 * 1024 + 100, "{}", text.len());
        assert!(text.starts_with("flood\n") && text.trim_end().ends_with("more bytes]"));
    }
}

#[tokio::test]
async fn what_a_client_prints_is_kept_without_secrets() {
    let script =
        "echo $GLIMESH_TOKEN; echo $GLIMESH_WS_URL >&2; read line || echo no input; echo $HOME $0";
    let ran = Hostile::script(script).run().await;
    let said = ran.output("stdout");
    assert!(said.starts_with("<token>\nno input\n/"), "{said}");
    assert!(!said.contains(&std::env::var("HOME").unwrap_or_else(|_| "no home".to_owned())));
    assert!(ran.output("stderr").ends_with("token=<token>\n"));
}

#[tokio::test]
async fn daemons_and_sessions_of_their_own_are_leaks_and_die() {
    let script = "setsid sleep $MARK &
        (setsid sh -c 'sleep $MARK & sleep $MARK; :' &)
        (trap '' TERM HUP; sleep $MARK & sleep $MARK; :) &
        exit 0";
    let mut hostile = Hostile::script(script);
    hostile.plan.sessions = vec!["held-join", "quiet"];
    let ran = hostile.run().await;
    assert_eq!(ran.process(), "leak");
    assert_eq!(ran.ran.results[1].process, "leak");
    let leaked = ran.events().into_iter().find_map(|event| match event {
        ProcessEvent::Leaked { processes } => Some(processes),
        _ => None,
    });
    assert!(leaked.unwrap() >= 1);
    assert!(ran.nothing_is_left());
}

#[tokio::test]
async fn a_small_fork_bomb_is_put_out() {
    let script = "trap '' TERM
        bomb() {
            [ $1 -eq 0 ] || for i in 1 2 3; do (bomb $(($1 - 1)); sleep $MARK; bomb $1) & done
        }
        bomb 3
        : > $READY
        while :; do setsid sleep $MARK & sleep 0.02; done";
    let mut hostile = Hostile::script(script);
    hostile.plan.grace = Duration::from_millis(100);
    let ran = hostile.run_until_ready().await;
    assert_eq!(ran.process(), "hang");
    assert!(ran.nothing_is_left());
}

#[tokio::test]
async fn a_supervisor_outlives_a_sigterm_to_everybody() {
    let script = "kill -TERM $PPID; kill -INT $PPID; : > $READY; exec sleep $MARK";
    let ran = Hostile::script(script).run_until_ready().await;
    assert_eq!(ran.process(), "signal SIGTERM");
    assert!(ran.nothing_is_left());
}

#[tokio::test]
async fn a_client_that_kills_its_supervisor_is_killed_itself() {
    let script = "trap 'kill -KILL $PPID' TERM; : > $READY; while :; do sleep $MARK & wait; done";
    let ran = Hostile::script(script).run_until_ready().await;
    assert_eq!(ran.process(), "hang");
    assert!(ran.nothing_is_left());
}

#[test]
fn a_killed_runner_leaves_nothing() {
    let mark = new_mark();
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready");
    let script = format!(
        "trap '' TERM; setsid sleep {mark} & echo $HOME > {0}.new; mv {0}.new {0}; sleep {mark}; :",
        ready.display()
    );
    let mut runner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile_clients::plays_the_runner_that_is_killed"])
        .env(DOOMED, script)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert!(eventually(|| ready.exists()), "the client has not started");
    let home = fs::read_to_string(&ready).unwrap();
    assert!(Path::new(home.trim()).exists() && !alive(&mark).is_empty());
    runner.kill().unwrap();
    runner.wait().unwrap();
    assert!(eventually(|| alive(&mark).is_empty()), "{:?}", alive(&mark));
    assert!(eventually(|| !Path::new(home.trim()).exists()), "{home} is left");
}

/// No test of its own: the test above starts it in another process.
#[tokio::test]
async fn plays_the_runner_that_is_killed() {
    if let Ok(script) = std::env::var(DOOMED) {
        Hostile::script(&script).run().await;
    }
}

#[test]
fn an_unknown_placeholder_is_a_usage_error() {
    let output = Command::new(KIT).args(["run", "--", "bot", "--url={uri}"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(r#"unknown placeholder {uri} in "--url={uri}"; known are {url}"#),
        "{said}"
    );
}

/// A client to run in one session.
struct Hostile {
    plan: Plan,
    /// What its processes have in their command lines.
    mark: String,
    /// The file that it makes when it is ready to be stopped.
    ready: PathBuf,
    folder: TempDir,
}

/// What a run left behind.
struct After {
    ran: Ran,
    mark: String,
    folder: TempDir,
}

impl Hostile {
    fn program(words: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready");
        let mark = new_mark();
        let client = words.iter().map(|&word| word.to_owned()).collect();
        let mut plan = Plan::for_client(Path::new(KIT), client);
        plan.sessions = vec!["held-join"];
        plan.checks = Vec::new();
        plan.output_dir = folder.path().join("output");
        plan.env = vec![
            ("MARK".to_owned(), mark.clone()),
            ("READY".to_owned(), ready.to_str().unwrap().to_owned()),
        ];
        Self { plan, mark, ready, folder }
    }

    fn script(text: &str) -> Self {
        Self::program(&["sh", "-c", text])
    }

    /// Runs until the session is over.
    async fn run(self) -> After {
        let (_keep, interrupt) = watch::channel(false);
        let ran = runner::run(&self.plan, &|_| {}, interrupt).await.unwrap();
        After { ran, mark: self.mark, folder: self.folder }
    }

    /// Runs until the client is ready, and ends the run then.
    async fn run_until_ready(self) -> After {
        let (interrupt, interrupted) = watch::channel(false);
        let ready = self.ready.clone();
        let stopping = async {
            let given_up = Instant::now() + PATIENCE;
            while !ready.exists() && Instant::now() < given_up {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert!(ready.exists(), "the client has not become ready");
            interrupt.send_replace(true);
        };
        let tell = |_| {};
        let (ran, ()) = tokio::join!(runner::run(&self.plan, &tell, interrupted), stopping);
        After { ran: ran.unwrap(), mark: self.mark, folder: self.folder }
    }
}

impl After {
    fn process(&self) -> &str {
        &self.ran.results[0].process
    }

    fn events(&self) -> Vec<ProcessEvent> {
        let entries = self.ran.sessions[0].transcript.entries.iter();
        let events = entries.filter_map(|entry| match &entry.what {
            What::Process { event } => Some(event.clone()),
            _ => None,
        });
        events.collect()
    }

    fn exit(&self) -> Exit {
        finish::exit(&[], &self.ran.sessions, &Rigour::default(), false)
    }

    fn output(&self, stream: &str) -> String {
        let path = self.folder.path().join("output").join(format!("held-join.{stream}"));
        fs::read_to_string(path).unwrap()
    }

    /// The runner promises this for the moment when it returns; only what it cannot see dies a little later.
    fn nothing_is_left(&self) -> bool {
        eventually(|| alive(&self.mark).is_empty())
    }
}

/// A number of seconds to sleep that no other process sleeps.
fn new_mark() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("9{}{:04}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The command lines with this mark.
fn alive(mark: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| {
        fs::read_to_string(process.path().join("cmdline")).ok().map(|line| line.replace('\0', " "))
    });
    lines.filter(|line| line.contains(mark)).collect()
}

fn eventually(condition: impl Fn() -> bool) -> bool {
    let given_up = Instant::now() + PATIENCE;
    while !condition() && Instant::now() < given_up {
        std::thread::sleep(Duration::from_millis(20));
    }
    condition()
}
