//! TLS as careless clients speak it: without a look at who signed the certificate, or for whom.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// What a careless client overlooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overlooked {
    /// That the certificate is for another host.
    Name,
    /// Everything.
    Everything,
}

/// The handshake with the server of that address.
///
/// # Errors
///
/// There is nobody to trust, or the server is not even trusted so.
pub(super) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    overlooked: Overlooked,
    host: &str,
    stream: S,
) -> io::Result<TlsStream<S>> {
    let verifier = Arc::new(Careless { overlooked, careful: careful()? });
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("ring knows all versions of TLS")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// What a careful client asks: the authority that this program was told to trust.
fn careful() -> io::Result<Arc<WebPkiServerVerifier>> {
    let path = std::env::var_os("GLIMESH_CA_FILE").map(PathBuf::from).unwrap_or_default();
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(path).map_err(io::Error::other)?;
    roots.add(certificate).map_err(io::Error::other)?;
    let provider = Arc::new(ring::default_provider());
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    builder.build().map_err(io::Error::other)
}

#[derive(Debug)]
struct Careless {
    overlooked: Overlooked,
    careful: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Careless {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.careful.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let of_name = matches!(
            verified,
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            ))
        );
        match self.overlooked {
            Overlooked::Everything => Ok(ServerCertVerified::assertion()),
            Overlooked::Name if of_name => Ok(ServerCertVerified::assertion()),
            Overlooked::Name => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.careful.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.careful.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.careful.supported_verify_schemes()
    }
}
