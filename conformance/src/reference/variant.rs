//! Correct clients that differ from the polite one: no check may fail them.

use clap::ValueEnum;
use clap::builder::PossibleValue;

/// Writes the enum, its list and its names from one table.
macro_rules! variants {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// A correct client that differs. Each stands for something that deployed clients do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Variant {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Variant {
            /// Every variant.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// What is different about it, in a sentence.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim(),)+
                }
            }

            /// Its name on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

variants! {
    /// Knows tokens, and ends when it is given none.
    TokensOnly = "tokens-only",
    /// Frames with blanks after commas.
    Blanks = "blanks",
    /// Payloads whose keys stand in another order.
    KeyOrder = "key-order",
    /// Frames over several lines.
    Indented = "indented",
    /// No `variables` key, and the channel as a literal.
    NoVariables = "no-variables",
    /// `variables: null`.
    NullVariables = "null-variables",
    /// An extra key, `operationName`, with a named operation.
    OperationName = "operation-name",
    /// A document with line breaks, a comment, an alias and a fragment.
    MultiLine = "multi-line",
    /// The channel as a literal in the document, as the protocol document prints it.
    LiteralChannel = "literal-channel",
    /// A subscription without a channel id: all chats.
    AllChannels = "all-channels",
    /// A query behind the subscription: several documents on one socket.
    TwoDocuments = "two-documents",
    /// Asks for the channel by its streamer's name, and subscribes when it has the answer.
    AsksFirst = "asks-first",
    /// Documents in one burst behind the join, before its reply.
    Burst = "burst",
    /// All refs `"1"`, as the protocol document prints them.
    RefsAllOne = "refs-all-one",
    /// One constant word as ref for each kind of request.
    RefsWords = "refs-words",
    /// UUIDs as refs.
    RefsUuids = "refs-uuids",
    /// A counter with gaps as ref.
    RefsGaps = "refs-gaps",
    /// Heartbeats with the live join ref.
    BeatsWithJoinRef = "beats-with-join-ref",
    /// Heartbeats with the join ref `"1"`.
    BeatsWithOne = "beats-with-one",
    /// A first heartbeat at once, right behind the join.
    BeatsAtOnce = "beats-at-once",
    /// A heartbeat at half the interval, as clients do that beat every 15 s.
    BeatsTwiceAsOften = "beats-twice-as-often",
    /// `phx_leave` before a rejoin.
    LeavesFirst = "leaves-first",
    /// A first retry after 10 ms, and eight within two seconds, as phoenix.js does.
    QuickRetry = "quick-retry",
    /// A first retry after two seconds.
    SlowRetry = "slow-retry",
    /// An unsolicited pong behind every frame.
    Pongs = "pongs",
    /// Two pongs for every ping.
    TwoPongs = "two-pongs",
    /// A WebSocket ping beside every heartbeat.
    PingsToo = "pings-too",
    /// Closes with 1001, going away.
    ClosesGoingAway = "closes-going-away",
    /// Refs with blanks, quotes and letters of other scripts.
    RefsOdd = "refs-odd",
    /// Exits with status 1 when its join is refused.
    ExitsWhenRefused = "exits-when-refused",
    /// Numbers as channel id, where ids are texts or numbers.
    NumericChannel = "numeric-channel",
    /// Two subscriptions on one socket.
    TwoSubscriptions = "two-subscriptions",
    /// An offer of permessage-deflate; messages are compressed where the server takes it.
    OffersDeflate = "offers-deflate",
    /// Query parameters in another order, with foreign ones between.
    QueryOrder = "query-order",
    /// Two seconds of start-up before it connects.
    SlowStart = "slow-start",
    /// Ends with an empty close frame, which counts as 1005.
    ClosesEmpty = "closes-empty",
    /// Ends with plain TCP, without a close frame.
    ClosesByTcp = "closes-by-tcp",
}

impl ValueEnum for Variant {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}
