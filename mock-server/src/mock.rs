//! The mock as a value: started, asked, stopped.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use glimesh_proto::connect::{ConnectRequest, Credential, Endpoint, Vsn};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::chat::{CHANNEL_ID, Chat};
use crate::conversation::Shared;
use crate::printed::Printed;
use crate::profile::Profile;
use crate::recorder::{Recorder, Sinks};
use crate::redact::Redactor;
use crate::scenario::{Auth, Rules, Scenario};
use crate::transcript::{ClockStamp, Entry, FORMAT, Given, Header, Transcript, What};
use crate::world::{SayError, World};
use crate::{listen, timeline};

/// The access token that clients are given: it may read and post.
pub const TOKEN: &str = "tok_mytho_chat";

/// The client id that clients are given.
pub const CLIENT_ID: &str = "4d4e4f50-0001-4000-8000-000000000001";

/// A running server.
///
/// Dropping it ends everything, too; [`stop`](Self::stop) also waits until nothing is left.
pub struct MockServer {
    addr: SocketAddr,
    auth: Auth,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
    server: JoinHandle<()>,
}

/// What a server can be told before it starts.
#[derive(Clone, Debug)]
pub struct Builder {
    profile: Profile,
    scenario: Scenario,
    session_name: Option<String>,
    clock: ClockStamp,
    credential: Option<Auth>,
    listen: SocketAddr,
    record_to: Option<PathBuf>,
    keep_transcript: bool,
    printed: Option<Printed>,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}; is another server running there?")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The transcript's file cannot be written.
    #[error("cannot write the transcript to {path}")]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Builder {
    /// How the server behaves by default; [`Profile::glimesh`] unless said.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// What the server does; [`Scenario::plain`] unless said.
    #[must_use]
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.scenario = scenario;
        self
    }

    /// The session's name in the transcript; the scenario's unless said.
    #[must_use]
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.session_name = Some(name.into());
        self
    }

    /// How the client's heartbeat seconds relate to real ones; limit, grace and waits are divided by the rate.
    #[must_use]
    pub fn clock(mut self, clock: ClockStamp) -> Self {
        self.clock = clock;
        self
    }

    /// Which credential [`url`](MockServer::url) carries; the scenario's unless said.
    #[must_use]
    pub const fn credential(mut self, auth: Auth) -> Self {
        self.credential = Some(auth);
        self
    }

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

    /// Whether the transcript stays in memory, up to [`MAX_ENTRIES`](crate::MAX_ENTRIES); yes unless said.
    #[must_use]
    pub const fn keep_transcript(mut self, keep: bool) -> Self {
        self.keep_transcript = keep;
        self
    }

    /// Frames that are answered byte for byte as written there. The profile `literal` brings the document's.
    #[must_use]
    pub fn printed(mut self, printed: Printed) -> Self {
        self.printed = Some(printed);
        self
    }

    /// Starts the server; connections are accepted when this returns.
    ///
    /// # Errors
    ///
    /// [`StartError`]: the address is taken, or the transcript's file cannot be written.
    pub async fn start(self) -> Result<MockServer, StartError> {
        let listen_error = |source| StartError::Listen { addr: self.listen, source };
        let listener = TcpListener::bind(self.listen).await.map_err(listen_error)?;
        let addr = listener.local_addr().map_err(listen_error)?;
        let auth = self.credential.unwrap_or(self.scenario.credential);
        let steps = self.scenario.timeline.clone();
        let shared = Arc::new(self.into_shared(auth)?);
        let (stop, stopped) = watch::channel(false);
        let (ends, ended) = watch::channel(false);
        let server = tokio::spawn(run(listener, Arc::clone(&shared), steps, stopped, ends));
        Ok(MockServer { addr, auth, shared, stop, ended, server })
    }

    pub(crate) fn into_shared(self, auth: Auth) -> Result<Shared, StartError> {
        let header = Header {
            format: FORMAT,
            session: self.session_name.unwrap_or_else(|| self.scenario.name.clone()),
            scenario: self.scenario.name.clone(),
            profile: self.profile.name.to_string(),
            settings: self.profile.settings(),
            given: Given { auth: auth.as_str().to_owned(), channel_id: CHANNEL_ID.to_string() },
            clock: self.clock.clone(),
        };
        let path = self.record_to.as_deref();
        let sinks = Sinks { keep: self.keep_transcript, file: path };
        let redactor = Redactor::new(TOKEN, CLIENT_ID);
        let recorder = Recorder::start(header, redactor, &sinks).map_err(|source| {
            StartError::Record { path: path.map(PathBuf::from).unwrap_or_default(), source }
        })?;
        let literal = || self.profile.as_printed.then(|| Printed::document().replies_only());
        Ok(Shared {
            recorder,
            chat: Chat::new(World::embedded(), self.profile.older_api),
            rules: Mutex::new(Rules::new(&self.scenario.rules)),
            printed: self.printed.or_else(literal),
            rate: self.clock.rate.max(1),
            profile: self.profile,
        })
    }
}

async fn run(
    listener: TcpListener,
    shared: Arc<Shared>,
    steps: Vec<crate::scenario::Step>,
    mut stop: watch::Receiver<bool>,
    ended: watch::Sender<bool>,
) {
    let accepting = listen::accept(listener, Arc::clone(&shared), stop.clone());
    let playing = async {
        tokio::select! {
            () = timeline::run(shared, steps) => {}
            () = crate::driver::stopped(&mut stop) => {}
        }
        ended.send_replace(true);
    };
    tokio::join!(accepting, playing);
}

impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl MockServer {
    /// A server on a free port with the default profile and no scenario.
    ///
    /// # Errors
    ///
    /// [`StartError`]: no port is free.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// What can be told before the start.
    pub fn builder() -> Builder {
        Builder {
            profile: Profile::glimesh(),
            scenario: Scenario::plain(),
            session_name: None,
            clock: ClockStamp { mode: "real".to_owned(), rate: 1 },
            credential: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            record_to: None,
            keep_transcript: true,
            printed: None,
        }
    }

    /// The whole socket URL, with `vsn` and the given credential.
    pub fn url(&self) -> String {
        self.url_with(self.auth)
    }

    /// The whole socket URL with this credential.
    pub fn url_with(&self, auth: Auth) -> String {
        let credential = match auth {
            Auth::Token => Credential::Token(TOKEN.to_owned()),
            Auth::ClientId => Credential::ClientId(CLIENT_ID.to_owned()),
        };
        let request = ConnectRequest { endpoint: Endpoint::Graph, vsn: Vsn::V2, credential };
        format!("ws://{}{}", self.addr, request.target())
    }

    /// The socket URL without its query.
    pub fn ws_base(&self) -> String {
        format!("ws://{}{}", self.addr, Endpoint::Graph.path())
    }

    /// The URL for GraphQL over HTTP.
    pub fn api_url(&self) -> String {
        format!("http://{}/api/graph", self.addr)
    }

    /// Where the server listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Which credential [`url`](Self::url) carries.
    pub const fn auth(&self) -> Auth {
        self.auth
    }

    /// What crossed the wire so far.
    pub fn transcript(&self) -> Transcript {
        self.shared.recorder.transcript()
    }

    /// The entries from an index on; with [`watch`](Self::watch), a way to follow the session.
    pub fn entries_from(&self, index: usize) -> Vec<Entry> {
        self.shared.recorder.entries_from(index)
    }

    /// How many entries there are, and a way to wait for more.
    pub fn watch(&self) -> watch::Receiver<usize> {
        self.shared.recorder.length()
    }

    /// Writes an entry that concerns no connection, such as a process or the noise, with the session's clock.
    pub fn append(&self, what: What) {
        self.shared.recorder.append(None, what);
    }

    /// Replaces the session's secrets in any text.
    pub fn redact(&self, text: &str) -> String {
        self.shared.recorder.redact(|redactor| redactor.text(text))
    }

    /// Lets a user of the world say something in the channel that clients are given, [`CHANNEL_ID`].
    ///
    /// # Errors
    ///
    /// [`SayError`]: there is no such user.
    pub fn say(&self, username: &str, text: &str) -> Result<(), SayError> {
        self.shared.chat.say(username, text)
    }

    /// Returns when the timeline is over: its end was reached, or something that it awaited did not come.
    pub async fn scenario_ended(&self) {
        // An error means that the server is gone, and the timeline with it.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Closes all connections with code 1000, and returns when nothing is left.
    pub async fn stop(self) -> Transcript {
        self.stop.send_replace(true);
        if let Err(error) = self.server.await {
            tracing::error!("the server's task failed: {error}");
        }
        self.shared.recorder.transcript()
    }
}
