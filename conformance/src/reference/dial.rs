//! From a URL to an open WebSocket.

use std::io;

use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, Uri, header};
use tokio_tungstenite::tungstenite::{self, error::UrlError};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{Manner, Variant, target};

/// An open connection, seen from the client.
pub(super) type Socket = WebSocketStream<TcpStream>;

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
    /// The server answers, and does not let us in.
    #[error("the server refused the upgrade with {0}")]
    Refused(StatusCode),
    /// The server's answer is no answer to an upgrade.
    #[error("the upgrade failed")]
    Handshake(#[source] tungstenite::Error),
}

/// Connects once.
pub(super) async fn dial(manner: Manner, given: &str) -> Result<Socket, DialError> {
    let url = target::url(manner, given);
    let unusable = |why| DialError::Url { url: given.to_owned(), why };
    let mut request = url.as_str().into_client_request().map_err(|error| match error {
        tungstenite::Error::Url(UrlError::NoHostName) => unusable("it names no host"),
        _ => unusable("it is no URL"),
    })?;
    if manner.varies(Variant::OffersDeflate) {
        let offer = HeaderValue::from_static("permessage-deflate; client_max_window_bits");
        request.headers_mut().insert(header::SEC_WEBSOCKET_EXTENSIONS, offer);
    }
    let stream = TcpStream::connect(address(request.uri()).map_err(unusable)?).await?;
    stream.set_nodelay(true)?;
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(answer)) => Err(DialError::Refused(answer.status())),
        Err(error) => Err(DialError::Handshake(error)),
    }
}

fn address(uri: &Uri) -> Result<String, &'static str> {
    match uri.scheme_str() {
        Some("ws") => {}
        Some("wss") => return Err("this client speaks ws:// only, without TLS"),
        _ => return Err("it must begin with ws://"),
    }
    let host = uri.host().ok_or("it names no host")?;
    Ok(format!("{host}:{}", uri.port_u16().unwrap_or(80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_where_the_url_says() {
        let of = |url: &'static str| address(&Uri::from_static(url));
        assert_eq!(of("ws://127.0.0.1:4000/a?b").as_deref(), Ok("127.0.0.1:4000"));
        assert_eq!(of("ws://[::1]/a").as_deref(), Ok("[::1]:80"));
        assert!(of("wss://glimesh.tv/a").unwrap_err().contains("without TLS"));
        assert!(of("http://glimesh.tv/a").is_err());
    }
}
