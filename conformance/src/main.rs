//! `glimesh-conformance`: flags to values, exit code.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use glimesh_conformance::accel::{self, ChooseError};
use glimesh_conformance::args::{
    BaselineCommand, Cli, Command, DriverCommand, Format, JudgeArgs, MergeArgs, ProgressArg,
    ReportCommand, RunArgs, RunFormat, SelfCheckArgs, ServerArgs,
};
use glimesh_conformance::baseline::{self, Baseline, Facts};
use glimesh_conformance::config::{Config, ConfigError};
use glimesh_conformance::event::RunEvent;
use glimesh_conformance::exit::Exit;
use glimesh_conformance::finish::{self, Rigour};
use glimesh_conformance::plan::Plan;
use glimesh_conformance::report::{self, Detail, FinishedRun, Folder, Progress};
use glimesh_conformance::results::{Finding, Results};
use glimesh_conformance::self_check;
use glimesh_conformance::session::Session;
use glimesh_conformance::{
    check, client, driver, judge, lint, merge, panics, reference, runner, server,
};
use glimesh_mock::transcript::Transcript;
use tokio::sync::watch;

fn main() -> ExitCode {
    // The supervisor of a client under test is this same program, started anew.
    if std::env::args().nth(1).as_deref() == Some(client::SUPERVISE) {
        return client::supervise();
    }
    panics::watch();
    let matches = Cli::command().get_matches();
    let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Err(error) = configure(&mut cli, &matches) {
        anstream::eprintln!("error: {error}");
        return ExitCode::from(Exit::Usage.code());
    }
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

/// Fills in what the file of `--config` says.
fn configure(cli: &mut Cli, matches: &ArgMatches) -> Result<(), ConfigError> {
    let Command::Run(args) = &mut cli.command else { return Ok(()) };
    let Some(path) = args.config.clone() else { return Ok(()) };
    let said = |option: &str| {
        let run = matches.subcommand_matches("run");
        run.and_then(|run| run.value_source(option)) == Some(ValueSource::CommandLine)
    };
    Config::read(&path)?.fill_in(args, said);
    Ok(())
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
        Command::Lint(args) => Ok(ExitCode::from(lint::run(&args)?.code())),
        Command::Judge(args) => judge_files(&args),
        Command::SelfCheck(args) => self_check(&args).await,
        Command::Baseline(command) => baseline(&command),
        Command::Report(ReportCommand::Merge(args)) => merge(&args),
        Command::Report(ReportCommand::Show(command)) => {
            Ok(ExitCode::from(report::command(&command)?.code()))
        }
        Command::Driver(DriverCommand::Check(args)) => {
            Ok(ExitCode::from(driver::check::run(&args, &own_program()?).await?.code()))
        }
        Command::Server(args) => server(&args).await,
        Command::ReferenceClient(args) => Ok(reference::run(args).await),
    }
}

async fn run(args: &RunArgs) -> Result<ExitCode> {
    let began = Instant::now();
    let kit = own_program()?;
    let rigour = Rigour::new(&args.rigour)?;
    let mut plan = Plan::new(args, &kit)?;
    let folder = Folder::create(&args.report_dir)?;
    let how = if args.quiet { ProgressArg::None } else { args.progress };
    let progress = Progress::for_stderr(how).verbose(args.verbose);
    let progress = Mutex::new(progress);
    let tell = |event: RunEvent| progress.lock().expect("telling does not panic").tell(&event);
    let interrupt = interrupt();
    let chosen = match accel::choose(&plan, args, interrupt.clone()).await {
        Ok(chosen) => chosen,
        Err(ChooseError::Kit(fault)) => return kit_fault(&fault),
        Err(error) => return Err(error.into()),
    };
    tell(RunEvent::ClockChosen { why: chosen.why.clone() });
    plan.take_clock(chosen);
    let ran = match runner::run(&plan, &tell, interrupt).await {
        Ok(ran) => ran,
        Err(fault) => return kit_fault(&fault),
    };
    let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let results = finish::results(&plan, &ran, &rigour, elapsed_ms);
    tell(RunEvent::RunEnded { results: Box::new(results.clone()) });
    let finished = FinishedRun { results: &results, sessions: &ran.sessions, checks: &plan.checks };
    // A full disk must not take the verdict with it: tell first, then complain.
    let written = folder.write(&finished);
    let detail = match (args.quiet, args.verbose) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Verbose,
        _ => Detail::Usual,
    };
    tell_result(args.format, detail, &finished, folder.path())?;
    written?;
    Ok(ExitCode::from(results.exit_code))
}

fn tell_result(
    format: RunFormat,
    detail: Detail,
    run: &FinishedRun<'_>,
    folder: &Path,
) -> Result<()> {
    match format {
        RunFormat::Human => report::human(run, folder, detail, anstream::stderr())?,
        RunFormat::Json => report::json(run.results, io::stdout())?,
        RunFormat::Junit => report::junit(run, io::stdout())?,
        RunFormat::Sarif => report::sarif(run, io::stdout())?,
        RunFormat::Tap => report::tap(run, io::stdout())?,
        RunFormat::Github => {
            report::github(run, io::stdout())?;
            if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY") {
                let cannot = || format!("cannot write the job's summary, {}", path.display());
                let file = File::options().append(true).create(true).open(&path);
                report::job_summary(run, file.with_context(cannot)?).with_context(cannot)?;
            }
        }
    }
    Ok(())
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
    let checks: Vec<_> = checks.iter().copied().chain(judge::BESIDE_THE_CATALOGUE).collect();
    let is_meant = |check: &&&check::Check| {
        check.id.eq_ignore_ascii_case(id) || check.slug.eq_ignore_ascii_case(id)
    };
    let mut out = anstream::stdout();
    if let Some(check) = checks.iter().find(is_meant) {
        report::explain(check, &mut out)?;
        report::examples(check, out)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(code) = lint::catalogue::find(id) {
        report::explain_code(code, out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let codes = || lint::catalogue::all();
    let names = codes().map(|code| code.id).chain(codes().map(|code| code.slug));
    let known = checks.iter().flat_map(|check| [check.id, check.slug]).chain(names);
    let similar = report::similar(id, known);
    let meant = match &similar[..] {
        [] => String::new(),
        near => format!("did you mean {}? ", near.join(" or ")),
    };
    anyhow::bail!(
        "no check and no diagnostic {id:?}; {meant}`glimesh-conformance list` shows all checks, \
         fixtures/diagnostics.md and fixtures/lint/codes.md all diagnostics"
    )
}

fn judge_files(args: &JudgeArgs) -> Result<ExitCode> {
    let sessions = args.transcripts.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let checks = check::catalogue();
    let findings = judge::judge(&sessions, &checks, &judge::capabilities(&sessions));
    let findings = finish::only_seen(findings);
    let exit = finish::exit_of_transcripts(&findings);
    match args.format {
        Format::Human => report::findings(&findings, &sessions, &checks, anstream::stderr())?,
        Format::Json => report::findings_json(&findings, io::stdout())?,
    }
    Ok(ExitCode::from(exit.code()))
}

fn merge(args: &MergeArgs) -> Result<ExitCode> {
    let merged = merge::merge(&args.shards, &Rigour::new(&args.rigour)?)?;
    if args.shards.iter().any(|shard| same_folder(shard, &args.report_dir)) {
        bail!("{} is one of the shards; name another folder", args.report_dir.display());
    }
    let folder = Folder::create(&args.report_dir)?;
    merge::copy_output(&args.shards, folder.path())?;
    let finished = FinishedRun {
        results: &merged.results,
        sessions: &merged.sessions,
        checks: &merged.checks,
    };
    folder.write(&finished)?;
    tell_result(args.format, Detail::Usual, &finished, folder.path())?;
    Ok(ExitCode::from(merged.results.exit_code))
}

fn same_folder(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn baseline(command: &BaselineCommand) -> Result<ExitCode> {
    let catalogue = judge::of_clients();
    match command {
        BaselineCommand::Write { file, report_dir, weak, force } => {
            if file.exists() && !force {
                bail!("{} exists; --force replaces it", file.display());
            }
            let written = baseline::from_results(&Results::read(report_dir)?, *weak);
            written.write(file)?;
            writeln!(
                anstream::stderr(),
                "{} expected in {}",
                written.expect.len(),
                file.display()
            )?;
            Ok(ExitCode::SUCCESS)
        }
        BaselineCommand::Review { file, report_dir } => {
            let known = Baseline::read(file, &catalogue)?;
            let results = Results::read(report_dir)?;
            let (answers, out) = (io::stdin().lock(), anstream::stderr());
            let reviewed =
                baseline::review(&known, &results, &catalogue, finish::today(), answers, out)?;
            if reviewed.baseline != known {
                reviewed.baseline.write(file)?;
            }
            let (dropped, added) = (reviewed.dropped, reviewed.added);
            writeln!(anstream::stderr(), "{dropped} dropped, {added} added")?;
            Ok(ExitCode::SUCCESS)
        }
        BaselineCommand::Check { file, report_dir } => {
            let known = Baseline::read(file, &catalogue)?;
            let mut results = Results::read(report_dir)?;
            let facts = Facts { profile: results.profile, clock: results.clock.mode };
            let stale =
                baseline::compare(&known, &mut results.checks, &catalogue, &facts, finish::today());
            let is_new = |it: &&Finding| it.baseline.as_deref() == Some("new-fail");
            let news: Vec<_> = results.checks.iter().filter(is_new).collect();
            let mut err = anstream::stderr();
            for finding in &news {
                writeln!(err, "new: {} {}", finding.id, finding.actual)?;
            }
            for line in &stale {
                writeln!(err, "stale: {line}")?;
            }
            let exit = match (news.is_empty(), stale.is_empty()) {
                (false, _) => Exit::Failed,
                (true, false) => Exit::Stale,
                (true, true) => Exit::Passed,
            };
            Ok(ExitCode::from(exit.code()))
        }
    }
}

fn read(path: &Path) -> Result<Session> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let transcript = Transcript::read(BufReader::new(file))
        .with_context(|| format!("cannot judge {}", path.display()))?;
    Ok(Session::new(transcript))
}

async fn self_check(args: &SelfCheckArgs) -> Result<ExitCode> {
    let kit = own_program()?;
    let (checks, jobs) = (check::catalogue(), usize::from(args.jobs));
    let tell = |row: &self_check::Row| report::self_check_row(row);
    let rows = match self_check::run(&kit, &checks, jobs, &tell).await {
        Ok(rows) => rows,
        Err(fault) => return kit_fault(&fault),
    };
    report::matrix(&rows, &checks, anstream::stdout())?;
    let complaints = self_check::complaints(&checks, &rows);
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
