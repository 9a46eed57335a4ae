//! Broken clients: each has one realistic defect, and names the check that must catch it.

use clap::ValueEnum;
use clap::builder::PossibleValue;

/// Writes the enum, its list, its names and its checks from one table.
macro_rules! mutants {
    ($($(#[doc = $doc:literal])+ $mutant:ident = $name:literal => $check:literal,)+) => {
        /// A broken client. Each has one defect; those with an origin had it for years.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Mutant {
            $($(#[doc = $doc])+ $mutant,)+
        }

        impl Mutant {
            /// Every mutant, in the order of the checks that catch them.
            pub const ALL: &'static [Self] = &[$(Self::$mutant,)+];

            /// Its name on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$mutant => $name,)+
                }
            }

            /// The id of the check that must catch it.
            pub const fn caught_by(self) -> &'static str {
                match self {
                    $(Self::$mutant => $check,)+
                }
            }
        }
    };
}

mutants! {
    /// Runs and never connects.
    NeverConnects = "never-connects" => "PR001",
    /// Exits with status 1 at once.
    ExitsAtOnce = "exits-at-once" => "PR001",
    /// Exits with status 3 when asked to stop.
    ExitsBadly = "exits-badly" => "PR002",
    /// Does not listen to SIGTERM.
    IgnoresStop = "ignores-stop" => "PR002",

    /// Connects to `/socket/websocket`, Phoenix's default path.
    WrongPath = "wrong-path" => "CN001",
    /// No `vsn` in the query, so that the server speaks the older format.
    NoVsn = "no-vsn" => "CN002",
    /// `vsn=1.0.0`
    OldVsn = "old-vsn" => "CN002",
    /// `vsn=2.0.0` twice: the library appends its own.
    VsnTwice = "vsn-twice" => "CN002",
    /// A token other than the given one.
    OtherToken = "other-token" => "CN003",
    /// No token: the client believes that it goes into a header.
    NoToken = "no-token" => "CN003",
    /// The client id in the parameter `token`.
    ClientIdAsToken = "client-id-as-token" => "CN004",
    /// `token=TOKEN_HERE`, as the document prints it.
    Placeholder = "placeholder" => "CN005",

    /// Frames as binary messages. Origin: the document's first section.
    Binary = "binary" => "FR001",
    /// Single quotes for double ones.
    SingleQuotes = "single-quotes" => "FR002",
    /// A comma before the closing bracket.
    TrailingComma = "trailing-comma" => "FR002",
    /// Objects instead of arrays. Origin: SwiftPhoenixClient #165.
    Objects = "objects" => "FR003",
    /// A JSON string that holds the frame. Origin: the document's first section.
    DoubleEncoded = "double-encoded" => "FR003",
    /// Four elements: no join ref.
    FourElements = "four-elements" => "FR004",
    /// Refs as numbers. Origin: the document's last section.
    NumericRefs = "numeric-refs" => "FR005",
    /// `null` as the topic of documents.
    NullTopic = "null-topic" => "FR006",
    /// `null` as the payload of the join.
    NullPayload = "null-payload" => "FR007",
    /// An array as the payload of the join.
    ArrayPayload = "array-payload" => "FR007",

    /// Connects and never joins.
    NeverJoins = "never-joins" => "JN001",
    /// A heartbeat before the join.
    BeatsFirst = "beats-first" => "JN002",
    /// The document one second after the join, whether it was answered or not.
    ImpatientDocument = "impatient-document" => "JN003",
    /// Two joins on every connection. Origin: SwiftPhoenixClient PR 177.
    JoinsTwice = "joins-twice" => "JN004",

    /// Joins and never subscribes.
    NeverSubscribes = "never-subscribes" => "SB001",
    /// The subscription with the event `subscribe` instead of `doc`.
    WrongEvent = "wrong-event" => "SB001",
    /// `variables` as text that holds JSON.
    VariablesAsText = "variables-as-text" => "SB004",

    /// Dies of the tenth message.
    DiesOfMessages = "dies-of-messages" => "MS002",
    /// Says nothing any more after the tenth message. Origin: zigcord #2, a blocking read.
    StuckAfterMessages = "stuck-after-messages" => "MS002",

    /// No heartbeats. Origin: ryo33 phoenix-channel-client PR 7.
    NeverBeats = "never-beats" => "HB001",
    /// WebSocket pings instead of heartbeats. Origin: phoenix_client PR 33.
    PingsInstead = "pings-instead" => "HB001",
    /// Heartbeats on the topic `pheonix`.
    Pheonix = "pheonix" => "HB004",
    /// Heartbeats with the event `heart_beat`.
    HeartUnderscoreBeat = "heart_beat" => "HB004",
    /// Heartbeats with `null` as payload.
    NullBeatPayload = "null-beat-payload" => "HB004",
    /// Heartbeats with a number as ref.
    NumericBeatRef = "numeric-beat-ref" => "HB005",
    /// Heartbeats without a ref.
    NoBeatRef = "no-beat-ref" => "HB005",
    /// Two heartbeats, then none. Origin: JavaPhoenixChannels PR 11.
    BeatsTwice = "beats-twice" => "HB006",
    /// Beats at once, then at twice the interval, which is longer than the limit.
    BeatsTooSlowly = "beats-too-slowly" => "HB006",
    /// Takes the `null` in the heartbeat's reply for a protocol error, and connects anew.
    ReconnectsAtNull = "reconnects-at-null" => "HB012",
    /// Crashes on the `null` in the heartbeat's reply.
    CrashesAtNull = "crashes-at-null" => "HB012",
    /// Aborts when the connection ends without a close frame.
    AbortsWhenCut = "aborts-when-cut" => "HB024",
    /// Exits with status 1 when the connection ends without a close frame.
    FailsWhenCut = "fails-when-cut" => "HB024",

    /// Lives on after a lost connection, and does not connect again.
    NeverReconnects = "never-reconnects" => "RC002",
    /// Exits with status 0 after a lost connection.
    ExitsWhenCut = "exits-when-cut" => "RC002",
    /// Connects again and does not join. Origin: SwiftPhoenixClient #176.
    NeverRejoins = "never-rejoins" => "RC004",
    /// Joins again and does not subscribe. Origin: absinthe-socket #22.
    NeverResubscribes = "never-resubscribes" => "RC004",
    /// Subscribes before it joins again.
    SubscribesBeforeRejoin = "subscribes-before-rejoin" => "RC004",
    /// Leaves right behind the new join. Origin: supabase-py PR 1337.
    LeavesAfterRejoin = "leaves-after-rejoin" => "RC004",

    /// Crashes on an array of fewer than five elements. Origin: SwiftPhoenixClient PR 230.
    CrashesAtShortArray = "crashes-at-short-array" => "FT001",
    /// Crashes on an empty text. Origin: Firezone #4484.
    CrashesAtEmptyText = "crashes-at-empty-text" => "FT001",
    /// Says nothing any more after a frame that it cannot read.
    SilentAfterMalformed = "silent-after-malformed" => "FT001",
}

impl Mutant {
    /// Whether its check calls it weak though the rule is a MUST: the wire alone does not tell defect from intent.
    pub const fn is_only_weak(self) -> bool {
        matches!(self, Self::FailsWhenCut)
    }
}

impl ValueEnum for Mutant {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}
