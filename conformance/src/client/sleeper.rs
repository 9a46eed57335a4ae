//! A client's processes, put to sleep and woken.

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::tree;

/// The process group of a client.
#[derive(Clone, Copy, Debug)]
pub struct Sleeper(pub(super) Pid);

impl Sleeper {
    /// Stops it, as a computer does that goes to sleep.
    pub fn sleep(self) {
        tree::signal_group(self.0, Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn wake(self) {
        tree::signal_group(self.0, Signal::SIGCONT);
    }
}
