//! One session: a mock server for it alone, a client, and what crossed the wire between them.

use std::io;
use std::time::{Duration, Instant};

use glimesh_mock::scenario::{Awaited, Scenario, ScenarioError, Span, Step};
use glimesh_mock::transcript::{ProcessEvent, What};
use glimesh_mock::{MockServer, StartError};
use tokio::sync::watch;

use crate::client::{self, ContractError, Ended, NotStarted, Running, Values};
use crate::drive::{self, Kit};
use crate::event::{Emit, RunEvent};
use crate::noise::Probe;
use crate::ordered;
use crate::plan::{Plan, Start};
use crate::results::SessionResult;
use crate::session::Session;
use crate::turn::Turn;

/// How long the kit waits for somebody to attach a client.
const ATTACH_WITHIN: Duration = Duration::from_secs(600);

/// What one session left behind.
#[derive(Debug)]
pub struct Played {
    /// The session's name, which is its scenario's.
    pub name: &'static str,
    /// The evidence.
    pub session: Session,
    /// How it went.
    pub result: SessionResult,
    /// Whether the user cut it short.
    pub cut_short: bool,
}

/// What all sessions of a run share.
#[derive(Clone)]
pub struct Way<'a> {
    /// Measures the machine's stalls.
    pub probe: &'a Probe,
    /// Receives the events.
    pub emit: Emit<'a>,
    /// Turns true when the user wants the run to end.
    pub interrupt: watch::Receiver<bool>,
}

/// Why the kit cannot do its work. None of these is the client's fault.
#[derive(Debug, thiserror::Error)]
pub enum KitFault {
    /// A scenario of the suite is missing or wrong.
    #[error("cannot play a session: {0}")]
    Scenario(#[from] ScenarioError),
    /// The mock server could not be started.
    #[error("cannot start the mock server: {0}")]
    Server(#[from] StartError),
    /// The client's command line cannot be filled in.
    #[error("cannot fill in the client's command line: {0}")]
    Contract(#[from] ContractError),
    /// The client cannot be supervised.
    #[error("cannot supervise the client: {0}")]
    Supervisor(#[source] io::Error),
    /// The folder for the client's output cannot be used.
    #[error("cannot keep the client's output: {0}")]
    Output(#[source] io::Error),
    /// A task of the kit's panicked, the mock server's among them.
    #[error("a task panicked at {0}; please report it, with what is printed above")]
    Panicked(&'static str),
}

/// Plays one session from the start of its server to the end of its client. The turn to start, if there is one, ends
/// when the client has started.
///
/// # Errors
///
/// [`KitFault`]; whatever the client does wrong is in the transcript.
pub(crate) async fn session(
    plan: &Plan,
    turn: Option<Turn>,
    (name, nth): (&'static str, usize),
    run_began: Instant,
    way: Way<'_>,
) -> Result<Played, KitFault> {
    let began = Instant::now();
    // Further looks at a session have names of their own.
    let id = if nth == 1 { name.to_owned() } else { format!("{name}-{nth}") };
    let server = start_server(plan, name, &id).await?;
    let (session, cut_short) = with_client(plan, (server, turn), &id, way).await?;
    let result = SessionResult {
        transcript: format!("transcripts/{id}.jsonl"),
        id,
        scenario: name.to_owned(),
        started_ms: ms(began - run_began),
        ended_ms: ms(run_began.elapsed()),
        process: session.process_word(),
        close: session.close_word().to_owned(),
    };
    Ok(Played { name, session, result, cut_short })
}

/// Lets the plan's client meet a server, until the server's timeline or the client has ended. The turn to start, if
/// there is one, ends when the client has started.
///
/// # Errors
///
/// [`KitFault`]
pub(crate) async fn with_client(
    plan: &Plan,
    (server, turn): (MockServer, Option<Turn>),
    id: &str,
    way: Way<'_>,
) -> Result<(Session, bool), KitFault> {
    let began = Instant::now();
    let home = tempfile::Builder::new().prefix("glimesh-").tempdir().map_err(KitFault::Output)?;
    let values = Values::new(&server, plan, home.path());
    let cut_short = match plan.start {
        Start::Attach => {
            (way.emit)(RunEvent::ClientWanted { session: id.to_owned(), told: values.told() });
            end_of_timeline(&server, way.interrupt).await
        }
        Start::Spawn | Start::Trigger => {
            spawn(plan, (&server, turn), id, &values, way.interrupt).await?
        }
    };
    server.append(Session::capabilities_note(&plan.capabilities));
    server.append(What::Noise { worst_stall_ms: ms(way.probe.worst_since(began)) });
    Ok((Session::new(server.stop().await), cut_short))
}

async fn spawn(
    plan: &Plan,
    (server, turn): (&MockServer, Option<Turn>),
    id: &str,
    values: &Values,
    interrupt: watch::Receiver<bool>,
) -> Result<bool, KitFault> {
    // The zero of the transcript's time, in which `pace` seconds pass in a real one.
    let pace = plan.clock.pace();
    let zero = tokio::time::Instant::now() - server.now().since_start() / pace;
    match client::start(client::launch(plan, values)?).await {
        Ok(mut running) => {
            let cut_short = if plan.start == Start::Trigger {
                let cut_short = end_of_timeline(server, interrupt).await;
                running.stop(plan.grace).await;
                cut_short
            } else {
                server.append(process(ProcessEvent::Started));
                let started = async {
                    if let Some(turn) = turn {
                        turn.end(server).await;
                    }
                };
                let attended = attend(plan, server, &mut running, interrupt);
                tokio::pin!(attended);
                tokio::select! {
                    biased;
                    cut_short = &mut attended => cut_short,
                    () = started => attended.await,
                }
            };
            let redact = |text: &str| server.redact(text);
            let saved = running.save_output(&plan.output_dir, id, (zero, pace), &redact).await;
            saved.map_err(KitFault::Output)?;
            Ok(cut_short)
        }
        Err(NotStarted::Refused(error)) => {
            server.append(process(ProcessEvent::NotStarted { error: server.redact(&error) }));
            Ok(false)
        }
        Err(NotStarted::Kit(error)) => Err(KitFault::Supervisor(error)),
    }
}

/// Waits for the end of the timeline, or of the user's patience: there is no process that could end. Returns whether it
/// was the user's patience.
async fn end_of_timeline(server: &MockServer, mut interrupt: watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = server.scenario_ended() => false,
        _ = interrupt.wait_for(|&interrupted| interrupted) => true,
    }
}

/// How long a session lasts in real time, with a client that does all it should at once.
pub fn real_length(name: &str) -> Duration {
    Scenario::named(name).map_or(Duration::ZERO, |scenario| scenario.length(1, 1))
}

/// The longest that a session with a well-behaved client takes, in real time: what its timeline waits for.
pub fn expected_length(plan: &Plan, name: &str) -> Duration {
    let (rate, pace) = (plan.clock.rate(), plan.clock.pace());
    plan.scenario(name).map_or(Duration::ZERO, |scenario| scenario.length(rate, pace))
}

async fn start_server(plan: &Plan, name: &str, id: &str) -> Result<MockServer, KitFault> {
    let mut scenario = plan.scenario(name)?;
    match plan.start {
        Start::Attach => limit_start(&mut scenario, ATTACH_WITHIN, true, 1),
        _ => limit_start(&mut scenario, plan.connect_timeout, false, plan.clock.pace()),
    }
    if let Some(patience) = plan.patience {
        shorten(&mut scenario, patience);
    }
    let server = MockServer::builder()
        .profile(plan.profile.clone())
        .scenario(scenario)
        .session_name(id)
        .clock(plan.clock.stamp())
        .tls(plan.tls)
        .start()
        .await?;
    Ok(server)
}

/// The first connection is part of the client's start, which has a limit of its own, in real time whatever the pace.
fn limit_start(scenario: &mut Scenario, limit: Duration, longer: bool, pace: u32) {
    if let Some(Step::Await(first)) = scenario.timeline.first_mut()
        && first.what == Awaited::Upgrade
    {
        let within = if longer { limit } else { first.within.0.min(limit) };
        first.within = Span(within * pace);
    }
}

fn shorten(scenario: &mut Scenario, patience: Duration) {
    for step in &mut scenario.timeline {
        if let Step::Await(awaited) = step {
            awaited.within = Span(awaited.within.0.min(patience));
        }
    }
}

/// Waits for the end of the timeline, of the client, or of the user's patience, whichever comes first; then sees
/// the client off. Returns whether it was the user's patience.
async fn attend(
    plan: &Plan,
    server: &MockServer,
    running: &mut Running,
    mut interrupt: watch::Receiver<bool>,
) -> bool {
    let adapter = running.take_adapter();
    let kit = adapter.map(|adapter| Kit::new(server, plan.clock, plan.connect_timeout, adapter));
    let driven = async {
        match &kit {
            Some(kit) => drive::play(kit).await,
            None => std::future::pending().await,
        }
    };
    let (sleeper, gauge) = (running.sleeper(), running.gauge());
    let ordered = async {
        match ordered::concerns_processes(plan, server) {
            true => ordered::carry_out(server, sleeper, gauge).await,
            false => std::future::pending().await,
        }
    };
    let (ended, cut_short) = tokio::select! {
        biased;
        ended = running.wait() => (ended, false),
        () = driven => (see_off(plan, server, running, kit.as_ref()).await, false),
        () = ordered => unreachable!("a timeline's steps are waited for until the end"),
        () = server.scenario_ended(), if kit.is_none() => {
            (stop(plan, server, running).await, false)
        }
        () = too_many_connections(server) => (stop(plan, server, running).await, false),
        _ = interrupt.wait_for(|&interrupted| interrupted) => {
            (stop(plan, server, running).await, true)
        }
    };
    record_end(server, &ended);
    cut_short
}

/// How many connections a client may open in one session. A polite one needs a handful; one that reconnects without a
/// pause opens thousands a second, and has shown by then what it does.
const MOST_CONNECTIONS: usize = 2_000;

/// How often connections are counted.
const COUNT_EVERY: Duration = Duration::from_millis(200);

/// Returns when the client has opened more connections than anybody needs, with a note that says so.
async fn too_many_connections(server: &MockServer) {
    let (mut entries, mut connections) = (0, 0);
    while connections <= MOST_CONNECTIONS {
        tokio::time::sleep(COUNT_EVERY).await;
        let new = server.entries_from(entries);
        entries += new.len();
        connections += new.iter().filter(|entry| entry.what == What::Accept).count();
    }
    let text = format!("the session was ended: more than {MOST_CONNECTIONS} connections");
    server.append(What::Note { code: "too-many-connections".to_owned(), text });
}

/// Lets a client end that is driven: by its last request, or else as any other.
async fn see_off(
    plan: &Plan,
    server: &MockServer,
    running: &mut Running,
    kit: Option<&Kit<'_>>,
) -> Ended {
    if let Some(kit) = kit {
        server.append(process(ProcessEvent::Stop { signal: "bye".to_owned() }));
        kit.bye(plan.grace).await;
        if let Ok(ended) = tokio::time::timeout(plan.grace, running.wait()).await {
            return ended;
        }
    }
    stop(plan, server, running).await
}

async fn stop(plan: &Plan, server: &MockServer, running: &mut Running) -> Ended {
    if let Some(sleeper) = running.sleeper().filter(|_| ordered::puts_to_sleep(plan, server)) {
        // Whoever sleeps cannot say goodbye.
        sleeper.wake();
    }
    server.append(process(ProcessEvent::Stop { signal: "SIGTERM".to_owned() }));
    running.stop(plan.grace).await
}

fn record_end(server: &MockServer, ended: &Ended) {
    if ended.killed {
        server.append(process(ProcessEvent::Killed));
    }
    let (status, signal) = (ended.status, ended.signal.clone());
    server.append(process(ProcessEvent::Exited { status, signal }));
    if ended.leaked > 0 {
        server.append(process(ProcessEvent::Leaked { processes: ended.leaked }));
    }
}

const fn process(event: ProcessEvent) -> What {
    What::Process { event }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
