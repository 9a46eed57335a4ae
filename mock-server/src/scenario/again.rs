//! Steps that are done again.

use serde::{Deserialize, Deserializer, de};

use super::{Count, Step};

/// What is done again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Again {
    /// The name of a `mark` that stands before; there is no other `again` between.
    pub from: String,
    /// How often, after the first time.
    pub times: Count,
}

impl Again {
    /// Of the steps before it, those that are done again; none if the mark is not among them.
    pub(super) fn round<'a>(&self, before: &'a [Step]) -> &'a [Step] {
        let is_meant = |step: &Step| matches!(step, Step::Mark(name) if *name == self.from);
        let begin = before.iter().rposition(is_meant).unwrap_or(before.len());
        &before[begin..]
    }
}

/// The steps of a timeline in the order in which they are done.
pub(crate) fn played(steps: &[Step]) -> impl Iterator<Item = &Step> {
    let (mut next, mut rounds) = (0, 0);
    std::iter::from_fn(move || {
        let step = steps.get(next)?;
        match step {
            Step::Again(again) if rounds < again.times.0 => {
                rounds += 1;
                next -= again.round(&steps[..next]).len();
            }
            Step::Again(_) => (next, rounds) = (next + 1, 0),
            _ => next += 1,
        }
        Some(step)
    })
}

/// Reads a timeline. Rounds within rounds are refused, so that a short file is no endless timeline.
pub(super) fn checked<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Step>, D::Error> {
    let steps = Vec::deserialize(deserializer)?;
    for (index, step) in steps.iter().enumerate() {
        let Step::Again(again) = step else { continue };
        let round = again.round(&steps[..index]);
        let from = &again.from;
        if round.is_empty() {
            return Err(de::Error::custom(format!("no mark {from:?} stands before this `again`")));
        }
        if round.iter().any(|step| matches!(step, Step::Again(_))) {
            let why = format!("between the mark {from:?} and its `again` stands another `again`");
            return Err(de::Error::custom(why));
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::scenario::{Scenario, Step, played};

    fn timeline(steps: &str) -> Scenario {
        Scenario::parse("t", &format!("title: t\nwhy: w\ntimeline: [{steps}]")).unwrap()
    }

    #[test]
    fn rounds_are_played_one_after_the_other_and_so_long_they_are() {
        let one = "{mark: a}, {wait: 2s}, {again: {from: a, times: 2}}";
        let two = "{mark: b}, cut, {pause: 1s}, {again: {from: b, times: 1}}, end";
        let scenario = timeline(&format!("{one}, {two}"));
        let verbs: Vec<_> = played(&scenario.timeline).map(Step::verb).collect();
        let first = ["mark", "wait", "again"];
        let second = ["mark", "cut", "pause", "again"];
        let expected = [&first[..], &first, &first, &second, &second, &["end"]].concat();
        assert_eq!(verbs, expected);
        assert_eq!(scenario.length(1, 1), Duration::from_secs(8));
    }

    #[test]
    fn a_scenario_that_is_made_and_not_read_may_name_no_mark() {
        let mut scenario = timeline("{mark: a}, {wait: 2s}, {again: {from: a, times: 2}}, end");
        scenario.timeline.remove(0);
        assert_eq!(played(&scenario.timeline).map(Step::verb).last(), Some("end"));
        assert_eq!(scenario.length(1, 1), Duration::from_secs(2));
    }
}
