//! `run --tls`: the client is told what to trust, and what becomes of one that does not.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "the tests' own helpers are tests, too")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use glimesh_conformance::plan::{self, Plan};
use glimesh_conformance::runner;
use glimesh_conformance::session::Session;
use glimesh_mock::transcript::What;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

/// The kit's own program.
const KIT: &str = env!("CARGO_BIN_EXE_glimesh-conformance");

/// In the environment of the client: the variable whose file it trusts, or nothing.
const TRUSTS: &str = "TLS_TEST_TRUSTS";

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;

#[tokio::test]
async fn client_that_trusts_what_it_is_told_gets_through() {
    for variable in
        ["GLIMESH_CA_FILE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"]
    {
        let session = run(variable).await;
        assert_eq!(session.open_connections().count(), 1, "{variable}");
        assert!(session.said().any(|said| said.text == JOIN), "{variable}");
        assert_eq!(notes(&session), [] as [&str; 0], "{variable}");
    }
}

#[tokio::test]
async fn client_that_trusts_nobody_never_connects_and_the_note_says_why() {
    let session = run("").await;
    assert_eq!(session.open_connections().count(), 0);
    assert_eq!(notes(&session), ["certificate-refused"]);
    assert!(session.why_no_request().unwrap().starts_with("the client refused the server's"));
}

#[tokio::test]
async fn bundled_client_speaks_tls_and_trusts_what_it_is_told() {
    let session = session_of(plan::bundled(Path::new(KIT), &[]), Vec::new()).await;
    assert_eq!(session.open_connections().count(), 1);
    assert!(session.said().any(|said| said.text.contains("subscription")));
    assert_eq!(notes(&session), [] as [&str; 0]);
}

#[test]
fn what_needs_tls_is_said_before_anything_runs() {
    check(&["run", "--", "bot", "--ca={ca_file}"], "has no meaning without TLS; say --tls");
}

#[track_caller]
fn check(args: &[&str], wanted: &str) {
    let output = Command::new(KIT).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(wanted), "{said}");
}

/// No test of its own: the tests above have it started in another process.
#[tokio::test]
async fn plays_the_client() {
    let Ok(variable) = std::env::var(TRUSTS) else { return };
    let var = |name: &str| std::env::var(name).unwrap();
    assert_eq!(var("GLIMESH_SCHEME"), "wss");
    let mut roots = RootCertStore::empty();
    if !variable.is_empty() {
        roots.add(CertificateDer::from_pem_file(var(&variable)).unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = var("GLIMESH_HOST");
    let stream = TcpStream::connect(format!("{host}:{}", var("GLIMESH_PORT"))).await.unwrap();
    let name = ServerName::try_from(host).unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let (mut socket, _) = client_async(var("GLIMESH_WS_URL"), stream).await.unwrap();
    socket.send(Message::text(JOIN)).await.unwrap();
    socket.close(None).await.unwrap();
    while socket.next().await.is_some() {}
}

/// One session with this test program as the client.
async fn run(trusts: &str) -> Session {
    let program = std::env::current_exe().unwrap();
    let program = program.to_str().unwrap();
    // With a placeholder, so that the URL is not added: the arguments are names of tests.
    let words = [program, "--exact", "tls::plays_the_client", "{run_id}"].map(str::to_owned);
    session_of(words.to_vec(), vec![(TRUSTS.to_owned(), trusts.to_owned())]).await
}

async fn session_of(client: Vec<String>, env: Vec<(String, String)>) -> Session {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = Plan::for_client(Path::new(KIT), client);
    plan.tls = true;
    plan.env = env;
    plan.sessions = vec!["held-join"];
    plan.checks = Vec::new();
    plan.output_dir = folder.path().join("output");
    let (_keep, interrupt) = watch::channel(false);
    runner::run(&plan, &|_| {}, interrupt).await.unwrap().sessions.remove(0)
}

/// What the server noted about connections.
fn notes(session: &Session) -> Vec<&str> {
    let codes = session.transcript.entries.iter().filter_map(|entry| match &entry.what {
        What::Note { code, .. } if entry.conn.is_some() => Some(code.as_str()),
        _ => None,
    });
    codes.collect()
}
