//! The supervisor of one client: a process of its own, so that a client's whole family ends with the session, and
//! with the runner.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, setsid};
use tokio::signal::unix::{SignalKind, signal};

use super::control::{Ended, Report, Request};
use super::{inherit, tree};

/// The hidden command by which the kit starts itself as a client's supervisor.
pub const SUPERVISE: &str = "supervise-client";

/// How long a client's children may outlive it before they count as left behind: the end of a pipeline or of a
/// wrapper script takes a moment.
const SETTLING: Duration = Duration::from_millis(500);

/// How long killed processes may take to vanish; one that waits for a disk or a debugger must not hold the run.
const DYING: Duration = Duration::from_secs(5);

/// How often the supervisor looks around while it waits for processes that are not its children yet.
const LOOK: Duration = Duration::from_millis(20);

/// What a supervisor learns.
#[derive(Debug)]
enum News {
    /// The runner wants the client to end.
    Stop { grace: Duration },
    /// The runner is gone.
    Orphaned,
    /// A child of this process has ended: the client, or an orphan that it left to us.
    Exited { pid: Pid, status: Option<i32>, signal: Option<String> },
    /// This process has no child any more.
    Childless,
}

/// The supervisor's main: its standard input is the control socket, its output and error are the client's.
pub fn supervise() -> ExitCode {
    match supervise_over(io::stdin().as_fd()) {
        Ok(()) => ExitCode::SUCCESS,
        // The runner sees the control socket close, and knows what to do.
        Err(_) => ExitCode::FAILURE,
    }
}

fn supervise_over(socket: impl AsFd) -> io::Result<()> {
    let mut control = UnixStream::from(socket.as_fd().try_clone_to_owned()?);
    let mut requests = BufReader::new(control.try_clone()?);
    setsid()?;
    shrug_off_signals()?;
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true)?;
    let Some(Request::Start { command, env, home, stdin }) = next(&mut requests) else {
        return Ok(());
    };
    let client = match start(&command, env, stdin.as_deref()) {
        Ok(pid) => pid,
        Err(error) => {
            return say(&mut control, &Report::NotStarted { error: in_words(&command, &error) });
        }
    };
    let news = gather(requests);
    // A runner that has gone meanwhile is news of its own.
    let _ = say(&mut control, &Report::Started { pid: client.as_raw() });
    let watch = Watch { client, home, news, exit: None, childless: false };
    let ended = watch.until_the_end();
    say(&mut control, &Report::Ended(ended))
}

/// Starts the client in a process group of its own.
fn start(command: &[String], env: Vec<(String, String)>, stdin: Option<&Path>) -> io::Result<Pid> {
    let [program, arguments @ ..] = command else {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    };
    let stdin =
        stdin.map_or_else(|| Ok(Stdio::null()), |pipe| File::open(pipe).map(Stdio::from))?;
    let added = env.into_iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(inherit::inherited(env::vars_os()))
        .envs(added)
        .stdin(stdin)
        .process_group(0)
        .spawn()?;
    Ok(Pid::from_raw(i32::try_from(child.id()).expect("process ids are positive 32-bit numbers")))
}

/// Says why a program cannot be started, so that its user knows what to change.
fn in_words(command: &[String], error: &io::Error) -> String {
    let program = command.first().map_or("", String::as_str);
    let is_path = program.contains('/');
    let why = match error.kind() {
        io::ErrorKind::NotFound if is_path && Path::new(program).exists() => {
            "the interpreter that its first line names does not exist".to_owned()
        }
        io::ErrorKind::NotFound if is_path => "no such file".to_owned(),
        io::ErrorKind::NotFound => "no such program in PATH".to_owned(),
        io::ErrorKind::PermissionDenied if Path::new(program).is_dir() => {
            "it is a folder".to_owned()
        }
        io::ErrorKind::PermissionDenied => "it is not executable".to_owned(),
        _ if error.raw_os_error() == Some(Errno::ENOEXEC as i32) => {
            "it is no program; a script needs a first line such as #!/bin/sh".to_owned()
        }
        _ => error.to_string(),
    };
    format!("cannot start {program:?}: {why}")
}

/// Whoever ends the runner's whole process group must not end its supervisors before they have cleaned up.
///
/// They are caught, and nobody looks: a client would inherit it if they were ignored or blocked.
fn shrug_off_signals() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _entered = runtime.enter();
    let kinds = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
        SignalKind::quit(),
    ];
    // What catches a signal stays for as long as the process lives.
    kinds.into_iter().try_for_each(|kind| signal(kind).map(drop))
}

fn next(requests: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    let read = requests.read_line(&mut line);
    // A broken line can only come from a runner that died while it wrote.
    read.is_ok_and(|n| n > 0).then(|| serde_json::from_str(&line).ok()).flatten()
}

fn say(control: &mut UnixStream, report: &Report) -> io::Result<()> {
    let mut line = serde_json::to_string(report)?;
    line.push('\n');
    control.write_all(line.as_bytes())
}

/// Starts the two threads that wait for news.
fn gather(mut requests: BufReader<UnixStream>) -> Receiver<News> {
    let (sender, news) = mpsc::channel();
    let from_runner = sender.clone();
    thread::spawn(move || {
        while let Some(request) = next(&mut requests) {
            if let Request::Stop { grace_ms } = request {
                let _ = from_runner.send(News::Stop { grace: Duration::from_millis(grace_ms) });
            }
        }
        let _ = from_runner.send(News::Orphaned);
    });
    thread::spawn(move || reap(&sender));
    news
}

/// Waits for children until there are none; on Linux that means that no descendant is left either.
fn reap(sender: &Sender<News>) {
    loop {
        let news = match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, status)) => {
                News::Exited { pid, status: Some(status), signal: None }
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) => {
                News::Exited { pid, status: None, signal: Some(signal.as_str().to_owned()) }
            }
            Ok(_) | Err(Errno::EINTR) => continue,
            // Only a real-time signal, which has no name here; whom it has ended is not told either.
            Err(Errno::EINVAL) => continue,
            Err(_) => News::Childless,
        };
        let last = matches!(news, News::Childless);
        if sender.send(news).is_err() || last {
            return;
        }
    }
}

/// One client from its start to the end of the last process that it has started.
struct Watch {
    client: Pid,
    home: PathBuf,
    news: Receiver<News>,
    /// Status and signal, once it has ended.
    exit: Option<(Option<i32>, Option<String>)>,
    childless: bool,
}

impl Watch {
    fn until_the_end(mut self) -> Ended {
        let mut deadline: Option<Instant> = None;
        while !self.nothing_left() && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            match self.next(deadline) {
                // Children get the rest of the grace: behind a wrapper the real client may still be saying goodbye.
                Some(News::Stop { grace }) => {
                    tree::signal_group(self.client, Signal::SIGTERM);
                    deadline = deadline.max(Some(Instant::now() + grace));
                }
                Some(News::Exited { pid, .. }) if pid == self.client => {
                    deadline = deadline.max(Some(Instant::now() + SETTLING));
                }
                Some(News::Childless) => {
                    deadline = deadline.max(Some(Instant::now() + SETTLING));
                }
                Some(News::Orphaned) => {
                    self.kill();
                    // The runner would have done this; whoever is left has no use for it.
                    let _ = std::fs::remove_dir_all(&self.home);
                    break;
                }
                _ => {}
            }
        }
        // What has come in by the deadline is in time, even if this process was too busy to look.
        while self.exit.is_none() && self.next(Some(Instant::now())).is_some() {}
        let killed = self.exit.is_none();
        let leaked = if killed || self.nothing_left() { 0 } else { tree::alive(self.client) };
        self.kill();
        let (status, signal) = self.exit.unwrap_or_else(|| (None, Some("SIGKILL".to_owned())));
        Ended { killed, status, signal, leaked }
    }

    /// Waits for the next news and takes note of it; looks up now and then, or at the deadline.
    fn next(&mut self, deadline: Option<Instant>) -> Option<News> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left = if self.childless { Some(left.unwrap_or(LOOK).min(LOOK)) } else { left };
        let news = match left {
            Some(left) => self.news.recv_timeout(left),
            None => self.news.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match &news {
            Ok(News::Exited { pid, status, signal }) if *pid == self.client => {
                self.exit = Some((*status, signal.clone()));
            }
            Ok(News::Childless) => {
                self.childless = true;
                let unnamed = || (None, Some("a real-time signal".to_owned()));
                self.exit.get_or_insert_with(unnamed);
            }
            Err(RecvTimeoutError::Disconnected) => thread::sleep(LOOK),
            _ => {}
        }
        news.ok()
    }

    /// Whether the client has ended, and all that it has started.
    fn nothing_left(&self) -> bool {
        // On Linux orphans become children of this process, so without children there are no descendants.
        self.childless && (cfg!(target_os = "linux") || tree::alive(self.client) == 0)
    }

    /// Kills until nothing is left: a process that was being born when the others were killed is seen next time.
    fn kill(&mut self) {
        let given_up = Instant::now() + DYING;
        while !self.nothing_left() && Instant::now() < given_up {
            if self.exit.is_none() {
                tree::signal_group(self.client, Signal::SIGKILL);
            }
            tree::kill_all(self.client);
            self.next(Some(Instant::now() + LOOK));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_program_cannot_be_started_is_said_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let said = |program: &str| {
            let command = [program.to_owned()];
            let error =
                start(&command, vec![("PATH".to_owned(), "/bin".to_owned())], None).unwrap_err();
            in_words(&command, &error)
        };
        assert_eq!(said("no-such-bot"), r#"cannot start "no-such-bot": no such program in PATH"#);
        assert!(said("/no/such/bot").ends_with("no such file"));
        assert!(said(&file("plain", "text")).ends_with("it is not executable"));
        assert!(said(folder.path().to_str().unwrap()).ends_with("it is a folder"));
    }
}
