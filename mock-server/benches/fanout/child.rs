//! A server in a process of its own, told by lines what to do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;

use crate::servers::Kind;

/// A running server; it ends with this value.
pub(crate) struct Child {
    process: std::process::Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) kind: Kind,
    /// Where to connect to: `HOST:PORT`, and the request's target.
    pub(crate) addr: String,
    pub(crate) target: String,
}

/// What a server has used so far.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    /// Of user and system together, in microseconds.
    pub(crate) cpu_us: u64,
    /// In bytes; without what is only mapped from files.
    pub(crate) memory: i64,
}

impl Child {
    /// `None`: this server is not there.
    pub(crate) fn start(kind: Kind) -> anyhow::Result<Option<Self>> {
        let mut command = match kind {
            Kind::Ours | Kind::Tungstenite => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["serve", kind.name()]);
                command
            }
            Kind::Node => {
                let root = Path::new(env!("CARGO_MANIFEST_DIR"));
                let module = root.join("../examples/clients/document-js/node_modules/ws");
                if !module.exists() {
                    return Ok(None);
                }
                let mut command = Command::new("node");
                command.arg(root.join("benches/fanout/broadcast.js")).arg(module);
                command
            }
        };
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let Ok(mut process) = spawned else { return Ok(None) };
        let orders = process.stdin.take().context("it is piped")?;
        let answers = BufReader::new(process.stdout.take().context("it is piped")?);
        let (addr, target) = (String::new(), String::new());
        let mut child = Self { process, orders, answers, kind, addr, target };
        let url = child.answer()?;
        let rest = url.strip_prefix("ws://").context("the server says its URL first")?;
        let (addr, target) = rest.split_once('/').context("the URL has a path")?;
        child.addr = addr.to_owned();
        child.target = format!("/{target}");
        Ok(Some(child))
    }

    /// Publishes messages, all at once.
    pub(crate) fn publish(&mut self, count: u64) -> anyhow::Result<()> {
        self.order(&format!("publish {count}"))?;
        self.answer().map(drop)
    }

    pub(crate) fn usage(&mut self) -> anyhow::Result<Usage> {
        self.order("usage")?;
        let answer = self.answer()?;
        let cpu_us = answer.parse()?;
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kib: i64 = kib.context("Linux tells the memory of a process")?.parse()?;
        Ok(Usage { cpu_us, memory: kib * 1024 })
    }

    fn order(&mut self, order: &str) -> anyhow::Result<()> {
        writeln!(self.orders, "{order}").context("the server is gone")
    }

    fn answer(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let length = self.answers.read_line(&mut line)?;
        anyhow::ensure!(length > 0, "the server is gone");
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // An error means that it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
