//! A client's supervisor, seen from the runner.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, duplex};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf, pipe};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use super::contract::{self, Launch};
use super::control::{Ended, Report, Request};
use super::gauge::Gauge;
use super::output::{Capture, Tail};
use super::sleeper::Sleeper;
use super::supervise::SUPERVISE;
use super::tree;
use crate::printed::{self, Stream};

/// How long the operating system may take to start two programs.
const START_LATE: Duration = Duration::from_secs(60);

/// How long a supervisor may take for its own work beyond the client's grace. Only one that was stopped or starved
/// takes so long.
const SUPERVISOR_LATE: Duration = Duration::from_secs(15);

/// A started client. When dropped, the client is killed.
#[derive(Debug)]
pub struct Running {
    /// Its process group, once it runs.
    client: Option<Pid>,
    supervisor: Child,
    requests: OwnedWriteHalf,
    reports: Lines<BufReader<OwnedReadHalf>>,
    stdout: Capture,
    stderr: Capture,
    adapter: Option<Adapter>,
}

/// The two streams over which a client is driven.
#[derive(Debug)]
pub struct Adapter {
    /// Its standard output, which is kept as any client's, too.
    pub stdout: DuplexStream,
    /// Its standard input, which ends when this is dropped.
    pub stdin: pipe::Sender,
}

/// Why a client was not started.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The operating system refused; what was wrong with the command, in words.
    #[error("{0}")]
    Refused(String),
    /// The kit could not do its own part.
    #[error("the kit cannot supervise it")]
    Kit(#[source] io::Error),
}

/// Starts a client; returns when the program runs.
///
/// # Errors
///
/// [`NotStarted`] tells a wrong command from the kit's own fault.
pub async fn start(launch: Launch) -> Result<Running, NotStarted> {
    let (mut running, request, both_ends) = supervisor(launch).map_err(NotStarted::Kit)?;
    running.say(&request).await.map_err(NotStarted::Kit)?;
    let Ok(report) = tokio::time::timeout(START_LATE, running.next_report()).await else {
        return Err(NotStarted::Kit(io::ErrorKind::TimedOut.into()));
    };
    match report.map_err(NotStarted::Kit)? {
        Some(Report::Started { pid }) => {
            running.client = Some(Pid::from_raw(pid));
            // From here on the client alone can read it.
            drop(both_ends);
            Ok(running)
        }
        Some(Report::NotStarted { error }) => Err(NotStarted::Refused(error)),
        Some(Report::Ended(_)) | None => {
            Err(NotStarted::Kit(io::Error::other("its supervisor has vanished")))
        }
    }
}

/// How much of an adapter's output may wait for the kit.
const WAITING: usize = 64 * 1024;

/// Both ends of a named pipe, held open so that opening one end does not wait for the other.
type BothEnds = Option<File>;

fn supervisor(launch: Launch) -> io::Result<(Running, Request, BothEnds)> {
    fs::create_dir_all(contract::tmp(&launch.home))?;
    let stdin = launch.driven.then(|| launch.home.join("stdin"));
    let (mut both_ends, mut adapter, mut copy) = (None, None, None);
    if let Some(path) = &stdin {
        mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR)?;
        both_ends = Some(File::options().read(true).write(true).open(path)?);
        let stdin = pipe::OpenOptions::new().open_sender(path)?;
        let (theirs, stdout) = duplex(WAITING);
        copy = Some(theirs);
        adapter = Some(Adapter { stdout, stdin });
    }
    let (ours, theirs) = UnixStream::pair()?;
    let theirs = theirs.into_std()?;
    theirs.set_nonblocking(false)?;
    let mut supervisor = Command::new(&launch.supervisor)
        .arg(SUPERVISE)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = supervisor.stdout.take().expect("the output is piped");
    let stderr = supervisor.stderr.take().expect("the error output is piped");
    let (reports, requests) = ours.into_split();
    let running = Running {
        client: None,
        supervisor,
        requests,
        reports: BufReader::new(reports).lines(),
        stdout: Capture::start(stdout, copy),
        stderr: Capture::start(stderr, None),
        adapter,
    };
    let Launch { command, env, home, .. } = launch;
    Ok((running, Request::Start { command, env, home, stdin }, both_ends))
}

impl Running {
    /// What it has written last to its standard error, now and later.
    pub fn stderr_tail(&self) -> Tail {
        self.stderr.tail()
    }

    /// The streams of a client that is driven, once.
    pub const fn take_adapter(&mut self) -> Option<Adapter> {
        self.adapter.take()
    }

    /// Waits until the client and all that it has started are gone. May be cancelled and called again.
    pub async fn wait(&mut self) -> Ended {
        loop {
            match self.next_report().await {
                Ok(Some(Report::Ended(ended))) => return ended,
                Ok(Some(Report::Started { .. } | Report::NotStarted { .. })) => {}
                Ok(None) | Err(_) => return self.lost(),
            }
        }
    }

    /// The client's processes, to be put to sleep.
    pub fn sleeper(&self) -> Option<Sleeper> {
        self.client.map(Sleeper)
    }

    /// The client's processes, to be measured.
    pub fn gauge(&self) -> Option<Gauge> {
        let supervisor = i32::try_from(self.supervisor.id()?).ok()?;
        Some(Gauge { supervisor: Pid::from_raw(supervisor) })
    }

    /// Asks the client to end with SIGTERM, and kills it and all that it has started if that takes longer than the
    /// grace.
    pub async fn stop(&mut self, grace: Duration) -> Ended {
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        // If this cannot be said, there is nobody to wait for either.
        let _ = self.say(&Request::Stop { grace_ms }).await;
        match tokio::time::timeout(grace + SUPERVISOR_LATE, self.wait()).await {
            Ok(ended) => ended,
            Err(_) => self.lost(),
        }
    }

    /// Writes what the client has printed into `FOLDER/NAME.stdout` and `FOLDER/NAME.stderr`, and both with their times
    /// since `zero` into `FOLDER/NAME.jsonl`, where `pace` seconds pass in a real one. `redact` replaces secrets.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub async fn save_output(
        self,
        folder: &Path,
        name: &str,
        (zero, pace): (Instant, u32),
        redact: &(dyn Fn(&str) -> String + Sync),
    ) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut lines = Vec::new();
        for (stream, capture) in [(Stream::Stdout, self.stdout), (Stream::Stderr, self.stderr)] {
            let path = folder.join(format!("{name}.{}", stream.as_str()));
            lines.extend(capture.save(&path, (stream, zero, pace), redact).await?);
        }
        lines.sort_by_key(|line| line.at_ms);
        let mut text = Vec::new();
        printed::write(&lines, &mut text)?;
        fs::write(folder.join(format!("{name}.jsonl")), text)
    }

    /// The supervisor is gone or stopped, which only the client can have done: kill what can still be found.
    fn lost(&mut self) -> Ended {
        let _ = self.supervisor.start_kill();
        if let Some(client) = self.client {
            tree::signal_group(client, Signal::SIGKILL);
        }
        Ended { killed: true, status: None, signal: Some("SIGKILL".to_owned()), leaked: 0 }
    }

    async fn say(&mut self, request: &Request) -> io::Result<()> {
        let mut line = serde_json::to_string(request)?;
        line.push('\n');
        self.requests.write_all(line.as_bytes()).await
    }

    async fn next_report(&mut self) -> io::Result<Option<Report>> {
        let line = self.reports.next_line().await?;
        Ok(line.map(|line| serde_json::from_str(&line)).transpose()?)
    }
}

/// Returns when the user wants the run to end: at Ctrl-C or SIGTERM.
///
/// # Errors
///
/// If signals cannot be listened for.
pub async fn asked_to_stop() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
