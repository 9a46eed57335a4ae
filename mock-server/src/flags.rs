//! Flags that several commands have: TLS, and the limits.

use std::path::PathBuf;

use clap::Args;
use glimesh_mock::scenario::Span;
use glimesh_mock::{Builder, Limits};

#[derive(Debug, Args)]
pub(crate) struct TlsFlags {
    /// Speaks TLS: wss and https, with a certificate for localhost by an authority that is made for this run.
    #[arg(long)]
    tls: bool,
    /// Writes the authority's certificate to this file, for clients to trust; else to a temporary one.
    #[arg(long, requires = "tls", value_name = "PATH")]
    ca_file: Option<PathBuf>,
    /// The longest that a TLS handshake may take; 5s unless said.
    #[arg(long, requires = "tls", value_name = "TIME")]
    handshake_timeout: Option<Span>,
}

impl TlsFlags {
    pub(crate) fn tell(self, mut builder: Builder) -> Builder {
        builder = builder.tls(self.tls);
        if let Some(path) = self.ca_file {
            builder = builder.ca_file(path);
        }
        if let Some(within) = self.handshake_timeout {
            builder = builder.handshake_timeout(within.0);
        }
        builder
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitFlags {
    /// How many connections may be open at once.
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.connections)]
    max_connections: usize,
    /// How long a request's head may take.
    #[arg(long, value_name = "TIME", default_value_t = Span(Limits::DEFAULT.head_timeout))]
    head_timeout: Span,
    /// How large a request's head may be, in bytes; at least 8192.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::DEFAULT.head)]
    head_limit: usize,
    /// How long a request's body may take.
    #[arg(long, value_name = "TIME", default_value_t = Span(Limits::DEFAULT.body_timeout))]
    body_timeout: Span,
    /// How large a request's body may be, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::DEFAULT.body)]
    body_limit: usize,
    /// How many subscriptions a connection may have; more are refused.
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.subscriptions)]
    max_subscriptions: usize,
    /// How many messages may wait for a connection that is busy, before it is cut.
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.mailbox)]
    mailbox: usize,
    /// How many bytes may wait for a client that reads slowly, before it is cut; at least 4096.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::DEFAULT.unsent)]
    unsent_limit: usize,
    /// How many frames may wait behind an answer that a scenario holds back, before the connection is closed with
    /// 1008; as many answers may be held.
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.held)]
    max_held: usize,
    /// How many bytes all of them may have.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::DEFAULT.held_bytes)]
    held_limit: usize,
}

impl LimitFlags {
    pub(crate) const fn limits(&self) -> Limits {
        Limits {
            connections: self.max_connections,
            head_timeout: self.head_timeout.0,
            head: self.head_limit,
            body_timeout: self.body_timeout.0,
            body: self.body_limit,
            subscriptions: self.max_subscriptions,
            mailbox: self.mailbox,
            unsent: self.unsent_limit,
            held: self.max_held,
            held_bytes: self.held_limit,
        }
    }
}
