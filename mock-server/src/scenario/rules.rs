//! Which rule a frame meets. Pure: it counts and compares.

use glimesh_proto::{Frame, Reply};

use crate::scenario::Rule;
use crate::scenario::file::On;

/// The rules of a session with the counts of the frames that matched so far, on all connections.
#[derive(Debug)]
pub(crate) struct Rules(Vec<Counted>);

#[derive(Debug)]
struct Counted {
    rule: Rule,
    seen: u32,
}

/// What is to be done instead of answering correctly at once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Deed {
    /// Answer correctly, later.
    Delay(std::time::Duration),
    /// Answer nothing.
    Ignore,
    /// Answer this.
    Reply(Reply),
}

impl Rules {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        Self(rules.iter().map(|rule| Counted { rule: rule.clone(), seen: 0 }).collect())
    }

    /// What the first rule that applies says. Counts the frame for every rule that it matches.
    pub(crate) fn meet(&mut self, frame: &Frame) -> Option<Deed> {
        let mut deed = None;
        for Counted { rule, seen } in &mut self.0 {
            if !rule.on.matches(frame) {
                continue;
            }
            *seen = seen.saturating_add(1);
            if rule.on.nth.is_none_or(|nth| nth == *seen) && deed.is_none() {
                deed = Some(rule.deed());
            }
        }
        deed
    }
}

impl On {
    fn matches(&self, frame: &Frame) -> bool {
        self.event == frame.event && self.topic.as_ref().is_none_or(|topic| *topic == frame.topic)
    }
}

impl Rule {
    fn deed(&self) -> Deed {
        match (&self.reply, self.delay) {
            (Some(reply), _) => Deed::Reply(reply.to_reply()),
            (None, Some(delay)) => Deed::Delay(delay.0),
            (None, None) => Deed::Ignore,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn the_nth_rule_meets_the_nth_frame_only() {
        let text = "title: t\nwhy: w\nrules: [{on: {event: phx_join, nth: 2}, ignore: true}]";
        let mut rules = Rules::new(&Scenario::parse("t", text).unwrap().rules);
        let join = Frame::decode(r#"["1","1","__absinthe__:control","phx_join",{}]"#).unwrap();
        let deeds: Vec<_> = (0..3).map(|_| rules.meet(&join)).collect();
        assert_eq!(deeds, [None, Some(Deed::Ignore), None]);
    }
}
