//! Any operations on a client and a server with a link between them.

#![no_main]

#[path = "../checks/operations.rs"]
mod operations;
#[path = "../../tests/lossy/simulation.rs"]
mod simulation;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| operations::check(bytes));
