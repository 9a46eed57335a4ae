//! One entry of the catalogue, and what a server does about it.

use std::fmt;

use super::context::Profile;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; a correct client may do it.
    Note,
    /// It works today, and is probably not meant.
    Warning,
    /// It breaks a rule, or the server refuses it.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// What the server does about it.
///
/// Source: recordings `frame/*`, `join/*`, `heartbeat/*`, `event/*`, `doc/*` and `connect/*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// Nothing: the frame or the upgrade is taken as if all were well.
    Accepts,
    /// It ends the connection with this close code and an empty reason.
    Closes(u16),
    /// It crashes the channel: `phx_error`, no reply, the subscriptions are gone.
    CrashesChannel,
    /// It answers with status `error` and the reason `unmatched topic`.
    AnswersUnmatchedTopic,
    /// As [`AnswersUnmatchedTopic`](Self::AnswersUnmatchedTopic), and drops the client later, for want of a
    /// heartbeat.
    AnswersUnmatchedTopicThenDrops,
    /// It answers with status `error` and the reason `join crashed`.
    AnswersJoinCrashed,
    /// It answers with status `error` and says what it could not read.
    AnswersError,
    /// As [`AnswersError`](Self::AnswersError), and forgets who the client is until the next join.
    AnswersErrorAndForgetsClient,
    /// It refuses the upgrade with this HTTP status.
    Refuses(u16),
    /// The connection ends before any HTTP is spoken.
    NoHandshake,
}

impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepts => f.write_str("accepts it"),
            Self::Closes(code) => write!(f, "closes the connection with {code}, without a reason"),
            Self::CrashesChannel => f.write_str("crashes the channel (phx_error, no reply)"),
            Self::AnswersUnmatchedTopic => f.write_str("answers \"unmatched topic\""),
            Self::AnswersUnmatchedTopicThenDrops => f.write_str(
                "answers \"unmatched topic\", and drops the client when no heartbeat comes",
            ),
            Self::AnswersJoinCrashed => f.write_str("answers \"join crashed\""),
            Self::AnswersError => f.write_str("answers with status \"error\""),
            Self::AnswersErrorAndForgetsClient => f.write_str(
                "answers with status \"error\", and forgets who the client is until the next join",
            ),
            Self::Refuses(status) => write!(f, "refuses the upgrade with HTTP {status}"),
            Self::NoHandshake => f.write_str("ends the connection before any HTTP is spoken"),
        }
    }
}

/// A value for each profile; `glimesh` and `literal` share the document's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByProfile<T> {
    /// In profiles `glimesh` and `literal`.
    pub document: T,
    /// In profile `phoenix`.
    pub phoenix: T,
}

impl<T: Copy> ByProfile<T> {
    /// The same value in every profile.
    pub const fn same(value: T) -> Self {
        Self { document: value, phoenix: value }
    }

    /// The value in one profile.
    pub const fn get(&self, profile: Profile) -> T {
        match profile {
            Profile::Glimesh | Profile::Literal => self.document,
            Profile::Phoenix => self.phoenix,
        }
    }
}

/// One thing that can be wrong, as the catalogue describes it.
///
/// Ids are permanent: one is never given to another thing, and never used again once its thing is gone.
#[derive(Clone, Copy)]
pub struct Code {
    /// A letter for the area and three digits: `J` syntax, `F` shape of the frame, `M` meaning, `U` upgrade URL.
    pub id: &'static str,
    /// Permanent too; words for those who do not remember numbers.
    pub slug: &'static str,
    /// What is wrong, in general.
    pub title: &'static str,
    /// What the primary span covers.
    pub points_at: &'static str,
    /// The clause of the protocol document that it breaks.
    pub clause: Option<&'static str>,
    /// How bad it is.
    pub severity: ByProfile<Severity>,
    /// What the server usually does; a diagnostic's own reaction is exact.
    pub reaction: ByProfile<Reaction>,
    /// What it is, and how it comes about.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// A frame or URL that has it.
    pub bad: &'static str,
    /// The same, mended.
    pub good: &'static str,
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.slug)
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Code {}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl Code {
    /// The long explanation, as Markdown.
    pub fn explain(&self) -> String {
        let Self { id, slug, title, what, why, bad, good, .. } = self;
        let clause = self.clause.map(|clause| format!("\nClause: {clause}\n")).unwrap_or_default();
        let server = self.describe_reaction();
        format!(
            "# {id} {slug}: {title}\n\n{what}\n\n{why}\n\nWrong:\n\n    {bad}\n\nRight:\n\n    {good}\n\n\
             The server {server}.\n{clause}"
        )
    }

    /// What the server does, with the profiles named where they differ.
    pub fn describe_reaction(&self) -> String {
        let ByProfile { document, phoenix } = self.reaction;
        if document == phoenix {
            document.to_string()
        } else {
            format!("{document} (profile phoenix: {phoenix})")
        }
    }

    /// How bad it is, with the profiles named where they differ.
    pub fn describe_severity(&self) -> String {
        let ByProfile { document, phoenix } = self.severity;
        if document == phoenix {
            document.to_string()
        } else {
            format!("{document} (phoenix: {phoenix})")
        }
    }
}
