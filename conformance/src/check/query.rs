//! Queries over the socket, and whom their answers reach.

use glimesh_proto::Instant;
use serde_json::Value;

use crate::check::driven::{
    Asked, Outcome, asked_to_query, documents, gave_up, not_asked, reply_to, unsupported,
};
use crate::check::elements::shorten;
use crate::check::{Check, Level, Observation, Scope};
use crate::drive;
use crate::session::Session;

/// The checks of this area.
pub(super) const CHECKS: [Check; 4] = [
    Check {
        id: "QU001",
        slug: "query/over-the-socket",
        clauses: &["GCW-QU-01"],
        level: Level::May,
        title: "queries over the socket that is open",
        requirement: "A query MAY travel as a doc over the connection that is already there.",
        why: "A second connection for every question costs the server and the user time, and has to be kept alive, too.",
        mend: "Push the query as a doc on the control topic, and wait for the reply with its ref.",
        scope: Scope::Of("driven-posts"),
        needs: None,
        timing: false,
        judge: over_the_socket,
    },
    Check {
        id: "QU002",
        slug: "query/without-variables",
        clauses: &["GCW-SB-05"],
        level: Level::May,
        title: "sends a query that has no variables",
        requirement: "In a query's payload, `variables` MAY be an empty object, or be left out.",
        why: "Anything but an object is refused, and the query with it.",
        mend: "Leave `variables` out where there are none, or send {}; never the text \"{}\" or a list.",
        scope: Scope::Of("driven-posts"),
        needs: None,
        timing: false,
        judge: without_variables,
    },
    Check {
        id: "QU003",
        slug: "query/right-answer",
        clauses: &["GCW-QU-04"],
        level: Level::Should,
        title: "gives each query its own answer",
        requirement: "Of two queries at once, each SHOULD get the answer that has its ref, whichever comes first.",
        why: "The shorter query is answered first. A client that takes the next reply for the oldest request shows one user's data as another's.",
        mend: "Keep a map from ref to request; count the ref up with every frame.",
        scope: Scope::Of("driven-posts"),
        needs: None,
        timing: false,
        judge: right_answer,
    },
    Check {
        id: "QU004",
        slug: "query/errors-told",
        clauses: &["GCW-QU-02", "ABS-02"],
        level: Level::Should,
        title: "tells of errors in an answer",
        requirement: "Errors in an answer SHOULD reach the application.",
        why: "An answer without data and without an error looks like an empty one.",
        mend: "Look at the reply's status and at `errors` in its response, and fail the request with what they say.",
        scope: Scope::Of("driven-posts"),
        needs: None,
        timing: false,
        judge: errors_told,
    },
];

/// A query whose answer can be judged.
pub(super) fn supported(session: &Session, document: &str) -> Result<Asked, Box<Observation>> {
    let asked = asked_to_query(session, document).ok_or_else(|| Box::new(not_asked()))?;
    match asked.answer.as_ref().map(|answer| &answer.what) {
        Some(Outcome::Unsupported(refusal)) => Err(Box::new(unsupported(refusal))),
        _ => Ok(asked),
    }
}

fn over_the_socket(session: &Session) -> Observation {
    let asked = match supported(session, drive::QUERY.0) {
        Ok(asked) => asked,
        Err(observation) => return *observation,
    };
    let expected = "the query as a doc on the connection that is open";
    let after = |entry: &usize| *entry > asked.entry;
    let sent = documents(session).find(|(_, entry, _, frame)| {
        after(entry) && frame.payload["query"].to_string().contains(drive::QUERY.1)
    });
    let opened = session.requests().find(|request| after(&request.entry));
    match (sent, opened) {
        (_, Some(request)) => Observation::note("the client opened another connection to ask")
            .expecting(expected)
            .at_entry(request.entry, request.at),
        (Some((_, entry, at, _)), None) => {
            Observation::met("asked over the same connection").at_entry(entry, at)
        }
        (None, None) => Observation::note("the query did not go over the socket")
            .expecting(expected)
            .at_entry(asked.entry, asked.at),
    }
}

fn without_variables(session: &Session) -> Observation {
    let asked = match supported(session, drive::QUERY.0) {
        Ok(asked) => asked,
        Err(observation) => return *observation,
    };
    let sent = documents(session).find(|(_, entry, _, frame)| {
        *entry > asked.entry && frame.payload["query"].to_string().contains(drive::QUERY.1)
    });
    let Some((_, entry, at, frame)) = sent else {
        return Observation::unseen("the query did not go over the socket");
    };
    let seen = match &frame.payload["variables"] {
        Value::Null => Observation::met("no variables"),
        Value::Object(all) if all.is_empty() => Observation::met("variables that are empty"),
        // Whatever they are good for, the server takes them.
        Value::Object(_) => Observation::met("variables of its own"),
        other => Observation::note(format!("variables are {}", shorten(&other.to_string()))),
    };
    seen.expecting("no variables, or an empty object").at_entry(entry, at)
}

fn right_answer(session: &Session) -> Observation {
    let (one, two) =
        match (supported(session, drive::AT_ONCE), supported(session, drive::OTHER_QUERY.0)) {
            (Ok(one), Ok(two)) => (one, two),
            (Err(observation), _) | (_, Err(observation)) => return *observation,
        };
    let [mine, other] = [drive::QUERY.1, drive::OTHER_QUERY.1];
    let judged = [(one, mine, other), (two, other, mine)].map(|(asked, own, foreign)| {
        let expected = format!("an answer with {own}");
        match asked.answer {
            Some(answer) => match answer.what {
                Outcome::Ok(reply) => {
                    let text = Value::Object(reply.ok).to_string();
                    if text.contains(own) && !text.contains(foreign) {
                        Observation::met(format!("an answer with {own}"))
                    } else {
                        Observation::unmet(format!("the answer is {}", shorten(&text)))
                    }
                }
                _ if gave_up(&answer, reply_with(session, asked.entry, own)) => {
                    Observation::note("it gave the query up before the answer came")
                }
                Outcome::Error(error) => {
                    Observation::unmet(format!("told was: {}", shorten(&error.message)))
                }
                Outcome::Unsupported(refusal) => return unsupported(&refusal),
            }
            .expecting(expected)
            .at_entry(answer.entry, answer.at),
            None => Observation::unmet("the query was not answered")
                .expecting(expected)
                .at_entry(asked.entry, asked.at),
        }
    });
    Observation::worst(judged).unwrap_or_else(not_asked)
}

/// When the server answered a query that holds this word.
fn reply_with(session: &Session, after: usize, word: &str) -> Option<Instant> {
    let mut sent = documents(session).filter(|(_, entry, ..)| *entry > after);
    let (connection, entry, _, frame) =
        sent.find(|(.., frame)| frame.payload["query"].to_string().contains(word))?;
    reply_to(connection, frame, entry).map(|(_, at, _)| at)
}

fn errors_told(session: &Session) -> Observation {
    let asked = match supported(session, drive::WRONG_QUERY) {
        Ok(asked) => asked,
        Err(observation) => return *observation,
    };
    let expected = "an error, or an answer that holds the errors";
    let Some(answer) = &asked.answer else {
        return Observation::unmet("the query was refused, and the application was told nothing")
            .expecting(expected)
            .at_entry(asked.entry, asked.at);
    };
    let seen = match &answer.what {
        Outcome::Error(error) => Observation::met(format!("told was: {}", shorten(&error.message))),
        Outcome::Ok(reply)
            if Value::Object(reply.ok.clone()).to_string().contains("\"errors\"") =>
        {
            Observation::met("the answer holds the errors")
        }
        Outcome::Ok(_) => Observation::unmet("the errors are missing in what was told"),
        Outcome::Unsupported(refusal) => return unsupported(refusal),
    };
    seen.expecting(expected).at_entry(answer.entry, answer.at)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Met, Note, Unseen};
    use crate::check::testing::driven::{UNSUPPORTED, doc};
    use crate::check::testing::{Wire, outcome};
    use crate::drive;

    #[test]
    fn variables_are_an_object_or_left_out() {
        let open = || Wire::new().scenario("driven-posts").open(0.0).subscribed(0.1);
        let ask = json!({"op": "query", "id": 1, "conn": "a", "document": drive::QUERY.0, "variables": {}});
        let asked = || open().asks(1.0, &ask.to_string());
        let sent = |variables: Value| {
            let payload = json!({"query": drive::QUERY.0, "variables": variables});
            outcome("QU002", asked().client(1.1, &doc("1", 7, &payload)))
        };
        assert_eq!(sent(json!({})), Met);
        assert_eq!(sent(json!(null)), Met);
        assert_eq!(sent(json!({"of its": "own"})), Met);
        assert_eq!(sent(json!("{}")), Note);
        assert_eq!(sent(json!([])), Note);
        let without = doc("1", 7, &json!({"query": drive::QUERY.0}));
        assert_eq!(outcome("QU002", asked().client(1.1, &without)), Met);
        // Another document is not the one that it was asked for, nor is one from before.
        assert_eq!(
            outcome("QU002", asked().client(1.1, &doc("1", 7, &json!({"query": "{ me }"})))),
            Unseen
        );
        let before = open().client(0.9, &without).asks(1.0, &ask.to_string());
        assert_eq!(outcome("QU002", before), Unseen);
        assert_eq!(outcome("QU002", asked().says(1.1, UNSUPPORTED)), Unseen);
        assert_eq!(outcome("QU002", open()), Unseen);
    }
}
