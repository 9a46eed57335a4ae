//! How long a scenario takes.

use std::time::Duration;

use super::{Await, Awaited, Count, Fuzz, Push, Say, Scenario, Span, Step};

/// The longest that a client may let pass between two heartbeats, in its own seconds, and what many do.
///
/// Source: Glimesh/api-docs, `content/docs/chat/Websockets.md`, "Connection Issues".
const INTERVAL: Duration = Duration::from_secs(30);

impl Scenario {
    /// How long the timeline takes with a client that sends a heartbeat every 30 s of its own and does everything else
    /// at once, in real time: what it waits for, the heartbeats that it awaits, and the longest that rules hold an
    /// answer. `rate` of the client's seconds pass in a real one, and `pace` of the session's.
    ///
    /// What a client does because something did not come, such as to leave a server that is silent, is not counted.
    pub fn length(&self, rate: u32, pace: u32) -> Duration {
        let (rate, pace) = (rate.max(1), pace.max(1));
        let mut passing = Passing { rate, pace, ..Passing::default() };
        for (index, step) in self.timeline.iter().enumerate() {
            match step {
                Step::Again(again) => {
                    let before = passing.now;
                    again.round(&self.timeline[..index]).iter().for_each(|step| passing.step(step));
                    // Every round is as long as this one.
                    let once = passing.now - before;
                    passing.skip(once.saturating_mul(again.times.0.saturating_sub(1)));
                }
                step => passing.step(step),
            }
        }
        let held = self.rules.iter().filter_map(|rule| match (rule.delay, rule.wait) {
            (Some(delay), _) => Some(delay.0 / pace),
            (None, Some(wait)) => Some(wait.0 / rate),
            (None, None) => rule.reverse.map(|reverse| reverse.within.0 / pace),
        });
        let upgrades = self.upgrades.iter().filter_map(|upgrade| upgrade.delay);
        let upgrades = upgrades.map(|delay| delay.0 / pace);
        let replayed = self.replay.as_ref().map(|replay| replay.length() / rate);
        held.chain(upgrades).chain(replayed).fold(passing.now, Duration::saturating_add)
    }
}

/// A timeline, thought through in real time.
#[derive(Debug, Default)]
struct Passing {
    rate: u32,
    pace: u32,
    now: Duration,
    /// When the client's heartbeats began, and how many of them are past.
    beats: (Duration, u32),
    /// The client has a connection.
    is_open: bool,
}

impl Passing {
    fn step(&mut self, step: &Step) {
        let rate = self.rate;
        let repeated = |times: Count, every: Option<Span>| {
            let every = every.map_or(Duration::ZERO, |every| every.0 / rate);
            every.saturating_mul(times.0.saturating_sub(1))
        };
        match step {
            Step::Wait(span) => self.pass(span.0 / self.rate),
            Step::Pause(span) => self.pass(span.0 / self.pace),
            Step::Say(Say { times, every, .. })
            | Step::Push(Push { times, every, .. })
            | Step::Fuzz(Fuzz { times, every, .. }) => self.pass(repeated(*times, *every)),
            Step::Restart(restart) => {
                self.pass(restart.pause.0 / self.pace);
                self.is_open = false;
            }
            Step::Cut | Step::Reset | Step::Close(_) => self.is_open = false,
            Step::Await(awaited) => self.wait_for(awaited),
            _ => {}
        }
    }

    fn wait_for(&mut self, awaited: &Await) {
        if !self.is_open {
            (self.is_open, self.beats) = (true, (self.now, 0));
        }
        if awaited.what == Awaited::Heartbeat {
            let (began, past) = self.beats;
            let last = past.saturating_add(awaited.count.0);
            let at = began.saturating_add((INTERVAL / self.rate).saturating_mul(last));
            let (left, most) = (at.saturating_sub(self.now), awaited.within.0 / self.pace);
            self.pass(left.min(most));
            if left <= most {
                self.beats.1 = last;
            }
        }
    }

    /// Time goes by, and with it heartbeats that nobody awaits; one that is due at its end is still to come.
    fn pass(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
        let (began, past) = self.beats;
        let interval = (INTERVAL / self.rate).as_nanos();
        let before = (self.now.saturating_sub(began)).as_nanos().saturating_sub(1);
        let due = before.checked_div(interval).unwrap_or_default();
        self.beats.1 = past.max(u32::try_from(due).unwrap_or(u32::MAX));
    }

    /// Time goes by in rounds that are alike: nothing has changed at its end.
    fn skip(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
        self.beats.0 = self.beats.0.saturating_add(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a timeline takes, in seconds.
    #[track_caller]
    fn check(steps: &str, expected: f64) {
        check_at(1, steps, expected);
    }

    #[track_caller]
    fn check_at(rate: u32, steps: &str, expected: f64) {
        let yaml = format!(
            "title: t\nwhy: w\ntimeline: [{{await: {{what: open, within: 10s}}}}, {steps}]"
        );
        let scenario = Scenario::parse("t", &yaml).unwrap();
        assert!(
            (scenario.length(rate, 1).as_secs_f64() - expected).abs() < 0.001,
            "{steps}: {:?}",
            scenario.length(rate, 1)
        );
    }

    const BEAT: &str = "{await: {what: heartbeat, within: 45s}}";

    #[test]
    fn heartbeats_are_awaited_for_as_long_as_a_client_may_take() {
        check("end", 0.0);
        check(BEAT, 30.0);
        check(&format!("{BEAT}, {BEAT}"), 60.0);
        check("{await: {what: heartbeat, count: 3, within: 100s}}", 90.0);
        check("{await: {what: heartbeat, within: 10s, or: continue}}", 10.0);
    }

    #[test]
    fn a_heartbeat_comes_when_it_is_due_whatever_else_is_waited_for() {
        check(&format!("{{wait: 12s}}, {BEAT}, {{wait: 25s}}, {BEAT}"), 60.0);
        check(&format!("{{wait: 70s}}, {BEAT}"), 90.0);
        check(&format!("{{wait: 30s}}, {BEAT}"), 30.0);
        check(&format!("{{say: {{text: a, times: 11, every: 4s}}}}, {BEAT}"), 60.0);
    }

    #[test]
    fn a_new_connection_beats_anew() {
        let again = "{await: {what: open, within: 10s}}";
        for end in ["cut", "reset", "{close: {code: 1001}}", "{restart: {pause: 0s}}"] {
            check(&format!("{{wait: 20s}}, {end}, {again}, {BEAT}"), 50.0);
        }
    }

    #[test]
    fn heartbeats_of_a_quick_client_come_sooner() {
        check_at(10, &format!("{{wait: 10s}}, {BEAT}, {{pause: 1s}}, {BEAT}"), 6.0);
    }

    #[test]
    fn rounds_count_as_often_as_they_are_done() {
        let round = format!(
            "{{mark: a}}, {BEAT}, {{wait: 1s}}, cut, {{await: {{what: open, within: 10s}}}}"
        );
        check(&format!("{round}, {{again: {{from: a, times: 9}}}}"), 310.0);
    }

    #[test]
    fn the_longest_of_spans_are_no_panic() {
        check(
            "{mark: a}, {wait: 60m}, {await: {what: heartbeat, within: 60m, count: 10000}}, {again: {from: a, times: 1000}}",
            1001.0 * 7200.0,
        );
    }
}
