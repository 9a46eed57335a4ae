//! An answer that is larger than many libraries take.

use glimesh_mock::transcript::{From, What};
use serde_json::Value;

use crate::check::driven::{Outcome, gave_up, unsupported};
use crate::check::elements::shorten;
use crate::check::limit::spoiled;
use crate::check::query::supported;
use crate::check::{Check, Level, Observation, Scope};
use crate::drive;
use crate::driver::ErrorKind;
use crate::session::Session;

/// The check QU005.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "QU005",
    slug: "query/large-answer",
    clauses: &["GCW-QU-04"],
    level: Level::Should,
    title: "takes a large answer, or says that it does not",
    requirement: "An answer of 5 MiB in fragments SHOULD reach whoever asked, or be refused so that they learn of it.",
    why: "Many libraries take no message over a mebibyte, some by losing it. The application waits for ever, and nothing says why.",
    mend: "Raise the library's largest message, or close with 1009 and fail every request that waits.",
    scope: Scope::Of("driven-large"),
    needs: None,
    timing: false,
    judge: large_answer,
}];

fn large_answer(session: &Session) -> Observation {
    let asked = match supported(session, drive::LARGE_QUERY) {
        Ok(asked) => asked,
        Err(observation) => return *observation,
    };
    // The transcript keeps the beginning of so large a message, and its length.
    let came = session.transcript.entries.iter().skip(asked.entry).find_map(|it| match it.what {
        What::Text { from: From::Server, len, .. } if len >= drive::LARGE => Some(it.at),
        _ => None,
    });
    let expected = "the answer, or an error";
    let Some(came) = came else {
        return Observation::unseen("the query did not go over the socket")
            .at_entry(asked.entry, asked.at);
    };
    let Some(answer) = &asked.answer else {
        let seen = match spoiled(session) {
            true => Observation::unseen("the query was not answered, while this machine stalled"),
            false => Observation::unmet("the query was not answered"),
        };
        return seen.expecting(expected).at_entry(asked.entry, asked.at);
    };
    let seen = match &answer.what {
        Outcome::Ok(reply) => {
            let text = Value::Object(reply.ok.clone()).to_string();
            match text.contains(drive::QUERY.1) {
                true => Observation::met("the answer"),
                false => Observation::unmet(format!("the answer is {}", shorten(&text))),
            }
        }
        _ if gave_up(answer, Some(came)) => {
            Observation::unseen("it gave the query up before the answer came")
        }
        Outcome::Error(error) if error.kind == ErrorKind::Timeout => {
            Observation::note("it gave the query up, though the answer had come")
        }
        Outcome::Error(error) => Observation::met(format!("told was: {}", shorten(&error.message))),
        Outcome::Unsupported(refusal) => return unsupported(refusal),
    };
    seen.expecting(expected).at_entry(answer.entry, answer.at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
    use crate::check::testing::{Wire, outcome};

    fn asked() -> Wire {
        let op = json!({"op": "query", "id": 8, "conn": "a", "document": drive::LARGE_QUERY, "variables": {}});
        Wire::new().scenario("driven-large").open(0.0).asks(1.0, &op.to_string())
    }

    fn came() -> Wire {
        let data = r#"["1","8","__absinthe__:control","phx_reply", "#.to_owned();
        asked().entry(1.1, What::Text { from: From::Server, data, len: drive::LARGE })
    }

    fn error(kind: &str) -> String {
        json!({"id": 8, "error": {"kind": kind, "message": "too big", "detail": {}}}).to_string()
    }

    #[test]
    fn the_answer_is_told_or_its_refusal() {
        let whole = r#"{"id":8,"ok":{"data":{"user":{"username":"Mytho"}}}}"#;
        assert_eq!(outcome("QU005", came().says(1.2, whole)), Met);
        assert_eq!(outcome("QU005", came().says(1.2, r#"{"id":8,"ok":{}}"#)), Unmet);
        assert_eq!(outcome("QU005", came().says(1.2, &error("closed"))), Met);
        assert_eq!(outcome("QU005", came().says(11.0, &error("timeout"))), Note);
        assert_eq!(outcome("QU005", came()), Unmet);
    }

    #[test]
    fn nothing_is_said_of_an_answer_that_did_not_come() {
        assert_eq!(outcome("QU005", asked()), Unseen);
        assert_eq!(outcome("QU005", asked().says(1.1, &error("usage"))), Unseen);
        let early = asked().says(1.05, &error("timeout"));
        let data = String::new();
        let late = What::Text { from: From::Server, data, len: drive::LARGE };
        assert_eq!(outcome("QU005", early.entry(1.1, late)), Unseen);
    }
}
