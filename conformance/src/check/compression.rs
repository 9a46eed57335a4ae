//! What a client that offers permessage-deflate does when the server takes the offer.

use glimesh_mock::transcript::{From, What};

use crate::check::{Check, Level, Observation, Scope};
use crate::session::{Connection, Request, Session};

/// The check CN015.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "CN015",
    slug: "connect/accepted-compression",
    clauses: &["WS-07"],
    level: Level::Should,
    title: "speaks the compression that it offers",
    requirement: "A client that offers permessage-deflate SHOULD go on when the server takes the offer and compresses its messages.",
    why: "Glimesh's server compresses nothing, so an offer that the client cannot keep goes unnoticed there. The first server or proxy that takes it ends every connection with the first message: a compressed frame has its first reserved bit set.",
    mend: "Offer permessage-deflate only where your WebSocket library inflates messages itself, usually by an option of its own; do not add the header Sec-WebSocket-Extensions by hand.",
    scope: Scope::Of("upgrade-in-five-seconds"),
    needs: None,
    timing: false,
    judge: works_compressed,
}];

const EXTENSION: &str = "permessage-deflate";

/// What the server notes about messages that it cannot make sense of, before they are frames.
const UNREADABLE: [&str; 4] = ["not-deflate", "not-utf8", "message-too-big", "websocket-fault"];

const EXPECTED: &str = "it goes on, with compressed messages";

fn works_compressed(session: &Session) -> Observation {
    let Some(first) = session.requests().next() else {
        return Observation::unseen("the client never asked for a WebSocket");
    };
    let Some(offer) = session.requests().find_map(|request| offer(&request)) else {
        return Observation::not_applicable("it offers no permessage-deflate")
            .at_entry(first.entry, first.at);
    };
    let compressed: Vec<_> = session
        .open_connections()
        .filter(|connection| is_compressed(session, connection))
        .collect();
    let has_spoken = |connection: &&&Connection| texts(session, connection).0 > 0;
    // One that was given up before the server answered shows nothing, if another does.
    let spoken: Vec<_> = compressed.iter().filter(has_spoken).copied().collect();
    let shown = if spoken.is_empty() { &compressed } else { &spoken };
    Observation::worst(shown.iter().map(|connection| look_at(session, connection))).unwrap_or_else(
        || match session.open_connections().next() {
            Some(_) => Observation::note(format!("no server can take what it offers: {offer}")),
            None => super::never_opened(),
        },
    )
}

/// What a request offers of this extension.
fn offer(request: &Request<'_>) -> Option<String> {
    let headers = request.headers.iter().filter(|(name, _)| name == "sec-websocket-extensions");
    let mut offers = headers.flat_map(|(_, value)| value.split(',')).map(str::trim);
    offers.find(|offer| is_named(offer)).map(str::to_owned)
}

/// Whether an offer, or what was agreed on, is about this extension. Source: RFC 6455, section 9.1, for its form.
fn is_named(offer: &str) -> bool {
    offer.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(EXTENSION))
}

fn is_compressed(session: &Session, connection: &Connection) -> bool {
    connection.entries.iter().any(|&index| match &session.entry(index).what {
        What::Upgrade { extensions: Some(agreed), .. } => agreed.split(',').any(is_named),
        _ => false,
    })
}

/// How many messages the client sent while the connection lasted; how many the server did, which are compressed; and
/// how many of the client's came after the first of these.
fn texts(session: &Session, connection: &Connection) -> (usize, usize, usize) {
    session.heard(connection).fold((0, 0, 0), |(said, heard, after), (_, entry)| match entry.what {
        What::Text { from: From::Client, .. } | What::Binary { from: From::Client, .. } => {
            (said + 1, heard, after + usize::from(heard > 0))
        }
        What::Text { from: From::Server, .. } => (said, heard + 1, after),
        _ => (said, heard, after),
    })
}

fn look_at(session: &Session, connection: &Connection) -> Observation {
    let (said, heard, after) = texts(session, connection);
    let unreadable = UNREADABLE.iter().find_map(|code| connection.note(session, code));
    if let Some((entry, why)) = unreadable {
        return Observation::unmet(why)
            .expecting("messages as RFC 7692 compresses them, or uncompressed ones")
            .at_entry(entry, session.entry(entry).at);
    }
    if let Some((entry, at)) = connection.left(session) {
        let told = match heard {
            0 => "it left when its offer was taken".to_owned(),
            1 => "it left at the first compressed message".to_owned(),
            n => format!("it left after {n} compressed messages"),
        };
        return Observation::unmet(told).expecting(EXPECTED).at_entry(entry, at);
    }
    let is_over = session.mark("end").is_some();
    match (said, heard, after) {
        (_, heard, 1..) => {
            Observation::met(format!("it went on after {heard} compressed messages"))
        }
        (0, _, _) if is_over => {
            Observation::unmet("it says nothing since its offer was taken").expecting(EXPECTED)
        }
        (_, 1.., _) if is_over => {
            Observation::unmet("it says nothing since the first compressed message")
                .expecting(EXPECTED)
        }
        _ => Observation::unseen("the session ended before a compressed message was answered"),
    }
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::{From, What};

    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
    use crate::check::testing::{JOIN, OK, Wire, exited, outcome, stop};
    use crate::check::{Exempt, catalogue};

    const AGREED: &str = "permessage-deflate; server_no_context_takeover";

    fn begin() -> Wire {
        Wire::new().scenario("upgrade-in-five-seconds")
    }

    fn offering(offer: &str) -> Wire {
        let header = ("sec-websocket-extensions".to_owned(), offer.to_owned());
        begin().open(6.0).with_header(header)
    }

    fn compressed() -> Wire {
        offering("foo, permessage-deflate; client_max_window_bits").agreeing(AGREED)
    }

    fn note(code: &str) -> What {
        What::Note { code: code.to_owned(), text: "closed with 1007".to_owned() }
    }

    #[test]
    fn who_offers_nothing_is_judged_neither_way() {
        let check = catalogue().into_iter().find(|check| check.id == "CN015").unwrap();
        for wire in [begin().open(6.0).subscribed(6.1), offering("foo").subscribed(6.1)] {
            let seen = wire.mark(40.0, "end").look(check);
            assert_eq!((seen.outcome, seen.exempt), (Unseen, Some(Exempt::NotApplicable)));
        }
        let seen = begin().entry(1.0, What::Accept).look(check);
        assert_eq!((seen.outcome, seen.exempt), (Unseen, None));
    }

    #[test]
    fn who_offers_compression_goes_on_with_it() {
        assert_eq!(outcome("CN015", compressed().subscribed(6.1).beat(30.0)), Met);
        assert_eq!(outcome("CN015", compressed().subscribed(6.1)), Met);
        let stopped = || compressed().subscribed(6.1).mark(40.0, "end").entry(40.1, stop());
        assert_eq!(outcome("CN015", stopped().close(40.2, From::Client, 1000)), Met);
        let later = compressed().subscribed(6.1).close(9.0, From::Client, 1002);
        assert_eq!(outcome("CN015", later), Unmet);
        let joined = || compressed().client(6.1, JOIN).server(6.2, OK);
        assert_eq!(outcome("CN015", joined().close(6.3, From::Client, 1002)), Unmet);
        assert_eq!(outcome("CN015", joined().eof(6.3, From::Client)), Unmet);
        assert_eq!(outcome("CN015", joined().mark(70.0, "end")), Unmet);
        assert_eq!(outcome("CN015", joined()), Unseen);
        assert_eq!(outcome("CN015", joined().entry(6.3, stop()).eof(6.4, From::Client)), Unseen);
    }

    #[test]
    fn who_says_nothing_once_it_is_taken_cannot_speak_it() {
        assert_eq!(outcome("CN015", compressed().eof(6.1, From::Client)), Unmet);
        let crashed = compressed().eof(6.1, From::Client).entry(6.2, exited(None, Some("SIGABRT")));
        assert_eq!(outcome("CN015", crashed), Unmet);
        assert_eq!(
            outcome("CN015", compressed().mark(70.0, "missed:join").mark(71.0, "end")),
            Unmet
        );
        assert_eq!(outcome("CN015", compressed()), Unseen);
        // An impatient one has left before the answer came, and works the second time.
        let again = compressed().eof(6.0, From::Client);
        let header = ("sec-websocket-extensions".to_owned(), "permessage-deflate".to_owned());
        let again = again.open(7.0).with_header(header).agreeing(AGREED).subscribed(7.1);
        assert_eq!(outcome("CN015", again), Met);
    }

    #[test]
    fn what_the_server_cannot_inflate_is_the_clients_fault() {
        for code in ["not-deflate", "message-too-big"] {
            let wire = compressed().entry(6.1, note(code)).close(6.1, From::Server, 1007);
            assert_eq!(outcome("CN015", wire), Unmet);
        }
        // Why else the server ends a connection is judged elsewhere.
        let dropped = compressed().subscribed(6.1).entry(38.0, note("no-heartbeat"));
        assert_eq!(outcome("CN015", dropped.close(38.0, From::Server, 1000)), Met);
    }

    #[test]
    fn an_offer_that_no_server_can_take_is_noted() {
        let wire = offering("permessage-deflate; foo").subscribed(6.1).mark(40.0, "end");
        assert_eq!(outcome("CN015", wire), Note);
        assert_eq!(outcome("CN015", begin().accept(1.0)), Unseen);
    }
}
