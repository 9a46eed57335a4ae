//! Adapters that differ: correct ones, and broken ones that name the check which must catch them.

use clap::ValueEnum;
use clap::builder::PossibleValue;

/// Writes the enum, its list, its names and its checks from one table.
macro_rules! manners {
    ($($(#[doc = $doc:literal])+ $manner:ident = $name:literal => $check:expr,)+) => {
        /// An adapter that differs from the bundled one in one thing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum DriverManner {
            $($(#[doc = $doc])+ $manner,)+
        }

        impl DriverManner {
            /// Every one, the correct ones first.
            pub const ALL: &'static [Self] = &[$(Self::$manner,)+];

            /// What is different about it, in a sentence.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$manner => concat!($($doc),+).trim(),)+
                }
            }

            /// Its name on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$manner => $name,)+
                }
            }

            /// The id of the check that must catch it; `None` if it is correct.
            pub const fn caught_by(self) -> Option<&'static str> {
                match self {
                    $(Self::$manner => $check,)+
                }
            }
        }
    };
}

manners! {
    /// Writes the text into the document, escaped as GraphQL demands.
    Inline = "inline" => None,
    /// Sends one document after the other.
    OneAtATime = "one-at-a-time" => None,
    /// Prints log output between its answers.
    Chatty = "chatty" => None,
    /// Can only read one channel, and says so.
    ReadsOnly = "reads-only" => None,
    /// Ends the connection with 1009 at a message over a mebibyte.
    RefusesLargeMessages = "refuses-large-messages" => None,

    /// Posts to another channel.
    PostsElsewhere = "posts-elsewhere" => Some("MU001"),
    /// Leaves quotes away.
    StripsQuotes = "strips-quotes" => Some("MU002"),
    /// Pastes the text into the document. Origin: the document's section on sending.
    PastesText = "pastes-text" => Some("MU003"),
    /// Cuts texts after a hundred bytes.
    CutsLongTexts = "cuts-long-texts" => Some("MU004"),
    /// Tells of success when the post was sent.
    ConfirmsAtOnce = "confirms-at-once" => Some("MU005"),
    /// Takes each reply for the oldest request.
    FirstInFirstOut = "first-in-first-out" => Some("MU006"),
    /// Looks at a reply's status alone.
    HidesRefusals = "hides-refusals" => Some("MU007"),
    /// Sends a refused post again and again.
    RepeatsRefused = "repeats-refused" => Some("MU007"),
    /// Takes any answer for success if its credential is a token, which may post.
    TrustsItsToken = "trusts-its-token" => Some("MU008"),
    /// Waits for a post's confirmation for ever.
    WaitsForEver = "waits-for-ever" => Some("MU010"),
    /// Tells of success only when the message comes by a subscription.
    WaitsForItsMessage = "waits-for-its-message" => Some("MU012"),
    /// Tells that a post is lost, and sends it again on the next connection.
    PostsTwice = "posts-twice" => Some("MU011"),
    /// Sends queries with the event `query`.
    QueriesByEvent = "queries-by-event" => Some("QU001"),
    /// Sends `variables` as a text with JSON in it.
    VariablesAsText = "variables-as-text" => Some("QU002"),
    /// Gives each query the newest answer.
    SwapsAnswers = "swaps-answers" => Some("QU003"),
    /// Leaves the errors of an answer away.
    HidesErrors = "hides-errors" => Some("QU004"),
    /// Has a buffer of a mebibyte, and waits for ever for what does not fit.
    LosesLargeAnswers = "loses-large-answers" => Some("QU005"),
    /// Tells of nothing that comes.
    TellsNothing = "tells-nothing" => Some("MS001"),
    /// Ends the connection at a message that comes before its subscription is confirmed.
    LeavesAtEarlyMessage = "leaves-at-early-message" => Some("MS005"),
    /// Takes any push for one of its own.
    TellsEverything = "tells-everything" => Some("MS006"),
    /// Drops messages with fields that it does not know. Origin: Firezone #3896.
    DropsUnknownFields = "drops-unknown-fields" => Some("MS007"),
    /// Takes bytes for characters.
    ReadsBytes = "reads-bytes" => Some("MS009"),
    /// Tells of nothing any more after a push with errors.
    SilentAfterErrors = "silent-after-errors" => Some("MS010"),
    /// Keeps a few messages for a while, and throws away what does not fit. Origin: realtime-js #77.
    BoundedQueue = "bounded-queue" => Some("MS011"),
    /// Tells two messages at a time, the newer one first.
    NewestFirst = "newest-first" => Some("MS014"),
    /// Tells everything for its first subscription.
    OneForAll = "one-for-all" => Some("SB006"),
    /// Answers ok to `unsubscribe`, and sends nothing. Origin: absinthe-socket #8.
    NeverUnsubscribes = "never-unsubscribes" => Some("SB007"),
    /// Takes a reply by its ref alone, whatever join it belongs to.
    OverlooksJoinRefs = "overlooks-join-refs" => Some("RC010"),
    /// Keeps its subscriptions from one connection to the next.
    KeepsSubscriptions = "keeps-subscriptions" => Some("RC011"),
    /// Tries to connect every two seconds once it was refused, whatever it is told. Origin: phoenix #4616.
    KeepsTrying = "keeps-trying" => Some("RC014"),
    /// Sets the heartbeat's timer anew with every document. Origin: Firezone PR 8220.
    SendingIsBeating = "sending-is-beating" => Some("HB007"),
    /// Connects with the first URL for ever. Origin: JavaPhoenixClient #82.
    KeepsFirstToken = "keeps-first-token" => Some("CN016"),
    /// Answers ok to any op that it does not know.
    AgreesToAnything = "agrees-to-anything" => Some("PR005"),
    /// Answers ok to `send_chat`, and sends nothing.
    ClaimsToPost = "claims-to-post" => Some("EN002"),
}

impl ValueEnum for DriverManner {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}
