//! A proxy between any client and any server: it changes nothing, writes a transcript, and comments on what is
//! malformed.
//!
//! ```no_run
//! use glimesh_mock::proxy::Proxy;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let proxy = Proxy::to("wss://chat.example.com".parse()?).record_to("session.jsonl").start().await?;
//! println!("point the client at {}", proxy.url());
//! // Later:
//! let transcript = proxy.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Every byte is passed on as it came, in both directions, and so is every end: a half-closed connection is
//! half-closed on the other side, a reset is a reset. The client's `Host` header goes on unchanged, too. TLS is ended
//! and begun anew, on either side.
//!
//! Where the server takes a client's offer of permessage-deflate, compressed messages stand in the transcript as they
//! were before that, whether or not they refer back to earlier ones, as the mock's own do. One that cannot be inflated
//! has the note `not-deflate`; one of more than 16 MiB, and one that may refer back to such, the note `not-inflated`.
//!
//! On disk and in comments, credentials stand as marks: the first token that is seen as `<token>`, the first client
//! id as `<client_id>`, others, and the values of fields that hold secrets such as `streamKey`, as `<other:LENGTH>`.

mod comment;
mod frames;
mod http;
mod inflate;
mod passage;
mod relay;
mod tap;
mod upstream;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glimesh_proto::connect::{Credential, Endpoint};
use glimesh_proto::diagnostic;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use self::upstream::{NotUpstream, TrustError, Upstream};

use self::comment::Tell;
use self::passage::Passage;
use self::upstream::Dialler;
use crate::listen::{HANDSHAKE_TIMEOUT, Tls};
use crate::profile::{Profile, ProfileName};
use crate::recorder::{Recorder, Sinks};
use crate::redact::Redactor;
use crate::scenario::Auth;
use crate::transcript::{ClockStamp, FORMAT, Given, Header, Transcript};
use crate::{CHANNEL_ID, StartError};

/// A running proxy. Dropping it ends its connections; [`stop`](Self::stop) also waits for that.
pub struct Proxy {
    addr: SocketAddr,
    upstream: Upstream,
    tls: Option<Arc<Tls>>,
    recorder: Arc<Recorder>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// What a proxy can be told before it starts.
#[derive(Clone)]
pub struct Builder {
    upstream: Upstream,
    listen: SocketAddr,
    record_to: Option<PathBuf>,
    keep_transcript: bool,
    keep_secrets: bool,
    tls: bool,
    ca_file: Option<PathBuf>,
    upstream_ca: Option<PathBuf>,
    profile: Profile,
    tell: Tell,
}

/// Why a proxy did not start.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// For the same reasons as a server.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The way to the server needs authorities to trust.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl Builder {
    /// Where to listen; a free port of 127.0.0.1 unless said.
    #[must_use]
    pub const fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// Also writes the transcript to a file while the session runs.
    #[must_use]
    pub fn record_to(mut self, path: impl Into<PathBuf>) -> Self {
        self.record_to = Some(path.into());
        self
    }

    /// Whether the transcript stays in memory; yes unless said.
    #[must_use]
    pub const fn keep_transcript(mut self, keep: bool) -> Self {
        self.keep_transcript = keep;
        self
    }

    /// Whether credentials are written as they are; no unless said.
    #[must_use]
    pub const fn keep_secrets(mut self, keep: bool) -> Self {
        self.keep_secrets = keep;
        self
    }

    /// Whether clients speak TLS with the proxy, as [`crate::MockServer`]'s do with it; no unless said.
    #[must_use]
    pub const fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Where the certificate of that TLS's authority is written; a temporary file unless said.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// The PEM file with the authorities that the server's certificate is checked against; those of the operating
    /// system unless said.
    #[must_use]
    pub fn upstream_ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.upstream_ca = Some(path.into());
        self
    }

    /// By whose rules frames are commented on, and the transcript will be judged; [`Profile::glimesh`] unless said.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Where comments go; nowhere unless said. A comment has several lines.
    #[must_use]
    pub fn comments(mut self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.tell = Arc::new(tell);
        self
    }

    /// Starts the proxy; connections are accepted when this returns. The server need not be there yet.
    ///
    /// # Errors
    ///
    /// [`ProxyError`]: the address is taken, a file cannot be written, or nobody can be trusted.
    pub async fn start(self) -> Result<Proxy, ProxyError> {
        let listen_error = |source| StartError::Listen { addr: self.listen, source };
        let dialler = Dialler::new(self.upstream.clone(), self.upstream_ca.as_deref())?;
        let listener = TcpListener::bind(self.listen).await.map_err(listen_error)?;
        let addr = listener.local_addr().map_err(listen_error)?;
        let tls = if self.tls { Some(Arc::new(self.make_tls(addr)?)) } else { None };
        let recorder = Arc::new(self.recorder()?);
        let (stop, stopped) = watch::channel(false);
        let profile = match self.profile.name {
            ProfileName::Glimesh => diagnostic::Profile::Glimesh,
            ProfileName::Phoenix => diagnostic::Profile::Phoenix,
            ProfileName::Literal => diagnostic::Profile::Literal,
        };
        let passage = Passage {
            dialler,
            tls: tls.clone(),
            recorder: Arc::clone(&recorder),
            tell: self.tell,
            profile,
            stopped,
        };
        let serving = tokio::spawn(passage.accept(listener));
        Ok(Proxy { addr, upstream: self.upstream, tls, recorder, stop, serving })
    }

    fn make_tls(&self, addr: SocketAddr) -> Result<Tls, StartError> {
        let ca_file = self.ca_file.as_deref();
        Tls::new(addr, [], ca_file, HANDSHAKE_TIMEOUT).map_err(|source| {
            let path = ca_file.map_or_else(std::env::temp_dir, PathBuf::from);
            StartError::CaFile { path, source }
        })
    }

    fn recorder(&self) -> Result<Recorder, StartError> {
        let given = self.upstream.credential();
        let auth = match given {
            Some(Credential::ClientId(_)) => Auth::ClientId,
            Some(Credential::Token(_)) | None => Auth::Token,
        };
        let header = Header {
            format: FORMAT,
            session: "proxy".to_owned(),
            scenario: "plain".to_owned(),
            profile: self.profile.name.to_string(),
            settings: self.profile.settings(),
            clock: ClockStamp { mode: "real".to_owned(), rate: 1 },
            given: Given { auth: auth.as_str().to_owned(), channel_id: CHANNEL_ID.to_string() },
        };
        let mut redactor = match self.keep_secrets {
            true => Redactor::keeping(),
            false => Redactor::observing(),
        };
        match &given {
            Some(Credential::Token(value)) => redactor.adopt("token", value),
            Some(Credential::ClientId(value)) => redactor.adopt("client_id", value),
            None => {}
        }
        let path = self.record_to.as_deref();
        let sinks = Sinks { keep: self.keep_transcript, file: path };
        Recorder::start(header, redactor, &sinks).map_err(|source| StartError::Record {
            path: path.map(PathBuf::from).unwrap_or_default(),
            source,
        })
    }
}

impl Proxy {
    /// What can be told before the start.
    pub fn to(upstream: Upstream) -> Builder {
        Builder {
            upstream,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            record_to: None,
            keep_transcript: true,
            keep_secrets: false,
            tls: false,
            ca_file: None,
            upstream_ca: None,
            profile: Profile::glimesh(),
            tell: Arc::new(|_| {}),
        }
    }

    /// The socket URL for clients: with path and query if the server's URL had them.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        let host = match self.addr.ip().is_unspecified() {
            true => format!("localhost:{}", self.addr.port()),
            false => self.addr.to_string(),
        };
        let target = self.upstream.target().unwrap_or_else(|| Endpoint::Graph.path());
        format!("{scheme}://{host}{target}")
    }

    /// Where the proxy listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The server behind it.
    pub const fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// The PEM file with the certificate that clients are to trust; `None` without TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.tls.as_deref().map(Tls::ca_file)
    }

    /// What passed by so far.
    pub fn transcript(&self) -> Transcript {
        self.recorder.transcript()
    }

    /// How many entries the transcript has, and a way to wait for more.
    pub fn watch(&self) -> watch::Receiver<usize> {
        self.recorder.length()
    }

    /// Ends all connections, and returns when nothing is left.
    pub async fn stop(self) -> Transcript {
        self.stop.send_replace(true);
        if let Err(error) = self.serving.await {
            tracing::error!("the proxy's task failed: {error}");
        }
        self.recorder.transcript()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}
