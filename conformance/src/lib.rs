//! Runs any Glimesh chat client against the mock server and judges what crosses the wire.

pub mod check;
pub mod clause;
pub mod clock;
pub mod session;

pub mod baseline;
mod canary;
pub mod exit;
pub mod finish;
pub mod flaky;
pub mod judge;
mod own;
pub mod results;

pub mod args;
pub mod config;
pub mod left_out;
pub mod plan;
pub mod selection;
pub mod suite;

pub mod accel;
pub mod client;
pub mod event;
pub mod merge;
pub mod noise;
mod ordered;
pub mod panics;
pub mod play;
pub mod printed;
pub mod runner;
mod turn;

pub mod report;
pub mod sarif;

pub mod lint;

mod drive;
pub mod driver;

pub mod reference;
pub mod self_check;

pub mod server;
