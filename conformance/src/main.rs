//! `glimesh-conformance`: flags to values, exit code.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use glimesh_conformance::args::{
    Cli, Command, Format, JudgeArgs, RunArgs, SelfCheckArgs, ServerArgs,
};
use glimesh_conformance::event::RunEvent;
use glimesh_conformance::exit::Exit;
use glimesh_conformance::finish::{self, Rigour};
use glimesh_conformance::plan::Plan;
use glimesh_conformance::report::{self, FinishedRun, Folder, Progress};
use glimesh_conformance::self_check::{self, Subject};
use glimesh_conformance::session::Session;
use glimesh_conformance::{check, client, judge, reference, runner, server};
use glimesh_mock::transcript::Transcript;
use tokio::sync::watch;

fn main() -> ExitCode {
    // The supervisor of a client under test is this same program, started anew.
    if std::env::args().nth(1).as_deref() == Some(client::SUPERVISE) {
        return client::supervise();
    }
    let cli = Cli::parse();
    let runtime = tokio::runtime::Runtime::new().expect("the operating system gives us threads");
    match runtime.block_on(dispatch(cli.command)) {
        Ok(code) => code,
        // Whoever reads standard output has read enough, as `head` does.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::from(Exit::Usage.code())
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

async fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Run(args) => run(&args).await,
        Command::List(args) => list(args.format),
        Command::Explain { id } => explain(&id),
        Command::Judge(args) => judge_files(&args),
        Command::SelfCheck(args) => self_check(&args).await,
        Command::Server(args) => server(&args).await,
        Command::ReferenceClient(args) => Ok(reference::run(args).await),
    }
}

async fn run(args: &RunArgs) -> Result<ExitCode> {
    let began = Instant::now();
    let kit = own_program()?;
    let plan = Plan::new(args, &kit)?;
    let folder = Folder::create(&args.report_dir)?;
    let progress = Mutex::new(Progress::for_stderr());
    let tell = |event: RunEvent| progress.lock().expect("telling does not panic").tell(&event);
    let ran = match runner::run(&plan, &tell, interrupt()).await {
        Ok(ran) => ran,
        Err(fault) => return kit_fault(&fault),
    };
    let rigour = Rigour { deny: args.deny, allow: args.allow, min_executed: args.min_executed };
    let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let results = finish::results(&plan, &ran, rigour, elapsed_ms);
    tell(RunEvent::RunEnded { results: Box::new(results.clone()) });
    let finished = FinishedRun { results: &results, sessions: &ran.sessions, checks: &plan.checks };
    // A full disk must not take the verdict with it: tell first, then complain.
    let written = folder.write(&finished);
    match args.format {
        Format::Human => report::human(&finished, folder.path(), anstream::stderr())?,
        Format::Json => report::json(&results, io::stdout())?,
    }
    written?;
    Ok(ExitCode::from(results.exit_code))
}

fn list(format: Format) -> Result<ExitCode> {
    let checks = check::catalogue();
    match format {
        Format::Human => report::list(&checks, anstream::stdout())?,
        Format::Json => report::list_json(&checks, io::stdout())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn explain(id: &str) -> Result<ExitCode> {
    let checks = check::catalogue();
    let wanted = id.to_ascii_uppercase();
    let check = checks
        .iter()
        .copied()
        .chain([&judge::SERVER_FRAMES])
        .find(|check| check.id == wanted)
        .with_context(|| format!("no check {id:?}; `glimesh-conformance list` shows all ids"))?;
    report::explain(check, anstream::stdout())?;
    Ok(ExitCode::SUCCESS)
}

fn judge_files(args: &JudgeArgs) -> Result<ExitCode> {
    let sessions = args.transcripts.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let checks = check::catalogue();
    let findings = judge::judge(&sessions, &checks, &check::Capability::ALL);
    let findings = finish::only_seen(findings);
    let exit = finish::exit_of_transcripts(&findings);
    match args.format {
        Format::Human => report::findings(&findings, &sessions, &checks, anstream::stderr())?,
        Format::Json => report::findings_json(&findings, io::stdout())?,
    }
    Ok(ExitCode::from(exit.code()))
}

fn read(path: &Path) -> Result<Session> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let transcript = Transcript::read(BufReader::new(file))
        .with_context(|| format!("cannot judge {}", path.display()))?;
    Ok(Session::new(transcript))
}

async fn self_check(args: &SelfCheckArgs) -> Result<ExitCode> {
    let kit = own_program()?;
    let subjects = Subject::all();
    let tell = |row: &self_check::Row| report::self_check_row(row);
    let rows = match self_check::run(&kit, &subjects, usize::from(args.jobs), &tell).await {
        Ok(rows) => rows,
        Err(fault) => return kit_fault(&fault),
    };
    report::matrix(&rows, &check::catalogue(), anstream::stdout())?;
    let complaints = self_check::complaints(&check::catalogue(), &rows);
    for complaint in &complaints {
        anstream::eprintln!("error: {complaint}");
    }
    let exit = if complaints.is_empty() { Exit::Passed } else { Exit::Kit };
    Ok(ExitCode::from(exit.code()))
}

async fn server(args: &ServerArgs) -> Result<ExitCode> {
    let exit = match server::run(args).await {
        Ok(exit) => exit,
        Err(error) => {
            writeln!(anstream::stderr(), "error: {error}")?;
            error.exit()
        }
    };
    Ok(ExitCode::from(exit.code()))
}

fn kit_fault(fault: &dyn std::error::Error) -> Result<ExitCode> {
    let mut err = anstream::stderr();
    writeln!(err, "error: the kit itself failed: {fault}")?;
    Ok(ExitCode::from(Exit::Kit.code()))
}

fn own_program() -> Result<PathBuf> {
    std::env::current_exe().context("cannot find the kit's own program")
}

/// Turns true at the first Ctrl-C or SIGTERM; the sessions end then, and the report is marked as partial.
fn interrupt() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        if client::asked_to_stop().await.is_ok() {
            // Nobody listens any more if the run is over already.
            sender.send(true).ok();
        }
    });
    receiver
}
