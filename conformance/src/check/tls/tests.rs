use glimesh_mock::transcript::{From, What};

use crate::check::Outcome::{Met, Note, Unmet, Unseen};
use crate::check::testing::{Wire, exited, outcome, stop};

fn note(code: &str) -> What {
    What::Note { code: code.to_owned(), text: "why".to_owned() }
}

fn session() -> Wire {
    Wire::new().scenario("certificate-by-a-stranger")
}

/// A client that was seen over TLS, and then cut.
fn cut() -> Wire {
    session().open(1.0).mark(1.5, "step:tls").mark(1.5, "step:cut").eof(1.5, From::Server)
}

#[test]
fn a_request_over_tls_is_what_a_wss_url_asks_for() {
    assert_eq!(outcome("CN007", session().open(1.0)), Met);
    assert_eq!(
        outcome("CN007", session().accept(1.0).entry(1.0, note("plain-to-tls-port"))),
        Unmet
    );
    assert_eq!(
        outcome("CN007", session().accept(1.0).entry(1.0, note("certificate-refused"))),
        Unseen
    );
    assert_eq!(outcome("CN007", session()), Unseen);
    // What comes when the certificate is a wrong one says nothing about the right one.
    let later = session().mark(1.0, "step:tls").accept(2.0).entry(2.0, note("plain-to-tls-port"));
    assert_eq!(outcome("CN007", later), Unseen);
}

#[test]
fn a_wrong_certificate_is_refused_before_the_request() {
    for (id, scenario) in
        [("CN008", "certificate-by-a-stranger"), ("CN009", "certificate-for-another-host")]
    {
        let check =
            |wire: Wire, expected| assert_eq!(outcome(id, wire.scenario(scenario)), expected);
        check(
            cut().accept(2.0).entry(2.0, note("certificate-refused")).eof(2.0, From::Client),
            Met,
        );
        check(cut().open(2.0), Unmet);
        check(cut().accept(2.0).eof(2.0, From::Client).open(3.0), Unmet);
        check(cut().accept(2.0), Unseen);
        check(cut().accept(2.0).entry(2.1, stop()).eof(2.2, From::Client), Unseen);
        check(cut().entry(1.6, exited(Some(0), None)), Note);
        check(cut().mark(41.5, "missed:end"), Note);
        check(cut(), Unseen);
        check(session().open(1.0), Unseen);
    }
}

#[test]
fn a_redirection_out_of_tls_is_not_followed() {
    let redirected = || {
        let wire = Wire::new().scenario("redirected-to-plain").accept(1.0);
        wire.mark(1.0, "step:redirect-upgrade")
    };
    let plain = || redirected().accept(1.1).entry(1.1, note("plain-to-tls-port"));
    assert_eq!(outcome("CN011", plain()), Unmet);
    assert_eq!(outcome("CN011", plain().mark(8.0, "end")), Unmet);
    assert_eq!(outcome("CN011", redirected().open(2.0)), Met);
    assert_eq!(outcome("CN011", redirected().mark(8.0, "end")), Met);
    assert_eq!(outcome("CN011", redirected().entry(1.1, exited(Some(1), None))), Met);
    assert_eq!(outcome("CN011", redirected()), Unseen);
    assert_eq!(outcome("CN011", Wire::new().scenario("redirected-to-plain")), Unseen);
}
