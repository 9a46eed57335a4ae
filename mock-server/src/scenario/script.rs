//! What a scenario has brought about so far in a session, for all connections.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use glimesh_proto::Frame;
use tokio::sync::watch;

use crate::scenario::{BytesFault, Deed, Remembered, Rules, Scenario, Step, TlsFault, Upgrade};

/// A scenario while it is played.
#[derive(Debug)]
pub(crate) struct Script {
    rules: Mutex<Rules>,
    /// The join before the live one.
    old: Mutex<Remembered>,
    /// Whether frames have placeholders, for which a connection must remember refs and ids.
    remembers: bool,
    /// Whether the bytes of some connection are tampered with.
    tampers: bool,
    opened: AtomicU32,
    revoked: AtomicBool,
    /// What is wrong with TLS at present.
    tls: Mutex<Option<TlsFault>>,
    door: Door,
    seed: u64,
}

/// Whether the port is to be listened at, and whether it is.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) wanted: watch::Sender<bool>,
    pub(crate) is_open: watch::Sender<bool>,
}

impl Script {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let in_timeline =
            |step: &Step| matches!(step, Step::Push(_) | Step::Fragment(_) | Step::Fuzz(_));
        Self {
            rules: Mutex::new(Rules::new(scenario)),
            old: Mutex::default(),
            remembers: scenario.timeline.iter().any(in_timeline)
                || scenario.rules.iter().any(|rule| rule.push.is_some()),
            tampers: scenario.tampers(),
            opened: AtomicU32::new(0),
            revoked: AtomicBool::new(false),
            tls: Mutex::new(scenario.tls),
            door: Door {
                wanted: watch::Sender::new(scenario.listening),
                is_open: watch::Sender::new(scenario.listening),
            },
            seed: scenario.seed,
        }
    }

    /// The timeline has written a mark.
    pub(crate) fn marked(&self, name: &str) {
        lock(&self.rules).marked(name);
    }

    pub(crate) fn meet(&self, frame: &Frame, connection: u32) -> Option<Deed> {
        lock(&self.rules).meet(frame, connection)
    }

    pub(crate) fn meet_upgrade(&self) -> Option<Upgrade> {
        lock(&self.rules).meet_upgrade()
    }

    /// What happens to the bytes of the next connection; `None` if nobody ever tampers with any.
    pub(crate) fn meet_socket(&self) -> Option<BytesFault> {
        self.tampers.then(|| lock(&self.rules).meet_socket().unwrap_or_default())
    }

    /// A WebSocket was opened: its number in the session.
    pub(crate) fn opened(&self) -> u32 {
        self.opened.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    pub(crate) const fn remembers(&self) -> bool {
        self.remembers
    }

    pub(crate) fn old(&self) -> Remembered {
        lock(&self.old).clone()
    }

    /// A join is over, or another one took its place.
    pub(crate) fn outlived(&self, old: Remembered) {
        if old != Remembered::default() {
            *lock(&self.old) = old;
        }
    }

    pub(crate) fn revoke(&self) {
        self.revoked.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Relaxed)
    }

    pub(crate) fn spoil_tls(&self, fault: TlsFault) {
        *lock(&self.tls) = Some(fault);
    }

    /// What is wrong with TLS for a connection that begins now.
    pub(crate) fn tls_fault(&self) -> Option<TlsFault> {
        *lock(&self.tls)
    }

    pub(crate) const fn door(&self) -> &Door {
        &self.door
    }

    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
