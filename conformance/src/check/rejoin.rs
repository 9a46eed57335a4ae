//! What a client does when its channel is gone and its connection stands.

use glimesh_proto::{Frame, Instant, names};

use crate::check::fault::OVERSIZE;
use crate::check::join::is_join;
use crate::check::process::how_it_ended;
use crate::check::recover::is_granted;
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::session::{Seen, Session};

/// The checks RC007, RC008 and RC009.
pub(super) const CHECKS: [Check; 3] = [
    Check {
        id: "RC007",
        slug: "recover/rejoins-after-phx-error",
        clauses: &["PHX-06"],
        level: Level::Should,
        title: "comes back when its channel crashes",
        requirement: "After phx_error on the control topic the client SHOULD join, or connect, and subscribe again within 30 s.",
        why: "A channel that crashed sends nothing any more, while the connection stands and its heartbeats are answered. \
              A client that overlooks phx_error looks alive and hears nothing.",
        mend: "Handle the event phx_error on __absinthe__:control like a lost connection: wait a second, join with a new \
               join ref, subscribe again.",
        scope: Scope::Of("lost-channel"),
        needs: Some(Capability::Reconnect),
        timing: false,
        judge: |session| comes_back(session, "step:phx_error", names::PHX_ERROR),
    },
    Check {
        id: "RC008",
        slug: "recover/rejoins-after-phx-close",
        clauses: &["PHX-05"],
        level: Level::Should,
        title: "comes back when its channel is closed",
        requirement: "After a phx_close that it did not ask for, the client SHOULD join, or connect, and subscribe again within 30 s.",
        why: "A closed channel sends nothing any more, while the connection stands and its heartbeats are answered.",
        mend: "Unless you have left the channel, handle phx_close with the live join ref like phx_error: wait a second, \
               join with a new join ref, subscribe again.",
        scope: Scope::Of("lost-channel"),
        needs: Some(Capability::Reconnect),
        timing: false,
        judge: |session| comes_back(session, "step:phx_close", names::PHX_CLOSE),
    },
    Check {
        id: "RC009",
        slug: "recover/rejoins-after-unmatched-topic",
        clauses: &["PHX-07"],
        level: Level::Should,
        title: "joins again when its topic is not known",
        requirement: "A client whose push is answered with \"unmatched topic\" SHOULD join again, or connect anew, within 30 s.",
        why: "The server has lost the channel, and says so only to who asks. A client that takes this for one failed \
              request sends every further one into the void.",
        mend: "Look at the reason of a reply with status error. If it is \"unmatched topic\", join again and then repeat \
               the request.",
        scope: Scope::Of("unknown-channel"),
        needs: Some(Capability::Reconnect),
        timing: false,
        judge: joins_again,
    },
];

/// The time of the channel's end in the timeline, and until when the client is watched.
fn comes_back(session: &Session, step: &str, event: &str) -> Observation {
    let Some(lost_at) = session.mark(step) else {
        return Observation::unseen("the client did not subscribe, so its channel was not ended");
    };
    let told_of = |frame: &Frame| frame.topic == names::CONTROL_TOPIC && frame.event == event;
    let connections = || session.open_connections();
    let Some((lost, _)) = connections()
        .flat_map(|connection| connection.server_frames())
        .find(|(seen, frame)| seen.at >= lost_at && told_of(frame))
    else {
        return Observation::unseen(format!("no {event} was sent"));
    };
    // What the timeline does next has checks of its own.
    let later = session.marks("step:reset").chain(session.marks(OVERSIZE));
    let until = later.filter(|at| *at >= lost_at).min().unwrap_or_else(|| session.ended_at());
    let within = |seen: &Seen| seen.entry > lost.entry && seen.at <= until;
    let granted = connections()
        .flat_map(|connection| connection.server_frames())
        .find(|(seen, frame)| within(seen) && is_granted(frame));
    if let Some((seen, _)) = granted {
        let after = seen.at.since(lost.at).as_secs_f64();
        return Observation::met(format!("subscribed again {after:.2} s after {event}"))
            .at_entry(seen.entry, seen.at);
    }
    let expected = "a new join and a new subscription within 30 s";
    if let Some((entry, told)) = ended_instead(session, until) {
        return Observation::unmet(told)
            .expecting(expected)
            .at_entry(entry, session.entry(entry).at);
    }
    let missed = session.marks("missed:subscribed").find(|at| *at >= lost.at && *at <= until);
    let Some(missed) = missed else {
        return Observation::unseen("the session ended before the client could come back");
    };
    let joined = connections()
        .flat_map(|connection| connection.client_frames())
        .any(|(seen, frame)| within(seen) && is_join(frame));
    let waited = missed.since(lost.at).as_secs_f64();
    let told = match joined {
        true => format!("it joined again, and had no subscription {waited:.0} s after {event}"),
        false => format!("no new join in the {waited:.0} s after {event}"),
    };
    Observation::unmet(told).expecting(expected).at_entry(lost.entry, lost.at)
}

/// How the client's process ended by itself until then.
fn ended_instead(session: &Session, until: Instant) -> Option<(usize, String)> {
    let (entry, event) = session.early_exit()?;
    let told = format!("the client {} instead", how_it_ended(event));
    (session.entry(entry).at <= until).then_some((entry, told))
}

fn joins_again(session: &Session) -> Observation {
    let unmatched = session
        .open_connections()
        .flat_map(|connection| connection.server_frames())
        .find(|(_, frame)| is_unmatched(frame));
    let Some((unmatched, _)) = unmatched else {
        return Observation::unseen("the client pushed nothing that could be answered so");
    };
    let expected = "a new join within 30 s";
    let join = session
        .open_connections()
        .flat_map(|connection| connection.client_frames())
        .find(|(seen, frame)| seen.entry > unmatched.entry && is_join(frame))
        .map(|(seen, _)| (seen.entry, seen.at));
    // Joining is not owed to a server that falls silent.
    let muted_at = session.mark("step:mute").unwrap_or_else(|| session.ended_at());
    if let Some((entry, at)) = join.filter(|(_, at)| *at <= muted_at) {
        let after = at.since(unmatched.at).as_secs_f64();
        return Observation::met(format!("a new join {after:.2} s after \"unmatched topic\""))
            .at_entry(entry, at);
    }
    if let Some((entry, told)) = ended_instead(session, muted_at) {
        // Who ends because of it has noticed.
        return Observation::note(told).at_entry(entry, session.entry(entry).at);
    }
    match session.marks("missed:join").find(|at| *at >= unmatched.at) {
        Some(missed) => Observation::unmet(format!(
            "no new join in the {:.0} s after \"unmatched topic\"",
            missed.since(unmatched.at).as_secs_f64()
        ))
        .expecting(expected)
        .at_entry(unmatched.entry, unmatched.at),
        None => Observation::unseen("the session ended before the client could join again"),
    }
}

fn is_unmatched(frame: &Frame) -> bool {
    frame.topic == names::CONTROL_TOPIC
        && frame.event == names::PHX_REPLY
        && frame.payload["response"]["reason"] == "unmatched topic"
}

#[cfg(test)]
mod tests {
    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
    use crate::check::testing::{DOC, JOIN, OK, Wire, exited, outcome};

    const CRASHED: &str = r#"["1","1","__absinthe__:control","phx_error",{}]"#;
    const CLOSED: &str = r#"["1","1","__absinthe__:control","phx_close",{}]"#;
    const UNMATCHED: &str = r#"["1","1","__absinthe__:control","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#;

    fn crashed() -> Wire {
        let open = Wire::new().scenario("lost-channel").open(1.0).subscribed(1.1);
        open.mark(2.0, "step:phx_error").server(2.0, CRASHED)
    }

    #[test]
    fn a_crashed_channel_is_joined_again() {
        assert_eq!(outcome("RC007", crashed().subscribed(3.0)), Met);
        assert_eq!(outcome("RC007", crashed().open(3.0).subscribed(3.1)), Met);
        let missed = |wire: Wire| wire.mark(32.0, "missed:subscribed").mark(32.0, "step:reset");
        assert_eq!(outcome("RC007", missed(crashed())), Unmet);
        assert_eq!(outcome("RC007", missed(crashed().client(3.0, JOIN).server(3.1, OK))), Unmet);
        // What comes after the reset is no answer to the crash.
        assert_eq!(outcome("RC007", missed(crashed()).open(33.0).subscribed(33.1)), Unmet);
        assert_eq!(outcome("RC007", crashed().entry(2.1, exited(Some(0), None))), Unmet);
        assert_eq!(outcome("RC007", crashed()), Unseen);
        assert_eq!(outcome("RC007", Wire::new().scenario("lost-channel").open(1.0)), Unseen);
    }

    #[test]
    fn a_closed_channel_is_joined_again() {
        let reset = || crashed().mark(32.0, "missed:subscribed").mark(32.0, "step:reset");
        let closed = || {
            let back = reset().open(33.0).subscribed(33.1);
            back.mark(34.0, "step:phx_close").server(34.0, CLOSED)
        };
        assert_eq!(outcome("RC008", closed().subscribed(35.0)), Met);
        assert_eq!(outcome("RC008", closed().mark(64.0, "missed:subscribed")), Unmet);
        assert_eq!(outcome("RC008", closed()), Unseen);
        assert_eq!(outcome("RC008", reset()), Unseen);
    }

    #[test]
    fn an_unknown_topic_is_joined_again() {
        let unknown = || {
            let joined = Wire::new().scenario("unknown-channel").open(1.0).client(1.1, JOIN);
            joined.server(1.2, OK).client(1.3, DOC).server(1.4, UNMATCHED)
        };
        assert_eq!(outcome("RC009", unknown().client(2.0, JOIN)), Met);
        assert_eq!(outcome("RC009", unknown().open(2.0).client(2.1, JOIN)), Met);
        let missed = || unknown().mark(31.3, "missed:join").mark(41.3, "step:mute");
        assert_eq!(outcome("RC009", missed()), Unmet);
        // It connects anew because nobody answers any more.
        assert_eq!(outcome("RC009", missed().open(90.0).client(90.1, JOIN)), Unmet);
        assert_eq!(outcome("RC009", unknown().entry(1.5, exited(Some(1), None))), Note);
        assert_eq!(outcome("RC009", unknown()), Unseen);
        assert_eq!(outcome("RC009", Wire::new().scenario("unknown-channel").open(1.0)), Unseen);
    }
}
