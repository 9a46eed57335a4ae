//! A certificate authority that is made for one run, and the server's certificate.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::mock::{IN_MEMORY, NOWHERE};
use crate::scenario::TlsFault;

/// An authority that signs for one run; its key is never written down.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// How long before today the certificates begin to be valid, in days: a client's clock may be wrong, or accelerated.
const DAYS_BEFORE: i64 = 30;

/// How long they stay valid, in days. Apple's libraries refuse a server's certificate of more than 825 days.
const DAYS_AFTER: i64 = 365;

const MADE: &str = "the parameters are fixed, and ring signs with P-256";

impl Authority {
    pub(super) fn new() -> Self {
        Self(CertifiedIssuer::self_signed(authority_params(), key()).expect(MADE))
    }

    /// Its own certificate, which clients are to trust.
    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// For whom a server's certificate is (host names and addresses), and that server's side of every handshake.
    ///
    /// The certificate is for this machine, and for the address where the server listens, unless a fault makes it
    /// wrong.
    pub(super) fn server(
        &self,
        listening: SocketAddr,
        fault: Option<TlsFault>,
    ) -> (Vec<String>, Arc<ServerConfig>) {
        let names = match fault {
            Some(TlsFault::WrongHost) => vec!["another-host.test".to_owned()],
            _ => names(listening),
        };
        let server_key = key();
        let params = server_params(&names, fault);
        let server = match fault {
            Some(TlsFault::SelfSigned) => params.self_signed(&server_key),
            // The same in everything but its key.
            Some(TlsFault::UntrustedAuthority) => params.signed_by(&server_key, &Self::new().0),
            _ => params.signed_by(&server_key, &self.0),
        };
        let server = server.expect(MADE);
        let chain = vec![server.der().clone()];
        let server_key = PrivatePkcs8KeyDer::from(server_key.serialize_der()).into();
        let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("ring knows TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(chain, server_key)
            .expect("the key belongs to the certificate");
        // A client that can speak nothing but HTTP/2 learns so in the handshake.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        (names, Arc::new(config))
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect(MADE)
}

fn names(listening: SocketAddr) -> Vec<String> {
    if listening == NOWHERE {
        return vec![IN_MEMORY.to_owned()];
    }
    let listening = listening.ip();
    let mut addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    if !listening.is_unspecified() && !addresses.contains(&listening) {
        addresses.push(listening);
    }
    let addresses = addresses.iter().map(IpAddr::to_string);
    ["localhost".to_owned()].into_iter().chain(addresses).collect()
}

fn authority_params() -> CertificateParams {
    let mut params = params("glimesh-mock, an authority for one run", &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn server_params(names: &[String], fault: Option<TlsFault>) -> CertificateParams {
    let mut params = params("glimesh-mock", names);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Python 3.13 and other strict readers of RFC 5280 ask for it.
    params.use_authority_key_identifier_extension = true;
    match fault {
        Some(TlsFault::Expired) => set_days(&mut params, (-DAYS_BEFORE, -1)),
        Some(TlsFault::NotYetValid) => set_days(&mut params, (DAYS_BEFORE, DAYS_AFTER)),
        _ => {}
    }
    params
}

fn params(name: &str, names: &[String]) -> CertificateParams {
    let mut params = CertificateParams::new(names).expect("the names are ASCII");
    params.distinguished_name.push(DnType::CommonName, name);
    set_days(&mut params, (-DAYS_BEFORE, DAYS_AFTER));
    params
}

/// Lets a certificate be valid from the beginning of one day to that of another, so many days from today.
fn set_days(params: &mut CertificateParams, (first, last): (i64, i64)) {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let day = |from_today: i64| {
        let date = today.saturating_add(from_today.days());
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = day(first);
    params.not_after = day(last);
}
