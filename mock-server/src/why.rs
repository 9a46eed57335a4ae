//! Why a client was refused or dropped, in words that say what to do. For the log and the transcript.

use std::time::Duration;

use glimesh_proto::Violation;
use glimesh_proto::connect::Refusal;

use crate::profile::{ArmedBy, Profile, RestartedBy};

/// A permanent word, and one line for a person.
pub(crate) type Why = (&'static str, String);

/// `silent_for` and the profile's times are the client's seconds.
pub(crate) fn dropped(profile: &Profile, silent_for: Duration, beats: u32) -> Why {
    let limit = profile.heartbeat_limit.as_secs_f64();
    let grace = profile.grace.as_secs_f64();
    let silent = silent_for.as_secs_f64();
    match profile.restarted_by {
        RestartedBy::Heartbeat => {
            let last = match beats {
                0 => {
                    let armed = match profile.armed_by {
                        ArmedBy::Join => "first join",
                        ArmedBy::Open | ArmedBy::Heartbeat => "open",
                    };
                    format!("none came in the {silent:.1} s since the {armed}")
                }
                _ => format!("last one {silent:.1} s ago"),
            };
            let fix =
                format!(r#"send [null,REF,"phoenix","heartbeat",{{}}] at least every {limit} s"#);
            (
                "no-heartbeat",
                format!("dropped: no heartbeat within {limit} s + {grace} s grace; {last}; {fix}"),
            )
        }
        RestartedBy::AnyByte => (
            "no-traffic",
            format!(
                "dropped: no byte within {limit} s + {grace} s grace; last one {silent:.1} s ago; send heartbeats"
            ),
        ),
    }
}

pub(crate) fn refused(refusal: &Refusal) -> Why {
    let (code, fix) = match refusal {
        Refusal::UnknownPath { .. } => ("unknown-path", "connect to /api/graph/websocket"),
        Refusal::QueryNotUtf8 => ("query-not-utf8", "percent-encode UTF-8 bytes"),
        Refusal::UnknownVsn { .. } | Refusal::VsnNotText => {
            ("unknown-vsn", "put vsn=2.0.0 into the query")
        }
        Refusal::NoCredential => {
            ("no-credential", "put token=TOKEN or client_id=ID into the query")
        }
        Refusal::CredentialNotText { .. } => {
            ("credential-not-text", "give it once, without brackets")
        }
        Refusal::ClientIdNotUuid => {
            ("client-id-not-uuid", "give the client id as 8-4-4-4-12 hexadecimal digits")
        }
    };
    (code, format!("refused with {}: {refusal}; {fix}", refusal.status()))
}

pub(crate) fn unknown_credential(name: &str, value: &str) -> Why {
    let hint = match value {
        "" => "it is empty",
        "TOKEN_HERE" | "CLIENT_ID" => {
            "it is the document's placeholder, to be replaced by a real one"
        }
        _ if value.starts_with(['{', '<', '$']) => "it is a placeholder that was not filled in",
        _ => "nobody has it; letter case counts in tokens",
    };
    ("unknown-credential", format!("refused with 403: the {name} is not known: {hint}"))
}

pub(crate) fn violated(violation: &Violation) -> Why {
    let (code, fix) = match violation {
        Violation::Unreadable(_) => (
            "unreadable-frame",
            "closed with 1011; send one JSON array of five elements: [join_ref, ref, topic, event, payload]",
        ),
        Violation::TopicNotText { .. } => (
            "topic-not-text",
            "refused; the third element is the topic, such as \"__absinthe__:control\"",
        ),
        Violation::Binary => ("binary-frame", "closed with 1011; send frames as text messages"),
        Violation::UnknownTopic { .. } | Violation::NoSuchChannel { .. } => (
            "unknown-topic",
            r#"refused; the topics are "__absinthe__:control" and, for heartbeats, "phoenix""#,
        ),
        Violation::UnknownEvent { .. } => (
            "unknown-event",
            "the channel crashed; the control topic knows phx_join, doc, unsubscribe and phx_leave",
        ),
        Violation::NotJoined { .. } => (
            "not-joined",
            "refused; join the control topic first, and again after each crash or leave",
        ),
        Violation::ForeignJoinRef => {
            ("foreign-join-ref", "ignored; repeat the first element of the join")
        }
        Violation::PayloadNotObject { .. } => (
            "payload-not-object",
            r#"the channel crashed; the payload of doc is {"query": TEXT, "variables": OBJECT}"#,
        ),
        Violation::VariablesNotObject { .. } => {
            ("variables-not-object", "refused; send an object, null or nothing")
        }
        Violation::QueryNotText { .. } => (
            "query-not-text",
            "answered with an error, and the channel forgot who its client is; query is the document as a string",
        ),
        Violation::NoSubscriptionId => (
            "no-subscription-id",
            r#"the channel crashed; the payload of unsubscribe is {"subscriptionId": ID}"#,
        ),
        Violation::ReplyWithoutStatus
        | Violation::UnexpectedReply
        | Violation::UnknownSubscription(_) => ("not-for-servers", "ignored"),
    };
    (code, format!("{violation}; {fix}"))
}
