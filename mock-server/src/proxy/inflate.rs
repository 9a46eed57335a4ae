//! Compressed messages, inflated while they pass by. Pure: it keeps no more of them than a transcript does.

use crate::deflate::{Blocks, Fault, parameters};
use crate::transcript::MAX_DATA;

/// What was agreed on of permessage-deflate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    /// Whether a message of the client's may refer back into those before.
    pub(super) client_takes_over: bool,
    /// Whether one of the server's may.
    pub(super) server_takes_over: bool,
}

/// Reads the compressed messages of one direction.
pub(super) struct Inflation {
    takes_over: bool,
    /// `None` before a message.
    blocks: Option<Blocks>,
    /// How much of the message was inflated.
    len: usize,
    /// What messages may refer back to is not known any more.
    is_lost: bool,
}

/// Why a compressed message is not in the transcript.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unread {
    /// A compressor would not have written it.
    #[error(transparent)]
    Malformed(Fault),
    /// Nobody would want to read it.
    #[error("a compressed message of more than {LONGEST} bytes; it is not read")]
    TooLong,
    /// It may refer back to one that could not be read, or whose last block said that it is the last one.
    #[error("a compressed message that may refer back to what could not be kept; it is not read")]
    Lost,
}

/// The longest message that is inflated, in bytes: a kilobyte that passes by may be a megabyte of work.
const LONGEST: usize = 16 << 20;

/// How much is inflated at a time; it may become a thousand times as long.
const PORTION: usize = 512;

impl Agreed {
    /// What the values of the headers `Sec-WebSocket-Extensions` of request and answer agree on.
    ///
    /// Source: RFC 7692, section 7.1.1, for what the parameters of an answer mean.
    pub(super) fn of<'a>(
        offers: impl IntoIterator<Item = &'a str>,
        answer: Option<&str>,
    ) -> Option<Self> {
        let all = |values: &'a str| values.split(',').filter_map(parameters);
        let is_offered = offers.into_iter().any(|values| all(values).next().is_some());
        let given: Vec<&str> =
            answer.filter(|_| is_offered)?.split(',').find_map(parameters)?.collect();
        let takes_over = |whose: &str| !given.iter().any(|name| name.eq_ignore_ascii_case(whose));
        Some(Self {
            client_takes_over: takes_over("client_no_context_takeover"),
            server_takes_over: takes_over("server_no_context_takeover"),
        })
    }
}

impl Inflation {
    pub(super) const fn new(takes_over: bool) -> Self {
        Self { takes_over, blocks: None, len: 0, is_lost: false }
    }

    /// A compressed message begins.
    pub(super) fn begin(&mut self) {
        self.len = 0;
        if !self.takes_over {
            (self.blocks, self.is_lost) = (None, false);
        }
    }

    /// Takes as much of its payload, without its mask; what is inflated goes behind `kept`, as far as a transcript
    /// keeps it.
    pub(super) fn take(&mut self, payload: &[u8], kept: &mut Vec<u8>) -> Result<(), Unread> {
        for portion in payload.chunks(PORTION) {
            self.step(kept, |blocks, out, most| blocks.inflate(portion, out, most))?;
        }
        Ok(())
    }

    /// The message has ended. Returns how long it is.
    pub(super) fn end(&mut self, kept: &mut Vec<u8>) -> Result<usize, Unread> {
        let takes_over = self.takes_over;
        let goes_on = self.step(kept, |blocks, out, most| match takes_over {
            true => blocks.pause(out, most),
            false => blocks.end(out, most).map(|()| true),
        })?;
        if !goes_on {
            self.lose();
        }
        if !takes_over {
            // Its window is freed until the next one.
            self.blocks = None;
        }
        Ok(self.len)
    }

    fn step<T>(
        &mut self,
        kept: &mut Vec<u8>,
        inflate: impl FnOnce(&mut Blocks, &mut Vec<u8>, usize) -> Result<T, Fault>,
    ) -> Result<T, Unread> {
        if self.is_lost {
            return Err(Unread::Lost);
        }
        let blocks = self.blocks.get_or_insert_with(Blocks::new);
        let mut portion = Vec::new();
        let done = inflate(blocks, &mut portion, LONGEST - self.len);
        let room = MAX_DATA.saturating_sub(kept.len()).min(portion.len());
        kept.extend_from_slice(&portion[..room]);
        let done = done.map_err(|fault| {
            self.lose();
            match fault {
                Fault::TooBig(_) => Unread::TooLong,
                fault => Unread::Malformed(fault),
            }
        })?;
        self.len += portion.len();
        Ok(done)
    }

    fn lose(&mut self) {
        (self.is_lost, self.blocks) = (true, None);
    }
}

impl std::fmt::Debug for Inflation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { takes_over, len, is_lost, .. } = self;
        f.debug_struct("Inflation")
            .field("takes_over", takes_over)
            .field("len", len)
            .field("is_lost", is_lost)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;

    /// A compressor that refers back to the messages before.
    struct Deflating(Compress);

    impl Deflating {
        fn new() -> Self {
            Self(Compress::new(Compression::default(), false))
        }

        fn message(&mut self, text: &[u8], flush: FlushCompress) -> Vec<u8> {
            let mut out = Vec::with_capacity(text.len() + 1_000);
            self.0.compress_vec(text, &mut out, flush).unwrap();
            if flush == FlushCompress::Sync {
                assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
                out.truncate(out.len() - 4);
            }
            out
        }
    }

    /// What is read of a message, and how long it is.
    fn read(inflation: &mut Inflation, payload: &[u8]) -> Result<(Vec<u8>, usize), Unread> {
        inflation.begin();
        let mut kept = Vec::new();
        for portion in payload.chunks(700) {
            inflation.take(portion, &mut kept)?;
        }
        let len = inflation.end(&mut kept)?;
        Ok((kept, len))
    }

    const TEXT: &[u8] = br#"["1","1","__absinthe__:control","phx_join",{}]"#;

    fn whole() -> Result<(Vec<u8>, usize), Unread> {
        Ok((TEXT.to_vec(), TEXT.len()))
    }

    #[test]
    fn messages_that_refer_back_are_read_where_that_was_agreed() {
        let mut deflating = Deflating::new();
        let first = deflating.message(TEXT, FlushCompress::Sync);
        let second = deflating.message(TEXT, FlushCompress::Sync);
        assert!(second.len() < first.len() / 2, "it refers back");
        let mut inflation = Inflation::new(true);
        assert_eq!(read(&mut inflation, &first), whole());
        assert_eq!(read(&mut inflation, &second), whole());
        // One that refers to nothing is read, too.
        let mut anew = Deflating::new();
        assert_eq!(read(&mut inflation, &anew.message(TEXT, FlushCompress::Sync)), whole());
    }

    #[test]
    fn one_that_cannot_be_read_takes_only_those_with_it_that_may_refer_to_it() {
        let good = Deflating::new().message(TEXT, FlushCompress::Sync);
        let mut alone = Inflation::new(false);
        assert!(matches!(read(&mut alone, b"\xff\xff"), Err(Unread::Malformed(_))));
        assert!(matches!(read(&mut alone, &good[..5]), Err(Unread::Malformed(_))));
        assert_eq!(read(&mut alone, &good), whole());
        let mut together = Inflation::new(true);
        assert!(matches!(read(&mut together, b"\xff\xff"), Err(Unread::Malformed(_))));
        assert_eq!(read(&mut together, &good), Err(Unread::Lost));
    }

    #[test]
    fn behind_a_last_block_nothing_is_known() {
        let last = Deflating::new().message(TEXT, FlushCompress::Finish);
        let mut alone = Inflation::new(false);
        assert_eq!(read(&mut alone, &last), whole());
        assert_eq!(read(&mut alone, &last), whole());
        let mut together = Inflation::new(true);
        assert_eq!(read(&mut together, &last), whole());
        assert_eq!(read(&mut together, &last), Err(Unread::Lost));
    }

    #[test]
    fn of_long_messages_the_beginning_is_kept_and_of_endless_ones_nothing() {
        let long = vec![b'a'; MAX_DATA + 10_000];
        let payload = Deflating::new().message(&long, FlushCompress::Sync);
        let mut inflation = Inflation::new(true);
        let (kept, len) = read(&mut inflation, &payload).unwrap();
        assert_eq!((kept.len(), len), (MAX_DATA, long.len()));
        let bomb = Deflating::new().message(&vec![b'a'; LONGEST + 1], FlushCompress::Sync);
        assert_eq!(read(&mut inflation, &bomb), Err(Unread::TooLong));
        let most = Deflating::new().message(&vec![b'a'; LONGEST], FlushCompress::Sync);
        assert_eq!(read(&mut Inflation::new(false), &most).unwrap().1, LONGEST);
    }

    #[test]
    fn what_was_agreed_on_stands_in_offer_and_answer() {
        let check = |offers: &[&str], answer: Option<&str>, expected: Option<(bool, bool)>| {
            let agreed = Agreed::of(offers.iter().copied(), answer);
            let agreed = agreed.map(|it| (it.client_takes_over, it.server_takes_over));
            assert_eq!(agreed, expected, "{offers:?}, {answer:?}");
        };
        let offer = "permessage-deflate; client_max_window_bits";
        check(&[offer], None, None);
        check(&[], Some("permessage-deflate"), None);
        check(&["x-other"], Some("permessage-deflate"), None);
        check(&[offer], Some("x-other"), None);
        check(&[offer], Some("permessage-deflate"), Some((true, true)));
        check(&["x, Permessage-Deflate"], Some("Permessage-deflate"), Some((true, true)));
        let alone = "permessage-deflate; client_no_context_takeover; server_max_window_bits=9";
        check(&["x", offer], Some(alone), Some((false, true)));
        check(&[offer], Some("permessage-deflate;server_no_context_takeover"), Some((true, false)));
    }
}
