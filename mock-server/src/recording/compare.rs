//! How what came differs from what was recorded.
//!
//! Compared are, for each connection, the steps, kinds and contents of its events. The order between connections is
//! free; so is the order between replies of the connection itself (heartbeats, joins) and what its channel says.

use std::collections::BTreeSet;

use super::event::{Event, What};
use super::line::Seen;
use super::record::Record;

/// How far the times of a slow record may be apart, in milliseconds.
const TIME_TOLERANCE_MS: u64 = 200;

/// The first difference on one connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The connection.
    pub c: String,
    /// `None`: nothing more was to come.
    pub expected: Option<Event>,
    /// `None`: nothing more came.
    pub found: Option<Event>,
}

/// One difference for each connection that differs; none if what came is what was recorded.
pub fn compare(record: &Record, found: &[Event]) -> Vec<Difference> {
    let alternatives = std::iter::once(&record.events).chain(&record.variants);
    if alternatives.into_iter().any(|wanted| differences(record, wanted, found).is_empty()) {
        return Vec::new();
    }
    differences(record, &record.events, found)
}

fn differences(record: &Record, wanted: &[Event], found: &[Event]) -> Vec<Difference> {
    let names: BTreeSet<_> = wanted.iter().chain(found).map(|event| &event.c).collect();
    let on_line = |c: &String| {
        let of = |events: &[Event]| -> Vec<Event> {
            events.iter().filter(|event| event.c == *c).cloned().collect()
        };
        let (wanted, found) = (of(wanted), of(found));
        [Speaker::Connection, Speaker::Channel].into_iter().find_map(|speaker| {
            first_difference(record, &speaker.part(&wanted), &speaker.part(&found))
        })
    };
    names.into_iter().filter_map(on_line).collect()
}

fn first_difference(record: &Record, wanted: &[&Event], found: &[&Event]) -> Option<Difference> {
    let same = |index: usize| match (wanted.get(index), found.get(index)) {
        (Some(one), Some(other)) => {
            // How much falls into which step varies in a race.
            let step = record.race || one.step == other.step;
            // The times run from the answer to the request, which took the recorder a while.
            let since = |event: &Event, all: &[&Event]| event.at_ms.saturating_sub(all[0].at_ms);
            let time = since(one, wanted).abs_diff(since(other, found));
            step && one.what == other.what && (!record.slow || time <= TIME_TOLERANCE_MS)
        }
        _ => false,
    };
    let index = (0..wanted.len().max(found.len())).find(|index| !same(*index))?;
    let event = |events: &[&Event]| events.get(index).map(|event| (*event).clone());
    let (expected, found) = (event(wanted), event(found));
    let c = [&expected, &found].into_iter().flatten().map(|event| event.c.clone()).next()?;
    Some(Difference { c, expected, found })
}

/// Who says something on a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    /// The connection's own process answers heartbeats and joins.
    Connection,
    /// A channel's process answers documents and pushes messages.
    Channel,
}

impl Speaker {
    /// What it says, and what is no text: nothing may change places with that.
    fn part(self, events: &[Event]) -> Vec<&Event> {
        let is_part = |event: &&Event| match &event.what {
            What::Came(Seen::Text(text)) => Self::of(text) == self,
            _ => true,
        };
        events.iter().filter(is_part).collect()
    }

    fn of(text: &str) -> Self {
        const OWN: [&str; 3] = [
            r#""phoenix","phx_reply""#,
            r#""phx_reply",{"response":{},"status":"ok"}"#,
            r#""response":{"reason":"#,
        ];
        if OWN.iter().any(|own| text.contains(own)) { Self::Connection } else { Self::Channel }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Category;

    const BEAT: &str = r#"[null,"h","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;
    const DATA: &str =
        r#"["1","5","__absinthe__:control","phx_reply",{"response":{"data":1},"status":"ok"}]"#;
    const PUSH: &str = r#"[null,null,"__absinthe__:doc:<N1>:AB","subscription:data",{}]"#;

    fn events(c: &str, texts: &[&str]) -> Vec<Event> {
        let event = |text: &&str| Event {
            step: 1,
            c: c.to_owned(),
            at_ms: 0,
            text: None,
            what: match *text {
                "eof" => What::Came(Seen::Eof),
                text => What::Came(Seen::Text(text.to_owned())),
            },
        };
        texts.iter().map(event).collect()
    }

    fn record(events: Vec<Event>) -> Record {
        Record {
            id: "join/x".to_owned(),
            category: Category::Join,
            title: String::new(),
            slow: false,
            needs_control: false,
            race: false,
            steps: Vec::new(),
            events,
            variants: Vec::new(),
        }
    }

    #[track_caller]
    fn check(found: &[&str], same: bool) {
        let record = record(events("a", &[BEAT, DATA, PUSH, "eof"]));
        assert_eq!(compare(&record, &events("a", found)).is_empty(), same);
    }

    #[test]
    fn order_is_free_between_connection_and_channel_and_nowhere_else() {
        check(&[BEAT, DATA, PUSH, "eof"], true);
        check(&[DATA, PUSH, BEAT, "eof"], true);
        check(&[BEAT, PUSH, DATA, "eof"], false);
        check(&[BEAT, DATA, "eof", PUSH], false);
        check(&[BEAT, DATA, PUSH], false);
        check(&[BEAT, DATA, PUSH, "eof", "eof"], false);
    }

    #[test]
    fn order_between_connections_is_free() {
        let record = record([events("a", &[BEAT]), events("b", &[DATA])].concat());
        let found = [events("b", &[DATA]), events("a", &[BEAT])].concat();
        assert_eq!(compare(&record, &found), []);
        let differences = compare(&record, &events("a", &[BEAT]));
        assert_eq!(differences.len(), 1);
        assert_eq!((&*differences[0].c, &differences[0].found), ("b", &None));
    }

    #[test]
    fn race_may_end_as_it_did_at_any_time() {
        let mut record = record(events("a", &[DATA, PUSH]));
        let found = events("a", &[PUSH, DATA]);
        assert!(!compare(&record, &found).is_empty());
        record.variants.push(found.clone());
        assert_eq!(compare(&record, &found), []);
    }

    #[test]
    fn step_counts_unless_it_is_a_race_and_time_counts_if_it_is_slow() {
        let mut record = record(events("a", &[BEAT, "eof"]));
        let mut found = record.events.clone();
        found[1].step = 2;
        assert!(!compare(&record, &found).is_empty());
        record.race = true;
        found[1].at_ms = 201;
        assert_eq!(compare(&record, &found), []);
        record.slow = true;
        assert!(!compare(&record, &found).is_empty());
        // Only what passes between the events counts.
        found[0].at_ms = 100;
        assert_eq!(compare(&record, &found), []);
    }
}
