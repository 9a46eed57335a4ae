//! Runs a scenario's timeline: one step after the other.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::chat::Command;
use crate::conversation::Shared;
use crate::recorder::Counts;
use crate::scenario::{Await, Otherwise, Say, Step};

/// After how many messages said in a row the connections get a turn.
const TURN: u32 = 64;

/// Runs all steps. The mark `end` says that the end was reached, `missed:WHAT` that something did not come.
pub(crate) async fn run(shared: Arc<Shared>, steps: Vec<Step>) {
    let mut counts = shared.recorder.counts();
    // An await counts from the beginning of the step before it, so that what a step provokes is not missed.
    let mut before = Counts::default();
    for step in &steps {
        let begun = *counts.borrow();
        match step {
            Step::Await(awaited) => {
                let came = wait_for(awaited, before, &mut counts).await;
                let word = if came { "reached" } else { "missed" };
                shared.recorder.mark(format!("{word}:{}", awaited.what.as_str()));
                if !came && awaited.otherwise == Otherwise::End {
                    return;
                }
            }
            Step::End => break,
            step => act(&shared, step).await,
        }
        before = begun;
    }
    shared.recorder.mark("end");
}

async fn wait_for(
    awaited: &Await,
    before: Counts,
    counts: &mut watch::Receiver<Counts>,
) -> bool {
    let goal = before.of(awaited.what).saturating_add(awaited.count);
    let reached = counts.wait_for(|counts| counts.of(awaited.what) >= goal);
    matches!(timeout(awaited.within.0, reached).await, Ok(Ok(_)))
}

async fn act(shared: &Shared, step: &Step) {
    let mark = |verb: &str| shared.recorder.mark(format!("step:{verb}"));
    match step {
        Step::Wait(span) => {
            mark("wait");
            sleep(span.0 / shared.rate).await;
        }
        Step::Pause(span) => {
            mark("pause");
            sleep(span.0).await;
        }
        Step::Say(what) => {
            mark("say");
            say(shared, what).await;
        }
        Step::Send(text) => {
            mark("send");
            tell(shared, Command::Text(text.clone()));
        }
        Step::SendBinary(bytes) => {
            mark("send_binary");
            tell(shared, Command::Binary(bytes.0.clone()));
        }
        Step::Reset => {
            mark("reset");
            tell(shared, Command::Reset);
        }
        Step::Close(close) => {
            mark("close");
            let reason = close.reason.clone();
            tell(shared, Command::Close(glimesh_proto::Close { code: Some(close.code), reason }));
        }
        Step::Mark(name) => shared.recorder.mark(name),
        Step::Await(_) | Step::End => {}
    }
}

async fn say(shared: &Shared, say: &Say) {
    for n in 1..=say.times {
        let text = say.text.replace("{n}", &n.to_string());
        if let Err(error) = shared.chat.say(&say.username, &text) {
            let text = format!("the scenario's message was not said: {error}");
            shared.recorder.note(None, "not-said", &text);
            return;
        }
        if n % TURN == 0 {
            tokio::task::yield_now().await;
        }
    }
}

fn tell(shared: &Shared, command: Command) {
    if !shared.chat.tell_newest(command) {
        let text = "the scenario's step found no open connection";
        shared.recorder.note(None, "no-connection", text);
    }
}
