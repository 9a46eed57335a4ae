//! What a client offers in its request for the WebSocket, and what it does when the server declines.

use glimesh_mock::transcript::What;

use crate::check::{Check, Level, Observation, Scope, never_opened};
use crate::session::{Connection, Session};

/// The checks of this area.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "CN014",
    slug: "connect/declined-offers",
    clauses: &["WS-06"],
    level: Level::Should,
    title: "works without what it offered",
    requirement: "A client that offers subprotocols or extensions SHOULD go on when the server declines them all.",
    why: "Glimesh's server takes no subprotocol and compresses nothing. Whether an offer is taken is the server's choice; a client that insists never gets in.",
    mend: "Offer nothing, or treat the missing Sec-WebSocket-Extensions and Sec-WebSocket-Protocol in the answer as a plain connection.",
    scope: Scope::Every,
    needs: None,
    timing: false,
    judge: works_without,
}];

/// The headers by which a client offers something, extensions first.
const OFFERS: [&str; 2] = ["sec-websocket-extensions", "sec-websocket-protocol"];

fn works_without(session: &Session) -> Observation {
    let each = session.open_connections().map(|connection| {
        let Some(offers) = offers(session, connection) else {
            return Observation::met("it offers nothing that was declined");
        };
        if session.heard(connection).any(|(_, entry)| entry.client_text().is_some()) {
            return Observation::met(format!("it works without {offers}, which it offered"));
        }
        match connection.left(session) {
            Some((entry, at)) => {
                Observation::unmet(format!("it offered {offers} and left when that was declined"))
                    .expecting("it goes on without")
                    .at_entry(entry, at)
            }
            None => Observation::unseen(format!("it offered {offers}, and sent nothing")),
        }
    });
    Observation::worst(each).unwrap_or_else(never_opened)
}

/// What it offered and did not get.
fn offers(session: &Session, connection: &Connection) -> Option<String> {
    let (headers, extensions) =
        connection.entries.iter().find_map(|&index| match &session.entry(index).what {
            What::Upgrade { headers, extensions, .. } => Some((headers, extensions)),
            _ => None,
        })?;
    let declined = &OFFERS[usize::from(extensions.is_some())..];
    let offered = headers.iter().filter(|(name, _)| declined.contains(&name.as_str()));
    let offered: Vec<_> = offered.map(|(_, value)| value.as_str()).collect();
    (!offered.is_empty()).then(|| offered.join(", "))
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::{From, What};

    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{JOIN, Wire, outcome, stop};

    fn offering() -> Wire {
        let offer = ("sec-websocket-extensions".to_owned(), "permessage-deflate".to_owned());
        Wire::new().open(1.0).with_header(offer)
    }

    #[test]
    fn an_offer_may_be_declined() {
        assert_eq!(outcome("CN014", Wire::new().open(1.0)), Met);
        assert_eq!(outcome("CN014", offering().client(1.1, JOIN)), Met);
        assert_eq!(outcome("CN014", offering().eof(1.1, From::Client)), Unmet);
        assert_eq!(outcome("CN014", offering()), Unseen);
        // What was taken is another check's matter.
        let taken = offering().agreeing("permessage-deflate").eof(1.1, From::Client);
        assert_eq!(outcome("CN014", taken), Met);
        assert_eq!(outcome("CN014", offering().entry(1.1, stop()).eof(1.2, From::Client)), Unseen);
        assert_eq!(outcome("CN014", Wire::new().entry(1.0, What::Accept)), Unseen);
    }
}
