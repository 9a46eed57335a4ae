//! GraphQL as the two APIs speak it: read and judged in Absinthe's way and words, executed by apollo-compiler over the
//! [world](crate::world).
//!
//! Bounded for any document: what is too large, too deep or would answer with too much is refused.
//!
//! Source: Absinthe 1.7.1; recordings `doc/*`, `push/*`, `old_socket/*`, rules 23 to 35 and 38.

mod api;
mod outcome;

mod lexer;
mod same;
mod syntax;

mod document;
mod documents;
mod problem;
mod schema;
mod suggest;
mod validate;

mod execute;
mod prepare;
mod resolve;

mod fault;
mod hash;
mod inspect;
mod subscription;

pub use api::{Api, Request};
pub use documents::Work;
pub use fault::{Fault, Rule, faults};
pub use inspect::not_a_document;
pub use outcome::{Answer, Outcome};
pub use resolve::Generation;
pub(crate) use same::same_document;
pub use subscription::Subscription;
