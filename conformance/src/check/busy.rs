//! What a client makes of a thousand messages at once, and of being asked again and again.

use glimesh_mock::transcript::ProcessEvent;

use crate::check::driven::{self, asked_to_query, documents, not_asked, unsupported};
use crate::check::pace::keeps_beating;
use crate::check::told::{in_order, told_if};
use crate::check::{Capability, Check, Level, Observation, Outcome, Scope};
use crate::drive;
use crate::session::Session;

/// The checks HB007 and MS011.
pub(super) const CHECKS: [Check; 2] = [
    Check {
        id: "HB007",
        slug: "heartbeat/while-sending",
        clauses: &["GCW-HB-01"],
        level: Level::Must,
        title: "beats while it sends a lot, too",
        requirement: "While the client sends documents all the time, no more than 30 s MUST pass without a heartbeat.",
        why: "Some clients put their heartbeat off whenever they send. A server that counts heartbeats, as the document says, drops a busy bot.",
        mend: "Let nothing but the connection's open and close touch the heartbeat's timer.",
        scope: Scope::Of(SESSION),
        needs: None,
        timing: true,
        judge: beats_while_sending,
    },
    Check {
        id: "MS011",
        slug: "message/burst",
        clauses: &["GCW-MS-03"],
        level: Level::Should,
        title: "delivers a thousand messages that come at once",
        requirement: "Of a thousand messages at once, and of those after them, none SHOULD be lost, and their order kept.",
        why: "A raid is when a chat matters most. Queues that drop what does not fit, and handlers that overtake each other, show only then.",
        mend: "Read on while messages are handled, one after the other, and let no queue throw anything away without a word.",
        scope: Scope::Of(SESSION),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: nothing_lost,
    },
];

const SESSION: &str = "driven-busy";

/// How many documents make a client busy: those of a time in which no heartbeat is due.
const BUSY: usize = 10;

/// How many it has sent at least that may have put its heartbeat off. A slow machine asks less often.
const SENDING: usize = 3;

fn beats_while_sending(session: &Session) -> Observation {
    let Some(asked) = asked_to_query(session, drive::QUERY.0) else { return not_asked() };
    if let Some(driven::Outcome::Unsupported(refusal)) = asked.answer.map(|answer| answer.what) {
        return unsupported(&refusal);
    }
    let sent = documents(session).count();
    let seen = keeps_beating(session);
    let enough = if seen.outcome == Outcome::Met { BUSY } else { SENDING };
    if sent < enough {
        return Observation::unseen(format!("the client sent {sent} documents, and was not busy"));
    }
    seen
}

/// How many messages the scenario says: at once, and after that.
const BURST: usize = 1000;
const AFTER: usize = 20;

fn nothing_lost(session: &Session) -> Observation {
    // Before it says goodbye, the kit waits for the last one.
    let is_bye =
        |event: &ProcessEvent| matches!(event, ProcessEvent::Stop { signal } if signal == "bye");
    let waited = session.process_events().any(|(_, event)| is_bye(event));
    match told_if(session, drive::LAST_OF_MANY, waited) {
        Ok(chats) => {
            let judged = [("burst", BURST), ("after the burst", AFTER)];
            let judged = judged.map(|(word, last)| in_order(&chats, word, last));
            Observation::worst(judged).unwrap_or_else(not_asked)
        }
        Err(observation) => *observation,
    }
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::{ProcessEvent, What};
    use serde_json::json;

    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::driven::{chat, doc, message};
    use crate::check::testing::{SUBSCRIPTION, Wire, dropped, outcome};
    use crate::drive;

    const SUBSCRIBE: &str =
        r#"{"op":"subscribe","id":1,"conn":"a","sub":"s1","channel_id":"6","fields":["message"]}"#;

    fn open() -> Wire {
        Wire::new().scenario("driven-busy").open(0.0).asks(0.1, SUBSCRIBE).subscribed(0.1)
    }

    fn text(word: &str, n: usize) -> String {
        format!("{word} {n}")
    }

    fn pushed(wire: Wire, at: f64, text: &str) -> Wire {
        wire.server(at, &message(SUBSCRIPTION, text))
    }

    fn told(wire: Wire, at: f64, text: &str) -> Wire {
        wire.says(at, &chat(text))
    }

    fn all() -> impl Iterator<Item = String> {
        let burst = (1..=super::BURST).map(|n| text("burst", n));
        burst.chain((1..=super::AFTER).map(|n| text("after the burst", n)))
    }

    fn bye(wire: Wire) -> Wire {
        wire.entry(70.0, What::Process { event: ProcessEvent::Stop { signal: "bye".to_owned() } })
    }

    #[test]
    fn a_burst_is_told_whole_and_in_order() {
        let pushes = || all().fold(open(), |wire, text| pushed(wire, 1.0, &text));
        let whole = || all().fold(pushes(), |wire, text| told(wire, 2.0, &text));
        assert_eq!(outcome("MS011", bye(whole())), Met);
        assert_eq!(outcome("MS011", whole()), Unseen);
        let most = all().filter(|text| text != "burst 1000");
        assert_eq!(
            outcome("MS011", bye(most.fold(pushes(), |wire, text| told(wire, 2.0, &text)))),
            Unmet
        );
        assert_eq!(outcome("MS011", bye(open())), Unseen);
    }

    #[test]
    fn sending_is_no_reason_not_to_beat() {
        let ask = json!({"op": "query", "id": 2, "conn": "a", "document": drive::QUERY.0, "variables": {}});
        let payload = json!({"query": drive::QUERY.0, "variables": {}});
        let asked = || open().asks(1.0, &ask.to_string());
        let sent = |wire: Wire, at: u32| wire.client(at.into(), &doc("1", at.into(), &payload));
        let busy = || (2..30).step_by(2).fold(asked(), sent);
        assert_eq!(outcome("HB007", busy().beat(29.0).beat(55.0).mark(65.0, "end")), Met);
        assert_eq!(outcome("HB007", busy().entry(32.01, dropped())), Unmet);
        assert_eq!(outcome("HB007", asked().entry(32.01, dropped())), Unseen);
        let slow = || (7..30).step_by(7).fold(asked(), sent);
        assert_eq!(outcome("HB007", slow().entry(32.01, dropped())), Unmet);
        assert_eq!(outcome("HB007", slow().beat(29.0).beat(55.0).mark(65.0, "end")), Unseen);
        let cannot = asked().says(1.1, r#"{"id":2,"unsupported":"it only reads"}"#);
        assert_eq!(outcome("HB007", cannot.entry(32.01, dropped())), Unseen);
    }
}
