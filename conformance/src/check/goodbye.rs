//! How a client answers the server's close frame.

use std::time::Duration;

use glimesh_mock::transcript::{From, What};

use crate::check::{Check, Level, Observation, Scope, never_opened};
use crate::session::{Connection, Session};

/// The check RC006.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "RC006",
    slug: "recover/answers-close",
    clauses: &["WS-01"],
    level: Level::Should,
    title: "answers a close frame with a close frame",
    requirement: "The client SHOULD answer the server's close frame with one of its own.",
    why: "The answer says that everything before it was read. Without it, libraries and proxies report an abnormal end, \
          1006, where nothing was wrong.",
    mend: "Let the WebSocket library finish: read on until it reports the end, rather than drop the socket in the handler \
           of the close.",
    scope: Scope::Of("server-closes"),
    needs: None,
    timing: false,
    judge: answers_close,
}];

/// How long the server listens for the answer.
const LISTENS: Duration = Duration::from_millis(950);

fn answers_close(session: &Session) -> Observation {
    let rulings = session.open_connections().filter_map(|connection| answer(session, connection));
    Observation::worst(rulings).unwrap_or_else(|| match session.open_connections().next() {
        Some(_) => Observation::unseen("the server closed no connection"),
        None => never_opened(),
    })
}

/// What became of the server's close frame; `None` if it sent none, or none by itself.
fn answer(session: &Session, connection: &Connection) -> Option<Observation> {
    let mut entries = connection.entries.iter().map(|&index| (index, session.entry(index)));
    let (close, closed) = entries.find(|(_, entry)| matches!(entry.what, What::Close { .. }))?;
    let What::Close { from: From::Server, code, .. } = closed.what else { return None };
    let code = code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
    for (index, entry) in entries {
        let after = entry.at.since(closed.at);
        match entry.what {
            What::Close { from: From::Client, .. } => {
                return Some(
                    Observation::met(format!("a close frame answers the one with {code}"))
                        .at_entry(index, entry.at),
                );
            }
            What::Eof { .. } if after < LISTENS => {
                let told = format!("TCP ended without an answer to the close with {code}");
                return Some(
                    Observation::unmet(told).expecting("a close frame").at_entry(index, entry.at),
                );
            }
            What::Eof { .. } if session.worst_stall() > LISTENS / 4 => {
                return Some(Observation::unseen("no answer came, but this machine stalled"));
            }
            What::Eof { .. } => {
                let told = format!("no answer to the close with {code} in a second");
                return Some(
                    Observation::unmet(told).expecting("a close frame").at_entry(close, closed.at),
                );
            }
            _ => {}
        }
    }
    Some(Observation::unseen("the session ended with the close"))
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::{From, What};

    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{Wire, outcome};

    fn closed() -> Wire {
        let open = Wire::new().scenario("server-closes").open(1.0).subscribed(1.1);
        open.close(2.0, From::Server, 1000)
    }

    #[test]
    fn a_close_wants_an_answer() {
        let answered = || closed().close(2.1, From::Client, 1000).eof(2.1, From::Server);
        assert_eq!(outcome("RC006", answered()), Met);
        // An empty close frame is one, too.
        let code = None;
        let empty = What::Close { from: From::Client, code, reason: String::new() };
        assert_eq!(outcome("RC006", closed().entry(2.1, empty).eof(2.1, From::Server)), Met);
        assert_eq!(outcome("RC006", closed().eof(2.1, From::Server)), Unmet);
        assert_eq!(outcome("RC006", closed().eof(3.01, From::Server)), Unmet);
        let stalled =
            closed().eof(3.01, From::Server).entry(3.0, What::Noise { worst_stall_ms: 400 });
        assert_eq!(outcome("RC006", stalled), Unseen);
        let second = answered().open(3.0).close(4.0, From::Server, 1001).eof(4.1, From::Server);
        assert_eq!(outcome("RC006", second), Unmet);
    }

    #[test]
    fn only_the_servers_own_close_counts() {
        let own = Wire::new().scenario("server-closes").open(1.0).close(2.0, From::Client, 1000);
        assert_eq!(outcome("RC006", own.close(2.0, From::Server, 1000)), Unseen);
        assert_eq!(outcome("RC006", Wire::new().scenario("server-closes")), Unseen);
        assert_eq!(outcome("RC006", closed()), Unseen);
    }
}
