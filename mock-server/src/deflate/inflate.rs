//! WebSocket frames with compressed messages, made into frames without. Pure: bytes in any portions go in and out.

use super::COMPRESSED;
use super::blocks::Blocks;

/// Why what came cannot be inflated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A message is longer than allowed; it was inflated so far, in bytes.
    #[error("a compressed message of {0} bytes or more")]
    TooBig(usize),
    /// A message's payload is nothing that a compressor has written.
    #[error("a compressed message that cannot be inflated: {0}")]
    Malformed(&'static str),
    /// Frames that cannot follow each other so.
    #[error("{0}")]
    Protocol(&'static str),
}

/// Reads one direction of a WebSocket. Only messages that are compressed are touched, and what else RFC 6455 does not
/// allow is passed on, for the WebSocket to find.
pub(super) struct Inflater {
    /// The longest message, in bytes.
    most: usize,
    at: At,
    /// The compressed message of which not all has come.
    message: Option<Message>,
}

/// Where in a frame the next byte stands.
enum At {
    Head(Vec<u8>),
    /// In the payload of a frame that is passed on.
    Plain {
        left: u64,
    },
    /// In the payload of a frame of a compressed message.
    Compressed {
        left: u64,
        mask: [u8; 4],
        /// How far the mask has gone round.
        masked: usize,
        fin: bool,
    },
}

struct Message {
    opcode: u8,
    is_masked: bool,
    blocks: Blocks,
    /// What of it was inflated.
    plain: Vec<u8>,
}

/// How much is unmasked at a time.
const PORTION: usize = 4 << 10;

impl Inflater {
    /// `most` is how long a message may be, in bytes.
    pub(super) const fn new(most: usize) -> Self {
        Self { most, at: At::Head(Vec::new()), message: None }
    }

    /// Takes bytes; puts behind `out` what the WebSocket is to read. After a fault nothing more can be read.
    ///
    /// # Errors
    ///
    /// [`Fault`]; what stood before it is in `out`.
    pub(super) fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        while !bytes.is_empty() {
            bytes = match &mut self.at {
                At::Head(head) => {
                    head.push(bytes[0]);
                    if let Some(frame) = Frame::read(head) {
                        let head = std::mem::take(head);
                        self.open(&frame, &head, out)?;
                    }
                    &bytes[1..]
                }
                At::Plain { left } => {
                    let (now, rest) = bytes.split_at(within(*left, bytes.len()));
                    out.extend_from_slice(now);
                    *left -= now.len() as u64;
                    if *left == 0 {
                        self.at = At::Head(Vec::new());
                    }
                    rest
                }
                At::Compressed { left, mask, masked, .. } => {
                    let (now, rest) = bytes.split_at(within(*left, bytes.len().min(PORTION)));
                    let turning = mask.iter().cycle().skip(*masked);
                    let plain: Vec<u8> = now.iter().zip(turning).map(|(a, b)| a ^ b).collect();
                    *left -= now.len() as u64;
                    *masked = (*masked + now.len()) % mask.len();
                    if let Some(message) = &mut self.message {
                        message.blocks.inflate(&plain, &mut message.plain, self.most)?;
                    }
                    self.end_of_frame(out)?;
                    rest
                }
            };
        }
        Ok(())
    }

    fn open(&mut self, frame: &Frame, head: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let &Frame { opcode, reserved, fin, mask, length } = frame;
        let is_message = matches!(opcode, 1 | 2);
        match &self.message {
            Some(_) if is_message => {
                let why = "a new message where a fragment of a compressed one must go on";
                return Err(Fault::Protocol(why));
            }
            Some(message) if opcode == 0 && reserved == 0 => {
                if message.is_masked != mask.is_some() {
                    return Err(Fault::Protocol("a message of which only some frames are masked"));
                }
            }
            None if is_message && reserved == COMPRESSED => {
                self.message = Some(Message::new(opcode, mask.is_some()));
            }
            // The bit stands at the beginning of a message and nowhere else; where it does not, the WebSocket refuses
            // it. Source: RFC 7692, section 6.1.
            _ => {
                out.extend_from_slice(head);
                self.at = match length {
                    0 => At::Head(Vec::new()),
                    left => At::Plain { left },
                };
                return Ok(());
            }
        }
        let mask = mask.unwrap_or_default();
        self.at = At::Compressed { left: length, mask, masked: 0, fin };
        self.end_of_frame(out)
    }

    /// Goes on to the next frame, if this one has ended; with the last one of a message, that goes out.
    fn end_of_frame(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let At::Compressed { left: 0, fin, .. } = self.at else { return Ok(()) };
        self.at = At::Head(Vec::new());
        match self.message.take() {
            Some(message) if fin => message.finish(self.most, out),
            message => {
                self.message = message;
                Ok(())
            }
        }
    }
}

/// How many of the bytes at hand belong to what is left.
fn within(left: u64, at_hand: usize) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(at_hand)
}

/// A frame's head.
struct Frame {
    opcode: u8,
    /// The three reserved bits, where they stand in the first byte.
    reserved: u8,
    fin: bool,
    mask: Option<[u8; 4]>,
    /// Of the payload, in bytes.
    length: u64,
}

impl Frame {
    /// `None` as long as the head is not whole. Source: RFC 6455, section 5.2.
    fn read(head: &[u8]) -> Option<Self> {
        let [first, second, more @ ..] = head else { return None };
        let length_bytes = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let (length, mask) = more.split_at_checked(length_bytes)?;
        let mask = match second & 0x80 {
            0 => None,
            _ => Some(*mask.first_chunk()?),
        };
        let length = match length {
            [] => u64::from(second & 0x7f),
            length => length.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        let (opcode, reserved, fin) = (first & 0x0f, first & 0x70, first & 0x80 != 0);
        Some(Self { opcode, reserved, fin, mask, length })
    }
}

impl Message {
    fn new(opcode: u8, is_masked: bool) -> Self {
        Self { opcode, is_masked, blocks: Blocks::new(), plain: Vec::new() }
    }

    /// Puts the message as one plain frame behind `out`.
    fn finish(mut self, most: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.blocks.end(&mut self.plain, most)?;
        let length = self.plain.len();
        let mask_bit = u8::from(self.is_masked) << 7;
        out.push(0x80 | self.opcode);
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short @ ..126), _) => out.push(mask_bit | short),
            (_, Ok(middle)) => {
                out.push(mask_bit | 126);
                out.extend(middle.to_be_bytes());
            }
            _ => {
                out.push(mask_bit | 127);
                out.extend((length as u64).to_be_bytes());
            }
        }
        if self.is_masked {
            // A mask of zeros changes nothing.
            out.extend([0; 4]);
        }
        out.append(&mut self.plain);
        Ok(())
    }
}
