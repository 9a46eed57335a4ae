//! The servers that are compared, each the only thing in its process.

use std::io::{BufRead as _, Write as _};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use glimesh_mock::{CHANNEL_ID, MockServer, Profile};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    /// A plain broadcast with tokio-tungstenite's defaults: one flush a frame.
    Tungstenite,
    /// The same with Node's `ws`.
    Node,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Ours, Self::Tungstenite, Self::Node];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Tungstenite => "tungstenite",
            Self::Node => "node",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Ours => "glimesh-mock",
            Self::Tungstenite => "tokio-tungstenite, a flush per frame",
            Self::Node => "Node ws",
        }
    }
}

/// What the others send: as long as our frames, and the same for everybody.
const FRAME: &str = r#"[null,null,"__absinthe__:doc:-576460752303422399:F4EF45D4B3E7C5BF9A1A7C5E2F1D9A37E4E4D7C1A2B3C4D5E6F708192A3B4C5D","subscription:data",{"result":{"data":{"chatMessage":{"id":"1","message":"NUMBER","user":{"username":"mytho"}}}},"subscriptionId":"__absinthe__:doc:-576460752303422399:F4EF45D4B3E7C5BF9A1A7C5E2F1D9A37E4E4D7C1A2B3C4D5E6F708192A3B4C5D"}]"#;

/// Serves until the orders end.
pub(crate) fn serve(kind: Kind) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match kind {
            Kind::Ours => ours().await,
            Kind::Tungstenite => tungstenite().await,
            Kind::Node => anyhow::bail!("Node runs by itself"),
        }
    })
}

async fn ours() -> anyhow::Result<()> {
    let heartbeat_limit = Duration::from_secs(3600);
    let profile = Profile { heartbeat_limit, ..Profile::glimesh() };
    let server = MockServer::builder().profile(profile).keep_transcript(false).start().await?;
    obey(&server.url(), |number| Ok(server.say(CHANNEL_ID, "mytho", &text(number)).map(drop)?))
        .await
}

async fn tungstenite() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/", listener.local_addr()?);
    let (sender, _) = broadcast::channel(1024);
    let frames = sender.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(broadcast(stream, frames.subscribe()));
        }
    });
    let publish = |number| {
        // An error means that nobody listens.
        let _ = sender.send(Utf8Bytes::from(FRAME.replace("NUMBER", &text(number))));
        Ok(())
    };
    obey(&url, publish).await
}

/// Nobody is told why a connection ended.
async fn broadcast(stream: TcpStream, mut frames: broadcast::Receiver<Utf8Bytes>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut socket = tokio_tungstenite::accept_async(stream).await.ok()?;
    loop {
        tokio::select! {
            frame = frames.recv() => socket.send(Message::Text(frame.ok()?)).await.ok()?,
            message = socket.next() => drop(message?.ok()?),
        }
    }
}

/// A message's text; always equally long.
fn text(number: u64) -> String {
    format!("{number:08}")
}

/// Says where it serves, then does what the lines of the standard input say.
async fn obey(url: &str, mut publish: impl FnMut(u64) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (sender, mut orders) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let lines = std::io::stdin().lock().lines().map_while(Result::ok);
        lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
    });
    answer(url)?;
    let mut number = 0;
    while let Some(order) = orders.recv().await {
        if let Some(count) = order.strip_prefix("publish ") {
            for _ in 0..count.parse()? {
                publish(number)?;
                number += 1;
            }
            answer("published")?;
        } else {
            let usage = getrusage(UsageWho::RUSAGE_SELF)?;
            let cpu = usage.user_time() + usage.system_time();
            answer(&cpu.num_microseconds().to_string())?;
        }
    }
    Ok(())
}

fn answer(line: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}
