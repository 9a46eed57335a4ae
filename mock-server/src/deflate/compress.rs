//! Whole messages, compressed.

use flate2::{Compress, Compression, FlushCompress};

use super::{Agreed, TAIL};

/// Compresses messages, each by itself, and keeps nothing between them: a compressor's tables are 300 kB.
#[derive(Clone, Copy, Debug)]
pub struct Deflater {
    /// How far back a message may refer, in bytes.
    window: usize,
}

/// What a compressor is given at a time, beside what it needs at the beginning.
const ROOM: usize = 1 << 10;

impl Deflater {
    /// For the messages of a server.
    pub const fn for_server(agreed: Agreed) -> Self {
        Self { window: agreed.server_window() }
    }

    /// For the messages of a client that was told no limit: the answers here tell none.
    pub const fn for_client() -> Self {
        Self { window: LARGEST }
    }

    /// The payload of a compressed message. `None`: the message is to be sent as it is. The compressor always uses the
    /// largest window, so where a smaller one was agreed on, a message that is longer than it might refer back too far.
    ///
    /// Source: RFC 7692, section 7.2.1; section 6: any message may be sent uncompressed.
    pub fn deflate<'a>(self, parts: impl Iterator<Item = &'a [u8]> + Clone) -> Option<Vec<u8>> {
        let length: usize = parts.clone().map(<[u8]>::len).sum();
        if self.window < LARGEST && length > self.window {
            return None;
        }
        let mut compress = Compress::new(Compression::default(), false);
        let mut out = Vec::with_capacity(length / 2 + ROOM);
        for part in parts {
            push(&mut compress, part, FlushCompress::None, &mut out)?;
        }
        push(&mut compress, &[], FlushCompress::Sync, &mut out)?;
        out.ends_with(&TAIL).then(|| {
            out.truncate(out.len() - TAIL.len());
            out
        })
    }
}

/// Compresses as much, and takes what comes of it.
fn push(
    compress: &mut Compress,
    mut input: &[u8],
    flush: FlushCompress,
    out: &mut Vec<u8>,
) -> Option<()> {
    loop {
        out.reserve(ROOM);
        let before = compress.total_in();
        compress.compress_vec(input, out, flush).ok()?;
        let taken = usize::try_from(compress.total_in() - before).ok()?;
        input = input.get(taken..)?;
        // Room that is left says that nothing waits inside any more.
        if input.is_empty() && out.len() < out.capacity() {
            return Some(());
        }
    }
}

/// The largest window, in bytes.
const LARGEST: usize = 32 << 10;
