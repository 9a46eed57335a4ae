//! Clients start a few at a time: thirty that start at once leave each other no processor for seconds, in which a
//! heartbeat can be late that is nobody's fault.

use std::sync::LazyLock;
use std::thread::available_parallelism;
use std::time::Duration;

use glimesh_mock::MockServer;
use glimesh_mock::scenario::Awaited;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a start may hold up the others, until the client asks for its connection.
const LONGEST: Duration = Duration::from_millis(500);

/// All runs of this process share the machine.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, usize::from)));

/// The leave to start a client.
#[derive(Debug)]
pub(crate) struct Turn(SemaphorePermit<'static>);

impl Turn {
    /// Waits until it is this client's turn.
    pub(crate) async fn take() -> Self {
        Self(TURNS.acquire().await.expect("the semaphore is never closed"))
    }

    /// Ends the turn when the client has asked for its connection, or has taken too long.
    pub(crate) async fn end(self, server: &MockServer) {
        // Whether it comes is for the checks to say.
        let _ = server.wait_for(Awaited::Upgrade, LONGEST).await;
        drop(self.0);
    }
}
