//! One thing found wrong, with its places.

use std::ops::Range;

use super::code::{Code, Reaction, Severity};
use super::context::Context;
use super::edit::Edit;

/// A range of bytes in the text that was diagnosed; empty where something is missing.
pub type Span = Range<usize>;

/// A place with what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// A few words, without a full stop.
    pub text: String,
}

/// One thing that is wrong with a frame or a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The catalogue's entry.
    pub code: &'static Code,
    /// How bad it is in the context's profile.
    pub severity: Severity,
    /// What is wrong here, in one line: a lower-case fragment with what was found and what was expected.
    pub message: String,
    /// Where it is.
    pub span: Span,
    /// Other places that matter.
    pub labels: Vec<Label>,
    /// How to mend it, in one sentence.
    pub help: String,
    /// The whole text with everything mended, where that is certain; it gets no diagnostics itself.
    pub fix: Option<String>,
    /// What the server does about it in the context's profile.
    pub reaction: Reaction,
    /// What turns the text into the mended one; the places are those of `span`'s text.
    pub(crate) edits: Vec<Edit>,
}

impl Diagnostic {
    /// A diagnostic whose severity and reaction are the code's usual ones.
    pub(crate) fn new(
        code: &'static Code,
        context: &Context,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: code.severity.get(context.profile),
            message: message.into(),
            span,
            labels: Vec::new(),
            help: String::new(),
            fix: None,
            reaction: code.reaction.get(context.profile),
            edits: Vec::new(),
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    pub(crate) fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    pub(crate) fn edit(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.edits.push(Edit { span, replacement: replacement.into() });
        self
    }

    pub(crate) const fn reaction(mut self, reaction: Reaction) -> Self {
        self.reaction = reaction;
        self
    }
}
