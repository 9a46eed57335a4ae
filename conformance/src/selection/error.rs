//! What is wrong with a selection, shown below the place.

use std::fmt;
use std::ops::Range;

/// What is wrong, before it is known in which text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// What is wrong with a selection, and where.
///
/// Its text has three lines or four: the message, the selection, a caret below the place, and what may have been meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectError {
    text: String,
    fault: Fault,
}

impl Fault {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }

    /// Adds what is known instead, the nearest first.
    pub(super) fn meant<'a>(
        mut self,
        word: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Self {
        self.help = Some(match nearest(word, known.clone()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => {
                let known: Vec<_> = known.into_iter().take(12).collect();
                format!("known are {} …", known.join(", "))
            }
        });
        self
    }

    pub(super) fn helped(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn in_text(self, text: &str) -> SelectError {
        SelectError { text: text.to_owned(), fault: self }
    }
}

/// The known word that is most like this one, if one is like it at all.
fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.6;
    // The time that a comparison takes grows with the square of the length.
    const LONGEST: usize = 100;
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let likeness =
        |known: &str| strsim::normalized_damerau_levenshtein(&word, &known.to_ascii_lowercase());
    let rated = known.into_iter().map(|known| (likeness(known), known));
    let (rating, best) = rated.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (rating >= ALIKE).then_some(best)
}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// How much of a long selection is shown before the place and from it on.
        const SHOWN: usize = 60;
        let Fault { at, message, help } = &self.fault;
        let before: Vec<char> = self.text[..at.start].chars().collect();
        let cut = before.len().saturating_sub(SHOWN);
        let start: String = before[cut..].iter().collect();
        let shown: String = self.text[at.start..].chars().take(SHOWN).collect();
        let width = self.text[at.clone()].chars().take(SHOWN).count().max(1);
        let line: String = format!("{start}{shown}")
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        writeln!(f, "{message}")?;
        writeln!(f, "  {line}")?;
        write!(f, "  {:indent$}{}", "", "^".repeat(width), indent = before.len() - cut)?;
        match help {
            Some(help) => write!(f, "\n{help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SelectError {}
