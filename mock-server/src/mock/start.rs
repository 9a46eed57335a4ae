//! From what a server was told to a server that runs.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::{Builder, CLIENT_ID, CLIENT_SECRET, MockServer, NOWHERE, TOKEN};
use crate::chat::{CHANNEL_ID, Chat};
use crate::chatter::Chatter;
use crate::ending::{Stage, refusing};
use crate::listen::{Port, Tls};
use crate::metrics::Metrics;
use crate::printed::Printed;
use crate::profile::Profile;
use crate::recorder::{Recorder, Sinks};
use crate::redact::Redactor;
use crate::scenario::{Auth, Script, Span, Step};
use crate::shared::Shared;
use crate::testing::{Door, GivenStream};
use crate::transcript::{FORMAT, Given, Header};
use crate::{chatter, listen, timeline, world};

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
    /// Starts the server; connections are accepted when this returns.
    ///
    /// # Errors
    ///
    /// [`StartError`]: the address is taken, or a file cannot be written.
    pub async fn start(self) -> Result<MockServer, StartError> {
        let listen_error = |source| StartError::Listen { addr: self.listen, source };
        let mut port = match self.in_memory {
            true => Port::none(NOWHERE),
            false => {
                let listener = TcpListener::bind(self.listen).await.map_err(listen_error)?;
                Port::open(listener.local_addr().map_err(listen_error)?, listener)
            }
        };
        let addr = port.addr();
        port.set(self.scenario.listening).map_err(listen_error)?;
        let auth = self.credential.unwrap_or(self.scenario.credential);
        let unasked = Unasked { steps: self.scenario.timeline.clone(), chatter: self.chatter };
        let tls = if self.speaks_tls() { Some(Arc::new(self.make_tls(addr)?)) } else { None };
        let shared = Arc::new(self.into_shared(auth)?);
        let (stop, stopped) = watch::channel(Stage::Serving);
        let (ends, ended) = watch::channel(false);
        let (door, given) = Door::new();
        let sources = (port, given);
        let server =
            tokio::spawn(run(sources, tls.clone(), Arc::clone(&shared), unasked, stopped, ends));
        Ok(MockServer { addr, auth, tls, shared, stop, ended, server, door })
    }

    /// A scenario with a fault of TLS asks for TLS.
    fn speaks_tls(&self) -> bool {
        self.tls || self.scenario.needs_tls()
    }

    fn make_tls(&self, addr: SocketAddr) -> Result<Tls, StartError> {
        let ca_file = self.ca_file.as_deref();
        let faults = self.scenario.tls_faults();
        Tls::new(addr, faults, ca_file, self.handshake_timeout).map_err(|source| {
            let path = ca_file.map_or_else(std::env::temp_dir, PathBuf::from);
            StartError::CaFile { path, source }
        })
    }

    /// The profile, what the scenario has otherwise, and what was said above all.
    fn effective_profile(&self) -> Profile {
        self.settings.over(&self.scenario.settings.over(&self.profile))
    }

    fn stated(&self, profile: &Profile) -> BTreeMap<String, String> {
        let mut settings = profile.settings();
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
        let profile = self.effective_profile();
        let settings = self.stated(&profile);
        let usual = world::Given {
            token: TOKEN.to_owned(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            channel_id: CHANNEL_ID,
        };
        let mut world = self.world;
        let mut given = world.given(&usual);
        if let Some(token) = self.scenario.token.clone() {
            world.rename_token(&given.token, &token);
            given.token = token;
        }
        let mut header = Header {
            format: FORMAT,
            session: self.session_name.unwrap_or_else(|| self.scenario.name.clone()),
            scenario: self.scenario.name.clone(),
            profile: profile.name.to_string(),
            settings,
            given: Given {
                auth: auth.as_str().to_owned(),
                channel_id: given.channel_id.to_string(),
            },
            clock: self.clock.clone(),
        };
        if let Some(replay) = &self.replay {
            replay.stamp(&mut header);
        }
        let path = self.record_to.as_deref();
        let sinks = Sinks { keep: self.keep_transcript, file: path };
        let redactor = Redactor::new(&given.token, &given.client_id, &given.client_secret);
        let recorder = Recorder::start(header, redactor, &sinks).map_err(|source| {
            StartError::Record { path: path.map(PathBuf::from).unwrap_or_default(), source }
        })?;
        let literal = || profile.as_printed.then(|| Printed::document().replies_only());
        let limits = self.limits.clamped();
        Ok(Shared {
            recorder,
            given,
            limits,
            metrics: Metrics::new(),
            chat: Chat::new(world, profile.graph_schema, limits.subscriptions),
            script: Script::new(&self.scenario),
            control: self.control,
            printed: self.printed.or_else(literal),
            replay: self.replay.or_else(|| {
                let replayed = self.scenario.replay.as_ref()?;
                replayed.start().map(Arc::new)
            }),
            rate: self.clock.beats(),
            pace: self.clock.pace(),
            profile,
        })
    }
}

/// What a server does without being asked.
struct Unasked {
    steps: Vec<Step>,
    chatter: Option<Chatter>,
}

async fn run(
    sources: (Port, mpsc::UnboundedReceiver<GivenStream>),
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
    Unasked { steps, chatter }: Unasked,
    mut stop: watch::Receiver<Stage>,
    ended: watch::Sender<bool>,
) {
    let accepting = listen::accept(sources, tls, Arc::clone(&shared), stop.clone());
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
