//! The reference client by itself: a process against the mock, judged by eye on the transcript.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use glimesh_conformance::clock::{CONTRACT_RATE, Clock};
use glimesh_conformance::reference::{Mutant, Variant};
use glimesh_conformance::session::{Connection, Session};
use glimesh_mock::MockServer;
use glimesh_mock::scenario::{Scenario, Span, Step};
use glimesh_mock::transcript::{From, What};
use glimesh_proto::names;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Command;
use tokio::time::timeout;

const CLOCK: Clock = Clock::Contract { rate: CONTRACT_RATE };

/// Nothing here takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A session, and how its client ended.
struct Played {
    session: Session,
    status: ExitStatus,
    stdout: String,
}

#[tokio::test]
async fn it_joins_subscribes_beats_and_exits_in_order() {
    let played = play(named("quiet"), &[]).await;
    let connection = only_connection(&played.session);
    let events: Vec<_> = connection.client_frames().map(|(_, frame)| &*frame.event).collect();
    let beats = events.iter().filter(|event| **event == names::HEARTBEAT).count();
    assert_eq!(events[..2], [names::PHX_JOIN, names::DOC]);
    // 125 of the client's seconds hold six intervals of 20.
    assert!((5..=6).contains(&beats), "{events:?}");
    assert!(played.session.mark("end").is_some());
    assert!(says_goodbye(&played.session, Some(names::CLOSE_NORMAL)));
    assert_eq!(played.status.code(), Some(0));
    assert!(played.stdout.contains(": "), "it prints messages: {:?}", played.stdout);
}

#[tokio::test]
async fn it_waits_for_a_held_reply_before_it_subscribes() {
    let played = play(named("held-join"), &[]).await;
    let connection = only_connection(&played.session);
    let at = |event| connection.on_control(event).next().expect("it was sent").0.at;
    assert!(at(names::DOC).since(at(names::PHX_JOIN)) >= Duration::from_secs(3));
    assert_eq!(connection.on_control(names::PHX_JOIN).count(), 1);
    assert_eq!(played.status.code(), Some(0));
}

#[tokio::test]
async fn it_reads_on_after_malformed_frames() {
    let played = play(named("malformed"), &[]).await;
    let last = played.session.transcript.entries.iter().rev();
    let last = last.clone().find(|entry| entry.what == What::Mark { name: "step:send".to_owned() });
    let last = last.expect("malformed frames were sent").at;
    let connection = only_connection(&played.session);
    assert!(connection.heartbeats().any(|(seen, _)| seen.at > last));
    assert_eq!(played.status.code(), Some(0));
}

#[tokio::test]
async fn it_keeps_beating_after_a_burst() {
    let played = play(named("burst"), &[]).await;
    only_connection(&played.session);
    assert!(played.session.mark("end").is_some());
    // Twenty at once, two in pieces, and two with nulls.
    assert_eq!(played.stdout.lines().count(), 24);
}

#[tokio::test]
async fn it_comes_back_after_a_reset_and_subscribes_again() {
    let mut scenario = named("reset");
    // Nobody is here to make it sleep.
    let sleep = scenario.timeline.iter().position(|step| matches!(step, Step::Freeze));
    scenario.timeline.drain(sleep.expect("it sleeps later")..scenario.timeline.len() - 1);
    let played = play(scenario, &["--reply-ms", "500"]).await;
    assert!(played.session.mark("end").is_some());
    // On the second one nobody answers its join.
    assert_eq!(played.session.open_connections().count(), 3);
    assert_eq!(played.status.code(), Some(0));
}

#[tokio::test]
async fn it_comes_back_after_a_close_with_1000() {
    let scenario = "title: t\nwhy: w\ntimeline:\n  - await: {what: subscribed, within: 10s}\n  - close: {code: 1000}\n  - await: {what: subscribed, within: 10s}\n  - end\n";
    let played = play(Scenario::parse("close", scenario).unwrap(), &[]).await;
    assert!(played.session.mark("end").is_some());
    let first = &played.session.connections[0];
    assert!(
        first.entries.iter().any(|&index| closes(&played.session.entry(index).what, Some(1000)))
    );
}

#[tokio::test]
async fn a_missing_reply_to_a_heartbeat_makes_it_connect_anew() {
    let scenario = "title: t\nwhy: w\nrules:\n  - {on: {event: heartbeat, nth: 1}, ignore: true}\ntimeline:\n  - await: {what: heartbeat, within: 10s}\n  - mark: muted\n  - await: {what: upgrade, within: 15s}\n  - await: {what: subscribed, within: 10s}\n  - end\n";
    let played = play(Scenario::parse("mute", scenario).unwrap(), &["--reply-ms", "500"]).await;
    assert_eq!(played.session.open_connections().count(), 2);
}

#[tokio::test]
async fn it_says_clearly_that_it_trusts_nobody_by_itself() {
    let client = client("wss://glimesh.tv/api/graph/websocket", &[]).output();
    let output = timeout(PATIENCE, client).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("wss needs to know whom to trust"), "{told}");
}

#[tokio::test]
async fn every_variant_subscribes_and_ends_as_it_says() {
    let all = stream::iter(Variant::ALL).map(|&variant| async move {
        let played = play(opening(), &["--variant", variant.name()]).await;
        assert!(played.session.mark("reached:subscribed").is_some(), "{variant:?}");
        assert_eq!(played.status.code(), Some(0), "{variant:?}");
        let code = match variant {
            Variant::ClosesEmpty => None,
            Variant::ClosesGoingAway => Some(1001),
            Variant::ClosesByTcp => {
                return assert!(!says_goodbye(&played.session, Some(names::CLOSE_NORMAL)));
            }
            _ => Some(names::CLOSE_NORMAL),
        };
        assert!(says_goodbye(&played.session, code), "{variant:?}");
    });
    all.buffer_unordered(8).collect::<Vec<()>>().await;
}

#[tokio::test]
async fn every_mutant_shows_its_defect() {
    // What that one leaves behind only a supervisor ends; the self-check has one.
    let mutants = Mutant::ALL.iter().filter(|mutant| **mutant != Mutant::LeavesAChild);
    let all = stream::iter(mutants).map(|&mutant| async move {
        let scenario = match &mutant.caught_by()[..2] {
            "HB" if mutant.caught_by() < "HB024" => beating(),
            "HB" | "RC" => named("reset"),
            _ if mutant == Mutant::NeverResubscribes => named("reset"),
            "FT" => named("malformed"),
            "MS" => named("burst"),
            _ if mutant == Mutant::ClientIdAsToken => named("client-id"),
            _ if mutant == Mutant::ImpatientDocument => named("held-join"),
            _ => opening(),
        };
        let played = play(scenario, &["--mutant", mutant.name()]).await;
        (shows(mutant, &played) == Some(false))
            .then(|| format!("{mutant:?}: {:#?}", texts(&played.session)))
    });
    let hidden: Vec<Option<String>> = all.buffer_unordered(24).collect().await;
    let hidden: Vec<String> = hidden.into_iter().flatten().collect();
    assert!(hidden.is_empty(), "{}", hidden.join("\n"));
}

/// Whether the defect can be seen; `None` if it needs a session of its own, in which the self-check shows it.
fn shows(mutant: Mutant, played: &Played) -> Option<bool> {
    let Played { session, status, .. } = played;
    let texts = texts(session);
    let first = texts.first().copied().unwrap_or_default();
    let any = |part: &str| texts.iter().any(|text| text.contains(part));
    let count = |part: &str| texts.iter().filter(|text| text.contains(part)).count();
    let query = queries(session);
    let given = |name: &str, value: &str| query.contains(&(name.to_owned(), value.to_owned()));
    let names = |name: &str| query.iter().filter(|(found, _)| found == name).count();
    let missed = |what: &str| session.mark(&format!("missed:{what}")).is_some();
    let dropped = session
        .transcript
        .entries
        .iter()
        .any(|entry| matches!(&entry.what, What::Note { code, .. } if code == "no-heartbeat"));
    Some(match mutant {
        Mutant::NeverConnects => session.connections.is_empty() && status.success(),
        Mutant::ExitsAtOnce => session.connections.is_empty() && status.code() == Some(1),
        Mutant::ExitsBadly => status.code() == Some(3),
        Mutant::IgnoresStop => status.code().is_none(),
        Mutant::WrongPath => statuses(session).all(|status| status == 404),
        Mutant::NoVsn => names("vsn") == 0,
        Mutant::OldVsn => given("vsn", "1.0.0"),
        Mutant::VsnTwice => names("vsn") == 2,
        Mutant::OtherToken | Mutant::Placeholder => {
            names("token") == 1 && !given("token", "<token>")
        }
        Mutant::NoToken => names("token") == 0,
        Mutant::ClientIdAsToken => names("client_id") == 0 && names("token") == 1,
        Mutant::Binary => texts.is_empty() && session.mark("missed:subscribed").is_some(),
        Mutant::SingleQuotes => first.starts_with("['1'"),
        Mutant::TrailingComma => first.ends_with(",]"),
        Mutant::Objects => first.starts_with('{'),
        Mutant::DoubleEncoded => first.starts_with(r#""[\"1\""#),
        Mutant::FourElements => first.starts_with(r#"["1","__absinthe__"#),
        Mutant::NumericRefs => any("[1,2,"),
        Mutant::NullTopic => any(r#"["1","2",null,"doc""#),
        Mutant::NullPayload => first.ends_with(r#""phx_join",null]"#),
        Mutant::ArrayPayload => first.ends_with(r#""phx_join",[]]"#),
        Mutant::NeverJoins => texts.iter().all(|text| text.contains("heartbeat")),
        Mutant::BeatsFirst => first.contains("heartbeat") && any("doc"),
        Mutant::ImpatientDocument => {
            let connection = only_connection(session);
            let at = |event| connection.on_control(event).next().map(|(seen, _)| seen.at);
            let gap = at(names::DOC).zip(at(names::PHX_JOIN)).map(|(doc, join)| doc.since(join));
            gap.is_some_and(|gap| (900..2500).contains(&gap.as_millis()))
        }
        Mutant::JoinsTwice => count("phx_join") == 2,
        Mutant::NeverSubscribes => any("phx_join") && !any("doc\""),
        Mutant::WrongEvent => any(r#""subscribe",{"#) && !any("doc\""),
        Mutant::VariablesAsText => any(r#""variables":"{\"channelId\":"#),
        Mutant::DiesOfMessages => status.code() == Some(101),
        Mutant::StuckAfterMessages => dropped || missed("heartbeat"),
        Mutant::NeverBeats | Mutant::PingsInstead => dropped && !any("heartbeat"),
        Mutant::Pheonix => dropped && any("\"pheonix\",\"heartbeat\""),
        Mutant::HeartUnderscoreBeat => dropped && any("heart_beat"),
        Mutant::NullBeatPayload => !dropped && any(r#""heartbeat",null]"#),
        Mutant::NumericBeatRef => !dropped && any("[null,3,\"phoenix\""),
        Mutant::NoBeatRef => any("[null,null,\"phoenix\""),
        Mutant::BeatsTwice => dropped && count("heartbeat") >= 2,
        Mutant::BeatsTooSlowly => dropped,
        Mutant::ReconnectsAtNull => session.open_connections().count() > 1 && !dropped,
        Mutant::CrashesAtNull => status.code() == Some(101),
        Mutant::AbortsWhenCut => status.code().is_none(),
        Mutant::FailsWhenCut => status.code() == Some(1),
        Mutant::NeverReconnects => missed("upgrade") && status.success(),
        Mutant::ExitsWhenCut => {
            session.mark("step:reset").is_some() && !missed("upgrade") && status.success()
        }
        Mutant::NeverRejoins => missed("join") && session.open_connections().count() > 1,
        Mutant::NeverResubscribes => missed("subscribed") && count("doc\"") == 1,
        Mutant::SubscribesBeforeRejoin | Mutant::LeavesAfterRejoin => {
            missed("subscribed") && count("doc\"") >= 2
        }
        Mutant::CrashesAtShortArray | Mutant::CrashesAtEmptyText => status.code() == Some(101),
        Mutant::SilentAfterMalformed => dropped || missed("heartbeat"),
        Mutant::NoJoinRef => any(r#"[null,"2","__absinthe__:control","doc""#),
        Mutant::DuplicateKeys => any(r#","query":""}]"#),
        Mutant::JoinsTheLobby => any(r#""room:lobby","phx_join""#),
        Mutant::Greets => any("createChatMessage"),
        Mutant::BeatsOnce => {
            dropped && session.open_connections().all(|it| it.heartbeats().count() <= 1)
        }
        Mutant::BeatsInPairs => count("heartbeat") >= 4 && !dropped,
        _ => return None,
    })
}

async fn play(mut scenario: Scenario, options: &[&str]) -> Played {
    for step in &mut scenario.timeline {
        if let Step::Await(awaited) = step
            && !options.is_empty()
        {
            awaited.within = Span(awaited.within.0.min(Duration::from_secs(4)));
        }
    }
    let server = MockServer::builder().scenario(scenario).clock(CLOCK.stamp());
    let server = server.start().await.expect("a port is free");
    let mut child = client(&server.url(), options).spawn().expect("the kit starts");
    let pid = Pid::from_raw(child.id().expect("it was not waited for").cast_signed());
    tokio::select! {
        () = server.scenario_ended() => {}
        _ = child.wait() => {}
    }
    // It may have ended by itself; then there is nobody to tell.
    let _ = kill(pid, Signal::SIGTERM);
    if timeout(Duration::from_secs(3), child.wait()).await.is_err() {
        child.start_kill().expect("it can be killed");
    }
    let output = timeout(PATIENCE, child.wait_with_output()).await;
    let output = output.expect("it ends in time").expect("its output can be read");
    Played {
        session: Session::new(server.stop().await),
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
    }
}

fn client(url: &str, options: &[&str]) -> Command {
    let interval =
        CLOCK.heartbeat_interval().expect("a contract clock has one").as_millis().to_string();
    let mut client = Command::new(env!("CARGO_BIN_EXE_glimesh-conformance"));
    client.args(["reference-client", "--url", url, "--heartbeat-ms", &interval]).args(options);
    client.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    client
}

fn named(name: &str) -> Scenario {
    Scenario::named(name).expect("it is built in")
}

/// As far as the subscription, and a little more.
fn opening() -> Scenario {
    let text = "title: t\nwhy: w\ntimeline:\n  - await: {what: open, within: 4s, or: continue}\n  - await: {what: subscribed, within: 1s, or: continue}\n  - pause: 200ms\n  - end\n";
    Scenario::parse("opening", text).expect("it is valid")
}

/// Long enough for four heartbeats, and for the drop of a client that stops after two.
fn beating() -> Scenario {
    let text = "title: t\nwhy: w\ntimeline:\n  - await: {what: open, within: 4s}\n  - wait: 90s\n  - end\n";
    Scenario::parse("beating", text).expect("it is valid")
}

#[track_caller]
fn only_connection(session: &Session) -> &Connection {
    assert_eq!(session.connections.len(), 1);
    &session.connections[0]
}

fn texts(session: &Session) -> Vec<&str> {
    session.transcript.entries.iter().filter_map(|entry| entry.client_text()).collect()
}

fn queries(session: &Session) -> Vec<(String, String)> {
    let queries = session.transcript.entries.iter().find_map(|entry| match &entry.what {
        What::Upgrade { query, .. } => Some(query.clone()),
        _ => None,
    });
    queries.unwrap_or_default()
}

fn statuses(session: &Session) -> impl Iterator<Item = u16> {
    session.transcript.entries.iter().filter_map(|entry| match entry.what {
        What::Upgrade { status, .. } => Some(status),
        _ => None,
    })
}

fn closes(what: &What, wanted: Option<u16>) -> bool {
    matches!(what, What::Close { from: From::Client, code, .. } if *code == wanted)
}

fn says_goodbye(session: &Session, code: Option<u16>) -> bool {
    session.transcript.entries.iter().any(|entry| closes(&entry.what, code))
}
