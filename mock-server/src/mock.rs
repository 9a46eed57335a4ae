//! The mock as a value: started, asked, stopped.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use glimesh_proto::connect::{ConnectRequest, Credential, Endpoint, Vsn};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::chat::{CHANNEL_ID, Chat};
use crate::chatter::Chatter;
use crate::conversation::Shared;
use crate::ending::{Ending, Stage, refusing};
use crate::limits::Limits;
use crate::listen::{HANDSHAKE_TIMEOUT, Port, Tls};
use crate::mailbox::Command;
use crate::metrics::Metrics;
use crate::printed::Printed;
use crate::profile::Profile;
use crate::recorder::{Recorder, Sinks};
use crate::redact::Redactor;
use crate::scenario::{Auth, Scenario, Script, Span, Step, TlsFault};
use crate::transcript::{ClockStamp, Entry, FORMAT, Given, Header, Transcript, What};
use crate::world::{self, World};
use crate::{chatter, listen, timeline};

/// The access token that clients are given: it may read and post.
pub const TOKEN: &str = "tok_mytho_chat";

/// The client id that clients are given.
pub const CLIENT_ID: &str = "4d4e4f50-0001-4000-8000-000000000001";

/// The secret of that client, with which it may ask for a token. Source: ours; no recording asked for one.
pub const CLIENT_SECRET: &str = "secret_of_mytho";

/// How long connections stand after their channels when the server is shut down in order. Source: recording
/// `lifecycle/server_graceful`.
const GRACEFUL: Duration = Duration::from_secs(5);

/// A running server.
///
/// Dropping it ends everything, too; [`stop`](Self::stop) also waits until nothing is left.
pub struct MockServer {
    addr: SocketAddr,
    auth: Auth,
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
    stop: watch::Sender<Stage>,
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
    tls: bool,
    ca_file: Option<PathBuf>,
    handshake_timeout: Duration,
    control: bool,
    chatter: Option<Chatter>,
    world: World,
    limits: Limits,
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
    /// The file for the certificate of TLS's authority cannot be written.
    #[error("cannot write the authority's certificate to {path}")]
    CaFile {
        /// The file; the folder, for a temporary one.
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

    /// Whether the server speaks TLS, with a certificate for this machine by an authority that is made for this
    /// run; no unless said. Clients find the authority in [`MockServer::ca_file`].
    #[must_use]
    pub const fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Where the certificate of TLS's authority is written; a temporary file, removed at the end, unless said.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// How long a client may take for the TLS handshake; 5 s unless said.
    #[must_use]
    pub const fn handshake_timeout(mut self, within: Duration) -> Self {
        self.handshake_timeout = within;
        self
    }

    /// Whether `POST /__control__/ACTION` is served to programs on this machine; no unless said.
    #[must_use]
    pub const fn control(mut self, control: bool) -> Self {
        self.control = control;
        self
    }

    /// Lets the world's users talk; they are silent unless said.
    #[must_use]
    pub const fn chatter(mut self, chatter: Chatter) -> Self {
        self.chatter = Some(chatter);
        self
    }

    /// Whom and what the server knows; [`World::embedded`] unless said. The URLs then carry its credentials.
    #[must_use]
    pub fn world(mut self, world: World) -> Self {
        self.world = world;
        self
    }

    /// What clients may ask of it; [`Limits::DEFAULT`] unless said.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Starts the server; connections are accepted when this returns.
    ///
    /// # Errors
    ///
    /// [`StartError`]: the address is taken, or a file cannot be written.
    pub async fn start(self) -> Result<MockServer, StartError> {
        let listen_error = |source| StartError::Listen { addr: self.listen, source };
        let listener = TcpListener::bind(self.listen).await.map_err(listen_error)?;
        let addr = listener.local_addr().map_err(listen_error)?;
        let mut port = Port::open(addr, listener);
        port.set(self.scenario.listening).map_err(listen_error)?;
        let auth = self.credential.unwrap_or(self.scenario.credential);
        let unasked = Unasked { steps: self.scenario.timeline.clone(), chatter: self.chatter };
        let tls = if self.speaks_tls() { Some(Arc::new(self.make_tls(addr)?)) } else { None };
        let shared = Arc::new(self.into_shared(auth)?);
        let (stop, stopped) = watch::channel(Stage::Serving);
        let (ends, ended) = watch::channel(false);
        let server =
            tokio::spawn(run(port, tls.clone(), Arc::clone(&shared), unasked, stopped, ends));
        Ok(MockServer { addr, auth, tls, shared, stop, ended, server })
    }

    /// A scenario with a fault of TLS asks for TLS.
    const fn speaks_tls(&self) -> bool {
        self.tls || self.scenario.tls.is_some()
    }

    fn make_tls(&self, addr: SocketAddr) -> Result<Tls, StartError> {
        let ca_file = self.ca_file.as_deref();
        Tls::new(addr.ip(), self.scenario.tls, ca_file, self.handshake_timeout).map_err(|source| {
            let path = ca_file.map_or_else(std::env::temp_dir, PathBuf::from);
            StartError::CaFile { path, source }
        })
    }

    fn settings(&self) -> BTreeMap<String, String> {
        let mut settings = self.profile.settings();
        if self.speaks_tls() {
            let within = Span(self.handshake_timeout).to_string();
            settings.insert("tls.handshake_timeout".to_owned(), within);
        }
        if let Some(fault) = self.scenario.tls {
            settings.insert("tls.fault".to_owned(), fault.as_str().to_owned());
        }
        if self.scenario.has_dice() {
            settings.insert("scenario.seed".to_owned(), self.scenario.seed.to_string());
        }
        settings
    }

    pub(crate) fn into_shared(self, auth: Auth) -> Result<Shared, StartError> {
        let settings = self.settings();
        let usual = world::Given {
            token: TOKEN.to_owned(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            channel_id: CHANNEL_ID,
        };
        let given = self.world.given(&usual);
        let header = Header {
            format: FORMAT,
            session: self.session_name.unwrap_or_else(|| self.scenario.name.clone()),
            scenario: self.scenario.name.clone(),
            profile: self.profile.name.to_string(),
            settings,
            given: Given {
                auth: auth.as_str().to_owned(),
                channel_id: given.channel_id.to_string(),
            },
            clock: self.clock.clone(),
        };
        let path = self.record_to.as_deref();
        let sinks = Sinks { keep: self.keep_transcript, file: path };
        let redactor = Redactor::new(&given.token, &given.client_id, &given.client_secret);
        let recorder = Recorder::start(header, redactor, &sinks).map_err(|source| {
            StartError::Record { path: path.map(PathBuf::from).unwrap_or_default(), source }
        })?;
        let literal = || self.profile.as_printed.then(|| Printed::document().replies_only());
        Ok(Shared {
            recorder,
            given,
            limits: self.limits.clamped(),
            metrics: Metrics::new(),
            chat: Chat::new(self.world, self.profile.older_api),
            script: Script::new(&self.scenario),
            control: self.control,
            printed: self.printed.or_else(literal),
            rate: self.clock.rate.max(1),
            profile: self.profile,
        })
    }
}

/// What a server does without being asked.
struct Unasked {
    steps: Vec<Step>,
    chatter: Option<Chatter>,
}

async fn run(
    port: Port,
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
    Unasked { steps, chatter }: Unasked,
    mut stop: watch::Receiver<Stage>,
    ended: watch::Sender<bool>,
) {
    // Clients are told that it speaks TLS, and it does not.
    let tls = tls.filter(|tls| tls.fault() != Some(TlsFault::Plain));
    let accepting = listen::accept(port, tls, Arc::clone(&shared), stop.clone());
    let mut stop_talking = stop.clone();
    let talking = async {
        let Some(chatter) = chatter else { return };
        tokio::select! {
            () = chatter::run(&shared, chatter) => {}
            () = refusing(&mut stop_talking) => {}
        }
    };
    let playing = async {
        tokio::select! {
            () = timeline::run(Arc::clone(&shared), steps) => {}
            () = refusing(&mut stop) => {}
        }
        ended.send_replace(true);
    };
    tokio::join!(accepting, playing, talking);
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
            tls: false,
            ca_file: None,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            control: false,
            chatter: None,
            world: World::embedded(),
            limits: Limits::DEFAULT,
        }
    }

    /// The whole socket URL, with `vsn` and the given credential.
    pub fn url(&self) -> String {
        self.url_with(self.auth)
    }

    /// The whole socket URL with this credential.
    pub fn url_with(&self, auth: Auth) -> String {
        let given = &self.shared.given;
        let credential = match auth {
            Auth::Token => Credential::Token(given.token.clone()),
            Auth::ClientId => Credential::ClientId(given.client_id.clone()),
        };
        let request = ConnectRequest { endpoint: Endpoint::Graph, vsn: Vsn::V2, credential };
        format!("{}://{}{}", self.scheme(), self.host(), request.target())
    }

    /// The socket URL without its query.
    pub fn ws_base(&self) -> String {
        format!("{}://{}{}", self.scheme(), self.host(), Endpoint::Graph.path())
    }

    /// The URL for GraphQL over HTTP.
    pub fn api_url(&self) -> String {
        self.http_url("/api/graph")
    }

    fn http_url(&self, path: &str) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.host())
    }

    /// Host and port for URLs. A server that listens everywhere is reached at localhost, the name on its certificate.
    fn host(&self) -> String {
        if self.addr.ip().is_unspecified() {
            return format!("localhost:{}", self.addr.port());
        }
        self.addr.to_string()
    }

    /// The scheme of the socket's URLs: `wss` with TLS, else `ws`.
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "wss" } else { "ws" }
    }

    /// The PEM file with the certificate of TLS's authority, for clients to trust; `None` without TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.tls.as_deref().map(Tls::ca_file)
    }

    /// The profile's name.
    pub fn profile(&self) -> &str {
        &self.shared.recorder.header().profile
    }

    /// Every setting by its own name, as it stands in the transcript.
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.shared.recorder.header().settings
    }

    /// The URL where applications get access tokens.
    pub fn oauth_url(&self) -> String {
        self.http_url("/api/oauth/token")
    }

    /// The URL of what the server counts, in OpenMetrics' text form.
    pub fn metrics_url(&self) -> String {
        self.http_url("/metrics")
    }

    /// The URL to which an action's name is added, if the control API is served.
    pub fn control_url(&self) -> Option<String> {
        self.shared.control.then(|| self.http_url("/__control__/"))
    }

    /// What clients may ask of it.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Where the server listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Which credential [`url`](Self::url) carries.
    pub const fn auth(&self) -> Auth {
        self.auth
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
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

    /// Returns when the timeline is over: its end was reached, or something that it awaited did not come.
    pub async fn scenario_ended(&self) {
        // An error means that the server is gone, and the timeline with it.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Closes all connections with code 1000, and returns when nothing is left.
    pub async fn stop(self) -> Transcript {
        self.stop_as(Ending::Close).await
    }

    /// Ends all connections in the given way, and returns when nothing is left.
    pub async fn stop_as(self, ending: Ending) -> Transcript {
        self.stop.send_replace(match ending {
            Ending::Close => Stage::Closing,
            Ending::Graceful => {
                self.stop.send_replace(Stage::Refusing);
                let reason = "shutdown".to_owned();
                self.shared.chat.tell_all(&Command::KillChannel { reason });
                tokio::time::sleep(GRACEFUL).await;
                Stage::Cutting
            }
            Ending::Kill => Stage::Cutting,
        });
        if let Err(error) = self.server.await {
            tracing::error!("the server's task failed: {error}");
        }
        self.shared.recorder.transcript()
    }
}
