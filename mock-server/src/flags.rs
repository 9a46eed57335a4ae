//! Flags that set limits.

use clap::Args;
use glimesh_mock::Limits;
use glimesh_mock::scenario::Span;

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
        }
    }
}
