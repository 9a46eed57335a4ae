//! The words of the protocol, each with its source.

/// The topic on which documents are sent and answered.
///
/// Source: Glimesh/api-docs, "Connecting to Chat"; absinthe_phoenix 2.0.2, `lib/absinthe/phoenix/channel.ex`.
pub const CONTROL_TOPIC: &str = "__absinthe__:control";

/// What every topic of Absinthe begins with; a subscription's own id does, too.
///
/// Source: absinthe_phoenix 2.0.2, `lib/absinthe/phoenix/socket.ex`, `channel "__absinthe__:*"`.
pub const ABSINTHE_PREFIX: &str = "__absinthe__:";

/// The topic of heartbeats.
///
/// Source: Phoenix 1.7.0, `lib/phoenix/socket.ex`.
pub const PHOENIX_TOPIC: &str = "phoenix";

/// The path of the current API's socket. Source: Glimesh/api-docs, "Connecting to Chat".
pub const GRAPH_PATH: &str = "/api/graph/websocket";

/// The path of the older API's socket, for which the document's examples were written.
///
/// Source: recordings `old_socket/*`.
pub const SOCKET_PATH: &str = "/api/socket/websocket";

/// The version that selects array frames. Source: Phoenix 1.7.0, `lib/phoenix/socket/serializers/`.
pub const VSN: &str = "2.0.0";

/// Joins a topic.
pub const PHX_JOIN: &str = "phx_join";
/// Leaves a topic.
pub const PHX_LEAVE: &str = "phx_leave";
/// Answers a push.
pub const PHX_REPLY: &str = "phx_reply";
/// Says that a channel is gone in good order.
pub const PHX_CLOSE: &str = "phx_close";
/// Says that a channel crashed.
pub const PHX_ERROR: &str = "phx_error";
/// The heartbeat, on [`PHOENIX_TOPIC`].
pub const HEARTBEAT: &str = "heartbeat";
/// Carries a GraphQL document, on [`CONTROL_TOPIC`].
pub const DOC: &str = "doc";
/// Ends a subscription, on [`CONTROL_TOPIC`].
pub const UNSUBSCRIBE: &str = "unsubscribe";
/// Carries a result to a subscriber, on the subscription's own topic.
pub const SUBSCRIPTION_DATA: &str = "subscription:data";

/// The close code of a drop and of an orderly end. Source: RFC 6455, section 7.4.1; recordings `timing/*`.
pub const CLOSE_NORMAL: u16 = 1000;
/// The close code of the real server when a frame cannot be read.
///
/// Source: recordings `frame/*`; RFC 6455 calls it "internal error".
pub const CLOSE_INTERNAL_ERROR: u16 = 1011;
