//! What is around a client: how it reaches a server, whom it tells, and whether luck has a part in its delays.

use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write as _};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Anything that carries bytes both ways.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Dial = dyn Fn() -> io::Result<Box<dyn Stream>> + Send + Sync;
type Hear = dyn Fn(Said) + Send + Sync;

/// What is around a client: the world, or a test.
#[derive(Clone, Default)]
pub struct Surroundings(Option<Test>);

#[derive(Clone)]
struct Test {
    dial: Arc<Dial>,
    hear: Arc<Hear>,
}

/// Something that the client tells a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A chat message, as `user: text`.
    Message(String),
    /// What went wrong.
    Trouble(String),
}

impl Surroundings {
    /// The network, the standard output and error, and luck.
    pub fn world() -> Self {
        Self::default()
    }

    /// No network, no output and no luck: each connection is what `dial` gives, what the client says goes to `hear`,
    /// and it waits as long as planned, so that on paused time it does the same in every run.
    pub fn test<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        dial: impl Fn() -> io::Result<S> + Send + Sync + 'static,
        hear: impl Fn(Said) + Send + Sync + 'static,
    ) -> Self {
        let dial = move || dial().map(|stream| Box::new(stream) as Box<dyn Stream>);
        Self(Some(Test { dial: Arc::new(dial), hear: Arc::new(hear) }))
    }

    pub(super) async fn reach(&self, host: &str, port: u16) -> io::Result<Box<dyn Stream>> {
        if let Some(Test { dial, .. }) = &self.0 {
            return dial();
        }
        let stream = TcpStream::connect(format!("{host}:{port}")).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }

    pub(super) fn tell(&self, said: Said) {
        match (&self.0, said) {
            (Some(Test { hear, .. }), said) => hear(said),
            // Nobody may be reading; that is no reason to end.
            (None, Said::Message(text)) => drop(writeln!(anstream::stdout(), "{text}")),
            (None, Said::Trouble(text)) => anstream::eprintln!("{text}"),
        }
    }

    /// Tells what went wrong, with the cause.
    pub(super) fn tell_error(&self, error: &dyn Error) {
        self.tell(Said::Trouble(match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        }));
    }

    /// A number under `end`, by luck; 0 where luck has no part.
    pub(super) fn luck(&self, end: u64) -> u64 {
        match self.0 {
            Some(_) => 0,
            // The standard library's hash keys are random; nothing here needs better.
            None => RandomState::new().hash_one(()) % end.max(1),
        }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Surroundings(test)" } else { "Surroundings(world)" })
    }
}
