//! The client under test as a process: started with what its contract promises, watched, seen off.
//!
//! ```text
//! runner ── control socket ──▶ supervisor ──▶ client ──▶ whatever it starts
//!   ▲                                           │
//!   └────────── standard output, error ─────────┘
//! ```
//!
//! The supervisor is the kit's own program, started anew with [`SUPERVISE`]. It adopts every process that the
//! client leaves behind, and kills all of them at the end, or when the runner dies and the control socket closes.

mod contract;
mod gauge;
mod inherit;
mod output;
mod placeholder;
mod sleeper;
mod spawn;

mod control;
mod supervise;
mod tree;

pub use contract::{ContractError, Launch, Values, check, launch, uses};
pub use control::Ended;
pub use gauge::{Gauge, Held};
pub use output::Tail;
pub use sleeper::Sleeper;
pub use spawn::{Adapter, NotStarted, Running, asked_to_stop, start};
pub use supervise::{SUPERVISE, supervise};
