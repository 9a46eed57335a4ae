//! From a URL to an open WebSocket.

use std::io;
use std::time::Duration;

use glimesh_mock::Trust;
use glimesh_mock::deflate::{Deflater, Inflating};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, Uri, header};
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{self, error::UrlError};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::careless::{self, Overlooked};
use super::surroundings::{Stream, Surroundings};
use super::{Manner, Mutant, Settings, Variant, target};

/// An open connection, seen from the client.
pub(super) type Socket = WebSocketStream<Box<dyn Stream>>;

/// What a connection begins with.
pub(super) struct Opened {
    pub(super) socket: Socket,
    /// Compresses what is sent, where that was agreed on; what is received is inflated below the socket.
    pub(super) deflater: Option<Deflater>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    /// The URL cannot be used, now or later.
    #[error("cannot connect to {url:?}: {why}")]
    Url {
        /// As given.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Nobody listens, or not any more.
    #[error("cannot reach the server")]
    Tcp(#[from] io::Error),
    /// The server is not trusted, or speaks no TLS.
    #[error("the TLS handshake failed")]
    Tls(#[source] io::Error),
    /// The server answers, and does not let us in.
    #[error("the server refused the upgrade with {0}")]
    Refused(StatusCode),
    /// The server's answer is no answer to an upgrade.
    #[error("the upgrade failed")]
    Handshake(#[source] tungstenite::Error),
    /// The server does not answer the upgrade.
    #[error("no answer to the upgrade")]
    NoAnswer,
    /// The server opened the WebSocket, without what we offered.
    #[error("the server declined permessage-deflate")]
    Declined,
}

/// As [`open`], for a client that offers no extension.
pub(super) async fn dial(settings: &Settings) -> Result<Socket, DialError> {
    open(settings).await.map(|opened| opened.socket)
}

/// Connects once; a wss URL needs somebody to trust. The upgrade's answer may take as long as any reply.
pub(super) async fn open(settings: &Settings) -> Result<Opened, DialError> {
    let Settings { url, trust, reply_within, manner, around, .. } = settings;
    let within = match manner {
        Manner::Broken(Mutant::WaitsForTheUpgrade) => Duration::MAX,
        Manner::Broken(Mutant::FailsAtSlowUpgrade) => IMPATIENT,
        _ => *reply_within,
    };
    let connected = timeout(within, connect(*manner, url, trust.as_ref(), around));
    connected.await.unwrap_or(Err(DialError::NoAnswer))
}

/// How long an impatient mutant waits for the upgrade's answer.
const IMPATIENT: Duration = Duration::from_secs(2);

async fn connect(
    manner: Manner,
    given: &str,
    trust: Option<&Trust>,
    around: &Surroundings,
) -> Result<Opened, DialError> {
    let url = target::url(manner, given);
    let unusable = |why| DialError::Url { url: given.to_owned(), why };
    let mut request = url.as_str().into_client_request().map_err(|error| match error {
        tungstenite::Error::Url(UrlError::NoHostName) => unusable("it names no host"),
        _ => unusable("it is no URL"),
    })?;
    if manner.varies(Variant::TokensOnly) && !url.contains("token=") {
        return Err(unusable("it holds no token"));
    }
    let insists = manner.is(Mutant::InsistsOnDeflate);
    if manner.varies(Variant::OffersDeflate) || insists || manner.is(Mutant::CannotInflate) {
        let offer = HeaderValue::from_static("permessage-deflate; client_max_window_bits");
        request.headers_mut().insert(header::SEC_WEBSOCKET_EXTENSIONS, offer);
    }
    let (host, port, tls) = address(request.uri()).map_err(unusable)?;
    let trust = match (tls, trust) {
        (true, None) => {
            return Err(unusable(
                "wss needs to know whom to trust; GLIMESH_CA_FILE does not say it",
            ));
        }
        (true, trust) => trust,
        (false, _) => None,
    };
    let stream = around.reach(host, port).await?;
    let overlooked = match manner {
        Manner::Broken(Mutant::TrustsAnybody) => Some(Overlooked::Everything),
        Manner::Broken(Mutant::OverlooksTheName) => Some(Overlooked::Name),
        _ => None,
    };
    let stream: Box<dyn Stream> = match (trust, overlooked) {
        (Some(_), Some(overlooked)) => {
            let connected = careless::connect(overlooked, host, stream).await;
            Box::new(connected.map_err(DialError::Tls)?)
        }
        (Some(trust), None) => Box::new(trust.connect(host, stream).await.map_err(DialError::Tls)?),
        (None, _) => stream,
    };
    match client_async(request, stream).await {
        Ok((_, answer)) if insists && !accepts_extension(&answer) => Err(DialError::Declined),
        Ok((socket, answer)) => {
            let inflates = !manner.is(Mutant::CannotInflate) && accepts_extension(&answer);
            Ok(if inflates { inflating(socket).await } else { Opened { socket, deflater: None } })
        }
        Err(tungstenite::Error::Http(answer)) => {
            if manner.is(Mutant::FollowsToPlain) {
                follow(around, &answer).await?;
            }
            Err(DialError::Refused(answer.status()))
        }
        Err(error) => Err(DialError::Handshake(error)),
    }
}

/// The same connection with a layer below it. The server speaks only when it was spoken to, so nothing of what it says
/// has been read yet.
async fn inflating(socket: Socket) -> Opened {
    let stream = Inflating::new(socket.into_inner(), LONGEST, &[]);
    let stream: Box<dyn Stream> = Box::new(stream);
    let socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    Opened { socket, deflater: Some(Deflater::for_client()) }
}

/// The longest message that is inflated, in bytes: what tungstenite takes at most.
const LONGEST: usize = 64 << 20;

/// Asks where a redirection points to, whatever it is.
async fn follow(around: &Surroundings, answer: &Response) -> Result<(), DialError> {
    let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
    let Some(request) = to.and_then(|to| to.into_client_request().ok()) else { return Ok(()) };
    let Ok((host, port, _)) = address(request.uri()) else { return Ok(()) };
    let stream = around.reach(host, port).await?;
    client_async(request, stream).await.map(drop).map_err(DialError::Handshake)
}

fn accepts_extension(answer: &Response) -> bool {
    answer.headers().contains_key(header::SEC_WEBSOCKET_EXTENSIONS)
}

/// Host, port, and whether TLS is spoken there.
fn address(uri: &Uri) -> Result<(&str, u16, bool), &'static str> {
    let (tls, port) = match uri.scheme_str() {
        Some("ws") => (false, 80),
        Some("wss") => (true, 443),
        _ => return Err("it must begin with ws:// or wss://"),
    };
    let host = uri.host().ok_or("it names no host")?;
    Ok((host, uri.port_u16().unwrap_or(port), tls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_where_the_url_says() {
        #[track_caller]
        fn check(url: &'static str, expected: Result<(&str, u16, bool), &str>) {
            assert_eq!(address(&Uri::from_static(url)), expected);
        }
        check("ws://127.0.0.1:4000/a?b", Ok(("127.0.0.1", 4000, false)));
        check("ws://[::1]/a", Ok(("[::1]", 80, false)));
        check("wss://glimesh.tv/a", Ok(("glimesh.tv", 443, true)));
        check("http://glimesh.tv/a", Err("it must begin with ws:// or wss://"));
    }
}
