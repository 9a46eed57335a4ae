//! What the real server answered, as data, and how to ask another server the same.
//!
//! A [`Record`] is what a client did and what it saw. [`play`](player::play) does it again on a [`Stage`], over a
//! raw connection of its own, and [`compare`](compare::compare) tells how what came differs from what was recorded.
//! [`suite::play`] does so with many records; a [`Table`] counts the outcomes by category.
//! [`Record::retell`] makes a transcript of one, for a [`Replay`](crate::replay::Replay).

pub mod category;
pub mod event;
pub mod record;
pub mod step;

pub mod line;
mod raw_frame;
mod reader;

pub mod compare;
pub mod differences;
pub mod player;
pub mod stage;
pub mod suite;

mod normal;
mod request;
mod retell;
mod table;

pub use category::Category;
pub use compare::Difference;
pub use differences::Differences;
pub use event::{Event, What};
pub use record::{NoRecord, Record};
pub use retell::NotRetold;
pub use stage::{Place, Stage};
pub use step::Step;
pub use suite::{Outcome, Played};
pub use table::{Counts, Table};
