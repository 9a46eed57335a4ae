//! How a server ends, and how far it has come with that.

use tokio::sync::watch;

/// How a server ends its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Closes every connection with code 1000, at once.
    Close,
    /// As the real server when it is shut down in order: joined channels get `phx_error`, nobody new comes in, and
    /// 5 s later TCP ends without a close frame.
    ///
    /// Source: recording `lifecycle/server_graceful`, rule 37.
    Graceful,
    /// As the real server when it is killed: TCP ends, and nothing is said.
    ///
    /// Source: recording `lifecycle/server_sigkill`, rule 37.
    Kill,
}

/// Why a text names no ending.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a server does not end by {0:?}; it ends by close, graceful or kill")]
pub struct UnknownEnding(String);

impl std::str::FromStr for Ending {
    type Err = UnknownEnding;

    fn from_str(text: &str) -> Result<Self, UnknownEnding> {
        match text {
            "close" => Ok(Self::Close),
            "graceful" => Ok(Self::Graceful),
            "kill" => Ok(Self::Kill),
            _ => Err(UnknownEnding(text.to_owned())),
        }
    }
}

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Serving,
    /// Connections stand, and no new ones come in.
    Refusing,
    /// Connections end with a close frame.
    Closing,
    /// Connections end without one.
    Cutting,
}

/// Waits until the server takes no new connections.
pub(crate) async fn refusing(stage: &mut watch::Receiver<Stage>) {
    at_least(stage, Stage::Refusing).await;
}

/// Waits until connections are to end; `true`: without a close frame.
pub(crate) async fn ending(stage: &mut watch::Receiver<Stage>) -> bool {
    at_least(stage, Stage::Closing).await == Stage::Cutting
}

async fn at_least(stage: &mut watch::Receiver<Stage>, least: Stage) -> Stage {
    // An error means that the server was dropped, and nobody can say so any more.
    stage.wait_for(|stage| *stage >= least).await.map_or(Stage::Closing, |stage| *stage)
}
