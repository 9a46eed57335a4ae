//! The mock as a value: started, asked, stopped.

mod builder;
mod start;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use glimesh_proto::connect::{ConnectRequest, Credential, Endpoint, Vsn};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use self::builder::Builder;
pub use self::start::StartError;
use crate::ending::{Ending, Stage};
use crate::limits::Limits;
use crate::listen::Tls;
use crate::mailbox::Command;
use crate::scenario::Auth;
use crate::shared::Shared;
use crate::testing::Door;
use crate::transcript::{self, Entry, Transcript, What};

/// The access token that clients are given: it may read and post.
pub const TOKEN: &str = "tok_mytho_chat";

/// The client id that clients are given.
pub const CLIENT_ID: &str = "4d4e4f50-0001-4000-8000-000000000001";

/// The secret of that client, with which it may ask for a token. Source: ours; no recording asked for one.
pub const CLIENT_SECRET: &str = "secret_of_mytho";

/// How long connections stand after their channels when the server is shut down in order. Source: recording
/// `lifecycle/server_graceful`.
const GRACEFUL: Duration = Duration::from_secs(5);

/// The host in the URLs of a server that has no address, and on its certificate.
pub(crate) const IN_MEMORY: &str = "in-memory";

/// The address of a server that has none.
pub(crate) const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

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
    door: Door,
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
        Builder::new()
    }

    /// The whole socket URL, with `vsn` and the given credential.
    pub fn url(&self) -> String {
        self.url_with(self.auth)
    }

    /// The whole socket URL with this credential.
    pub fn url_with(&self, auth: Auth) -> String {
        let given = &self.shared.given;
        self.url_for(match auth {
            Auth::Token => Credential::Token(given.token.clone()),
            Auth::ClientId => Credential::ClientId(given.client_id.clone()),
        })
    }

    /// The whole socket URL with this access token.
    pub fn url_with_token(&self, token: &str) -> String {
        self.url_for(Credential::Token(token.to_owned()))
    }

    fn url_for(&self, credential: Credential) -> String {
        let request = ConnectRequest { endpoint: Endpoint::Graph, vsn: Vsn::V2, credential };
        format!("{}://{}{}", self.scheme(), self.host(), request.target())
    }

    /// The socket URL without its query.
    pub fn ws_base(&self) -> String {
        format!("{}://{}{}", self.scheme(), self.host(), Endpoint::Graph.path())
    }

    /// The access token that the client is given.
    pub fn token(&self) -> &str {
        &self.shared.given.token
    }

    /// Another access token, which may post: what the given client gets at [`oauth_url`](Self::oauth_url) with its
    /// secret. `None` if the world knows no secret of it.
    pub fn another_token(&self) -> Option<String> {
        const SCOPES: &str = "public chat";
        let given = &self.shared.given;
        let granted = self.shared.chat.grant(&given.client_id, &given.client_secret, SCOPES);
        let (token, ..) = granted.ok()?;
        self.shared.recorder.redact(|redactor| redactor.learn_token(&token));
        Some(token)
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
        if self.addr == NOWHERE {
            return IN_MEMORY.to_owned();
        }
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

    /// The scenario's name.
    pub fn scenario(&self) -> &str {
        &self.shared.recorder.header().scenario
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

    /// Where the server listens; `0.0.0.0:0` if it has no port.
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

    pub(crate) const fn door(&self) -> &Door {
        &self.door
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

    /// The time since the session began, on the clock of the transcript.
    pub fn now(&self) -> glimesh_proto::Instant {
        self.shared.recorder.now()
    }

    /// Writes an entry that concerns no connection, such as a process or the noise, with the session's clock.
    pub fn append(&self, what: What) {
        self.shared.recorder.append(None, what);
    }

    /// A way to write the lines of a driver protocol as [`What::Driver`], with the session's clock and without its
    /// secrets, that may outlive the server.
    pub fn driver_log(&self) -> impl Fn(transcript::From, &str) + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move |from, line| {
            let data = shared.recorder.redact(|redactor| redactor.message(line));
            shared.recorder.append(None, What::Driver { from, data });
        }
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
