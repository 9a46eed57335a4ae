//! What all connections of a server share, and who is at the other end of one.

use std::sync::Arc;

use glimesh_proto::Instant;
use glimesh_proto::connect::{Endpoint, Vsn};

use crate::chat::Chat;
use crate::deflate::Agreed;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::printed::Printed;
use crate::profile::Profile;
use crate::recorder::Recorder;
use crate::replay::Replay;
use crate::scenario::Script;
use crate::world::{Given, Viewer};

/// What all connections of a server share.
pub(crate) struct Shared {
    /// With times in the client's seconds.
    pub(crate) profile: Profile,
    /// How many of the client's heartbeat seconds pass in a real one.
    pub(crate) rate: u32,
    /// How many seconds of the session pass in a real one.
    pub(crate) pace: u32,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    /// What clients are told of the world.
    pub(crate) given: Given,
    pub(crate) chat: Chat,
    pub(crate) script: Script,
    /// Whether the control API is served.
    pub(crate) control: bool,
    /// Frames that are answered as some paper prints it.
    pub(crate) printed: Option<Printed>,
    /// A recording that is played in place of everything else.
    pub(crate) replay: Option<Arc<Replay>>,
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) conn: u32,
    pub(crate) endpoint: Endpoint,
    pub(crate) vsn: Vsn,
    pub(crate) viewer: Viewer,
    /// By which others reach all connections of the same credential.
    pub(crate) socket_id: String,
    pub(crate) opened_at: Instant,
    /// How messages are compressed, if that was agreed on.
    pub(crate) compression: Option<Agreed>,
}
