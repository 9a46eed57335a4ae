//! A mock Glimesh chat server.

pub mod transcript;
