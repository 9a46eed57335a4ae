//! TLS before HTTP: the handshake, and in words why it came to nothing.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{AlertDescription, Error};
use tokio_rustls::server::TlsStream;

use crate::ending::{Stage, ending};
use crate::listen::Source;
use crate::listen::authority::Authority;
use crate::listen::ca_file::CaFile;
use crate::listen::http::ended;
use crate::scenario::{BytesFault, TlsFault};
use crate::shared::Shared;
use crate::transcript::From;
use crate::websocket::{Link, drain};
use crate::why::Why;

/// How long a handshake may take unless said; as long as a request's head.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// The server's side of TLS for one run.
pub(crate) struct Tls {
    right: Side,
    /// What a scenario may put in its place.
    wrong: Vec<(TlsFault, Side)>,
    within: Duration,
    ca_file: CaFile,
}

/// The server's side of a handshake.
struct Side {
    acceptor: TlsAcceptor,
    /// For whom the certificate is.
    names: String,
}

impl Side {
    fn new(authority: &Authority, listening: SocketAddr, fault: Option<TlsFault>) -> Self {
        let (names, config) = authority.server(listening, fault);
        Self { acceptor: config.into(), names: names.join(", ") }
    }
}

impl<L: Link> Link for TlsStream<L> {
    fn reset_on_drop(&self) {
        self.get_ref().0.reset_on_drop();
    }

    fn tamper(&self, fault: BytesFault) {
        self.get_ref().0.tamper(fault);
    }

    fn is_cut(&self) -> bool {
        self.get_ref().0.is_cut()
    }
}

/// Why there is no TLS connection.
#[derive(Debug)]
enum Failure {
    /// The client ended the connection and had said nothing.
    Silent,
    /// The client sent an HTTP request; it was answered.
    Plain,
    /// The client gave up with an alert.
    Alert(AlertDescription),
    /// The client ended the connection in the middle of the handshake.
    Abandoned,
    /// What the client sent cannot be answered.
    Wrong(Error),
    /// The handshake took too long.
    Slow,
}

impl Tls {
    /// Makes the authority and the certificates, and writes the authority's file.
    pub(crate) fn new(
        listening: SocketAddr,
        faults: impl IntoIterator<Item = TlsFault>,
        ca_file: Option<&Path>,
        within: Duration,
    ) -> io::Result<Self> {
        let authority = Authority::new();
        let ca_file = CaFile::write(&authority.pem(), ca_file)?;
        let right = Side::new(&authority, listening, None);
        let wrong = |fault| (fault, Side::new(&authority, listening, Some(fault)));
        let wrong = faults.into_iter().map(wrong).collect();
        Ok(Self { right, wrong, within, ca_file })
    }

    fn side(&self, fault: Option<TlsFault>) -> &Side {
        let wrong = self.wrong.iter().find(|(known, _)| Some(*known) == fault);
        wrong.map_or(&self.right, |(_, side)| side)
    }

    /// The file with the authority's certificate.
    pub(crate) fn ca_file(&self) -> &Path {
        self.ca_file.path()
    }

    /// The handshake, with this wrong in it. `None` if it came to nothing; then all is recorded.
    pub(super) async fn accept<S: Source, L: Link>(
        &self,
        fault: Option<TlsFault>,
        stream: S,
        wrap: impl FnOnce(S) -> L,
        conn: u32,
        shared: &Shared,
        stop: &mut watch::Receiver<Stage>,
    ) -> Option<TlsStream<L>> {
        let shaken = tokio::select! {
            biased;
            shaken = self.shake_as(fault, stream, wrap) => shaken,
            _ = ending(stop) => {
                ended(shared, conn, From::Server);
                return None;
            }
        };
        let (from, why) = match shaken {
            Ok(stream) => return Some(stream),
            Err(failed) => failed,
        };
        if let Some((code, text)) = why {
            shared.recorder.note(Some(conn), code, &text);
        }
        ended(shared, conn, from);
        None
    }

    /// The handshake; if it came to nothing, who ended it, and what there is to say about it.
    pub(crate) async fn shake<S: Source, L: Link>(
        &self,
        stream: S,
        wrap: impl FnOnce(S) -> L,
    ) -> Result<TlsStream<L>, (From, Option<Why>)> {
        self.shake_as(None, stream, wrap).await
    }

    async fn shake_as<S: Source, L: Link>(
        &self,
        fault: Option<TlsFault>,
        stream: S,
        wrap: impl FnOnce(S) -> L,
    ) -> Result<TlsStream<L>, (From, Option<Why>)> {
        let side = self.side(fault);
        let shaken = timeout(self.within, Self::shake_hands(side, stream, wrap)).await;
        shaken
            .unwrap_or(Err(Failure::Slow))
            .map_err(|failure| (failure.ended_by(), self.why(&failure, side)))
    }

    async fn shake_hands<S: Source, L: Link>(
        side: &Side,
        mut stream: S,
        wrap: impl FnOnce(S) -> L,
    ) -> Result<TlsStream<L>, Failure> {
        match stream.peek_byte().await {
            Ok(None) | Err(_) => return Err(Failure::Silent),
            // The type of a TLS record is never a letter, and a request's method begins with one.
            Ok(Some(byte)) if byte.is_ascii_alphabetic() => {
                refuse_plain(stream).await;
                return Err(Failure::Plain);
            }
            Ok(Some(_)) => {}
        }
        side.acceptor.accept(wrap(stream)).await.map_err(|error| Failure::new(&error))
    }

    /// Why a client that had finished the handshake said nothing at all.
    pub(super) fn no_request(&self, fault: Option<TlsFault>) -> Why {
        let text = format!(
            "the client ended the connection after the TLS handshake, without a request; one that does not trust \
             the certificate may do so: {}",
            self.trust(self.side(fault))
        );
        ("no-request", text)
    }

    fn why(&self, failure: &Failure, side: &Side) -> Option<Why> {
        let (code, text) = match failure {
            Failure::Silent => return None,
            Failure::Plain => (
                "plain-to-tls-port",
                "refused with 400: the client spoke plain HTTP to a port that speaks TLS; connect with wss (or \
                 https) instead of ws (or http)"
                    .to_owned(),
            ),
            Failure::Alert(alert) if is_of_trust(*alert) => {
                let text = format!(
                    "the client refused the server's certificate with the alert {}: {}",
                    alert_name(*alert),
                    self.trust(side)
                );
                ("certificate-refused", text)
            }
            Failure::Alert(alert) => {
                let text = format!(
                    "the client gave up the TLS handshake with the alert {}",
                    alert_name(*alert)
                );
                ("tls-alert", text)
            }
            Failure::Abandoned => {
                let text = format!(
                    "the client ended the connection in the middle of the TLS handshake; one that does not trust \
                     the certificate may do so: {}",
                    self.trust(side)
                );
                ("tls-abandoned", text)
            }
            Failure::Wrong(error) => ("tls-failed", wrong(error)),
            Failure::Slow => {
                let within = self.within.as_secs_f64();
                let text =
                    format!("closed: the TLS handshake was not complete within {within} s");
                ("slow-handshake", text)
            }
        };
        Some((code, text))
    }

    /// What a user can do about a client that does not trust the certificate.
    fn trust(&self, side: &Side) -> String {
        let (file, names) = (self.ca_file().display(), &side.names);
        format!(
            "let it trust the authority in {file}, by SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE or an \
             option of its own; the certificate is for {names}"
        )
    }
}

impl Failure {
    fn new(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match inner {
            Some(Error::AlertReceived(alert)) => Self::Alert(*alert),
            Some(error) => Self::Wrong(error.clone()),
            None => Self::Abandoned,
        }
    }

    const fn ended_by(&self) -> From {
        match self {
            Self::Silent | Self::Alert(_) | Self::Abandoned => From::Client,
            Self::Plain | Self::Wrong(_) | Self::Slow => From::Server,
        }
    }
}

/// An answer that even a client of plain HTTP can read.
async fn refuse_plain(mut stream: impl Source) {
    const BODY: &str =
        "This port speaks TLS: use wss:// or https:// instead of ws:// or http://.\n";
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    // A client that is gone needs no answer.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    drain(stream).await;
}

/// Whether an alert says that the certificate was not to the client's liking.
const fn is_of_trust(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
    )
}

/// An alert as RFC 8446 spells it, such as `unknown_ca`.
fn alert_name(alert: AlertDescription) -> String {
    let mut name = String::new();
    let mut was_lower = false;
    for letter in format!("{alert:?}").chars() {
        if letter.is_ascii_uppercase() && was_lower {
            name.push('_');
        }
        was_lower = letter.is_ascii_lowercase();
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn wrong(error: &Error) -> String {
    match error {
        Error::InvalidMessage(_) => {
            format!("refused: what the client sent is no TLS handshake: {error}")
        }
        Error::PeerIncompatible(_) => format!(
            "refused: client and server have no version or cipher of TLS in common: {error}; the server speaks TLS \
             1.2 and 1.3"
        ),
        Error::NoApplicationProtocol => {
            "refused: the client offers protocols by ALPN, and http/1.1 is not among them"
                .to_owned()
        }
        _ => format!("refused: the TLS handshake failed: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_spelled_as_the_rfc_spells_them() {
        assert_eq!(alert_name(AlertDescription::UnknownCA), "unknown_ca");
        assert_eq!(alert_name(AlertDescription::BadCertificate), "bad_certificate");
    }
}
