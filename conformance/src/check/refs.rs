//! Refs that tell requests apart, and join refs that tell joins apart.

use glimesh_mock::transcript::From;
use glimesh_proto::{Ref, names};

use crate::check::join::is_join;
use crate::check::{Check, Level, Observation, Scope, short};
use crate::session::{Connection, Session};

/// The checks of this area.
pub(super) const CHECKS: [Check; 3] = [
    Check {
        id: "FR008",
        slug: "frame/refs-tell-apart",
        clauses: &["GCW-FR-05"],
        level: Level::May,
        title: "refs tell requests apart",
        requirement: "The client MAY use one ref for everything; refs that differ let it tell which request a reply answers.",
        why: "A reply repeats the ref of its request and nothing else of it. With one ref for two requests that wait at the same time nobody can tell which of them was refused.",
        mend: "Count up with every frame that you send on a connection, and keep a map from ref to request.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: refs_tell_apart,
    },
    Check {
        id: "FR009",
        slug: "frame/live-join-ref",
        clauses: &["GCW-FR-02", "PHX-09"],
        level: Level::Should,
        title: "frames carry the join ref of their join",
        requirement: "Every frame on __absinthe__:control SHOULD carry, as its first element, the join ref of the connection's last join.",
        why: "The deployed server took any join ref; Phoenix 1.8 before 1.8.12 drops frames without one, and later ones drop those with the join ref of an older join.",
        mend: r#"Keep the first element of your phx_join, and begin every later frame on the topic with it: ["1","2","__absinthe__:control","doc",{..}]."#,
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: live_join_ref,
    },
    Check {
        id: "JN011",
        slug: "join/has-refs",
        clauses: &["GCW-FR-02", "GCW-JN-02"],
        level: Level::Should,
        title: "a join has its refs",
        requirement: "Every phx_join SHOULD have a ref and a join ref that are not null, on later connections, too.",
        why: "The reply repeats the refs of the join. Without them nobody can tell the answer to this join from the answer to the one before, and Phoenix cannot tell the live channel from an old one. Some clients lose the refs when they join again.",
        mend: r#"Take a new ref for each join and send it as both first elements: ["5","5","__absinthe__:control","phx_join",{}]."#,
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: join_has_refs,
    },
];

fn refs_tell_apart(session: &Session) -> Observation {
    let each = session.open_connections().map(reuse);
    Observation::worst(each).unwrap_or_else(|| Observation::unseen("the client sent no frame"))
}

/// Whether a ref is used again while a request with it is unanswered. Heartbeats have a check of their own.
fn reuse(connection: &Connection) -> Observation {
    let mut pending: Vec<&Ref> = Vec::new();
    let mut requests = 0_u32;
    for seen in &connection.frames {
        let Ok(frame) = &seen.frame else { continue };
        let Some(msg_ref) = &frame.msg_ref else { continue };
        match seen.from {
            From::Client if frame.topic != names::PHOENIX_TOPIC => {
                requests += 1;
                if pending.contains(&msg_ref) {
                    let told = format!(
                        "the ref {} again while a request with it is unanswered",
                        short(&msg_ref.to_value())
                    );
                    return Observation::note(told)
                        .expecting("another ref for each request")
                        .at_entry(seen.entry, seen.at);
                }
                if pending.len() < MOST_PENDING {
                    pending.push(msg_ref);
                }
            }
            From::Server if frame.event == names::PHX_REPLY => {
                if let Some(at) = pending.iter().position(|waiting| *waiting == msg_ref) {
                    pending.remove(at);
                }
            }
            _ => {}
        }
    }
    match requests {
        0 => Observation::unseen("the client sent no request"),
        n => Observation::met(format!("{n} requests, each with a ref of its own while it waited")),
    }
}

/// Nobody asks so much at once and means it; what comes beyond is not compared.
const MOST_PENDING: usize = 1_000;

fn live_join_ref(session: &Session) -> Observation {
    let each = session.open_connections().map(of_live_join);
    Observation::worst(each).unwrap_or_else(|| Observation::unseen("the client sent no frame"))
}

fn of_live_join(connection: &Connection) -> Observation {
    let mut live: Option<&Option<Ref>> = None;
    let mut kept = 0_u32;
    for (seen, frame) in connection.client_frames() {
        if frame.topic != names::CONTROL_TOPIC {
            continue;
        }
        if is_join(frame) {
            live = Some(&frame.join_ref);
            continue;
        }
        // What comes before any join, such as a leave of the last connection's channel, belongs to none.
        let Some(join_ref) = live else { continue };
        if frame.join_ref == *join_ref {
            kept += 1;
            continue;
        }
        let shown = |join_ref: &Option<Ref>| match join_ref {
            Some(join_ref) => short(&join_ref.to_value()),
            None => "null".to_owned(),
        };
        let told = format!("{} with the join ref {}", frame.event, shown(&frame.join_ref));
        return Observation::unmet(told)
            .expecting(format!("{}, as in the join", shown(join_ref)))
            .at_entry(seen.entry, seen.at);
    }
    match kept {
        0 => Observation::unseen("the client sent nothing on the topic after its join"),
        n => Observation::met(format!("the join's own join ref in {n} frames")),
    }
}

fn join_has_refs(session: &Session) -> Observation {
    let joins =
        || session.open_connections().flat_map(|connection| connection.on_control(names::PHX_JOIN));
    for (seen, frame) in joins() {
        let missing = match (&frame.join_ref, &frame.msg_ref) {
            (Some(_), Some(_)) => continue,
            (None, Some(_)) => "the join ref",
            (Some(_), None) => "the ref",
            (None, None) => "both refs",
        };
        return Observation::unmet(format!("a phx_join in which {missing} is null"))
            .expecting("the same text as join ref and as ref")
            .at_entry(seen.entry, seen.at);
    }
    match joins().count() {
        0 => Observation::unseen("the client never joined"),
        n => Observation::met(format!("{n} joins, each with its refs")),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
    use crate::check::testing::{DOC, JOIN, OK, SUBSCRIBED, Wire, outcome};

    #[test]
    fn one_ref_for_everything_is_fine_one_after_the_other() {
        let open = || Wire::new().open(1.0);
        assert_eq!(outcome("FR008", open().subscribed(1.1).beat(2.0)), Met);
        assert_eq!(outcome("FR008", open().client(1.1, JOIN).client(1.1, DOC)), Note);
        let answered = open().client(1.1, JOIN).server(1.2, OK).client(1.3, DOC);
        assert_eq!(outcome("FR008", answered.server(1.4, SUBSCRIBED).client(1.5, DOC)), Met);
        assert_eq!(outcome("FR008", open()), Unseen);
    }

    #[test]
    fn a_join_ref_is_that_of_the_join() {
        let open = || Wire::new().open(1.0);
        assert_eq!(outcome("FR009", open().subscribed(1.1)), Met);
        for wrong in ["null", r#""0""#] {
            let doc = DOC.replacen(r#""1""#, wrong, 1);
            assert_eq!(outcome("FR009", open().client(1.1, JOIN).client(1.2, &doc)), Unmet);
        }
        let leave = r#"["9","1","__absinthe__:control","phx_leave",{}]"#;
        assert_eq!(outcome("FR009", open().client(1.1, leave).subscribed(1.2)), Met);
        let again = JOIN.replace('1', "7");
        let doc = DOC.replacen(r#""1""#, r#""7""#, 1);
        assert_eq!(
            outcome("FR009", open().subscribed(1.1).client(2.0, &again).client(2.1, &doc)),
            Met
        );
        assert_eq!(
            outcome("FR009", open().subscribed(1.1).client(2.0, &again).client(2.1, DOC)),
            Unmet
        );
        assert_eq!(outcome("FR009", open().client(1.1, JOIN)), Unseen);
    }

    #[test]
    fn a_join_is_known_by_its_refs() {
        let open = || Wire::new().open(1.0);
        assert_eq!(outcome("JN011", open().client(1.1, JOIN)), Met);
        for wrong in [r#"[null,"1","#, r#"["1",null,"#, "[null,null,"] {
            let join = JOIN.replacen(r#"["1","1","#, wrong, 1);
            assert_eq!(outcome("JN011", open().client(1.1, &join)), Unmet);
            let again = open().subscribed(1.1).open(2.0).client(2.1, &join);
            assert_eq!(outcome("JN011", again), Unmet);
        }
        assert_eq!(outcome("JN011", open()), Unseen);
    }
}
