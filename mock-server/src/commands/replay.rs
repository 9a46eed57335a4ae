//! `glimesh-mock replay`, and how transcripts are read.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use glimesh_mock::recording::Record;
use glimesh_mock::replay::{Pace, Replay, Speed};
use glimesh_mock::transcript::Transcript;
use glimesh_mock::{MockServer, Printed, Profile};

use crate::flags::TlsFlags;
use crate::say;

/// Options of `replay`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A transcript, or a list of frames in the form of fixtures/document.yaml; the document's unless said.
    file: Option<PathBuf>,
    /// One of the recordings of the real server by its id, such as join/normal, in place of a file.
    ///
    /// fixtures/recordings/not_replayed.txt lists those that cannot be replayed, each with the reason.
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    recording: Option<String>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:4000")]
    listen: SocketAddr,
    /// How many times faster than recorded the server says what it said, such as 10 or 0.5; a transcript's times
    /// unless said.
    #[arg(long, visible_alias = "rate", value_name = "N", conflicts_with = "gated")]
    speed: Option<Speed>,
    /// The server waits for the client's frames alone, and for no time.
    #[arg(long)]
    gated: bool,
    /// Writes the transcript of the replay to this file.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsFlags,
}

/// Starts the server.
pub(crate) async fn start(args: Args) -> anyhow::Result<MockServer> {
    let mut builder = MockServer::builder().listen(args.listen).keep_transcript(false);
    builder = args.tls.tell(builder);
    if let Some(path) = args.record {
        builder = builder.record_to(path);
    }
    let pace = match args.gated {
        true => Pace::Gated,
        false => Pace::Times(args.speed.unwrap_or(Speed::ONE)),
    };
    builder = match (args.recording, args.file) {
        (Some(id), _) => {
            let retold = Record::named(&id)?.retell();
            let retold = retold.with_context(|| format!("cannot replay {id}"))?;
            builder.replay(replay(&retold, pace, &id)?)
        }
        (None, Some(path)) if is_transcript(&path)? => {
            builder.replay(replay(&transcript(&path)?, pace, &path.display().to_string())?)
        }
        (None, _) if args.gated || args.speed.is_some() => {
            bail!("--speed and --gated need a transcript: a list of frames has no times")
        }
        (None, Some(path)) => builder.profile(Profile::literal()).printed(Printed::read(&path)?),
        (None, None) => builder.profile(Profile::literal()).printed(Printed::document()),
    };
    builder.start().await.context("cannot start")
}

fn replay(transcript: &Transcript, pace: Pace, name: &str) -> anyhow::Result<Replay> {
    let replay = Replay::new(transcript, pace).with_context(|| format!("cannot replay {name}"))?;
    let connections = match replay.connections() {
        1 => "1 connection".to_owned(),
        many => format!("{many} connections"),
    };
    say(&format!("replaying {connections} of {name}"));
    Ok(replay)
}

/// Reads a transcript from disk.
pub(crate) fn transcript(path: &Path) -> anyhow::Result<Transcript> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Transcript::read(BufReader::new(file))
        .with_context(|| format!("{} is not a transcript", path.display()))
}

/// A transcript is JSON lines, and a list of frames is YAML in blocks.
fn is_transcript(path: &Path) -> anyhow::Result<bool> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut reader = BufReader::new(file);
    let begin = reader.fill_buf().with_context(|| format!("cannot read {}", path.display()))?;
    Ok(begin.trim_ascii_start().first() == Some(&b'{'))
}
