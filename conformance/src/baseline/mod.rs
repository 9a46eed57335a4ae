//! What is known to be wrong with a client, so that a run fails on news alone.
//!
//! ```toml
//! [[expect]]
//! check = "HB012"                 # an id, or a pattern of few: HB*
//! outcome = "fail"                # the verdict that is expected
//! message = "no heartbeat in "    # how what was seen begins
//! when = 'os == "windows"'        # only under this condition
//! issue = "https://example.invalid/42"
//! owner = "ana"
//! expires = "2027-03-31"          # the last day on which it holds
//! ```
//!
//! It bites both ways: what fails and is not expected fails the run, and what is expected and does not fail makes the
//! baseline stale.

mod compare;
mod file;
mod review;
mod when;
mod write;

pub use compare::{Facts, compare};
pub use file::{Baseline, BaselineError, Entry};
pub use review::{Reviewed, review};
pub use when::{When, WhenError};
pub use write::from_results;
