//! Whether an adapter says so when it is asked for what nobody knows.

use crate::check::driven::{Outcome, asked, not_asked};
use crate::check::elements::shorten;
use crate::check::{Check, Level, Observation, Scope};
use crate::driver::Op;
use crate::session::Session;

/// The check PR005.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "PR005",
    slug: "process/unknown-op",
    clauses: &[],
    level: Level::Note,
    title: "the driver says what it has nothing for",
    requirement: "A driver that is asked for an op which it does not know SHOULD answer `unsupported`.",
    why: "An adapter that answers ok to anything is believed where nothing was done, and one that does not answer holds up the session.",
    mend: "Let the last branch of the dispatch answer {\"id\": 7, \"unsupported\": \"no such op\"}.",
    scope: Scope::Of("driven-reader"),
    needs: None,
    timing: false,
    judge: says_so,
}];

fn says_so(session: &Session) -> Observation {
    let all = asked(session);
    let Some(asked) = all.iter().find(|asked| asked.op == Op::NoSuchOp) else {
        return not_asked();
    };
    let answer = asked.answer.as_ref().filter(|answer| !session.is_after_stop(answer.entry));
    let (entry, at) = answer.map_or((asked.entry, asked.at), |answer| (answer.entry, answer.at));
    let seen = match answer.map(|answer| &answer.what) {
        Some(Outcome::Unsupported(_)) => Observation::met("it says that it has nothing for it"),
        Some(Outcome::Ok(_)) => Observation::unmet("it says that it has done what there is not")
            .with_hint("whatever else this adapter says is in doubt"),
        Some(Outcome::Error(error)) => {
            Observation::unmet(format!("told was: {}", shorten(&error.message)))
        }
        None => Observation::unmet("it was not answered"),
    };
    seen.expecting("unsupported").at_entry(entry, at)
}

#[cfg(test)]
mod tests {
    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::driven::{DONE, FAILED, UNSUPPORTED};
    use crate::check::testing::{Wire, outcome, stop};

    #[test]
    fn only_unsupported_is_an_answer_to_what_nobody_knows() {
        let open = || Wire::new().scenario("driven-reader").open(0.0).subscribed(0.1);
        let asked = || open().asks(1.0, r#"{"op":"no_such_op","id":1}"#);
        assert_eq!(outcome("PR005", asked().says(1.1, UNSUPPORTED)), Met);
        assert_eq!(outcome("PR005", asked().says(1.1, DONE)), Unmet);
        assert_eq!(outcome("PR005", asked().says(1.1, FAILED)), Unmet);
        assert_eq!(outcome("PR005", asked()), Unmet);
        // The answer to another request is none to this one.
        assert_eq!(outcome("PR005", asked().says(1.1, r#"{"id":2,"unsupported":"no"}"#)), Unmet);
        // Too late: the kit has given it up, and asked for the end.
        assert_eq!(outcome("PR005", asked().entry(30.0, stop()).says(30.1, UNSUPPORTED)), Unmet);
        assert_eq!(outcome("PR005", open()), Unseen);
    }
}
