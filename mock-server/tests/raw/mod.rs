//! A client that can say anything: any bytes, any WebSocket frame. Reads what a server may send, and no more.
//!
//! It shares no code with the mock, so that a mistake in one shows in the other.

use std::io;
use std::time::Duration;

use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf,
};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The WebSocket key that the recordings used, and the accept value that belongs to it.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What came from the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Http {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close {
        code: Option<u16>,
        reason: String,
    },
    /// The connection ended, in order or by a reset.
    Eof,
}

/// One WebSocket frame to send, well-formed or not.
#[derive(Clone, Debug)]
pub(crate) struct RawFrame {
    pub(crate) opcode: u8,
    pub(crate) fin: bool,
    pub(crate) rsv: u8,
    pub(crate) masked: bool,
    pub(crate) payload: Vec<u8>,
}

impl RawFrame {
    pub(crate) fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { opcode, fin: true, rsv: 0, masked: true, payload: payload.into() }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::new(1, text)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let length = self.payload.len();
        let mut bytes = vec![u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode];
        let mask_bit = u8::from(self.masked) << 7;
        if length < 126 {
            bytes.push(mask_bit | length as u8);
        } else if let Ok(short) = u16::try_from(length) {
            bytes.push(mask_bit | 126);
            bytes.extend(short.to_be_bytes());
        } else {
            bytes.push(mask_bit | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
        const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
        if self.masked {
            bytes.extend(MASK);
            bytes.extend(
                self.payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask),
            );
        } else {
            bytes.extend(&self.payload);
        }
        bytes
    }
}

/// An upgrade request of the usual form.
pub(crate) fn upgrade_request(target: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    )
}

/// Anything that bytes go over.
pub(crate) trait Pipe: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Pipe for T {}

/// One connection. A task reads whatever comes, so that no writer ever waits for us.
#[derive(Debug)]
pub(crate) struct Line {
    writer: WriteHalf<Box<dyn Pipe>>,
    seen: mpsc::UnboundedReceiver<(Instant, Seen)>,
}

impl std::fmt::Debug for dyn Pipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pipe")
    }
}

impl Line {
    /// A TCP connection on which nothing was said yet.
    pub(crate) async fn dial(addr: impl ToSocketAddrs) -> Self {
        let stream = TcpStream::connect(addr).await.expect("the server listens");
        stream.set_nodelay(true).expect("it is a TCP socket");
        Self::over(stream, false)
    }

    /// A connection whose WebSocket is open, opened with the given target.
    pub(crate) async fn open(addr: impl ToSocketAddrs, target: &str) -> Self {
        let mut line = Self::dial(addr).await;
        line.send(upgrade_request(target).as_bytes()).await;
        let answer = line.next().await;
        assert!(matches!(answer, Seen::Http { status: 101, .. }), "{answer:?}");
        line
    }

    /// Any pipe; `upgraded` says that the server's 101 is behind it.
    pub(crate) fn over(stream: impl Pipe, upgraded: bool) -> Self {
        let stream: Box<dyn Pipe> = Box::new(stream);
        let (reader, writer) = tokio::io::split(stream);
        let (sender, seen) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut reader = Reader { reader, buffer: Vec::new(), upgraded };
            loop {
                // Whatever kind of end it is, it is the end.
                let seen = reader.read().await.unwrap_or(Seen::Eof);
                let ended = seen == Seen::Eof;
                if sender.send((Instant::now(), seen)).is_err() || ended {
                    return;
                }
            }
        });
        Self { writer, seen }
    }

    /// Sends bytes as they are. That the server does not read them any more is not our affair.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.writer.write_all(bytes).await;
        let _ = self.writer.flush().await;
    }

    pub(crate) async fn frame(&mut self, frame: &RawFrame) {
        self.send(&frame.bytes()).await;
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.frame(&RawFrame::text(text)).await;
    }

    /// Ends only the direction to the server.
    pub(crate) async fn shutdown(&mut self) {
        let _ = self.writer.shutdown().await;
    }

    /// What came next. Every server must say something within this time, or end.
    pub(crate) async fn next(&mut self) -> Seen {
        self.next_within(Duration::from_secs(20)).await.expect("the server says something")
    }

    /// What came next; `None` if nothing came in time.
    pub(crate) async fn next_within(&mut self, within: Duration) -> Option<Seen> {
        self.next_at(within).await.map(|(_, seen)| seen)
    }

    /// What came next and when it came; `None` if nothing came in time.
    pub(crate) async fn next_at(&mut self, within: Duration) -> Option<(Instant, Seen)> {
        let came = tokio::time::timeout(within, self.seen.recv()).await.ok()?;
        Some(came.unwrap_or_else(|| (Instant::now(), Seen::Eof)))
    }

    /// The text that came next.
    pub(crate) async fn next_text(&mut self) -> String {
        match self.next().await {
            Seen::Text(text) => text,
            other => panic!("expected a text, found {other:?}"),
        }
    }

    /// Everything up to the end.
    pub(crate) async fn rest(&mut self) -> Vec<Seen> {
        let mut all = Vec::new();
        loop {
            match self.next().await {
                Seen::Eof => return all,
                seen => all.push(seen),
            }
        }
    }
}

struct Reader {
    reader: ReadHalf<Box<dyn Pipe>>,
    buffer: Vec<u8>,
    upgraded: bool,
}

impl Reader {
    async fn read(&mut self) -> io::Result<Seen> {
        if self.upgraded { self.websocket_frame().await } else { self.http_answer().await }
    }

    async fn http_answer(&mut self) -> io::Result<Seen> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8_lossy(&self.take(end)).into_owned();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let mut headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        headers.sort();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
        while self.buffer.len() < length {
            self.more().await?;
        }
        let body = String::from_utf8_lossy(&self.take(length)).into_owned();
        self.upgraded = status == 101;
        Ok(Seen::Http { status, headers, body })
    }

    /// A server's frame is whole and not masked; the mock never fragments.
    async fn websocket_frame(&mut self) -> io::Result<Seen> {
        let head = self.exactly(2).await?;
        assert!(
            head[0] & 0xf0 == 0x80 && head[1] & 0x80 == 0,
            "a frame that no server sends: {head:?}"
        );
        let length = match head[1] {
            126 => self.exactly(2).await?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
            127 => self.exactly(8).await?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
            short => usize::from(short),
        };
        let payload = self.exactly(length).await?;
        let text =
            |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a server's text is UTF-8");
        Ok(match head[0] & 0x0f {
            1 => Seen::Text(text(&payload)),
            2 => Seen::Binary(payload),
            8 => Seen::Close {
                code: payload.first_chunk().map(|code| u16::from_be_bytes(*code)),
                reason: text(payload.get(2..).unwrap_or_default()),
            },
            9 => Seen::Ping(payload),
            10 => Seen::Pong(payload),
            other => panic!("a server sent the opcode {other}"),
        })
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.more().await?;
        }
        Ok(self.take(length))
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.reader.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(length);
        std::mem::replace(&mut self.buffer, rest)
    }
}
