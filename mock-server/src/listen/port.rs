//! The port: listened at, or held without anybody listening, so that clients are refused and nobody else gets it.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// How many clients may wait to be accepted; what tokio's own listeners ask for.
const BACKLOG: u32 = 1024;

/// A port of ours.
#[derive(Debug)]
pub(crate) struct Port {
    addr: SocketAddr,
    state: State,
}

#[derive(Debug)]
enum State {
    Open(TcpListener),
    /// Bound, so that it stays ours, if the system let us.
    Shut(Option<TcpSocket>),
    /// There is none: the server has nothing but the streams that it is given.
    None,
}

impl Port {
    pub(crate) const fn open(addr: SocketAddr, listener: TcpListener) -> Self {
        Self { addr, state: State::Open(listener) }
    }

    /// No port, at an address that nobody can reach.
    pub(crate) const fn none(addr: SocketAddr) -> Self {
        Self { addr, state: State::None }
    }

    /// Where it is.
    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Opens or shuts it.
    pub(crate) fn set(&mut self, open: bool) -> io::Result<()> {
        match (&mut self.state, open) {
            (State::Open(_), true) | (State::Shut(_), false) | (State::None, _) => {}
            (State::Open(_), false) => {
                // The listener goes first: two sockets cannot have the port.
                self.state = State::Shut(None);
                self.state = State::Shut(Some(bound(self.addr)?));
            }
            (State::Shut(socket), true) => {
                let socket = match socket.take() {
                    Some(socket) => socket,
                    None => bound(self.addr)?,
                };
                self.state = State::Open(socket.listen(BACKLOG)?);
            }
        }
        Ok(())
    }

    /// The next client; none comes while the port is shut.
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match &self.state {
            State::Open(listener) => listener.accept().await,
            State::Shut(_) | State::None => std::future::pending().await,
        }
    }
}

/// Connections of before may still linger.
fn bound(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}
