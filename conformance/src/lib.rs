//! Runs any Glimesh chat client against the mock server and judges what crosses the wire.

pub mod check;
pub mod clock;
pub mod event;
pub mod exit;
pub mod results;
pub mod session;
