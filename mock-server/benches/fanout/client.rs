//! One client: subscribes, and reads WebSocket frames with as little effort as possible.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::servers::Kind;

/// A client that listens.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Where the next frame begins in the buffer.
    at: usize,
}

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;

const SUBSCRIBE: &str = r#"["1","2","__absinthe__:control","doc",{"query":"subscription { chatMessage(channelId: 6) { id message user { username } } }","variables":{}}]"#;

impl Client {
    /// Connects, and subscribes as often as said; the servers that only broadcast need no subscription.
    pub(crate) async fn join(
        kind: Kind,
        addr: String,
        target: String,
        subscriptions: usize,
    ) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(&addr).await?;
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut client = Self { stream, buffer: Vec::new(), at: 0 };
        while !client.buffer.ends_with(b"\r\n\r\n") {
            client.fill().await?;
        }
        anyhow::ensure!(client.buffer.starts_with(b"HTTP/1.1 101"), "the upgrade is refused");
        client.at = client.buffer.len();
        if kind == Kind::Ours {
            client.ask(JOIN).await?;
            for _ in 0..subscriptions {
                client.ask(SUBSCRIBE).await?;
            }
        }
        Ok(client)
    }

    /// Sends a text, and waits for its answer.
    async fn ask(&mut self, text: &str) -> anyhow::Result<()> {
        let length = u16::try_from(text.len())?.to_be_bytes();
        // Masked with zeros, which leaves the text as it is.
        let mut frame = vec![0x81, 0xFE, length[0], length[1], 0, 0, 0, 0];
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).await?;
        let answer = self.next().await?;
        let is_ok = answer.ends_with(br#""status":"ok"}]"#);
        anyhow::ensure!(is_ok, "refused: {}", String::from_utf8_lossy(answer));
        Ok(())
    }

    /// The next frame's payload.
    pub(crate) async fn next(&mut self) -> anyhow::Result<&[u8]> {
        loop {
            if let Some((head, length)) = frame(&self.buffer[self.at..]) {
                let from = self.at + head;
                self.at = from + length;
                return Ok(&self.buffer[from..self.at]);
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.reserve(4 << 10);
        let length = self.stream.read_buf(&mut self.buffer).await?;
        anyhow::ensure!(length > 0, "the server has closed");
        Ok(())
    }

    /// Whether the server ends the connection; what it has sent before is read.
    pub(crate) async fn sees_the_end(mut self) -> bool {
        let rest = async {
            while self.fill().await.is_ok() {
                self.at = self.buffer.len()
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(5), rest).await.is_ok()
    }
}

/// The lengths of a frame's head and payload, if it is complete.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let (head, length) = match *bytes.get(1)? {
        126 => (4, u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?).into()),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(length).ok()?)
        }
        length => (2, length.into()),
    };
    (bytes.len() >= head + length).then_some((head, length))
}
