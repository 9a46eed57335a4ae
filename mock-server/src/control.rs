//! What somebody outside may do to a running server, as a test of the real one would do it inside the Erlang VM.

use glimesh_proto::connect::{Credential, Endpoint};
use glimesh_proto::{Close, names};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::mailbox::Command;
use crate::mock::MockServer;
use crate::shared::Shared;
use crate::world::{SayError, Viewer};

/// An action of the control API. Its arguments are the fields, in camelCase.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(
    tag = "action",
    content = "arguments",
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub(crate) enum Action {
    Reset {},
    Disconnect { id: String },
    KillChannels { id: String, reason: String },
    KillTransport { id: String },
    PublishRaw { topic: String, event: String, payload: Option<Value> },
    Say { channel_id: u64, username: String, message: String },
}

/// Every action with its arguments, for people.
pub(crate) const ACTIONS: [(&str, &str); 6] = [
    ("reset", "{}"),
    ("disconnect", r#"{"id": SOCKET_ID}"#),
    ("kill_channels", r#"{"id": SOCKET_ID, "reason": TEXT}"#),
    ("kill_transport", r#"{"id": SOCKET_ID}"#),
    ("publish_raw", r#"{"topic": TEXT, "event": TEXT, "payload": ANY (may be absent)}"#),
    ("say", r#"{"channelId": NUMBER, "username": TEXT, "message": TEXT}"#),
];

impl Action {
    const fn name(&self) -> &'static str {
        match self {
            Self::Reset {} => "reset",
            Self::Disconnect { .. } => "disconnect",
            Self::KillChannels { .. } => "kill_channels",
            Self::KillTransport { .. } => "kill_transport",
            Self::PublishRaw { .. } => "publish_raw",
            Self::Say { .. } => "say",
        }
    }
}

/// Why an action could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActionError {
    #[error("no open connection has the socket id {id:?}")]
    NoSocket { id: String },
    #[error(transparent)]
    Say(#[from] SayError),
}

impl ActionError {
    /// What could have been named instead.
    pub(crate) fn allowed(&self, shared: &Shared) -> Vec<String> {
        match self {
            Self::NoSocket { .. } => shared.chat.socket_ids(),
            Self::Say(SayError::NoUser { .. }) => shared.chat.usernames(),
            Self::Say(SayError::NoChannel { .. }) => shared.chat.channel_ids(),
        }
    }
}

/// Does it; how many connections were told.
pub(crate) fn perform(shared: &Shared, action: &Action) -> Result<usize, ActionError> {
    let chat = &shared.chat;
    let of_socket = |id: &String, command: &Command| match chat.tell_socket(id, command) {
        0 => Err(ActionError::NoSocket { id: id.clone() }),
        told => Ok(told),
    };
    let told = match action {
        Action::Reset {} => {
            chat.reset();
            0
        }
        Action::Disconnect { id } => {
            of_socket(id, &Command::Close(Box::new(Close::new(names::CLOSE_NORMAL))))?
        }
        Action::KillChannels { id, reason } => {
            of_socket(id, &Command::KillChannel { reason: reason.clone() })?
        }
        Action::KillTransport { id } => of_socket(id, &Command::Cut)?,
        Action::PublishRaw { topic, event, payload } => {
            chat.publish_raw(topic, event, payload.clone().unwrap_or_else(|| json!({})))
        }
        Action::Say { channel_id, username, message } => {
            chat.say(*channel_id, username, message)?
        }
    };
    let text = format!("{}: {told} connections were told", action.name());
    shared.recorder.note(None, "control", &text);
    Ok(told)
}

/// The name by which a server reaches all connections of a credential. Source: recordings, rule 36.
pub(crate) fn socket_id(endpoint: Endpoint, credential: &Credential, viewer: &Viewer) -> String {
    let credential = || match (credential, viewer) {
        (_, Viewer::Application { client_id }) => client_id.to_string(),
        (Credential::Token(text) | Credential::ClientId(text), _) => text.clone(),
    };
    match (endpoint, viewer.user_id()) {
        (Endpoint::Graph, _) => format!("graph_api_socket:{}", credential()),
        (Endpoint::Socket, Some(user_id)) => format!("api_socket:{user_id}"),
        (Endpoint::Socket, None) => format!("api_socket:{}", credential()),
    }
}

/// What can be done to a running server from outside, as the control API does it. A socket id is
/// `graph_api_socket:TOKEN_OR_CLIENT_ID` or, on the older API, `api_socket:USER_ID`; each method says how many
/// connections it told.
impl MockServer {
    /// Puts the world back to what it was at the start. Connections and subscriptions stay.
    pub fn reset(&self) {
        self.act(&Action::Reset {});
    }

    /// Closes all connections of a socket id with code 1000, without a `phx_close` before. Source: rule 36.
    pub fn disconnect(&self, id: &str) -> usize {
        self.act(&Action::Disconnect { id: id.to_owned() })
    }

    /// Ends the channels of a socket id: each says `phx_error`. A reason `normal` does nothing, for a process takes
    /// no notice of it. Source: recordings `lifecycle/channel_exit_*`.
    pub fn kill_channels(&self, id: &str, reason: &str) -> usize {
        self.act(&Action::KillChannels { id: id.to_owned(), reason: reason.to_owned() })
    }

    /// Ends the connections of a socket id without a close frame.
    pub fn kill_transport(&self, id: &str) -> usize {
        self.act(&Action::KillTransport { id: id.to_owned() })
    }

    /// Sends an event to everybody who listens to a topic: the control topic if it is joined, a subscription's id, or
    /// a socket id and the event `disconnect`.
    pub fn publish_raw(&self, topic: &str, event: &str, payload: Value) -> usize {
        let (topic, event) = (topic.to_owned(), event.to_owned());
        self.act(&Action::PublishRaw { topic, event, payload: Some(payload) })
    }

    /// Lets a user of the world say something, whatever the rules of the channel are.
    ///
    /// # Errors
    ///
    /// The user or the channel does not exist.
    pub fn say(&self, channel_id: u64, username: &str, message: &str) -> Result<usize, SayError> {
        let (username, message) = (username.to_owned(), message.to_owned());
        match perform(self.shared(), &Action::Say { channel_id, username, message }) {
            Ok(told) => Ok(told),
            Err(ActionError::Say(error)) => Err(error),
            Err(ActionError::NoSocket { .. }) => Ok(0),
        }
    }

    fn act(&self, action: &Action) -> usize {
        perform(self.shared(), action).unwrap_or(0)
    }
}
