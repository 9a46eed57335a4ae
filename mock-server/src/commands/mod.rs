//! The subcommands that have a file of their own.

pub(crate) mod proxy;
pub(crate) mod replay;
