//! Placeholders in frames: what stands in a scenario for something that only the session knows.

use std::borrow::Cow;

use glimesh_proto::{Frame, Json, Ref};

/// What placeholders stand for on one connection, at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// The live join's reference.
    pub(crate) join_ref: Option<&'a Ref>,
    /// The subscriptions since the join, as JSON.
    pub(crate) subscriptions: &'a [String],
    pub(crate) old: &'a Remembered,
    pub(crate) channel_id: u64,
    /// What is answered, and the correct answer.
    pub(crate) request: Option<(&'a Frame, &'a str)>,
}

/// What was known of the join before the live one, on whatever connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Remembered {
    pub(crate) join_ref: Option<Ref>,
    /// As JSON.
    pub(crate) subscriptions: Vec<String>,
}

/// Every placeholder, and what it stands for. All but `{n}` and `{answer}` are JSON values, with their quotes.
#[cfg(test)]
pub(crate) const PLACEHOLDERS: [(&str, &str); 11] = [
    (
        "{join_ref}",
        "the join ref of the request; in a timeline that of the live join; null without one",
    ),
    ("{old_join_ref}", "the join ref of the join before, on this connection or an earlier one"),
    ("{ref}", "the ref of the request; null in a timeline"),
    ("{topic}", "the topic of the request; the control topic in a timeline"),
    ("{payload}", "the payload of the request; {} in a timeline"),
    ("{answer}", "the correct answer to the request, a whole frame; nothing in a timeline"),
    ("{subscription_id}", "the id of the newest subscription; \"\" without one"),
    ("{subscription_id:2}", "the id of the 2nd subscription since the join, counted from 1"),
    ("{old_subscription_id}", "the id of the newest subscription of the join before"),
    ("{channel_id}", "the id of the channel that the client was given, as a text"),
    ("{n}", "the number of the repetition, from 1"),
];

/// The text with everything filled in that is known; what is no placeholder stays.
pub(crate) fn fill(text: &str, known: &Known<'_>, n: u32) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let word = after.split_once('}').and_then(|(name, behind)| {
            let value = known.value(name, n)?;
            Some((value, behind))
        });
        match word {
            Some((value, behind)) => {
                filled.push_str(&value);
                rest = behind;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

impl Known<'_> {
    fn value(&self, name: &str, n: u32) -> Option<Cow<'_, str>> {
        let none = || Cow::Borrowed(r#""""#);
        let json_ref = |it: Option<&Ref>| {
            Cow::Owned(it.map_or_else(|| "null".to_owned(), |it| it.as_json().as_str().to_owned()))
        };
        let request = self.request.map(|(frame, _)| frame);
        Some(match name {
            "n" => Cow::Owned(n.to_string()),
            "join_ref" => match request {
                Some(frame) => json_ref(frame.join_ref.as_ref()),
                None => json_ref(self.join_ref),
            },
            "old_join_ref" => json_ref(self.old.join_ref.as_ref()),
            "ref" => json_ref(request.and_then(|frame| frame.msg_ref.as_ref())),
            "topic" => {
                let topic = request.map_or(glimesh_proto::names::CONTROL_TOPIC, |it| &it.topic);
                Cow::Owned(Json::text(topic).as_str().to_owned())
            }
            "payload" => Cow::Owned(match request {
                Some(frame) => Json::from(&*frame.payload).as_str().to_owned(),
                None => "{}".to_owned(),
            }),
            "answer" => Cow::Borrowed(self.request.map_or("", |(_, answer)| answer)),
            "subscription_id" => self.subscriptions.last().map_or_else(none, |id| id.into()),
            "old_subscription_id" => {
                self.old.subscriptions.last().map_or_else(none, |id| id.into())
            }
            "channel_id" => Cow::Owned(format!("\"{}\"", self.channel_id)),
            _ => {
                let nth: usize = name.strip_prefix("subscription_id:")?.parse().ok()?;
                let id = self.subscriptions.get(nth.checked_sub(1)?);
                id.map_or_else(none, |id| id.into())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_stand_for_what_the_session_knows() {
        let (live, old) = (
            Ref::text("2"),
            Remembered { join_ref: Some(Ref::text("1")), ..Remembered::default() },
        );
        let subscriptions = [r#""a""#.to_owned(), r#""b""#.to_owned()];
        let mut known = Known {
            join_ref: Some(&live),
            subscriptions: &subscriptions,
            old: &old,
            channel_id: 6,
            request: None,
        };
        let text = r#"[{join_ref},{ref},{topic},{"x":{n}},{old_join_ref},{subscription_id},{subscription_id:1},{subscription_id:9},{old_subscription_id},{channel_id},{unknown}"#;
        let filled = r#"["2",null,"__absinthe__:control",{"x":3},"1","b","a","","","6",{unknown}"#;
        assert_eq!(fill(text, &known, 3), filled);
        let request = Frame::decode(r#"["7","8","t","e",{"k":[]}]"#).unwrap();
        known.request = Some((&request, "ANSWER"));
        assert_eq!(
            fill("{join_ref} {ref} {topic} {payload} {answer}", &known, 1),
            r#""7" "8" "t" {"k":[]} ANSWER"#
        );
    }

    #[test]
    fn every_placeholder_that_is_documented_is_known() {
        let (old, request) =
            (Remembered::default(), Frame::decode(r#"["7","8","t","e",{}]"#).unwrap());
        let known = Known {
            join_ref: None,
            subscriptions: &[],
            old: &old,
            channel_id: 6,
            request: Some((&request, "x")),
        };
        for (name, _) in PLACEHOLDERS {
            assert_ne!(fill(name, &known, 1), name);
        }
    }
}
