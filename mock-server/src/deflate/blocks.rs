//! DEFLATE blocks, inflated.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Fault, TAIL};

/// Inflates the payload of a message, or of messages that refer back to each other.
pub(crate) struct Blocks {
    decompress: Decompress,
    /// Whether a block said that it is the last one, and nothing came behind it.
    is_ended: bool,
}

/// A block that is empty and the last one. Source: RFC 1951, section 3.2.4.
const END: [u8; 5] = [1, 0, 0, 0xff, 0xff];

/// How much room there is to inflate into, at a time.
const PORTION: usize = 4 << 10;

impl Blocks {
    pub(crate) fn new() -> Self {
        Self { decompress: Decompress::new(false), is_ended: false }
    }

    /// Inflates as much of a payload, and puts it behind `out`, which may become as long as `most` bytes.
    ///
    /// # Errors
    ///
    /// [`Fault::TooBig`], [`Fault::Malformed`]; nothing more can be inflated after it.
    pub(crate) fn inflate(
        &mut self,
        mut input: &[u8],
        out: &mut Vec<u8>,
        most: usize,
    ) -> Result<(), Fault> {
        loop {
            if out.len() == out.capacity() {
                out.reserve(PORTION);
            }
            let (taken, made) = (self.decompress.total_in(), out.len());
            let status = self
                .decompress
                .decompress_vec(input, out, FlushDecompress::Sync)
                .map_err(|_| Fault::Malformed("its bytes are no DEFLATE blocks"))?;
            let taken = usize::try_from(self.decompress.total_in() - taken).unwrap_or(usize::MAX);
            input = input.get(taken..).unwrap_or_default();
            if out.len() > most {
                return Err(Fault::TooBig(out.len()));
            }
            if taken > 0 {
                self.is_ended = false;
            }
            if status == Status::StreamEnd {
                // Another block may follow. Source: RFC 7692, section 7.2.3.5.
                self.decompress.reset(false);
                self.is_ended = true;
            }
            let is_idle = taken == 0 && out.len() == made;
            // Room that is left says that nothing waits inside any more.
            if input.is_empty() && (is_idle || out.len() < out.capacity()) {
                return Ok(());
            }
            if is_idle {
                return Err(Fault::Malformed("its bytes are no DEFLATE blocks"));
            }
        }
    }

    /// The payload has ended, and no other may refer back to it.
    ///
    /// # Errors
    ///
    /// As [`inflate`](Self::inflate), and [`Fault::Malformed`] where it ends within a block.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>, most: usize) -> Result<(), Fault> {
        let unended = || Fault::Malformed("it does not end where a block ends");
        let of_the_end = |fault| match fault {
            Fault::Malformed(_) => unended(),
            other => other,
        };
        if self.is_ended {
            return Ok(());
        }
        self.inflate(&TAIL, out, most).map_err(of_the_end)?;
        let length = out.len();
        self.inflate(&END, out, most).map_err(of_the_end)?;
        if !self.is_ended || out.len() != length {
            return Err(unended());
        }
        Ok(())
    }

    /// The payload has ended, and the next one may refer back to it. Returns whether it can: what stands before a last
    /// block is forgotten.
    ///
    /// # Errors
    ///
    /// As [`inflate`](Self::inflate). A payload that ends within a block shows only in the one behind it.
    pub(crate) fn pause(&mut self, out: &mut Vec<u8>, most: usize) -> Result<bool, Fault> {
        if self.is_ended {
            return Ok(false);
        }
        self.inflate(&TAIL, out, most)?;
        Ok(!self.is_ended)
    }
}
