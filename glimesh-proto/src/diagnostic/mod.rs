//! Why a frame or an upgrade was refused: the answer to "it closed and did not say why".
//!
//! [`diagnose`] looks at a text message, [`diagnose_bytes`] at one that may be binary or no UTF-8,
//! [`diagnose_url`] at an upgrade's URL, and [`diagnose_first_bytes`] at a connection that is not HTTP. Each
//! returns [`Diagnostic`]s with a permanent [`Code`], places as byte spans, and the mended text where it is certain.
//! The [`catalogue`] explains every code at length.
//!
//! ```
//! use glimesh_proto::diagnostic::{Context, Reaction, diagnose};
//!
//! let found = diagnose("['1','1','__absinthe__:control','phx_join',{}]", &Context::default());
//! assert_eq!(found[0].code.id, "J020");
//! assert_eq!(found[0].span, 1..4);
//! assert_eq!(found[0].reaction, Reaction::Closes(1011));
//! let join = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
//! assert_eq!(found[0].fix.as_deref(), Some(join));
//! assert_eq!(diagnose(join, &Context::default()), []);
//! ```
//!
//! A URL holds a credential, and so does the mended one; whoever prints them, or a message, redacts it.
//!
//! All of it is pure and takes time in proportion to the text. At most 20 diagnostics are given for one text, and
//! no mended text beyond 64 KiB.

mod code;
mod context;
mod report;

pub mod catalogue;

mod edit;
mod spelling;

mod meaning;
mod outline;
mod payload;
mod shape;
mod syntax;

mod bytes;
mod url;

use edit::Mended;

pub use bytes::{Port, diagnose_bytes, diagnose_first_bytes};
pub use code::{ByProfile, Code, Reaction, Severity};
pub use context::{Context, MessageKind, Profile, Sender};
pub use report::{Diagnostic, Label, Span};
pub use url::diagnose_url;

/// Longer texts are diagnosed, but not mended.
const LONGEST_MENDED: usize = 64 * 1024;
/// Mending one thing can bring another to light, but not for ever.
const MOST_ROUNDS: usize = 5;

/// Everything that is wrong with a text message.
///
/// If it is not JSON, but can be mended, what the mended text would get follows. Those reactions then belong to the
/// mended text: the server acts on the first fault of syntax.
pub fn diagnose(text: &str, context: &Context) -> Vec<Diagnostic> {
    let mut found = look(text, context);
    found.truncate(syntax::MOST);
    // The mended text is the same wherever it is sent.
    let anywhere = Context { joined: None, ..*context };
    add_fix(&mut found, text, |text| look(text, &anywhere));
    found
}

/// First the syntax, then shape and meaning; of a mended text at the places they came from.
fn look(text: &str, context: &Context) -> Vec<Diagnostic> {
    let mut found = syntax::faults(text, context);
    if found.is_empty() {
        shape::faults(text, context, &mut found);
        return found;
    }
    if found.iter().any(|fault| fault.edits.is_empty()) {
        return found;
    }
    let Some(mended) = Mended::new(text, found.iter().flat_map(|fault| &fault.edits)) else {
        return found;
    };
    if !syntax::faults(&mended.text, context).is_empty() {
        return found;
    }
    let mut further = look(&mended.text, context);
    for fault in &mut further {
        // The edits are those of the mended text: the next round of mending finds them again.
        fault.edits.clear();
        fault.span = mended.origin(&fault.span);
        for label in &mut fault.labels {
            label.span = mended.origin(&label.span);
        }
    }
    found.append(&mut further);
    found
}

/// Mends as long as everything found can be mended, until nothing is found.
fn add_fix(found: &mut [Diagnostic], text: &str, look: impl Fn(&str) -> Vec<Diagnostic>) {
    if found.is_empty() || text.len() > LONGEST_MENDED {
        return;
    }
    let Some(fix) = mended(text, look).filter(|fix| fix != text) else { return };
    for fault in found {
        fault.fix = Some(fix.clone());
    }
}

fn mended(text: &str, look: impl Fn(&str) -> Vec<Diagnostic>) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..MOST_ROUNDS {
        let found = look(&text);
        if found.is_empty() {
            return Some(text);
        }
        // What was found in the mended text has no edits here; the faults before it have.
        let edits = found.iter().flat_map(|fault| &fault.edits);
        let mended = Mended::new(&text, edits)?;
        if mended.text == text {
            return None;
        }
        text = mended.text;
    }
    None
}
