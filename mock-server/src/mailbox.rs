//! What others want of a connection, until it gets round to it.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use glimesh_proto::{Close, DataTemplate};

use crate::scenario::Order;

/// What a connection is told by others.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// Data for one of its subscriptions.
    Data(Data),
    /// Any text message, verbatim.
    Text(String),
    /// A text message for those who have joined.
    Broadcast(String),
    /// Any binary message.
    Binary(Vec<u8>),
    /// End with a close frame.
    Close(Box<Close>),
    /// The channel's process is ended.
    KillChannel { reason: String },
    /// End without a close frame.
    Cut,
    /// End with a TCP reset.
    Reset,
    /// What else a scenario wants.
    Order(Box<Order>),
}

/// Data for one subscription. All but the id is shared with everybody who gets the same.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) template: Arc<DataTemplate>,
    /// As JSON.
    pub(crate) id: Arc<str>,
}

impl Data {
    pub(crate) fn text(&self) -> String {
        self.template.parts(&self.id).concat()
    }
}

/// One connection's mailbox; clones share it. An empty one holds no memory, and it is emptied as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox(Arc<Mutex<Queue>>);

#[derive(Debug)]
struct Queue {
    commands: Vec<Command>,
    /// How many commands may wait before the connection counts as too slow.
    most_waiting: usize,
    overflowed: bool,
    waker: Option<Waker>,
}

/// More came than the connection could take; nothing comes any more.
#[derive(Debug)]
pub(crate) struct Overflowed;

impl Mailbox {
    pub(crate) fn new(most_waiting: usize) -> Self {
        let (commands, overflowed, waker) = (Vec::new(), false, None);
        Self(Arc::new(Mutex::new(Queue { commands, most_waiting, overflowed, waker })))
    }

    pub(crate) fn put(&self, command: Command) -> Result<(), Overflowed> {
        let mut queue = self.lock();
        if queue.commands.len() >= queue.most_waiting {
            queue.overflowed = true;
            queue.commands = Vec::new();
        }
        if !queue.overflowed {
            queue.commands.push(command);
        }
        let result = if queue.overflowed { Err(Overflowed) } else { Ok(()) };
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
        result
    }

    /// Takes everything that waits.
    pub(crate) fn take(&self) -> Result<Vec<Command>, Overflowed> {
        let mut queue = self.lock();
        if queue.overflowed { Err(Overflowed) } else { Ok(std::mem::take(&mut queue.commands)) }
    }

    /// Waits until there is something to take. Can be cancelled.
    pub(crate) async fn ready(&self) {
        poll_fn(|context| {
            let mut queue = self.lock();
            if queue.overflowed || !queue.commands.is_empty() {
                return Poll::Ready(());
            }
            match &mut queue.waker {
                Some(waker) => waker.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn mailbox_that_overflows_says_so_to_both_sides() {
        const MOST_WAITING: usize = 3;
        let mailbox = Mailbox::new(MOST_WAITING);
        for _ in 0..MOST_WAITING {
            mailbox.put(Command::Reset).unwrap();
        }
        mailbox.ready().await;
        assert_eq!(mailbox.take().unwrap().len(), MOST_WAITING);
        for _ in 0..MOST_WAITING {
            mailbox.put(Command::Reset).unwrap();
        }
        mailbox.put(Command::Reset).unwrap_err();
        mailbox.ready().await;
        mailbox.take().unwrap_err();
        mailbox.put(Command::Reset).unwrap_err();
    }
}
