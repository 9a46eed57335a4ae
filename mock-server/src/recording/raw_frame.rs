//! A WebSocket frame of a client, as bytes.

/// One WebSocket frame to send, well-formed or not.
#[derive(Clone, Debug)]
pub struct RawFrame {
    /// Four bits.
    pub opcode: u8,
    /// Whether it ends its message.
    pub fin: bool,
    /// Three bits that are zero in a correct frame.
    pub rsv: u8,
    /// Every client's frame must be.
    pub masked: bool,
    /// Before masking.
    pub payload: Vec<u8>,
}

impl RawFrame {
    /// A correct frame of that opcode.
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { opcode, fin: true, rsv: 0, masked: true, payload: payload.into() }
    }

    /// A correct text.
    pub fn text(text: &str) -> Self {
        Self::new(1, text)
    }

    /// As it crosses the wire.
    pub fn bytes(&self) -> Vec<u8> {
        const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
        let length = self.payload.len();
        let mask_bit = u8::from(self.masked) << 7;
        let mut bytes = vec![u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode];
        if length < 126 {
            bytes.push(mask_bit | length as u8);
        } else if let Ok(short) = u16::try_from(length) {
            bytes.push(mask_bit | 126);
            bytes.extend(short.to_be_bytes());
        } else {
            bytes.push(mask_bit | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
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
