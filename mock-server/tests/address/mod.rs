//! A loopback address of one's own. A port that is shut keeps its number and does not listen, so that a program which
//! wants any free port may be given the same; on an address that nobody else uses, nobody does.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Any port of an address that no other process has, nor another test of this process with another `number`, which is
/// less than 4. Where the system has only one loopback address, it is that one.
pub(crate) fn own(number: u32) -> SocketAddr {
    // Process ids have 22 bits at most on Linux, and 24 are free behind 127.
    let [_, a, b, c] = (std::process::id() << 2 | number).to_be_bytes();
    let own = SocketAddr::from((Ipv4Addr::new(127, a, b, c), 0));
    let is_ours = TcpListener::bind(own).is_ok();
    if is_ours { own } else { SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }
}
