//! The server behind the proxy: where it is, and how it is reached.

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use glimesh_proto::connect::{ConnectRequest, Credential};
use hyper::Uri;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::websocket::Link;

/// A server's place: `ws://HOST[:PORT]` or `wss://HOST[:PORT]`. A path with a query may follow, as in the URL that
/// a client is given; only its credential is looked at, as the one that the session is about.
#[derive(Clone, PartialEq, Eq)]
pub struct Upstream {
    tls: bool,
    host: String,
    port: u16,
    /// Path and query.
    target: Option<String>,
}

/// Why a text is no [`Upstream`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the URL of a server; give ws://HOST:PORT or wss://HOST:PORT")]
pub struct NotUpstream;

impl FromStr for Upstream {
    type Err = NotUpstream;

    fn from_str(text: &str) -> Result<Self, NotUpstream> {
        let uri: Uri = text.parse().map_err(|_| NotUpstream)?;
        let tls = match uri.scheme_str() {
            Some("ws" | "http") => false,
            Some("wss" | "https") => true,
            _ => return Err(NotUpstream),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(NotUpstream)?;
        let target = uri.path_and_query().map(|target| target.as_str().to_owned());
        Ok(Self {
            tls,
            // An address of version 6 stands in brackets.
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            target: target.filter(|target| target != "/"),
        })
    }
}

/// Without the target, which may hold a credential.
impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "wss" } else { "ws" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Upstream").field(&self.to_string()).finish()
    }
}

impl Upstream {
    /// The path and query of the URL, if it has them.
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// The credential of the URL's query, if it has one.
    pub(super) fn credential(&self) -> Option<Credential> {
        Some(ConnectRequest::parse(self.target()?).ok()?.credential)
    }
}

/// The authorities cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The given file.
    #[error("cannot read the authority's certificate from {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: PemError,
    },
    /// The file holds none.
    #[error("there is no certificate in {path}; give a PEM file")]
    Empty {
        /// The file.
        path: String,
    },
    /// The operating system knows none.
    #[error("this system has no list of authorities; give the server's own with --upstream-ca")]
    NoSystem,
}

/// How a connection to the server is made.
#[derive(Clone)]
pub(super) struct Dialler {
    upstream: Upstream,
    tls: Option<TlsConnector>,
}

/// A connection to the server.
pub(super) enum Dialled {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl<L: Link> Link for TlsStream<L> {
    fn reset_on_drop(&self) {
        self.get_ref().0.reset_on_drop();
    }
}

/// How long the server may take to answer TCP, and TLS.
const PATIENCE: Duration = Duration::from_secs(10);

impl Dialler {
    /// `ca_file` is trusted alone; without it, what the system trusts.
    pub(super) fn new(upstream: Upstream, ca_file: Option<&Path>) -> Result<Self, TrustError> {
        let tls = match upstream.tls {
            true => Some(TlsConnector::from(Arc::new(config(roots(ca_file)?)))),
            false => None,
        };
        Ok(Self { upstream, tls })
    }

    pub(super) const fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    pub(super) async fn dial(&self) -> io::Result<Dialled> {
        timeout(PATIENCE, self.connect()).await.unwrap_or_else(|_| {
            let text = format!("it did not answer within {} s", PATIENCE.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        })
    }

    async fn connect(&self) -> io::Result<Dialled> {
        let Upstream { host, port, .. } = &self.upstream;
        let stream = TcpStream::connect((host.as_str(), *port)).await?;
        // Small frames must not wait for each other.
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else { return Ok(Dialled::Plain(stream)) };
        let name = ServerName::try_from(host.clone())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(Dialled::Tls(Box::new(tls.connect(name, stream).await?)))
    }
}

fn config(roots: RootCertStore) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("ring knows TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    let Some(file) = ca_file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return if roots.is_empty() { Err(TrustError::NoSystem) } else { Ok(roots) };
    };
    let path = file.display().to_string();
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, PemError>>)
        .map_err(|source| TrustError::File { path: path.clone(), source })?;
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() { Err(TrustError::Empty { path }) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str, target: Option<&str>) {
        let upstream: Upstream = text.parse().unwrap();
        assert_eq!((upstream.to_string().as_str(), upstream.target()), (shown, target));
    }

    #[test]
    fn a_server_is_named_by_its_url() {
        check("ws://127.0.0.1:4000", "ws://127.0.0.1:4000", None);
        check("wss://glimesh.example", "wss://glimesh.example:443", None);
        check("https://glimesh.example/", "wss://glimesh.example:443", None);
        check("ws://[::1]:4000/a?token=t", "ws://[::1]:4000", Some("/a?token=t"));
        for text in ["", "glimesh.example", "glimesh.example:4000", "ftp://x", "ws://"] {
            assert_eq!(text.parse::<Upstream>(), Err(NotUpstream), "{text}");
        }
        let hidden: Upstream = "ws://h/api/graph/websocket?vsn=2.0.0&token=secret".parse().unwrap();
        assert!(!format!("{hidden} {hidden:?}").contains("secret"));
        assert_eq!(hidden.credential(), Some(Credential::Token("secret".to_owned())));
    }
}
