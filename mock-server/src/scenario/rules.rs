//! Which rule a frame, a request or a connection meets. Pure: it counts and compares.

use std::collections::BTreeSet;
use std::time::Duration;

use glimesh_proto::{Frame, Reply};

use crate::scenario::on::{Roll, Tally};
use crate::scenario::{
    BytesFault, Change, InFragments, Reverse, Rule, Scenario, SocketRule, Then, Upgrade,
};

/// The rules of a session with the counts of what matched so far, on all connections.
#[derive(Debug)]
pub(crate) struct Rules {
    rules: Vec<Counted<Rule>>,
    upgrades: Vec<Counted<Upgrade>>,
    sockets: Vec<Counted<SocketRule>>,
    /// The marks that the timeline has written so far.
    marks: BTreeSet<String>,
    roll: Roll,
}

#[derive(Debug)]
struct Counted<R> {
    rule: R,
    seen: Tally,
}

/// What is to be done instead of answering correctly at once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Deed {
    pub(crate) after: After,
    pub(crate) answer: AnswerAs,
    pub(crate) then: Option<Then>,
}

/// When something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Nothing,
    Real(Duration),
    /// In the client's seconds.
    Clients(Duration),
}

/// How something is answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AnswerAs {
    Correctly,
    Ignore,
    Reply(Reply),
    Push(Vec<String>),
    Change(Box<Change>),
    InFragments(InFragments),
    Reverse(Reverse),
}

impl Rules {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            rules: counted(&scenario.rules),
            upgrades: counted(&scenario.upgrades),
            sockets: counted(&scenario.sockets),
            marks: BTreeSet::new(),
            roll: Roll::new(scenario.seed),
        }
    }

    /// The timeline has written a mark: rules for what comes after it begin to count.
    pub(crate) fn marked(&mut self, name: &str) {
        self.marks.insert(name.to_owned());
    }

    /// What the first rule that applies says. Counts the frame for every rule that it matches. `connection` is the
    /// number of the WebSocket in the session.
    pub(crate) fn meet(&mut self, frame: &Frame, connection: u32) -> Option<Deed> {
        let mut deed = None;
        for Counted { rule, seen } in &mut self.rules {
            let which = rule.on.which();
            if !which.has_begun(&self.marks) || !rule.on.matches(frame, connection) {
                continue;
            }
            if seen.meets(&which, rule.chance, &mut self.roll) && deed.is_none() {
                deed = Some(rule.deed());
            }
        }
        deed
    }

    /// What the first rule says that applies to an upgrade request.
    pub(crate) fn meet_upgrade(&mut self) -> Option<Upgrade> {
        let mut met = None;
        let begun = |rule: &Upgrade| rule.on.has_begun(&self.marks);
        for Counted { rule, seen } in self.upgrades.iter_mut().filter(|it| begun(&it.rule)) {
            if seen.meets(&rule.on, rule.chance, &mut self.roll) && met.is_none() {
                met = Some(rule.clone());
            }
        }
        met
    }

    /// What the first rule says that applies to a TCP connection.
    pub(crate) fn meet_socket(&mut self) -> Option<BytesFault> {
        let mut met = None;
        let begun = |rule: &SocketRule| rule.on.has_begun(&self.marks);
        for Counted { rule, seen } in self.sockets.iter_mut().filter(|it| begun(&it.rule)) {
            if seen.meets(&rule.on, rule.chance, &mut self.roll) && met.is_none() {
                met = Some(rule.bytes);
            }
        }
        met
    }
}

fn counted<R: Clone>(rules: &[R]) -> Vec<Counted<R>> {
    rules.iter().map(|rule| Counted { rule: rule.clone(), seen: Tally::default() }).collect()
}

impl Rule {
    fn deed(&self) -> Deed {
        let after = match (self.delay, self.wait) {
            (Some(delay), _) => After::Real(delay.0),
            (None, Some(wait)) => After::Clients(wait.0),
            (None, None) => After::Nothing,
        };
        Deed { after, answer: self.answer_as(), then: self.then.clone() }
    }

    fn answer_as(&self) -> AnswerAs {
        if self.ignore {
            return AnswerAs::Ignore;
        }
        if let Some(reply) = &self.reply {
            return AnswerAs::Reply(reply.to_reply());
        }
        if let Some(frames) = &self.push {
            return AnswerAs::Push(frames.clone());
        }
        if let Some(change) = &self.change {
            return AnswerAs::Change(Box::new(change.clone()));
        }
        if let Some(how) = self.fragment {
            return AnswerAs::InFragments(how);
        }
        self.reverse.map_or(AnswerAs::Correctly, AnswerAs::Reverse)
    }
}

impl AnswerAs {
    /// What a mark calls it.
    pub(crate) const fn verb(&self) -> &'static str {
        match self {
            Self::Correctly => "answer",
            Self::Ignore => "ignore",
            Self::Reply(_) => "reply",
            Self::Push(_) => "push",
            Self::Change(_) => "change",
            Self::InFragments(_) => "fragment",
            Self::Reverse(_) => "reverse",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
    const DOC: &str = r#"["1","2","__absinthe__:control","doc",{"query":"subscription{x}"}]"#;

    /// Which of six frames on a connection, the last three on a second one, the rules ignore.
    fn ignored(on: &str, frame: &str) -> Vec<u32> {
        let text = format!("title: t\nwhy: w\nseed: 3\nrules: [{{on: {on}, ignore: true}}]");
        let mut rules = Rules::new(&Scenario::parse("t", &text).unwrap());
        let frame = Frame::decode(frame).unwrap();
        let met = (1..=6).filter(|n| rules.meet(&frame, 1 + n / 4).is_some());
        met.collect()
    }

    #[test]
    fn rule_meets_the_frames_that_it_names() {
        assert_eq!(ignored("{event: phx_join}", JOIN), [1, 2, 3, 4, 5, 6]);
        assert_eq!(ignored("{event: phx_join, nth: 2}", JOIN), [2]);
        assert_eq!(ignored("{event: phx_join, from: 2, times: 2}", JOIN), [2, 3]);
        assert_eq!(ignored("{event: phx_join, connection: 2}", JOIN), [4, 5, 6]);
        assert_eq!(ignored("{event: phx_join, connection: 2, nth: 2}", JOIN), [5]);
        assert_eq!(ignored("{event: phx_join, topic: phoenix}", JOIN), [0; 0]);
        assert_eq!(ignored("{event: doc, contains: subscription, times: 1}", DOC), [1]);
        assert_eq!(ignored("{event: doc, contains: mutation}", DOC), [0; 0]);
    }

    #[test]
    fn rule_for_what_comes_after_a_mark_counts_from_there() {
        let text = "title: t\nwhy: w\nupgrades: [{on: {after: m}, refuse: {status: 503}}]\n\
                    rules: [{on: {event: phx_join, after: m, nth: 2}, ignore: true}]\n\
                    timeline: [{mark: m}, end]";
        let mut rules = Rules::new(&Scenario::parse("t", text).unwrap());
        let join = Frame::decode(JOIN).unwrap();
        assert!((0..3).all(|_| rules.meet(&join, 1).is_none()));
        assert_eq!(rules.meet_upgrade(), None);
        rules.marked("m");
        let met: Vec<_> = (0..3).map(|_| rules.meet(&join, 1).is_some()).collect();
        assert_eq!(met, [false, true, false]);
        assert!(rules.meet_upgrade().is_some());
    }

    #[test]
    fn first_rule_that_applies_counts() {
        let text = "title: t\nwhy: w\nrules:\n- {on: {event: phx_join, nth: 2}, ignore: true}\n- {on: {event: phx_join}, delay: 1s}";
        let mut rules = Rules::new(&Scenario::parse("t", text).unwrap());
        let join = Frame::decode(JOIN).unwrap();
        let verbs: Vec<_> =
            (0..3).map(|_| rules.meet(&join, 1).map(|deed| deed.answer.verb())).collect();
        assert_eq!(verbs, [Some("answer"), Some("ignore"), Some("answer")]);
    }
}
