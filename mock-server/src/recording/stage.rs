//! Where records are played: a server, and what can be done inside it.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::line::{Line, Seen};
use super::record::Record;
use crate::{Builder, Ending, MockServer, StartError, Trust};

/// How long a server may take to do what it is told.
const OBEYS_WITHIN: Duration = Duration::from_secs(5);

/// Where records are played.
#[derive(Clone, Debug)]
pub enum Stage {
    /// A mock of our own for each record.
    Own(Box<Builder>),
    /// A server that runs already.
    Running {
        /// Where it listens.
        place: Place,
        /// Whether it takes orders by the mock's control API.
        control: bool,
    },
}

/// Where a server listens.
#[derive(Clone, Debug)]
pub struct Place {
    /// `HOST:PORT`.
    pub host: String,
    /// Whom to trust, if it speaks TLS.
    pub tls: Option<Trust>,
}

impl Place {
    /// A server without TLS.
    pub const fn plain(host: String) -> Self {
        Self { host, tls: None }
    }

    /// A connection on which nothing was said yet, with TLS if that is spoken.
    ///
    /// # Errors
    ///
    /// Nobody listens there, or is not trusted.
    pub async fn dial(&self) -> io::Result<Line> {
        let Some(trust) = &self.tls else { return Line::dial(&*self.host).await };
        let stream = TcpStream::connect(&*self.host).await?;
        stream.set_nodelay(true)?;
        let name = self.host.rsplit_once(':').map_or(&*self.host, |(name, _)| name);
        Ok(Line::over(trust.connect(name, stream).await?, false))
    }
}

impl Stage {
    /// Whether a server that runs takes orders. Puts its world back, if so.
    pub async fn takes_orders(place: &Place) -> bool {
        order(place, "reset", &json!({})).await.is_ok()
    }

    /// Why a record cannot be played here.
    pub fn hinders(&self, record: &Record) -> Option<&'static str> {
        match self {
            Self::Own(_) => None,
            Self::Running { .. } if record.stops_server() => Some("it stops the server"),
            Self::Running { control: true, .. } => None,
            Self::Running { .. } if record.needs_control => {
                Some("it needs something done inside the server")
            }
            Self::Running { .. } => {
                record.changes_world().then_some("it needs a world that nobody has changed")
            }
        }
    }

    /// Whether a record must not be played while another is.
    pub fn isolates(&self, record: &Record) -> bool {
        matches!(self, Self::Running { .. }) && record.changes_world()
    }

    pub(super) async fn set(&self, record: &Record) -> Result<Scene, StartError> {
        match self {
            Self::Own(builder) => {
                let server = builder.clone().start().await?;
                let place = Place::plain(server.addr().to_string());
                Ok(Scene { place, server: Some(server) })
            }
            Self::Running { place, control } => {
                if *control && record.changes_world() {
                    // A server that stops obeying shows in the record.
                    let _ = order(place, "reset", &json!({})).await;
                }
                Ok(Scene { place: place.clone(), server: None })
            }
        }
    }
}

/// One record's server.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) place: Place,
    /// `None`: it is not ours, or it was stopped.
    server: Option<MockServer>,
}

impl Scene {
    /// Does a recorded `control` step; the error says why it could not be done.
    pub(super) async fn control(&self, action: &str, args: &Value) -> Result<(), String> {
        let Some(server) = &self.server else { return order(&self.place, action, args).await };
        let text = |name: &str| args[name].as_str().unwrap_or_default();
        let told = match action {
            "disconnect" => server.disconnect(text("id")),
            "kill_channels" => server.kill_channels(text("id"), text("reason")),
            "kill_transport" => server.kill_transport(text("id")),
            "publish_raw" => {
                server.publish_raw(text("topic"), text("event"), args["payload"].clone())
            }
            _ => return Err(format!("there is no action {action}")),
        };
        if told == 0 { Err(format!("{action} reached nobody")) } else { Ok(()) }
    }

    /// Does a recorded `server_stop` step, which may take the server some time.
    pub(super) fn stop(&mut self, how: &str) -> Result<(), String> {
        let server = self.server.take().ok_or("the server is not ours to stop")?;
        let ending = match how {
            "graceful" => Ending::Graceful,
            _ => Ending::Kill,
        };
        tokio::spawn(server.stop_as(ending));
        Ok(())
    }

    pub(super) async fn end(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}

/// Gives an order to a running server; the error says why it was not obeyed.
async fn order(place: &Place, action: &str, args: &Value) -> Result<(), String> {
    let (host, body) = (&place.host, args.to_string());
    let request = format!(
        "POST /__control__/{action} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut line = place.dial().await.map_err(|error| error.to_string())?;
    line.send(request.as_bytes()).await;
    match line.next_at(OBEYS_WITHIN).await {
        Some((_, Seen::Http { status: 200, .. })) => Ok(()),
        Some((_, other)) => Err(format!("{action} was answered {other}")),
        None => Err(format!("{action} was not answered")),
    }
}
