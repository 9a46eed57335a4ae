//! A server that is not listening for a while.

use std::time::Duration;

use glimesh_proto::{Close, names};
use tokio::time::{sleep, timeout};

use crate::mailbox::Command;
use crate::scenario::{Restart, RestartEnding};
use crate::shared::Shared;

/// How long the port may take to open or shut.
const SOON: Duration = Duration::from_secs(5);

/// Opens or shuts the port, and returns when that is done.
pub(super) async fn set(shared: &Shared, open: bool) {
    let door = shared.script.door();
    let mut is_open = door.is_open.subscribe();
    door.wanted.send_replace(open);
    let done = timeout(SOON, is_open.wait_for(|is_open| *is_open == open)).await;
    if !matches!(done, Ok(Ok(_))) {
        let word = if open { "opened" } else { "shut" };
        let text = format!("the scenario's port was not {word}");
        shared.recorder.note(None, "port", &text);
    }
}

pub(super) async fn restart(shared: &Shared, Restart { pause, ending }: Restart) {
    set(shared, false).await;
    shared.chat.tell_all(&match ending {
        RestartEnding::Cut => Command::Cut,
        RestartEnding::Close => Command::Close(Box::new(Close::new(names::CLOSE_NORMAL))),
        RestartEnding::Reset => Command::Reset,
    });
    sleep(pause.0 / shared.pace).await;
    set(shared, true).await;
}
