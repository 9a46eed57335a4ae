//! What a server can be told before it starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::chatter::Chatter;
use crate::limits::Limits;
use crate::listen::HANDSHAKE_TIMEOUT;
use crate::printed::Printed;
use crate::profile::{Profile, Settings};
use crate::replay::Replay;
use crate::scenario::{Auth, Scenario};
use crate::transcript::ClockStamp;
use crate::world::World;

/// What a server can be told before it starts.
#[derive(Clone, Debug)]
pub struct Builder {
    pub(super) profile: Profile,
    pub(super) settings: Settings,
    pub(super) scenario: Scenario,
    pub(super) session_name: Option<String>,
    pub(super) clock: ClockStamp,
    pub(super) credential: Option<Auth>,
    pub(super) listen: SocketAddr,
    pub(super) in_memory: bool,
    pub(super) record_to: Option<PathBuf>,
    pub(super) keep_transcript: bool,
    pub(super) printed: Option<Printed>,
    pub(super) replay: Option<Arc<Replay>>,
    pub(super) tls: bool,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) handshake_timeout: Duration,
    pub(super) control: bool,
    pub(super) chatter: Option<Chatter>,
    pub(super) world: World,
    pub(super) limits: Limits,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            profile: Profile::glimesh(),
            settings: Settings::default(),
            scenario: Scenario::plain(),
            session_name: None,
            clock: ClockStamp { mode: "real".to_owned(), rate: 1 },
            credential: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            in_memory: false,
            record_to: None,
            keep_transcript: true,
            printed: None,
            replay: None,
            tls: false,
            ca_file: None,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            control: false,
            chatter: None,
            world: World::embedded(),
            limits: Limits::DEFAULT,
        }
    }

    /// How the server behaves by default; [`Profile::glimesh`] unless said.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Settings over the profile's and the scenario's; none unless said.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
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

    /// How the client's seconds relate to real ones. Limit, grace and waits are divided by the rate; under `accel`
    /// everything is, and the transcript's times are the client's.
    #[must_use]
    pub fn clock(mut self, clock: ClockStamp) -> Self {
        self.clock = clock;
        self
    }

    /// Which credential [`url`](crate::MockServer::url) carries; the scenario's unless said.
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

    /// No port at all: the server serves the streams that it is given, by
    /// [`MockServer::connect`](crate::MockServer::connect) or
    /// [`MockServer::serve_stream`](crate::MockServer::serve_stream). So time can be paused.
    #[must_use]
    pub const fn in_memory(mut self) -> Self {
        self.in_memory = true;
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

    /// Plays a recorded session to the clients, in place of everything that the socket would do by itself.
    #[must_use]
    pub fn replay(mut self, replay: Replay) -> Self {
        self.credential = Some(replay.auth());
        self.replay = Some(Arc::new(replay));
        self
    }

    /// Whether the server speaks TLS, with a certificate for this machine by an authority that is made for this
    /// run; no unless said. Clients find the authority in [`MockServer::ca_file`](crate::MockServer::ca_file).
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
}
