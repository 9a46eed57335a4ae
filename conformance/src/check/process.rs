//! The client as a process: it starts, it connects, and it ends when it is asked to.

use glimesh_mock::transcript::ProcessEvent;

use crate::check::connect::{ODD_TOKEN, uses_no_client_id};
use crate::check::limit::spoiled;
use crate::check::{CANNOT_RUN, Check, Level, Observation, Scope};
use crate::session::{Request, Session};

/// The checks of this area.
pub(super) const CHECKS: [Check; 3] = [
    Check {
        id: "PR001",
        slug: "process/starts-and-connects",
        clauses: &["GCW-CN-01"],
        level: Level::Must,
        title: "starts and connects",
        requirement: "The client MUST start and send an upgrade request to the URL that it was given.",
        why: "Without a connection there is nothing to judge.",
        mend: "Run the command by hand with a URL of `glimesh-mock serve`. The client's own words are in the report's folder \
               output/. If it takes the URL in its own way, say so: `run -- bot --server {url}`, or read GLIMESH_WS_URL in it.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: starts_and_connects,
    },
    Check {
        id: "PR002",
        slug: "process/exits-cleanly",
        clauses: &[],
        level: Level::Should,
        title: "exits cleanly when asked to",
        requirement: "The client SHOULD end within the grace after SIGTERM, with status 0.",
        why: "Service managers and containers stop programs with SIGTERM and kill what does not listen; a client that \
              is killed cannot say goodbye to the server, and one that crashes earlier needs a look anyway.",
        mend: "Handle SIGTERM: close the WebSocket with code 1000 and exit with status 0.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: exits_cleanly,
    },
    Check {
        id: "PR004",
        slug: "process/leaves-nothing-behind",
        clauses: &[],
        level: Level::Should,
        title: "leaves nothing behind",
        requirement: "When the client has ended, none of the processes that it started SHOULD live on.",
        why: "A process that outlives its client keeps connections, files and memory, and after the next start there \
              are two. Service managers kill what is left, which ends it without a goodbye.",
        mend: "Wait for your own child processes, or end them, before you exit; in a shell script, start the client with exec.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: leaves_nothing_behind,
    },
];

/// Whether the session does nothing to the client that might end it.
fn is_calm(session: &Session) -> bool {
    let known = ["quiet", "held-join", "client-id"].contains(&session.scenario());
    known && !uses_no_client_id(session)
}

fn starts_and_connects(session: &Session) -> Observation {
    if let Some(Request { entry: index, at, .. }) = session.requests().next() {
        return Observation::met(format!("the first upgrade request came {at} after the start"))
            .at_entry(index, at);
    }
    if session.scenario() == "nobody-listens" {
        return Observation::unseen("nobody listened, and the client may end or wait for that");
    }
    if session.scenario() == ODD_TOKEN {
        return Observation::unseen("the token needs escaping, which has a check of its own");
    }
    if uses_no_client_id(session) {
        return Observation::unseen("the client was given a client id, and may know tokens only");
    }
    let expected = "an upgrade request to the URL that was given";
    for (index, event) in session.process_events() {
        let actual = match event {
            ProcessEvent::NotStarted { error } => {
                format!("the client could not be started: {error}")
            }
            ProcessEvent::Exited { status: Some(CANNOT_RUN), .. } => {
                return Observation::unseen(
                    "the client said, by status 77, that it cannot run this session",
                );
            }
            ProcessEvent::Exited { .. } if session.stopped_at().is_none() => {
                format!("the client {} without connecting", how_it_ended(event))
            }
            _ => continue,
        };
        let unmet =
            Observation::unmet(actual).expecting(expected).at_entry(index, session.entry(index).at);
        return match event {
            ProcessEvent::NotStarted { .. } => unmet,
            _ => unmet.with_hint("what it printed is in the report's folder output/"),
        };
    }
    match session.mark("missed:upgrade") {
        Some(at) => Observation::unmet(format!("no upgrade request in {at}")).expecting(expected),
        None => Observation::unseen("the session ended before the client could connect"),
    }
}

fn exits_cleanly(session: &Session) -> Observation {
    let mut asked_at = None;
    let mut clean = None;
    for (index, event) in session.process_events() {
        let at = session.entry(index).at;
        let trouble = match event {
            ProcessEvent::Started
            | ProcessEvent::NotStarted { .. }
            | ProcessEvent::Measured { .. }
            | ProcessEvent::Leaked { .. } => continue,
            ProcessEvent::Stop { .. } => {
                asked_at = Some(at);
                continue;
            }
            ProcessEvent::Killed if spoiled(session) => {
                return Observation::unseen(
                    "it did not end in time and was killed, while this machine stalled",
                );
            }
            ProcessEvent::Killed => "it did not end in time and was killed".to_owned(),
            ProcessEvent::Exited { status: Some(0), .. } => {
                clean = Some(asked_at.map(|asked| at.since(asked)));
                continue;
            }
            ProcessEvent::Exited { status: Some(CANNOT_RUN), .. } if asked_at.is_none() => continue,
            // What ends a client there has checks of its own.
            ProcessEvent::Exited { .. } if asked_at.is_none() && !is_calm(session) => {
                continue;
            }
            // A program that has hardly started cannot handle signals yet.
            ProcessEvent::Exited { signal: Some(_), .. }
                if asked_at.is_some() && session.requests().next().is_none() =>
            {
                return Observation::unseen(
                    "it was asked to stop before it asked for a connection",
                );
            }
            ProcessEvent::Exited { .. } => match asked_at {
                Some(_) => format!("asked to stop, it {}", how_it_ended(event)),
                None => format!("it {} before it was asked to stop", how_it_ended(event)),
            },
        };
        return Observation::unmet(trouble)
            .expecting("status 0 within the grace after SIGTERM")
            .at_entry(index, at);
    }
    match clean {
        Some(Some(took)) => {
            Observation::met(format!("status 0, {:.2} s after SIGTERM", took.as_secs_f64()))
        }
        Some(None) => Observation::unseen("it ended with status 0 before it was asked to stop"),
        None => Observation::unseen("it was not asked to stop"),
    }
}

fn leaves_nothing_behind(session: &Session) -> Observation {
    let events = || session.process_events();
    for (index, event) in events() {
        if let ProcessEvent::Leaked { processes } = event {
            let told = format!("it left {processes} processes behind, which were killed");
            return Observation::unmet(told)
                .expecting("no process left when the client has ended")
                .at_entry(index, session.entry(index).at);
        }
    }
    // What a client that had to be killed would have left, nobody knows.
    match events().any(|(_, event)| matches!(event, ProcessEvent::Killed)) {
        false if events().any(|(_, event)| matches!(event, ProcessEvent::Exited { .. })) => {
            Observation::met("no process was left")
        }
        _ => Observation::unseen("the client did not end by itself or when it was asked to"),
    }
}

/// How a process ended, as the end of a sentence.
pub(super) fn how_it_ended(event: &ProcessEvent) -> String {
    match event {
        ProcessEvent::Exited { signal: Some(signal), .. } => format!("was ended by {signal}"),
        ProcessEvent::Exited { status: Some(status), .. } => format!("exited with status {status}"),
        _ => "ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::{ProcessEvent, What};

    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{Wire, exited, outcome, stop};

    fn process(event: ProcessEvent) -> What {
        What::Process { event }
    }

    #[test]
    fn a_client_that_never_connects_is_told_apart_from_one_that_could_not() {
        assert_eq!(outcome("PR001", Wire::new().open(1.0)), Met);
        assert_eq!(outcome("PR001", Wire::new().upgrade(1.0, "/", &[], 404)), Met);
        assert_eq!(outcome("PR001", Wire::new().mark(30.0, "missed:upgrade")), Unmet);
        assert_eq!(outcome("PR001", Wire::new().entry(0.1, exited(Some(1), None))), Unmet);
        let error = "no such program: bot".to_owned();
        assert_eq!(
            outcome("PR001", Wire::new().entry(0.1, process(ProcessEvent::NotStarted { error }))),
            Unmet
        );
        assert_eq!(outcome("PR001", Wire::new().entry(0.1, exited(Some(77), None))), Unseen);
        assert_eq!(outcome("PR001", Wire::new().entry(1.0, stop())), Unseen);
    }

    #[test]
    fn a_client_that_knows_tokens_only_may_end_without_one() {
        let given = || Wire::new().scenario("client-id").client_id();
        let ended = given().entry(0.1, exited(Some(1), None));
        let seen = ["PR001", "PR002"].map(|check| outcome(check, ended.clone()));
        assert_eq!(seen, [Unseen, Unseen]);
        let crashed = given().open(0.1).entry(1.0, exited(Some(1), None));
        assert_eq!(outcome("PR002", crashed), Unmet);
    }

    #[test]
    fn a_clean_end_is_status_0_within_the_grace() {
        let asked = || Wire::new().open(1.0).entry(9.0, stop());
        assert_eq!(outcome("PR002", asked().entry(9.1, exited(Some(0), None))), Met);
        assert_eq!(outcome("PR002", asked().entry(9.1, exited(Some(1), None))), Unmet);
        assert_eq!(outcome("PR002", asked().entry(9.1, exited(None, Some("SIGTERM")))), Unmet);
        let killed = asked().entry(12.0, process(ProcessEvent::Killed));
        let killed = || killed.clone().entry(12.0, exited(None, Some("SIGKILL")));
        assert_eq!(outcome("PR002", killed()), Unmet);
        let stalled = What::Noise { worst_stall_ms: 1_500 };
        assert_eq!(outcome("PR002", killed().entry(12.1, stalled)), Unseen);
        let leaked = process(ProcessEvent::Leaked { processes: 2 });
        let left = asked().entry(9.1, exited(Some(0), None)).entry(9.6, leaked);
        assert_eq!((outcome("PR002", left.clone()), outcome("PR004", left)), (Met, Unmet));
    }

    #[test]
    fn a_client_that_has_hardly_started_need_not_handle_signals() {
        let asked = Wire::new().entry(0.1, stop());
        assert_eq!(
            outcome("PR002", asked.clone().entry(0.2, exited(None, Some("SIGTERM")))),
            Unseen
        );
        let killed = asked.entry(3.1, process(ProcessEvent::Killed));
        assert_eq!(outcome("PR002", killed), Unmet);
    }

    #[test]
    fn nothing_left_is_seen_only_at_an_end() {
        let ended = Wire::new().open(1.0).entry(9.1, exited(Some(0), None));
        assert_eq!(outcome("PR004", ended), Met);
        assert_eq!(outcome("PR004", Wire::new().open(1.0)), Unseen);
        let killed = Wire::new().entry(12.0, process(ProcessEvent::Killed));
        assert_eq!(outcome("PR004", killed.entry(12.0, exited(None, Some("SIGKILL")))), Unseen);
    }

    #[test]
    fn an_end_that_nobody_asked_for_is_clean_with_status_0_alone() {
        let open = || Wire::new().open(1.0);
        assert_eq!(outcome("PR002", open().entry(2.0, exited(Some(0), None))), Unseen);
        assert_eq!(outcome("PR002", open().entry(2.0, exited(Some(1), None))), Unmet);
        let provoked = open().scenario("malformed").entry(2.0, exited(Some(1), None));
        assert_eq!(outcome("PR002", provoked), Unseen);
    }
}
