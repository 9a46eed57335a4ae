//! Runs a scenario's timeline: one step after the other.

mod door;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use glimesh_proto::Close;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::mailbox::Command;
use crate::recorder::Counts;
use crate::scenario::{Await, CloseStep, Fuzz, Order, Otherwise, Push, Say, Span, Step, played};
use crate::shared::Shared;

/// After how many messages said in a row the connections get a turn.
const TURN: u32 = 64;

/// What an accelerated client may need of the machine's time for what it does between two waits.
const WORK: Duration = Duration::from_secs(2);

/// The same within a pause, which only lets it catch up.
const BREATH: Duration = Duration::from_millis(200);

/// Runs all steps. The mark `end` says that the end was reached, `missed:WHAT` that something did not come, and
/// `gave-up` that it ended there.
pub(crate) async fn run(shared: Arc<Shared>, steps: Vec<Step>) {
    let mut counts = shared.recorder.counts();
    let mut since = Since::default();
    for step in played(&steps) {
        match step {
            Step::Await(awaited) => {
                let came = wait_for(awaited, since.goal(awaited), shared.pace, &mut counts).await;
                let word = if came { "reached" } else { "missed" };
                shared.recorder.mark(format!("{word}:{}", awaited.what.as_str()));
                if !came && awaited.otherwise == Otherwise::End {
                    return shared.recorder.mark("gave-up");
                }
            }
            Step::End => break,
            step => {
                since = Since { begun: *counts.borrow(), awaited: Counts::default() };
                act(&shared, step).await;
            }
        }
    }
    shared.recorder.mark("end");
}

/// From where awaits count: the beginning of the last step that did something, so that what it provoked is not
/// missed; and not from the await before, for a client may have done everything before we look.
#[derive(Default)]
struct Since {
    begun: Counts,
    awaited: Counts,
}

impl Since {
    fn goal(&mut self, awaited: &Await) -> u32 {
        self.awaited.add(awaited.what, awaited.count.0);
        self.begun.of(awaited.what).saturating_add(self.awaited.of(awaited.what))
    }
}

async fn wait_for(
    awaited: &Await,
    goal: u32,
    pace: u32,
    counts: &mut watch::Receiver<Counts>,
) -> bool {
    let reached = counts.wait_for(|counts| counts.of(awaited.what) >= goal);
    let within = real_time(awaited.within.0, pace, WORK);
    matches!(timeout(within, reached).await, Ok(Ok(_)))
}

/// How long a span of the session's lasts while `pace` of its seconds pass in a real one.
///
/// Only waits are shorter for an accelerated client; what it does between them takes the machine's time.
fn real_time(span: Duration, pace: u32, work: Duration) -> Duration {
    if pace == 1 { span } else { span.min(span / pace + work) }
}

async fn act(shared: &Shared, step: &Step) {
    // A mark of the scenario's own is one by itself.
    if let Step::Mark(name) = step {
        shared.script.marked(name);
        return shared.recorder.mark(name);
    }
    shared.recorder.mark(format!("step:{}", step.verb()));
    match step {
        Step::Wait(span) => sleep(span.0 / shared.rate / shared.pace).await,
        Step::Pause(span) => sleep(real_time(span.0, shared.pace, BREATH)).await,
        Step::Say(what) => say(shared, what).await,
        Step::Push(Push { frame, times, every }) => {
            let order = |numbers| Order::Push { frame: frame.clone(), numbers };
            repeat(shared, times.0, *every, order).await;
        }
        Step::Fuzz(Fuzz { frame, times, every }) => {
            let seed = shared.script.seed();
            let order = |numbers| Order::Fuzz { frame: frame.clone(), seed, numbers };
            repeat(shared, times.0, *every, order).await;
        }
        Step::Restart(restart) => door::restart(shared, *restart).await,
        Step::StopListening => door::set(shared, false).await,
        Step::Listen => door::set(shared, true).await,
        Step::RevokeCredentials => shared.script.revoke(),
        Step::Tls(fault) => shared.script.spoil_tls(*fault),
        step => {
            if let Some(command) = command(step) {
                tell(shared, command);
            }
        }
    }
}

/// What the newest connection is told, where a step is for it alone.
fn command(step: &Step) -> Option<Command> {
    let order = match step {
        Step::Send(text) => return Some(Command::Text(text.clone())),
        Step::SendBinary(bytes) => return Some(Command::Binary(bytes.0.clone())),
        Step::Reset => return Some(Command::Reset),
        Step::Cut => return Some(Command::Cut),
        Step::Close(CloseStep { code, reason }) => {
            let close = Close { code: Some(*code), reason: reason.clone() };
            return Some(Command::Close(Box::new(close)));
        }
        Step::PhxError => {
            return Some(Command::KillChannel { reason: "ended by the scenario".to_owned() });
        }
        Step::PhxClose => Order::CloseChannel,
        Step::ForgetChannel => Order::ForgetChannel,
        Step::Fragment(fragment) => Order::Fragment(fragment.clone()),
        Step::Frame(frame) => Order::Frame(frame.clone()),
        Step::Mute(mute) => Order::Mute(mute.events.clone()),
        Step::Unmute => Order::Unmute,
        Step::StopReading => Order::Read(false),
        Step::ReadOn => Order::Read(true),
        Step::HalfClose => Order::HalfClose,
        Step::Bytes(fault) => Order::Tamper(*fault),
        _ => return None,
    };
    Some(Command::Order(Box::new(order)))
}

/// Orders something so many times: one after the other, or all at once.
async fn repeat(
    shared: &Shared,
    times: u32,
    every: Option<Span>,
    order: impl Fn(RangeInclusive<u32>) -> Order,
) {
    let Some(every) = every else {
        return tell(shared, Command::Order(Box::new(order(1..=times))));
    };
    for n in 1..=times {
        if n > 1 {
            sleep(every.0 / shared.rate / shared.pace).await;
        }
        tell(shared, Command::Order(Box::new(order(n..=n))));
    }
}

async fn say(shared: &Shared, say: &Say) {
    for n in 1..=say.times.0 {
        match say.every {
            Some(every) if n > 1 => sleep(every.0 / shared.rate / shared.pace).await,
            _ => {}
        }
        let text = say.text.replace("{n}", &n.to_string());
        let channel_id = say.channel.unwrap_or(shared.given.channel_id);
        if let Err(error) = shared.chat.say(channel_id, &say.username, &text) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MockServer;
    use crate::scenario::{Auth, Awaited, Scenario};
    use crate::transcript::What;

    /// The marks of a timeline for a client that did all this before anybody looked.
    async fn marks(yaml: &str, done: &[Awaited]) -> Vec<String> {
        let scenario =
            Scenario::parse("t", &format!("title: t\nwhy: w\ntimeline: {yaml}")).unwrap();
        let steps = scenario.timeline.clone();
        let shared = MockServer::builder().scenario(scenario).into_shared(Auth::Token).unwrap();
        for what in done {
            shared.recorder.happened(*what);
        }
        let shared = Arc::new(shared);
        run(Arc::clone(&shared), steps).await;
        let entries = shared.recorder.entries_from(0).into_iter();
        let names = entries.filter_map(|entry| match entry.what {
            What::Mark { name } => Some(name),
            _ => None,
        });
        names.collect()
    }

    #[tokio::test(start_paused = true)]
    async fn awaits_in_a_row_are_met_by_a_client_that_was_faster() {
        let yaml = "[{await: {what: open, within: 1s}}, {await: {what: join, within: 1s}}]";
        let done = [Awaited::Open, Awaited::Join];
        assert_eq!(marks(yaml, &done).await, ["reached:open", "reached:join", "end"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_await_has_counted_the_next_does_not() {
        let yaml = "[{await: {what: join, within: 1s}}, {await: {what: join, within: 1s}}]";
        assert_eq!(marks(yaml, &[Awaited::Join]).await, ["reached:join", "missed:join", "gave-up"]);
        let both = [Awaited::Join, Awaited::Join];
        assert_eq!(marks(yaml, &both).await, ["reached:join", "reached:join", "end"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_that_does_something_begins_anew() {
        let yaml =
            "[{await: {what: join, within: 1s}}, {pause: 1s}, {await: {what: join, within: 1s}}]";
        let done = [Awaited::Join, Awaited::Join];
        let expected = ["reached:join", "step:pause", "missed:join", "gave-up"];
        assert_eq!(marks(yaml, &done).await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_done_again_leaves_its_marks_again() {
        let yaml = "[{mark: round}, {pause: 1s}, {again: {from: round, times: 2}}, end]";
        let round = ["round", "step:pause", "step:again"];
        assert_eq!(marks(yaml, &[]).await, [&round[..], &round, &round, &["end"]].concat());
    }

    #[test]
    fn an_accelerated_span_is_never_longer_than_a_real_one() {
        let secs = Duration::from_secs;
        assert_eq!(real_time(secs(60), 1, WORK), secs(60));
        assert_eq!(real_time(secs(60), 30, WORK), secs(4));
        assert_eq!(real_time(secs(1), 30, WORK), secs(1));
    }
}
