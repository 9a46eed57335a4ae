//! The accelerated clock: the client runs under libfaketime, which shortens its waits.
//!
//! Preloading a library does not reach every program, nor every wait of a program that it reaches. So nothing is
//! taken for granted: a [`calibration`](calibrate) looks at what the client does under it, and whatever fails under
//! the accelerated clock counts only after it was seen in real time, too.

mod calibrate;
mod choose;
mod library;

pub use calibrate::{Calibration, calibrate};
pub use choose::{ChooseError, Chosen, choose};
pub use library::{LIBRARY_VARIABLE, find, preload};
