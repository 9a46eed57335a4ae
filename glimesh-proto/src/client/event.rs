//! What a client has to report.

use crate::frame::Ref;
use crate::message::{Reply, SubscriptionId};
use crate::transmit::Close;
use crate::violation::Violation;

/// What a [`Client`](super::Client) has to report.
///
/// A push is reported once: answered, by `Joined`, `Subscribed`, `Unsubscribed`, `Replied` or `HeartbeatAnswered`;
/// or not answered in time, by `Unanswered` or `HeartbeatMissed`; or `Closed` comes before.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The control topic is joined: documents may be sent.
    Joined,
    /// A document made a subscription. If the answer came too late, `Unanswered` was reported before.
    Subscribed {
        /// The document's reference.
        msg_ref: Ref,
        /// By which its data can be told.
        subscription_id: SubscriptionId,
    },
    /// A subscription ended, as was asked. If the answer came too late, `Unanswered` was reported before.
    Unsubscribed {
        /// The reference of the `unsubscribe`.
        msg_ref: Ref,
        /// Which one.
        subscription_id: SubscriptionId,
    },
    /// Another push was answered; a refused one and a leave come so, too, and whatever was pushed on a channel that
    /// another join has replaced since: a mutation was still carried out, a subscription is gone with its channel.
    Replied {
        /// The push's reference.
        msg_ref: Ref,
        /// The answer.
        reply: Reply,
    },
    /// Data for a subscription.
    Data {
        /// Whose data it is. It may come before the answer that makes the subscription known.
        subscription_id: SubscriptionId,
        /// A GraphQL result.
        result: serde_json::Value,
    },
    /// The heartbeat was answered.
    HeartbeatAnswered,
    /// A heartbeat was not answered in time: the link is dead. The close is among the transmits.
    HeartbeatMissed {
        /// The heartbeat's reference.
        msg_ref: Ref,
    },
    /// A push was not answered in time.
    Unanswered {
        /// The push's reference.
        msg_ref: Ref,
    },
    /// The channel crashed, and its subscriptions are gone: join again.
    ChannelCrashed,
    /// The server closed the channel in good order, and its subscriptions are gone.
    ChannelClosed,
    /// Something came that belongs to the past; nothing has changed.
    Stale(Stale),
    /// The server ended the connection. No push is answered any more.
    Closed(Close),
    /// The server broke a rule.
    Violation(Violation),
}

/// What comes from the past and is ignored.
///
/// Source: Phoenix, `assets/js/phoenix/channel.js`, `isMember`: a frame with another join ref is outdated. Phoenix's
/// client ignores the answer to a push that waits, too, and reports the push as timed out; here it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// A reply on an earlier channel for which no push waits.
    Reply {
        /// The earlier channel's join ref.
        join_ref: Ref,
    },
    /// A reply to a push that was reported as unanswered before.
    LateReply {
        /// The push's reference.
        msg_ref: Ref,
    },
    /// `phx_close` for an earlier channel, as after a join that replaced it.
    Close {
        /// The earlier channel's join ref.
        join_ref: Ref,
    },
    /// `phx_error` for an earlier channel.
    Error {
        /// The earlier channel's join ref.
        join_ref: Ref,
    },
    /// Data that was on its way when its subscription ended.
    Data {
        /// The ended subscription.
        subscription_id: SubscriptionId,
    },
}
