//! Whether what an adapter says agrees with what crossed the wire.

use serde_json::Value;

use super::Live;
use crate::driver::Answer;
use crate::driver::check::finding::{Code, Finding};
use crate::driver::check::golden::unclaimed;
use crate::driver::check::talk::{Told, span};
use crate::driver::check::wire::{Push, Since};

impl Live<'_> {
    /// Holds a reply to what crossed the wire. Returns whether it was done, and the adapter says so.
    pub(super) fn agrees(
        &mut self,
        told: &Told,
        op: &str,
        what: &str,
        is_so: bool,
        since: Since<'_>,
    ) -> bool {
        match (&told.answer, is_so) {
            (Answer::Ok(_), true) => return true,
            (Answer::Ok(_), false) => {
                let what = format!("the adapter says ok; on the wire it is not so that {what}");
                self.contradiction(told, &["ok"], &what, "say ok when it is done", since);
            }
            (_, true) if matches!(told.answer, Answer::Error(_)) => {
                let what = format!("the adapter says that {op} failed; on the wire, {what}");
                self.contradiction(told, &["error"], &what, "", since);
            }
            _ => self.failed(told, op, since),
        }
        false
    }

    /// Holds a reply to a push and the server's answer. Returns the server's response if both say that it was done.
    pub(super) fn agrees_with_push(
        &mut self,
        told: &Told,
        op: &str,
        what: &str,
        push: &Push,
        since: Since<'_>,
    ) -> Option<Value> {
        let is_ok = |response: &Value| response.get("errors").is_none();
        let says_ok = matches!(told.answer, Answer::Ok(_));
        let claim = match push {
            Push::Answered { is_ok: true, response } if says_ok && is_ok(response) => {
                return Some(response.clone());
            }
            Push::Answered { is_ok: true, response } if is_ok(response) => {
                if matches!(told.answer, Answer::Error(_)) {
                    let what = format!(
                        "the adapter says that {op} failed; the server has answered with ok"
                    );
                    self.contradiction(told, &["error"], &what, "", since);
                } else {
                    self.failed(told, op, since);
                }
                return None;
            }
            Push::Never => format!("{what} was never sent"),
            Push::Unanswered => format!("{what} was sent, and not answered"),
            Push::Answered { .. } => format!("{what} was answered with an error"),
        };
        if says_ok {
            let what = format!("the adapter says ok; on the wire, {claim}");
            let help = "say ok when the server's reply with the same ref has come";
            self.contradiction(told, &["ok"], &what, help, since);
        } else {
            self.failed(told, op, since);
        }
        None
    }

    /// An op that is claimed has not worked.
    pub(super) fn failed(&mut self, told: &Told, op: &str, since: Since<'_>) {
        match &told.answer {
            Answer::Error(reply) => {
                let what = format!("{op} failed, with a server that is right");
                let message = &reply.error.message;
                let finding = Finding::new(Code::Failed, what).asked(&told.request);
                let finding = finding.at(&told.line, span(&told.line, &["error"]));
                let finding = finding.help(format!("the adapter's own words: {message}"));
                self.talk.found(finding.wire(since.shown()).log(self.talk.log()));
            }
            _ => unclaimed(self.talk, told, Some(self.hello), op),
        }
    }

    pub(super) fn contradiction(
        &mut self,
        told: &Told,
        path: &[&str],
        what: &str,
        help: &str,
        since: Since<'_>,
    ) {
        let finding = Finding::new(Code::ContradictsWire, what).help(help).asked(&told.request);
        let finding = finding.at(&told.line, span(&told.line, path));
        self.talk.found(finding.wire(since.shown()));
    }
}
