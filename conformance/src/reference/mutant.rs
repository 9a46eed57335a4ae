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

            /// What is different about it, in a sentence.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$mutant => concat!($($doc),+).trim(),)+
                }
            }

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
    /// Aborts when nobody listens.
    AbortsWhenRefused = "aborts-when-refused" => "PR003",
    /// Starts another program, and leaves it running.
    LeavesAChild = "leaves-a-child" => "PR004",
    /// Crashes when a timer is much later than it was set.
    CrashesAfterSleep = "crashes-after-sleep" => "PR007",

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
    /// Puts the token into the URL as it is.
    PastesToken = "pastes-token" => "CN006",
    /// Percent-encodes the token twice.
    EncodesTwice = "encodes-twice" => "CN006",
    /// Connects by plain ws where the URL says wss.
    PlainForWss = "plain-for-wss" => "CN007",
    /// Takes any certificate.
    TrustsAnybody = "trusts-anybody" => "CN008",
    /// Does not look for whom a certificate is.
    OverlooksTheName = "overlooks-the-name" => "CN009",
    /// Tries again at once after a 403.
    HammersAt403 = "hammers-at-403" => "CN010",
    /// Follows a redirection from wss to ws.
    FollowsToPlain = "follows-to-plain" => "CN011",
    /// Ends with status 1 if the upgrade takes more than two seconds.
    FailsAtSlowUpgrade = "fails-at-slow-upgrade" => "CN012",
    /// Waits for ever for the upgrade's answer.
    WaitsForTheUpgrade = "waits-for-the-upgrade" => "CN013",
    /// Gives up a connection on which its offer of permessage-deflate was declined.
    InsistsOnDeflate = "insists-on-deflate" => "CN014",
    /// Offers permessage-deflate, and takes a compressed message for a protocol error.
    CannotInflate = "cannot-inflate" => "CN015",
    /// Is there twice: each of its two has a connection.
    ConnectsTwice = "connects-twice" => "CN017",

    /// Frames as binary messages. Origin: the document's first section.
    Binary = "binary" => "FR001",
    /// Single quotes for double ones.
    SingleQuotes = "single-quotes" => "FR002",
    /// A comma before the closing bracket.
    TrailingComma = "trailing-comma" => "FR002",
    /// Text in Latin-1: a byte that is no UTF-8.
    Latin1 = "latin-1" => "FR002",
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
    /// A query with the ref of the join that is not answered yet.
    OneRefForTwo = "one-ref-for-two" => "FR008",
    /// Documents with null as join ref. Origin: gql #231.
    NoJoinRef = "no-join-ref" => "FR009",
    /// Documents with a join ref that no join had.
    ForeignJoinRef = "foreign-join-ref" => "FR009",
    /// Documents whose payload has the key `query` twice.
    DuplicateKeys = "duplicate-keys" => "FR010",
    /// Joins a topic that is none of the protocol's.
    JoinsTheLobby = "joins-the-lobby" => "FR011",
    /// WebSocket frames without a mask.
    Unmasked = "unmasked" => "FR012",
    /// Closes with 1006, which no close frame may carry.
    ClosesWith1006 = "closes-with-1006" => "FR012",

    /// Connects and never joins.
    NeverJoins = "never-joins" => "JN001",
    /// A heartbeat before the join.
    BeatsFirst = "beats-first" => "JN002",
    /// The document one second after the join, whether it was answered or not.
    ImpatientDocument = "impatient-document" => "JN003",
    /// Two joins on every connection. Origin: SwiftPhoenixClient PR 177.
    JoinsTwice = "joins-twice" => "JN004",
    /// Waits for ever after a refused join. Origin: phoenix #2976.
    StaysJoining = "stays-joining" => "JN005",
    /// Joins again at once after a refused join.
    RejoinsAtOnce = "rejoins-at-once" => "JN005",
    /// Waits for ever for the join's reply.
    WaitsForEver = "waits-for-ever" => "JN006",
    /// Subscribes twice if the join's reply was late.
    SubscribesTwiceWhenLate = "subscribes-twice-when-late" => "JN007",
    /// Takes any reply for the join's.
    AnyReplyIsReady = "any-reply-is-ready" => "JN008",
    /// Overhears a reply that comes at once. Origin: PhoenixSharp PR 11.
    StoresRefLate = "stores-ref-late" => "JN009",
    /// Takes the close of another join's channel for its own. Origin: phoenix #1483.
    HeedsStaleClose = "heeds-stale-close" => "JN010",
    /// Joins with null for both refs. Origin: phoenix-channels 1.0.0.
    JoinsWithoutRefs = "joins-without-refs" => "JN011",

    /// Joins and never subscribes.
    NeverSubscribes = "never-subscribes" => "SB001",
    /// The subscription with the event `subscribe` instead of `doc`.
    WrongEvent = "wrong-event" => "SB001",
    /// Subscribes to another channel than the given one.
    WrongChannel = "wrong-channel" => "SB002",
    /// Asks for a field that messages do not have.
    UnknownField = "unknown-field" => "SB003",
    /// Uses a variable that the document does not define.
    UndefinedVariable = "undefined-variable" => "SB003",
    /// `variables` as text that holds JSON.
    VariablesAsText = "variables-as-text" => "SB004",
    /// Sends a refused subscription again and again, without a pause.
    Hammers = "hammers" => "SB005",
    /// Aborts at a refused subscription.
    AbortsAtRefusal = "aborts-at-refusal" => "SB005",
    /// Joins again and does not subscribe. Origin: absinthe-socket #22.
    NeverResubscribes = "never-resubscribes" => "SB008",
    /// Each connection subscribes once more than the one before.
    HandlersPileUp = "handlers-pile-up" => "SB009",

    /// Dies of the tenth message.
    DiesOfMessages = "dies-of-messages" => "MS002",
    /// Says nothing any more after the tenth message. Origin: zigcord #2, a blocking read.
    StuckAfterMessages = "stuck-after-messages" => "MS002",
    /// Takes the null refs of a message for a protocol error, and connects anew.
    ReconnectsAtNullRefs = "reconnects-at-null-refs" => "MS003",
    /// Crashes on a subscription id of another shape than the document's.
    CrashesAtOddId = "crashes-at-odd-id" => "MS004",
    /// Crashes on a message without a user.
    CrashesAtNullUser = "crashes-at-null-user" => "MS008",
    /// Takes each fragment of a message for a message.
    DiesOfFragments = "dies-of-fragments" => "MS012",
    /// Takes a ping for the end.
    LeavesAtPing = "leaves-at-ping" => "MS013",
    /// Greets the channel, though it may only read.
    Greets = "greets" => "MU009",

    /// No heartbeats. Origin: ryo33 phoenix-channel-client PR 7.
    NeverBeats = "never-beats" => "HB001",
    /// One heartbeat, then none. Origin: JavaPhoenixChannels PR 11.
    BeatsOnce = "beats-once" => "HB002",
    /// Beats every 30 s, which leaves no margin. Origin: Firezone #4348.
    NoMargin = "no-margin" => "HB003",
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
    /// Two heartbeats, then none.
    BeatsTwice = "beats-twice" => "HB006",
    /// Beats at once, then at twice the interval, which is longer than the limit.
    BeatsTooSlowly = "beats-too-slowly" => "HB006",
    /// Does not beat as long as messages come. Origin: realtime-js #94.
    MessagesResetTimer = "messages-reset-timer" => "HB008",
    /// Beats only when it is joined.
    BeatsWhenJoined = "beats-when-joined" => "HB009",
    /// Does not beat while a document is unanswered.
    WaitsForTheDocument = "waits-for-the-document" => "HB010",
    /// Crashes on the text `null` in the heartbeat's reply.
    CrashesAtTextNull = "crashes-at-text-null" => "HB011",
    /// Takes the `null` in the heartbeat's reply for a protocol error, and connects anew.
    ReconnectsAtNull = "reconnects-at-null" => "HB012",
    /// Crashes on the `null` in the heartbeat's reply.
    CrashesAtNull = "crashes-at-null" => "HB012",
    /// Does not notice that its heartbeats are not answered. Origin: Firezone #2916.
    NeverNotices = "never-notices" => "HB013",
    /// Notices long after the next heartbeat. Origin: Firezone #4484.
    NoticesLate = "notices-late" => "HB014",
    /// Takes any reply for the heartbeat's. Origin: SwiftPhoenixClient PR 103.
    AnyReplyCounts = "any-reply-counts" => "HB015",
    /// Crashes on a heartbeat's reply that it does not wait for any more.
    CrashesAtLateReply = "crashes-at-late-reply" => "HB016",
    /// Crashes on a heartbeat's reply with the status error.
    CrashesAtBeatError = "crashes-at-beat-error" => "HB017",
    /// Holds an unanswered heartbeat against the next connection. Origin: phoenix-socket-dart PR 28.
    KeepsPendingBeat = "keeps-pending-beat" => "HB018",
    /// Its heartbeats end with its first connection.
    BeatsOnFirstOnly = "beats-on-first-only" => "HB019",
    /// Each connection adds a timer to those of the ones before. Origin: phoenix #4623.
    TimersPileUp = "timers-pile-up" => "HB020",
    /// WebSocket pings instead of heartbeats. Origin: phoenix_client PR 33.
    PingsInstead = "pings-instead" => "HB021",
    /// Two heartbeats at a time.
    BeatsInPairs = "beats-in-pairs" => "HB022",
    /// Beats on after the server has closed.
    TalksAfterClose = "talks-after-close" => "HB023",
    /// Aborts when the connection ends without a close frame.
    AbortsWhenCut = "aborts-when-cut" => "HB024",
    /// Exits with status 1 when the connection ends without a close frame.
    FailsWhenCut = "fails-when-cut" => "HB024",
    /// Twenty heartbeats, then none.
    TiresOfBeating = "tires-of-beating" => "HB025",
    /// Leaves one heartbeat out while it waits for a reply. Origin: phoenix_channels_client.
    SkipsABeat = "skips-a-beat" => "HB026",
    /// A second timer beats 200 ms after the first. Origin: GlimeshChatViewer.
    TwoTimers = "two-timers" => "HB027",

    /// Takes a close frame for the end of its work: lives on, and does not connect again.
    CloseIsTheEnd = "close-is-the-end" => "RC001",
    /// Takes a close with 1012, of a server that restarts, for the end of its work.
    RestartIsTheEnd = "restart-is-the-end" => "RC001",
    /// Lives on after a lost connection, and does not connect again.
    NeverReconnects = "never-reconnects" => "RC002",
    /// Exits with status 0 after a lost connection.
    ExitsWhenCut = "exits-when-cut" => "RC002",
    /// Tries a server that refuses it again and again at the same quick pace. Origin: phoenix #1739.
    NeverSlowsDown = "never-slows-down" => "RC003",
    /// Tries a server that refuses it every 700 ms.
    TriesSteadily = "tries-steadily" => "RC003",
    /// Connects again and does not join. Origin: SwiftPhoenixClient #176.
    NeverRejoins = "never-rejoins" => "RC004",
    /// Subscribes before it joins again.
    SubscribesBeforeRejoin = "subscribes-before-rejoin" => "RC004",
    /// Leaves right behind the new join. Origin: supabase-py PR 1337.
    LeavesAfterRejoin = "leaves-after-rejoin" => "RC004",

    /// Gives up with its third connection.
    GivesUpAfterThree = "gives-up-after-three" => "RC005",
    /// Joins no more from its fourth connection on. Origin: SwiftPhoenixClient #176.
    JoinsThreeTimes = "joins-three-times" => "RC005",
    /// Drops the socket at a close frame, without an answer.
    DropsAtClose = "drops-at-close" => "RC006",
    /// Overlooks `phx_error`. Origin: SwiftPhoenixClient #52.
    IgnoresCrash = "ignores-crash" => "RC007",
    /// Overlooks `phx_close`.
    IgnoresChannelClose = "ignores-channel-close" => "RC008",
    /// Takes "unmatched topic" for one failed request. Origin: Firezone PR 10397.
    IgnoresUnmatched = "ignores-unmatched" => "RC009",
    /// Takes every open for a success, and begins anew with its quickest pause. Origin: phoenix-socket-dart #34.
    ResetsAtOpen = "resets-at-open" => "RC012",
    /// Has timeouts for its first connection alone. Origin: glimesh-rs.
    StuckWhenBack = "stuck-when-back" => "RC013",

    /// Crashes on an array of fewer than five elements. Origin: SwiftPhoenixClient PR 230.
    CrashesAtShortArray = "crashes-at-short-array" => "FT001",
    /// Crashes on an empty text. Origin: Firezone #4484.
    CrashesAtEmptyText = "crashes-at-empty-text" => "FT001",
    /// Ends with status 1 at its next heartbeat after a frame that it cannot read.
    FailsAtBeatAfterMalformed = "fails-at-beat-after-malformed" => "FT001",
    /// Says nothing any more after a frame that it cannot read.
    SilentAfterMalformed = "silent-after-malformed" => "FT001",
    /// Crashes on an event that it does not know.
    CrashesAtUnknownEvent = "crashes-at-unknown-event" => "FT002",
    /// Crashes on a binary frame.
    CrashesAtBinary = "crashes-at-binary" => "FT003",
    /// Crashes on a text that is not UTF-8.
    CrashesAtInvalidUtf8 = "crashes-at-invalid-utf8" => "FT004",
    /// Aborts at a frame that is too big.
    AbortsAtHugeFrame = "aborts-at-huge-frame" => "FT005",
    /// Leaves after thirty pings.
    LeavesAtManyPings = "leaves-at-many-pings" => "FT006",
    /// Waits for TCP to tell that the other side is gone.
    TrustsTcp = "trusts-tcp" => "FT007",
    /// Blocks in a read as soon as a message comes slowly.
    BlocksOnSlowMessage = "blocks-on-slow-message" => "FT008",
    /// Crashes on a message whose payload holds no result.
    CrashesAtOddPayload = "crashes-at-odd-payload" => "FT009",

    /// Never gives back the descriptor of a connection that has ended.
    KeepsSockets = "keeps-sockets" => "EN001",
    /// Keeps four MiB of each connection that has ended.
    KeepsBuffers = "keeps-buffers" => "EN001",
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
