//! Every way a peer can break the rules, and what the real server does about it.

use serde_json::json;

use crate::frame::DecodeError;
use crate::message::{Reply, SubscriptionId};
use crate::names;
use crate::transmit::Close;

/// A rule that the peer broke. The machine goes on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Violation {
    /// The text is not a frame. Source: recordings `frame/*`, rule 10.
    #[error("cannot read the frame: {0}")]
    Unreadable(#[from] DecodeError),
    /// A binary message that is not a Phoenix binary push. Source: recordings `frame/*`, rule 13.
    #[error("a binary frame, where the server reads text")]
    Binary,
    /// A topic that is not text. Source: recordings `frame/topic_*`, rule 12.
    #[error("the topic must be a string, found {found}")]
    TopicNotText {
        /// What stands there instead.
        found: &'static str,
    },
    /// A topic that no channel serves. Source: recordings, rule 16.
    #[error("the topic {topic:?} is not served")]
    UnknownTopic {
        /// The topic as sent.
        topic: String,
    },
    /// A topic of Absinthe's other than the control topic was joined. Source: recordings, rule 16.
    #[error("the topic {topic:?} cannot be joined")]
    NoSuchChannel {
        /// The topic as sent.
        topic: String,
    },
    /// An event that the topic does not know. Source: recordings, rule 28.
    #[error("the event {event:?} is unknown on this topic")]
    UnknownEvent {
        /// The event as sent.
        event: String,
    },
    /// Something was sent on a topic before its join, or after its end. Source: recordings, rule 17.
    #[error("the topic {topic:?} is not joined")]
    NotJoined {
        /// The topic as sent.
        topic: String,
    },
    /// A leave with a join ref other than the join's. Source: recordings, rule 20.
    #[error("a leave must carry the join ref of its join")]
    ForeignJoinRef,
    /// The payload of `doc` is not an object. Source: recordings, rule 28.
    #[error("the payload of doc must be an object, found {found}")]
    PayloadNotObject {
        /// What stands there instead.
        found: &'static str,
    },
    /// `variables` is neither an object nor null. Source: recordings, rule 23.
    #[error("variables must be an object, found {found}")]
    VariablesNotObject {
        /// What stands there instead.
        found: &'static str,
    },
    /// `query` is not text. Source: recordings `doc/*`.
    #[error("query must be a string, found {found}")]
    QueryNotText {
        /// What stands there instead.
        found: &'static str,
    },
    /// `unsubscribe` without a text `subscriptionId`. Source: recordings, rule 28.
    #[error("unsubscribe needs a string subscriptionId")]
    NoSubscriptionId,
    /// A reply whose `status` is neither `ok` nor `error`.
    #[error("a reply needs the status ok or error")]
    ReplyWithoutStatus,
    /// A reply to a push that was never made, or was answered already.
    #[error("a reply to no pending push")]
    UnexpectedReply,
    /// Data for a subscription that was never made.
    #[error("data for the unknown subscription {0:?}")]
    UnknownSubscription(SubscriptionId),
}

/// What the real server does when a client breaks a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Consequence {
    /// It closes the connection.
    Close(Close),
    /// It crashes the channel: `phx_error`, and the subscriptions are gone.
    CrashChannel,
    /// It answers; `with_join_ref` says whether the reply repeats the frame's join ref.
    Reply {
        /// What it answers.
        reply: Reply,
        /// `false`: the reply's first element is `null`.
        with_join_ref: bool,
    },
    /// It does nothing.
    Silence,
}

impl Violation {
    /// What the real server does about it.
    ///
    /// Source: recordings `frame/*`, `join/*` and `event/*`.
    pub fn consequence(&self) -> Consequence {
        match self {
            Self::Unreadable(_) | Self::Binary => {
                Consequence::Close(Close::new(names::CLOSE_INTERNAL_ERROR))
            }
            Self::TopicNotText { .. } | Self::UnknownTopic { .. } | Self::NotJoined { .. } => {
                Consequence::Reply { reply: Reply::unmatched_topic(), with_join_ref: false }
            }
            Self::NoSuchChannel { .. } => Consequence::Reply {
                reply: Reply::error(json!({"reason": "join crashed"})),
                with_join_ref: true,
            },
            Self::VariablesNotObject { .. } => Consequence::Reply {
                reply: Reply::error(json!({"error": "Could not parse variables as map"})),
                with_join_ref: true,
            },
            Self::UnknownEvent { .. }
            | Self::PayloadNotObject { .. }
            | Self::QueryNotText { .. }
            | Self::NoSubscriptionId => Consequence::CrashChannel,
            Self::ForeignJoinRef
            | Self::ReplyWithoutStatus
            | Self::UnexpectedReply
            | Self::UnknownSubscription(_) => Consequence::Silence,
        }
    }
}
