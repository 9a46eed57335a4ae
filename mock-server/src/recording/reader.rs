//! What a server says, read from its bytes.

use std::fmt;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What came from the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// An HTTP answer.
    Http {
        /// Its status.
        status: u16,
        /// Lower-case names and values, sorted.
        headers: Vec<(String, String)>,
        /// As far as `content-length` says.
        body: String,
    },
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// A ping.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// A close frame.
    Close {
        /// `None`: it had no payload.
        code: Option<u16>,
        /// Often empty.
        reason: String,
    },
    /// Something that no server may send; nothing is read after it.
    Malformed(String),
    /// The connection ended, in order or by a reset.
    Eof,
}

/// Reads what a server may send, and no more.
pub(super) struct Reader<R> {
    reader: R,
    buffer: Vec<u8>,
    upgraded: bool,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// `upgraded` says that the server's 101 is behind it.
    pub(super) const fn new(reader: R, upgraded: bool) -> Self {
        Self { reader, buffer: Vec::new(), upgraded }
    }

    /// What comes next.
    pub(super) async fn read(&mut self) -> io::Result<Seen> {
        if self.upgraded { self.message().await } else { self.http_answer().await }
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
        let status_line = lines.next().unwrap_or_default();
        let Some(status) = status_line.split(' ').nth(1).and_then(|word| word.parse().ok()) else {
            return Ok(Seen::Malformed(format!("a status line {status_line:?}")));
        };
        let mut headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        headers.sort();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
        let body = String::from_utf8_lossy(&self.exactly(length).await?).into_owned();
        self.upgraded = status == 101;
        Ok(Seen::Http { status, headers, body })
    }

    /// Fragments count as one text or binary.
    async fn message(&mut self) -> io::Result<Seen> {
        let (mut head, mut payload) = self.frame().await?;
        while head[0] & 0x80 == 0 && matches!(head[0], 0..=2) {
            let (next, rest) = self.frame().await?;
            head[0] |= next[0] & 0xf0;
            if next[0] & 0x0f != 0 {
                return Ok(Seen::Malformed(format!(
                    "between fragments, a frame that begins {next:02x?}"
                )));
            }
            payload.extend(rest);
        }
        if head[0] & 0xf0 != 0x80 || head[1] & 0x80 != 0 {
            return Ok(Seen::Malformed(format!("a WebSocket frame that begins {head:02x?}")));
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(match head[0] & 0x0f {
            1 if std::str::from_utf8(&payload).is_err() => {
                Seen::Malformed(format!("a text that is not UTF-8: {:?}", text(&payload)))
            }
            1 => Seen::Text(text(&payload)),
            2 => Seen::Binary(payload),
            8 => Seen::Close {
                code: payload.first_chunk().map(|code| u16::from_be_bytes(*code)),
                reason: text(payload.get(2..).unwrap_or_default()),
            },
            9 => Seen::Ping(payload),
            10 => Seen::Pong(payload),
            other => Seen::Malformed(format!("a WebSocket frame of opcode {other}")),
        })
    }

    async fn frame(&mut self) -> io::Result<([u8; 2], Vec<u8>)> {
        let head = self.exactly(2).await?;
        let head = [head[0], head[1]];
        let number =
            |bytes: Vec<u8>| bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let length = match head[1] & 0x7f {
            126 => number(self.exactly(2).await?),
            127 => number(self.exactly(8).await?),
            short => usize::from(short),
        };
        Ok((head, self.exactly(length).await?))
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

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { status, headers, body } => {
                write!(f, "HTTP {status}")?;
                for (name, value) in headers {
                    write!(f, "; {name}: {value}")?;
                }
                write!(f, "; body {body:?}")
            }
            Self::Text(text) => f.write_str(text),
            Self::Binary(bytes) => write!(f, "binary {}", hex::encode(bytes)),
            Self::Ping(bytes) => write!(f, "ping {}", hex::encode(bytes)),
            Self::Pong(bytes) => write!(f, "pong {}", hex::encode(bytes)),
            Self::Close { code: Some(code), reason } => write!(f, "close {code} {reason:?}"),
            Self::Close { code: None, .. } => f.write_str("close without a code"),
            Self::Malformed(what) => f.write_str(what),
            Self::Eof => f.write_str("the end of the connection"),
        }
    }
}
