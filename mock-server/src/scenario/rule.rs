//! Rules: what the server does with frames that match, instead of answering correctly at once.

use glimesh_proto::{Reply, Status, names};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

use crate::scenario::step::CloseStep;
use crate::scenario::{Chance, Count, Fragment, On, Span};

/// What the server does with frames that match, instead of answering correctly at once.
///
/// At most one of `ignore`, `reply`, `push`, `change`, `fragment` and `reverse`; without any, the answer is the correct one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which frames.
    pub on: On,
    /// Only with this probability, from 0 to 1.
    pub chance: Option<Chance>,
    /// Answers this much later, in real time.
    pub delay: Option<Span>,
    /// Answers this many of the client's seconds later: under a contract clock they pass faster.
    pub wait: Option<Span>,
    /// Answers nothing, and does nothing.
    #[serde(default)]
    pub ignore: bool,
    /// Answers this. Nothing is executed; but a join, a leave or an unsubscribe that is answered `ok` counts as what it
    /// is, as it does to the client, and one that is answered `error` does not.
    pub reply: Option<RuleReply>,
    /// Does what is asked, and sends these frames in place of the answer. Placeholders, see below; `{answer}` is the
    /// correct answer.
    pub push: Option<Vec<String>>,
    /// Does what is asked, and sends the correct answer with something changed.
    pub change: Option<Change>,
    /// Does what is asked, and sends the correct answer in several WebSocket frames.
    pub fragment: Option<InFragments>,
    /// Does what is asked, holds the answers, and sends them in reverse order.
    pub reverse: Option<Reverse>,
    /// Ends the connection after the answer, if there is one.
    pub then: Option<Then>,
}

/// A reply in place of the correct one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RuleReply {
    /// `ok` or `error`.
    pub status: ReplyStatus,
    /// Any JSON value; absent: an empty object.
    #[serde(default = "empty_object")]
    pub response: Value,
}

/// The status of a [`RuleReply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReplyStatus {
    /// `ok`
    Ok,
    /// `error`
    Error,
}

/// What is different from the correct answer. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The first element; any JSON value.
    #[serde(default, deserialize_with = "given")]
    pub join_ref: Option<Value>,
    /// The second element; any JSON value.
    #[serde(default, rename = "ref", deserialize_with = "given")]
    pub msg_ref: Option<Value>,
    /// The third element; any JSON value.
    #[serde(default, deserialize_with = "given")]
    pub topic: Option<Value>,
    /// The fourth element; any JSON value.
    #[serde(default, deserialize_with = "given")]
    pub event: Option<Value>,
    /// The payload's status; any JSON value.
    #[serde(default, deserialize_with = "given")]
    pub status: Option<Value>,
    /// The payload's response; any JSON value.
    #[serde(default, deserialize_with = "given")]
    pub response: Option<Value>,
    /// Fields that are added to every object of the payload, at every level.
    #[serde(default)]
    pub add: Map<String, Value>,
}

/// How an answer is cut into WebSocket frames, and how much longer it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InFragments {
    /// How many bytes each WebSocket frame carries.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("default" = 1)))]
    pub size: Count,
    /// Whether a ping stands between every two of them.
    #[serde(default)]
    pub pings: bool,
    /// How many spaces stand before the payload, at most 6291456: a large message that says little. JSON allows them.
    #[serde(default)]
    pub spaces: u32,
}

/// How answers are reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reverse {
    /// How many answers are held before all go out, the last one first.
    pub count: u32,
    /// After this time they go out even if fewer came, in real time.
    pub within: Span,
}

/// How a connection ends.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// With a close frame.
    Close(CloseStep),
    /// TCP ends without a close frame.
    Cut,
    /// TCP is reset.
    Reset,
}

/// Why a [`Rule`] is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RuleError {
    #[error(
        "a rule says what is done: one of ignore, reply, push, change, fragment, reverse, or a delay, wait or then alone"
    )]
    Nothing,
    #[error(
        "a rule has one of ignore, reply, push, change, fragment and reverse, and this one has {0}"
    )]
    TooMuch(usize),
    #[error("a rule has a delay or a wait, not both")]
    TwoDelays,
    #[error("what is {0} cannot come later: leave out the delay or wait")]
    NeverLate(&'static str),
    #[error("reverse holds 2 to {MOST_REVERSED} answers, not {0}")]
    Reversed(u32),
    #[error("push sends 1 to {MOST_PUSHED} frames, not {0}")]
    Pushed(usize),
    #[error("fragment adds at most {MOST_SPACES} spaces, not {0}")]
    Spaces(u32),
}

/// How many answers may be held to be reversed.
const MOST_REVERSED: u32 = 100;

/// How many frames may be sent in place of an answer.
const MOST_PUSHED: usize = 1_000;

/// How many spaces may be added to an answer: with them it still fits in what may wait for a client.
const MOST_SPACES: u32 = 6 << 20;

impl Rule {
    pub(super) fn check(&self) -> Result<(), RuleError> {
        let deeds = [
            self.ignore,
            self.reply.is_some(),
            self.push.is_some(),
            self.change.is_some(),
            self.fragment.is_some(),
            self.reverse.is_some(),
        ];
        let is_late = self.delay.is_some() || self.wait.is_some();
        match deeds.iter().filter(|given| **given).count() {
            0 if !is_late && self.then.is_none() => return Err(RuleError::Nothing),
            0 | 1 => {}
            found => return Err(RuleError::TooMuch(found)),
        }
        if self.delay.is_some() && self.wait.is_some() {
            return Err(RuleError::TwoDelays);
        }
        if is_late && self.ignore && self.then.is_none() {
            return Err(RuleError::NeverLate("ignored"));
        }
        if is_late && self.reverse.is_some() {
            return Err(RuleError::NeverLate("reversed"));
        }
        if let Some(Reverse { count, .. }) = self.reverse
            && !(2..=MOST_REVERSED).contains(&count)
        {
            return Err(RuleError::Reversed(count));
        }
        if let Some(InFragments { spaces, .. }) = self.fragment
            && spaces > MOST_SPACES
        {
            return Err(RuleError::Spaces(spaces));
        }
        match &self.push {
            Some(frames) if !(1..=MOST_PUSHED).contains(&frames.len()) => {
                Err(RuleError::Pushed(frames.len()))
            }
            _ => Ok(()),
        }
    }
}

impl RuleReply {
    /// The reply as the core knows it.
    pub fn to_reply(&self) -> Reply {
        let status = match self.status {
            ReplyStatus::Ok => Status::Ok,
            ReplyStatus::Error => Status::Error,
        };
        Reply { status, response: self.response.clone() }
    }
}

impl Change {
    /// The answer with the changes; what is no frame stays as it is.
    pub(crate) fn apply(&self, answer: &str) -> String {
        let Ok(frame) = glimesh_proto::Frame::decode(answer) else { return answer.to_owned() };
        let mut payload = frame.payload.clone().into_value();
        if let Value::Object(fields) = &mut payload {
            let given = [("status", &self.status), ("response", &self.response)];
            for (name, value) in given {
                if let Some(value) = value {
                    fields.insert(name.to_owned(), value.clone());
                }
            }
        }
        if !self.add.is_empty() {
            add_everywhere(&mut payload, &self.add);
        }
        let json_ref = |it: Option<glimesh_proto::Ref>| it.map_or(Value::Null, |it| it.to_value());
        let element = |changed: &Option<Value>, found: Value| changed.clone().unwrap_or(found);
        let elements = [
            element(&self.join_ref, json_ref(frame.join_ref)),
            element(&self.msg_ref, json_ref(frame.msg_ref)),
            element(&self.topic, Value::from(&*frame.topic)),
            element(&self.event, Value::from(&*frame.event)),
            payload,
        ];
        glimesh_proto::Json::from(&Value::from(elements.to_vec())).as_str().to_owned()
    }
}

impl InFragments {
    /// The answer as it goes out.
    pub(crate) fn apply(&self, answer: &str) -> Fragment {
        let Self { size, pings, spaces } = *self;
        // A quote inside a topic or a ref is escaped, so that this can only be the event.
        let event = format!("\"{}\",", names::PHX_REPLY);
        let text = match answer.split_once(&event) {
            Some((before, payload)) => {
                [before, &event, &" ".repeat(spaces as usize), payload].concat()
            }
            None => answer.to_owned(),
        };
        Fragment { text, size, pings }
    }
}

/// A value's depth is bounded by the decoder's.
fn add_everywhere(value: &mut Value, add: &Map<String, Value>) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                for (name, value) in add {
                    fields.entry(name).or_insert_with(|| value.clone());
                }
                let added = |name: &String| add.contains_key(name);
                open.extend(fields.iter_mut().filter(|(name, _)| !added(name)).map(|(_, it)| it));
            }
            Value::Array(elements) => open.extend(elements),
            _ => {}
        }
    }
}

/// Tells `null` from a key that is absent.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The rules of a file; a wrong one is an error in its own place.
pub(super) fn checked<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Rule>, D::Error> {
    struct Checked(Rule);
    impl<'de> Deserialize<'de> for Checked {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let rule = Rule::deserialize(deserializer)?;
            rule.check().map_err(de::Error::custom)?;
            Ok(Self(rule))
        }
    }
    let rules = Vec::<Checked>::deserialize(deserializer)?;
    Ok(rules.into_iter().map(|Checked(rule)| rule).collect())
}

fn empty_object() -> Value {
    Value::Object(Map::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(change: &str, expected: &str) {
        let change: Change = serde_saphyr::from_str(change).unwrap();
        let answer =
            r#"["1","2","t","phx_reply",{"response":{"data":{"a":[{"b":1}]}},"status":"ok"}]"#;
        assert_eq!(change.apply(answer), expected);
    }

    #[test]
    fn answer_is_changed_where_the_rule_says_so() {
        check(
            "{ref: '9', join_ref: null}",
            r#"[null,"9","t","phx_reply",{"response":{"data":{"a":[{"b":1}]}},"status":"ok"}]"#,
        );
        check(
            "{status: maybe, response: {data: null, errors: [{message: refused}]}}",
            r#"["1","2","t","phx_reply",{"response":{"data":null,"errors":[{"message":"refused"}]},"status":"maybe"}]"#,
        );
        check(
            "{add: {x: 1}}",
            r#"["1","2","t","phx_reply",{"response":{"data":{"a":[{"b":1,"x":1}],"x":1},"x":1},"status":"ok","x":1}]"#,
        );
        check(
            "{topic: 5, event: unheard_of}",
            r#"["1","2",5,"unheard_of",{"response":{"data":{"a":[{"b":1}]}},"status":"ok"}]"#,
        );
    }

    #[test]
    fn answer_grows_by_spaces_before_its_payload() {
        let how: InFragments = serde_saphyr::from_str("{size: 10, spaces: 3}").unwrap();
        let answer = r#"["1","2","\"phx_reply\",","phx_reply",{"status":"ok"}]"#;
        let grown = how.apply(answer);
        assert_eq!(grown.text, r#"["1","2","\"phx_reply\",","phx_reply",   {"status":"ok"}]"#);
        assert_eq!((grown.size.0, grown.pings), (10, false));
    }
}
