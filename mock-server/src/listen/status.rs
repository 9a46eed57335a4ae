//! How the server is: `/metrics` and `/healthz`.

use hyper::StatusCode;

use crate::listen::http::{Answer, with_body};
use crate::shared::Shared;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn metrics(shared: &Shared) -> Answer {
    let text = shared.metrics.text(shared.chat.kept());
    with_body(StatusCode::OK, OPEN_METRICS, text)
}

/// A server that answers is well: there is nothing else that it could wait for.
pub(super) fn health() -> Answer {
    with_body(StatusCode::OK, "text/plain; charset=utf-8", "ok\n".to_owned())
}
