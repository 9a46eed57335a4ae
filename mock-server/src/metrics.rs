//! What a server counts, for `/metrics`. A registry is a value: servers of one process do not share it.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::graphql::Work;

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
    documents: Family<Step, Counter>,
    upgrades: Family<Status, Counter>,
    refusals: Family<Code, Counter>,
    drops: Family<Code, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Direction {
    direction: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Step {
    step: &'static str,
}

/// What is counted where it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) subscriptions: usize,
    /// Documents parsed and validated; less than were sent, for the same one is kept.
    pub(crate) work: Work,
    /// Operations executed; a message is one for all subscribers that get the same.
    pub(crate) executed: u64,
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
        let documents = Family::default();
        let upgrades = Family::default();
        let [refusals, drops] = [Family::default(), Family::default()];
        registry.register("connections_open", "WebSockets that are open", open.clone());
        registry.register("subscriptions", "Subscriptions that stand", subscriptions.clone());
        registry.register("frames", "Text and binary messages by direction", frames);
        let help =
            "Work with documents: one that is sent again is neither parsed nor validated again";
        registry.register("documents", help, documents.clone());
        registry.register("upgrades", "Upgrade requests by the answer's status", upgrades.clone());
        registry.register("refusals", "Upgrades refused, by the log's code", refusals.clone());
        registry.register("drops", "Connections ended for a fault, by code", drops.clone());
        Self {
            registry,
            open,
            frames_in,
            frames_out,
            subscriptions,
            documents,
            upgrades,
            refusals,
            drops,
        }
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

    /// All counts in OpenMetrics' text form.
    pub(crate) fn text(&self, kept: Kept) -> String {
        self.subscriptions.set(i64::try_from(kept.subscriptions).unwrap_or(i64::MAX));
        let Work { parsed, validated } = kept.work;
        for (step, count) in
            [("parsed", parsed), ("validated", validated), ("executed", kept.executed)]
        {
            self.documents.get_or_create(&Step { step }).inner().store(count, Relaxed);
        }
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
