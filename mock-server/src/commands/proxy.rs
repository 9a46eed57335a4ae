//! `glimesh-mock proxy`.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use glimesh_mock::Profile;
use glimesh_mock::profile::ProfileName;
use glimesh_mock::proxy::{Proxy, Upstream};

use crate::{Stop, say, say_trust};

/// Options of `proxy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The server: ws://HOST:PORT or wss://HOST. The whole URL that a client is given may stand here, too; its
    /// credential is then the one that the transcript calls given.
    #[arg(long, value_name = "URL")]
    upstream: Upstream,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:4001")]
    listen: SocketAddr,
    /// Writes the transcript to this file, with credentials replaced by marks such as <token>.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Writes credentials as they are.
    #[arg(long, requires = "record")]
    keep_secrets: bool,
    /// Trusts the authorities of this PEM file for the server's certificate, in place of the system's.
    #[arg(long, value_name = "FILE")]
    upstream_ca: Option<PathBuf>,
    /// Speaks TLS with clients, with a certificate for localhost by an authority that is made for this run.
    #[arg(long)]
    tls: bool,
    /// Writes that authority's certificate to this file, for clients to trust; else to a temporary one.
    #[arg(long, requires = "tls", value_name = "PATH")]
    ca_file: Option<PathBuf>,
    /// By whose rules frames are commented on and the transcript is judged: glimesh, phoenix or literal.
    #[arg(long, default_value = "glimesh")]
    profile: ProfileName,
}

/// Passes on until Ctrl-C or SIGTERM.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let mut builder = Proxy::to(args.upstream)
        .listen(args.listen)
        .profile(Profile::named(args.profile))
        .keep_transcript(false)
        .keep_secrets(args.keep_secrets)
        .tls(args.tls)
        .comments(say);
    if let Some(path) = &args.record {
        builder = builder.record_to(path);
    }
    if let Some(path) = args.ca_file {
        builder = builder.ca_file(path);
    }
    if let Some(path) = args.upstream_ca {
        builder = builder.upstream_ca(path);
    }
    let proxy = builder.start().await.context("cannot start")?;
    // Before anybody is told that it runs: who is told may end it at once.
    let stop = Stop::listen().context("cannot listen for signals")?;
    say(&format!("passing on to     {}", proxy.upstream()));
    say(&format!("for clients       {}", proxy.url()));
    if let Some(path) = &args.record {
        let how = if args.keep_secrets { ", credentials included" } else { "" };
        say(&format!("transcript        {}{how}", path.display()));
    }
    say_trust(proxy.ca_file());
    stop.asked().await;
    proxy.stop().await;
    Ok(())
}
