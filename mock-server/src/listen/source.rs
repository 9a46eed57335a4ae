//! What connections are made of before anything is laid over it: TCP, or a stream that a test brings.

use std::io;
use std::net::IpAddr;

use tokio::net::TcpStream;

use crate::websocket::Link;

/// A connection of which nothing was read yet.
pub(crate) trait Source: Link {
    /// The first byte, which stays to be read; `None` if there is none and never will be.
    fn peek_byte(&mut self) -> impl Future<Output = io::Result<Option<u8>>> + Send;

    /// From where it comes, if that has an address.
    fn peer(&self) -> Option<IpAddr>;
}

impl Source for TcpStream {
    async fn peek_byte(&mut self) -> io::Result<Option<u8>> {
        let mut first = [0];
        let length = self.peek(&mut first).await?;
        Ok((length > 0).then_some(first[0]))
    }

    fn peer(&self) -> Option<IpAddr> {
        self.peer_addr().ok().map(|addr| addr.ip())
    }
}
