//! What the reporters write.

#![expect(clippy::unwrap_used, reason = "the helpers of tests stop at a surprise as tests do")]

mod made;

mod browser;
mod folder;
mod html;
mod machines;
mod terminal;
