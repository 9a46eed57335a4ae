//! `driver check`: speaks every op with an adapter and explains what it does wrong.
//!
//! First what needs no server, then the whole protocol against a mock, whose transcript says whether the adapter's
//! claims are true. To all but the command itself, an adapter is a pair of streams.

mod command;
mod finding;
mod golden;
mod live;
mod show;
mod talk;
mod wire;

use std::time::Duration;

use glimesh_mock::MockServer;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};

pub use command::run;
pub use finding::{Finding, Severity, Shown};
pub use show::{human, json};

use super::{Client, Op};
use finding::Code;
use talk::Talk;

/// The version of what [`json`] writes.
pub const FORMAT: u32 = 1;

/// What was done with an adapter, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Examined {
    /// Which client it drives, if it said so.
    pub client: Option<Client>,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// What is wrong, in order.
    pub findings: Vec<Finding>,
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What, in a few words.
    pub name: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything was as it should be.
    Right,
    /// Something was found.
    Wrong,
    /// It was not tried.
    Skipped {
        /// Why.
        why: String,
    },
}

impl Examined {
    /// How many findings of this severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Adds the last step, which is seen by whoever watches the process: how it ended. `wrong` is what was wrong with
    /// that; `log` has the last lines that the adapter has printed beside its standard output.
    pub fn ended(&mut self, wrong: Option<String>, log: &[String]) {
        // When its output ended, not all that it had to say of it was read.
        let gone = self.findings.iter_mut().filter(|it| it.code == Code::Gone.name());
        gone.for_each(|finding| finding.log.extend_from_slice(log));
        let outcome = if wrong.is_some() { Outcome::Wrong } else { Outcome::Right };
        self.steps.push(Step { name: "the adapter ends".to_owned(), outcome });
        if let Some(message) = wrong {
            self.findings.push(Finding::new(Code::NotEnded, message).log(log.to_vec()));
        }
    }
}

/// Speaks with an adapter: reads what it says, writes what it is asked. Every reply may take until the deadline. `also`
/// has the last lines that it has printed elsewhere, for findings that show its log.
///
/// Returns when the adapter's output has ended, or soon after `bye`.
pub async fn examine(
    from: impl AsyncRead + Send + Unpin + 'static,
    to: impl AsyncWrite + Send + Unpin + 'static,
    server: &MockServer,
    deadline: Duration,
    also: Box<dyn Fn() -> Vec<String> + Send>,
) -> Examined {
    let mut talk = Talk::new(from, to, deadline, also);
    let hello = golden::golden(&mut talk).await;
    match &hello {
        Some(hello) => live::live(&mut talk, server, hello).await,
        None => talk.skip("everything with a server", "hello has said nothing that can be used"),
    }
    bye(&mut talk).await;
    talk.end().await
}

async fn bye(talk: &mut Talk) {
    if talk.is_over() {
        return talk.skip("bye", "the adapter is gone");
    }
    talk.begin("bye");
    let Some(told) = talk.ask(Op::Bye).await else { return };
    if !matches!(told.answer, super::Answer::Ok(_)) {
        let help = "close every connection, answer {}, and end";
        talk.found(golden::wrong_outcome(&told, "bye is answered with ok", help));
    }
}
