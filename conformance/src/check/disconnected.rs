//! What a driven client does that was told to disconnect while the server refuses it.

use std::time::Duration;

use glimesh_mock::transcript::What;

use crate::check::driven::{Outcome, asked, not_asked, unsupported};
use crate::check::limit::secs;
use crate::check::{Check, Level, Observation, Scope};
use crate::drive;
use crate::driver::Op;
use crate::session::Session;

/// The check RC014.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "RC014",
    slug: "recover/disconnect-is-final",
    clauses: &["GCW-TR-01"],
    level: Level::Should,
    title: "stays away when it is told to",
    requirement: "A client that is told to disconnect while the server refuses it SHOULD make no further attempt to connect.",
    why: "A retry timer that survives the disconnect brings the client back, after a log-out with the old token, and nobody holds the connection that could end it.",
    mend: "Stop the retry timer in disconnect, and let an attempt that is on its way end when it succeeds.",
    scope: Scope::Of("driven-gone"),
    needs: None,
    timing: false,
    judge: stays_away,
}];

/// How long an attempt that was on its way may take to arrive.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

fn stays_away(session: &Session) -> Observation {
    let all = asked(session);
    let Some(asked) = all.iter().find(|asked| matches!(asked.op, Op::Disconnect { .. })) else {
        return not_asked();
    };
    let told_at = match &asked.answer {
        Some(answer) => match &answer.what {
            Outcome::Unsupported(refusal) => return unsupported(refusal),
            Outcome::Ok(_) | Outcome::Error(_) => answer.at,
        },
        None => asked.at,
    };
    let is_refused = |entry| matches!(session.entry(entry).what, What::Upgrade { status: 503, .. });
    let mut before = session.requests().filter(|request| request.entry < asked.entry);
    if !before.any(|request| is_refused(request.entry)) {
        return Observation::unseen(
            "no attempt to connect was refused before it was told to disconnect",
        );
    }
    let again = session.requests().find(|request| request.at > told_at + ON_ITS_WAY);
    if let Some(again) = again {
        let after = again.at.since(told_at);
        return Observation::unmet(format!(
            "it tried to connect {} s after it had disconnected",
            secs(after)
        ))
        .expecting("no attempt to connect")
        .at_entry(again.entry, again.at);
    }
    let watched = session.ended_at().since(told_at);
    if watched < drive::STAYS_AWAY {
        return Observation::unseen(format!(
            "it was watched for only {} s after it had disconnected",
            secs(watched)
        ));
    }
    Observation::met(format!("no attempt to connect in {} s", secs(watched)))
}

#[cfg(test)]
mod tests {
    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::driven::{DONE, UNSUPPORTED};
    use crate::check::testing::{Wire, outcome};

    const DISCONNECT: &str = r#"{"op":"disconnect","id":1,"conn":"a"}"#;

    fn refused() -> Wire {
        let open = Wire::new().scenario("driven-gone").open(1.0).subscribed(1.1);
        open.mark(2.0, "step:cut").upgrade(2.2, "/api/graph/websocket", &[], 503)
    }

    #[test]
    fn who_is_told_to_stays_away() {
        let told = || refused().asks(3.0, DISCONNECT).says(3.1, DONE);
        let again = |wire: Wire, at| wire.upgrade(at, "/api/graph/websocket", &[], 503);
        let watched = |wire: Wire| wire.mark(14.0, "stop");
        assert_eq!(outcome("RC014", watched(told())), Met);
        assert_eq!(outcome("RC014", watched(again(told(), 3.5))), Met);
        assert_eq!(outcome("RC014", watched(again(told(), 5.1))), Unmet);
        assert_eq!(outcome("RC014", watched(again(refused().asks(3.0, DISCONNECT), 5.1))), Unmet);
        assert_eq!(outcome("RC014", told()), Unseen);
        assert_eq!(outcome("RC014", watched(refused())), Unseen);
        let unrefused = Wire::new().scenario("driven-gone").open(1.0).asks(3.0, DISCONNECT);
        assert_eq!(outcome("RC014", watched(unrefused.says(3.1, DONE))), Unseen);
        assert_eq!(
            outcome("RC014", watched(refused().asks(3.0, DISCONNECT).says(3.1, UNSUPPORTED))),
            Unseen
        );
    }
}
