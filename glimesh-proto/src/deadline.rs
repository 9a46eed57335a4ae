//! When a silent client is dropped.

use std::time::Duration;

use crate::time::Instant;

/// When a silent client is dropped.
///
/// From the arming on, and again from each restart, the client has `limit` and `grace`; what comes at the deadline
/// is in time.
///
/// Source: Glimesh/api-docs, "Connecting to Chat", "Connection Issues": 30 seconds without a heartbeat.
/// Disagrees with: Phoenix 1.7.0, `lib/phoenix/transports/websocket.ex`: 60 000 ms, restarted by any data; recordings
/// `timing/*`, rule 22.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropRule {
    /// The longest time between two restarts.
    pub limit: Duration,
    /// How much later than the limit the drop comes.
    pub grace: Duration,
    /// What restarts the time.
    pub restarted_by: RestartedBy,
    /// What starts it the first time.
    pub armed_by: ArmedBy,
}

/// What restarts the time of a [`DropRule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartedBy {
    /// A heartbeat, and nothing else.
    Heartbeat,
    /// Any byte from the client: also a ping, a pong, half a frame.
    AnyByte,
}

/// What starts the time of a [`DropRule`]; before that nobody is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArmedBy {
    /// The opening of the connection, as in all profiles.
    Open,
    /// The first join that arrives.
    Join,
    /// The first heartbeat.
    Heartbeat,
}

impl DropRule {
    /// The rule that the document states, with a grace for clients whose timer is exactly 30 s.
    pub const fn glimesh() -> Self {
        Self {
            limit: Duration::from_secs(30),
            grace: Duration::from_secs(2),
            restarted_by: RestartedBy::Heartbeat,
            armed_by: ArmedBy::Open,
        }
    }

    /// The rule that was deployed.
    pub const fn phoenix() -> Self {
        Self {
            limit: Duration::from_secs(60),
            grace: Duration::ZERO,
            restarted_by: RestartedBy::AnyByte,
            armed_by: ArmedBy::Open,
        }
    }
}

/// A sign of life from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Byte,
    Join,
    Heartbeat,
}

/// A rule at work.
#[derive(Debug)]
pub(crate) struct Deadline {
    rule: DropRule,
    /// The last restart; `None`: not armed yet.
    since: Option<Instant>,
}

impl Deadline {
    /// A connection was opened just now.
    pub(crate) const fn new(rule: DropRule, now: Instant) -> Self {
        let since = match rule.armed_by {
            ArmedBy::Open => Some(now),
            ArmedBy::Join | ArmedBy::Heartbeat => None,
        };
        Self { rule, since }
    }

    pub(crate) const fn observe(&mut self, sign: Sign, now: Instant) {
        let counts = match self.since {
            None => matches!(
                (self.rule.armed_by, sign),
                (ArmedBy::Open, _)
                    | (ArmedBy::Join, Sign::Join)
                    | (ArmedBy::Heartbeat, Sign::Heartbeat)
            ),
            Some(_) => matches!(
                (self.rule.restarted_by, sign),
                (RestartedBy::AnyByte, _) | (RestartedBy::Heartbeat, Sign::Heartbeat)
            ),
        };
        if counts {
            self.since = Some(now);
        }
    }

    /// When the client is dropped unless it restarts the time; `None`: not armed yet.
    pub(crate) fn at(&self) -> Option<Instant> {
        Some(self.since? + self.rule.limit.saturating_add(self.rule.grace))
    }

    /// How long nothing has restarted the time, if that is too long.
    pub(crate) fn overrun(&self, now: Instant) -> Option<Duration> {
        (self.at()? <= now).then(|| self.since.map(|since| now.since(since))).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: DropRule = DropRule::glimesh();

    /// Each sign at its second; then the second of the drop.
    #[track_caller]
    fn check(rule: DropRule, signs: &[(u64, Sign)], expected: Option<u64>) {
        let at = |seconds: u64| Instant::from(Duration::from_secs(seconds));
        let mut deadline = Deadline::new(rule, Instant::ZERO);
        for &(second, sign) in signs {
            deadline.observe(sign, at(second));
        }
        assert_eq!(deadline.at(), expected.map(at));
        let Some(drop) = expected else {
            return assert_eq!(deadline.overrun(at(1_000_000)), None);
        };
        assert_eq!(deadline.overrun(at(drop - 1)), None);
        assert_eq!(deadline.overrun(at(drop)), Some(rule.limit + rule.grace));
    }

    #[test]
    fn limit_and_grace_run_from_the_last_restart() {
        check(RULE, &[], Some(32));
        check(RULE, &[(10, Sign::Heartbeat)], Some(42));
        check(RULE, &[(10, Sign::Byte), (11, Sign::Join)], Some(32));
        let any = DropRule { restarted_by: RestartedBy::AnyByte, ..RULE };
        check(any, &[(10, Sign::Byte)], Some(42));
        check(any, &[(10, Sign::Byte), (11, Sign::Join), (12, Sign::Heartbeat)], Some(44));
        check(DropRule { grace: Duration::ZERO, ..RULE }, &[], Some(30));
        check(DropRule::phoenix(), &[(55, Sign::Byte)], Some(115));
    }

    #[test]
    fn nobody_is_dropped_before_the_rule_is_armed() {
        let by_join = DropRule { armed_by: ArmedBy::Join, ..RULE };
        check(by_join, &[(5, Sign::Byte), (6, Sign::Heartbeat)], None);
        check(by_join, &[(5, Sign::Join)], Some(37));
        check(by_join, &[(5, Sign::Join), (9, Sign::Join)], Some(37));
        check(by_join, &[(5, Sign::Join), (9, Sign::Heartbeat)], Some(41));
        let by_beat = DropRule { armed_by: ArmedBy::Heartbeat, ..RULE };
        check(by_beat, &[(5, Sign::Join), (6, Sign::Byte)], None);
        check(by_beat, &[(6, Sign::Heartbeat)], Some(38));
        let any = DropRule { restarted_by: RestartedBy::AnyByte, ..by_join };
        check(any, &[(5, Sign::Byte), (6, Sign::Join), (7, Sign::Byte)], Some(39));
    }
}
