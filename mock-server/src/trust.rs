//! TLS as a client speaks it: whom it trusts, and the handshake.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

/// The authorities that a client trusts: those of one file, and nobody else.
#[derive(Clone)]
pub struct Trust(TlsConnector);

/// Why a file names nobody to trust.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It cannot be read, or is not PEM.
    #[error("cannot read the certificates in {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// There is no certificate in it.
    #[error("there is no certificate in {path}")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// One is not an authority's.
    #[error("a certificate in {path} cannot be trusted")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Error,
    },
}

impl Trust {
    /// Trusts the authorities in a PEM file, such as [`MockServer::ca_file`](crate::MockServer::ca_file).
    ///
    /// # Errors
    ///
    /// [`TrustError`]: the file cannot be read, or has no certificate that can be trusted.
    pub fn file(path: &Path) -> Result<Self, TrustError> {
        let wrong = |source| TrustError::File { path: path.to_owned(), source };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(wrong)? {
            roots
                .add(certificate.map_err(wrong)?)
                .map_err(|source| TrustError::Certificate { path: path.to_owned(), source })?;
        }
        if roots.is_empty() {
            return Err(TrustError::Empty { path: path.to_owned() });
        }
        let config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("ring knows all versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config).into()))
    }

    /// The handshake with the server of that name, or of that address; IPv6 with or without brackets.
    ///
    /// # Errors
    ///
    /// The server is not trusted, or speaks no TLS.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &str,
        stream: S,
    ) -> io::Result<TlsStream<S>> {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        self.0.connect(name, stream).await
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}
