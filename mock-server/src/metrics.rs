//! What a server counts, for `/metrics`. A registry is a value: servers of one process do not share it.

use std::fmt;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The counts of one server.
pub(crate) struct Metrics {
    registry: Registry,
    /// WebSockets that are open.
    pub(crate) open: Gauge,
    /// Messages from clients; read once a message, so no look-up by label.
    pub(crate) frames_in: Counter,
    /// Messages to clients.
    pub(crate) frames_out: Counter,
    subscriptions: Gauge,
    upgrades: Family<Status, Counter>,
    refusals: Family<Code, Counter>,
    drops: Family<Code, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Direction {
    direction: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: u16,
}

/// A permanent word of the log's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("glimesh");
        let frames = Family::<Direction, Counter>::default();
        let of = |direction| frames.get_or_create(&Direction { direction }).clone();
        let (frames_in, frames_out) = (of("in"), of("out"));
        let [open, subscriptions] = [Gauge::default(), Gauge::default()];
        let upgrades = Family::default();
        let [refusals, drops] = [Family::default(), Family::default()];
        registry.register("connections_open", "WebSockets that are open", open.clone());
        registry.register("subscriptions", "Subscriptions that stand", subscriptions.clone());
        registry.register("frames", "Text and binary messages by direction", frames);
        registry.register("upgrades", "Upgrade requests by the answer's status", upgrades.clone());
        registry.register("refusals", "Upgrades refused, by the log's code", refusals.clone());
        registry.register("drops", "Connections ended for a fault, by code", drops.clone());
        Self { registry, open, frames_in, frames_out, subscriptions, upgrades, refusals, drops }
    }

    pub(crate) fn upgrade(&self, status: u16) {
        self.upgrades.get_or_create(&Status { status }).inc();
    }

    pub(crate) fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&Code { code }).inc();
    }

    pub(crate) fn dropped(&self, code: &'static str) {
        self.drops.get_or_create(&Code { code }).inc();
    }

    /// All counts in OpenMetrics' text form. Subscriptions are counted where they are kept.
    pub(crate) fn text(&self, subscriptions: usize) -> String {
        self.subscriptions.set(i64::try_from(subscriptions).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a String cannot fail");
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
