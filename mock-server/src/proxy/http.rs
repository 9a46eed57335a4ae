//! HTTP heads and bodies, read out of bytes that pass by. Pure, and bounded.

/// A request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestHead {
    pub(super) method: String,
    pub(super) target: String,
    /// Lower-case names.
    pub(super) headers: Vec<(String, String)>,
}

/// A response's head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    /// Its `Sec-WebSocket-Extensions`.
    pub(super) extensions: Option<String>,
}

/// What a head says of the body behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Known(u64),
    Chunked,
    Unknown,
}

/// A body that passes by.
#[derive(Debug)]
pub(super) enum Body {
    Left(u64),
    Chunked(Chunks),
    /// Up to the end of the connection.
    ToEnd,
}

/// Where in a chunked body we are.
#[derive(Debug)]
pub(super) enum Chunks {
    /// In the line that says how long the next chunk is.
    Size(Vec<u8>),
    /// In a chunk, the line's end behind it included.
    Data(u64),
    /// In the lines behind the last chunk; how long this one is.
    Trailer(usize),
}

/// The bytes are not what they should be; nothing can be read after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotHttp;

/// The longest head that is read, in bytes.
pub(super) const LONGEST_HEAD: usize = 64 << 10;

const MOST_HEADERS: usize = 256;

/// The longest line that says how long a chunk is.
const LONGEST_SIZE: usize = 1 << 10;

/// Where a head ends in these bytes.
pub(super) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// Reads a request's head, and what body it announces.
pub(super) fn request(head: &[u8]) -> Result<(RequestHead, Body), NotHttp> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let read = request.parse(head);
    let (Ok(httparse::Status::Complete(_)), Some(method), Some(target)) =
        (read, request.method, request.path)
    else {
        return Err(NotHttp);
    };
    let (method, target) = (method.to_owned(), target.to_owned());
    let headers = owned(request.headers);
    let body = match length(&headers) {
        Length::Known(length) => Body::Left(length),
        Length::Chunked => Body::Chunked(Chunks::Size(Vec::new())),
        Length::Unknown => Body::Left(0),
    };
    Ok((RequestHead { method, target, headers }, body))
}

/// Reads a response's head, and what body it announces to a request of this method.
pub(super) fn response(head: &[u8], method: &str) -> Result<(ResponseHead, Body), NotHttp> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let read = response.parse(head);
    let (Ok(httparse::Status::Complete(_)), Some(status)) = (read, response.code) else {
        return Err(NotHttp);
    };
    let headers = owned(response.headers);
    let body = match length(&headers) {
        _ if method == "HEAD" || matches!(status, 100..=199 | 204 | 304) => Body::Left(0),
        Length::Known(length) => Body::Left(length),
        Length::Chunked => Body::Chunked(Chunks::Size(Vec::new())),
        Length::Unknown => Body::ToEnd,
    };
    let extensions = headers.into_iter().find(|(name, _)| name == "sec-websocket-extensions");
    Ok((ResponseHead { status, extensions: extensions.map(|(_, value)| value) }, body))
}

fn owned(headers: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    let owned = headers.iter().map(|header| {
        let value = String::from_utf8_lossy(header.value).into_owned();
        (header.name.to_ascii_lowercase(), value)
    });
    owned.collect()
}

fn length(headers: &[(String, String)]) -> Length {
    let value = |wanted: &str| headers.iter().find(|(name, _)| name == wanted);
    if value("transfer-encoding")
        .is_some_and(|(_, value)| value.to_ascii_lowercase().contains("chunked"))
    {
        return Length::Chunked;
    }
    let known = value("content-length").and_then(|(_, value)| value.trim().parse().ok());
    known.map_or(Length::Unknown, Length::Known)
}

impl RequestHead {
    /// Whether it asks for a WebSocket.
    pub(super) fn is_upgrade(&self) -> bool {
        let upgrade = self.headers.iter().find(|(name, _)| name == "upgrade");
        upgrade.is_some_and(|(_, value)| value.to_ascii_lowercase().contains("websocket"))
    }

    /// The target without its query, and the query.
    pub(super) fn path_and_query(&self) -> (&str, &str) {
        self.target.split_once('?').unwrap_or((&self.target, ""))
    }
}

impl Body {
    /// Passes over what belongs to the body; gives the rest once the body has ended.
    pub(super) fn skip<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<&'a [u8]>, NotHttp> {
        match self {
            Self::Left(left) => {
                let rest = pass(left, bytes);
                Ok((*left == 0).then_some(rest))
            }
            Self::Chunked(chunks) => chunks.skip(bytes),
            Self::ToEnd => Ok(None),
        }
    }
}

impl Chunks {
    fn skip<'a>(&mut self, mut bytes: &'a [u8]) -> Result<Option<&'a [u8]>, NotHttp> {
        while let Some((byte, rest)) = bytes.split_first() {
            match self {
                Self::Size(line) => {
                    bytes = rest;
                    line.push(*byte);
                    if line.len() > LONGEST_SIZE {
                        return Err(NotHttp);
                    }
                    if *byte == b'\n' {
                        let Ok(httparse::Status::Complete((_, size))) =
                            httparse::parse_chunk_size(line)
                        else {
                            return Err(NotHttp);
                        };
                        *self = match size {
                            0 => Self::Trailer(0),
                            size => Self::Data(size.saturating_add(2)),
                        };
                    }
                }
                Self::Data(left) => {
                    bytes = pass(left, bytes);
                    if *left == 0 {
                        *self = Self::Size(Vec::new());
                    }
                }
                Self::Trailer(length) => {
                    bytes = rest;
                    match (*byte, *length) {
                        (b'\n', 0) => return Ok(Some(rest)),
                        (b'\n', _) => *length = 0,
                        (b'\r', _) => {}
                        _ => *length = length.saturating_add(1),
                    }
                }
            }
        }
        Ok(None)
    }
}

fn pass<'a>(left: &mut u64, bytes: &'a [u8]) -> &'a [u8] {
    let take = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    *left -= take as u64;
    &bytes[take..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_end_where_their_heads_say() {
        let (head, mut body) =
            request(b"POST /api?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n").unwrap();
        assert_eq!((head.method.as_str(), head.path_and_query()), ("POST", ("/api", "x=1")));
        assert_eq!(body.skip(b"ab"), Ok(None));
        assert_eq!(body.skip(b"cGET"), Ok(Some(&b"GET"[..])));

        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let (head, _) = response(chunked, "GET").unwrap();
        assert_eq!(head, ResponseHead { status: 200, extensions: None });
        let switching = b"HTTP/1.1 101 X\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        let (head, _) = response(switching, "GET").unwrap();
        assert_eq!(head.extensions.as_deref(), Some("permessage-deflate"));
        let chunks = b"3;x=y\r\nabc\r\na\r\n0123456789\r\n0\r\nA: b\r\n\r\nrest";
        for size in [1, 2, 5, chunks.len()] {
            let (_, mut body) = response(chunked, "GET").unwrap();
            let mut at = 0;
            let left = loop {
                let end = (at + size).min(chunks.len());
                if let Some(rest) = body.skip(&chunks[at..end]).unwrap() {
                    break chunks.len() - end + rest.len();
                }
                at = end;
            };
            assert_eq!(left, 4, "in portions of {size}");
        }
    }

    #[test]
    fn what_is_not_http_is_refused() {
        assert_eq!(request(b"\x16\x03\x01\r\n\r\n").err(), Some(NotHttp));
        assert_eq!(response(b"SSH-2.0-x\r\n\r\n", "GET").err(), Some(NotHttp));
        let (_, mut body) =
            response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET").unwrap();
        assert_eq!(body.skip(b"xyz\r\n"), Err(NotHttp));
    }
}
