//! Packets of a pcap or pcapng, taken apart down to TCP.

use std::net::IpAddr;
use std::time::Duration;

use etherparse::{EtherType, NetSlice, SlicedPacket, TransportSlice};
use pcap_parser::pcapng::Block;
use pcap_parser::{Linktype, PcapBlockOwned, PcapError, create_reader};

/// A block that is longer ends the reading.
const LONGEST_BLOCK: usize = 1 << 20;

/// How many interfaces of a pcapng are known.
const MOST_INTERFACES: usize = 1_024;

/// One end of a connection.
type End = (IpAddr, u16);

/// The two ends of a connection, the lesser first.
pub(super) type Pair = (End, End);

/// Which of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Lesser,
    Greater,
}

impl Side {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Lesser => Self::Greater,
            Self::Greater => Self::Lesser,
        }
    }
}

/// The flags that matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) syn: bool,
    pub(super) ack: bool,
    pub(super) fin: bool,
    pub(super) reset: bool,
}

/// One TCP segment.
pub(super) struct Packet<'a> {
    /// Counted from 1, as Wireshark does.
    pub(super) number: u64,
    pub(super) at: Duration,
    from: End,
    to: End,
    pub(super) sequence: u32,
    pub(super) flags: Flags,
    pub(super) payload: &'a [u8],
}

impl Packet<'_> {
    pub(super) fn pair(&self) -> (Pair, Side) {
        if self.from <= self.to {
            ((self.from, self.to), Side::Lesser)
        } else {
            ((self.to, self.from), Side::Greater)
        }
    }
}

/// An interface of a pcapng.
struct Interface {
    link: Linktype,
    /// Units in a second.
    units: u64,
    offset: i64,
}

/// Hands over every TCP segment. Returns a note if the capture breaks off.
///
/// # Errors
///
/// It is no capture.
pub(super) fn each(
    bytes: &[u8],
    mut take: impl FnMut(Packet<'_>),
) -> Result<Option<String>, String> {
    let nano = matches!(bytes, [0xa1, 0xb2, 0x3c, 0x4d, ..] | [0x4d, 0x3c, 0xb2, 0xa1, ..]);
    let mut reader = create_reader(LONGEST_BLOCK, bytes)
        .map_err(|_| "it does not begin as a pcap or pcapng does".to_owned())?;
    let mut number = 0;
    let mut link = Linktype::ETHERNET;
    let mut interfaces: Vec<Interface> = Vec::new();
    let broken = |number: u64| Some(format!("the capture breaks off after packet {number}"));
    // A refill that brings nothing says that the last block is cut.
    let mut starved = false;
    loop {
        let consumed = match reader.next() {
            Ok((consumed, block)) => {
                starved = false;
                match block {
                    PcapBlockOwned::LegacyHeader(header) => link = header.network,
                    PcapBlockOwned::Legacy(block) => {
                        number += 1;
                        let fraction = if nano { block.ts_usec / 1_000 } else { block.ts_usec };
                        let at = Duration::from_secs(block.ts_sec.into())
                            + Duration::from_micros(fraction.into());
                        segment(link, block.data, number, at, &mut take);
                    }
                    PcapBlockOwned::NG(Block::SectionHeader(_)) => interfaces.clear(),
                    PcapBlockOwned::NG(Block::InterfaceDescription(block)) => {
                        if interfaces.len() < MOST_INTERFACES {
                            let units = block.ts_resolution().unwrap_or(1_000_000);
                            let offset = block.ts_offset();
                            interfaces.push(Interface { link: block.linktype, units, offset });
                        }
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(block)) => {
                        number += 1;
                        let interface = usize::try_from(block.if_id).ok();
                        let interface = interface.and_then(|index| interfaces.get(index));
                        if let Some(interface) = interface {
                            let units = u64::from(block.ts_high) << 32 | u64::from(block.ts_low);
                            let at = interface.time(units);
                            segment(interface.link, block.data, number, at, &mut take);
                        }
                    }
                    PcapBlockOwned::NG(Block::SimplePacket(block)) => {
                        number += 1;
                        if let Some(interface) = interfaces.first() {
                            segment(interface.link, block.data, number, Duration::ZERO, &mut take);
                        }
                    }
                    PcapBlockOwned::NG(_) => {}
                }
                consumed
            }
            Err(PcapError::Eof) => return Ok(None),
            Err(PcapError::Incomplete(_)) if !starved => {
                starved = true;
                if reader.refill().is_err() {
                    return Ok(broken(number));
                }
                continue;
            }
            Err(_) => return Ok(broken(number)),
        };
        reader.consume(consumed);
    }
}

impl Interface {
    fn time(&self, units: u64) -> Duration {
        let per_second = self.units.max(1);
        let seconds = (units / per_second).saturating_add_signed(self.offset);
        let nanos = u128::from(units % per_second) * 1_000_000_000 / u128::from(per_second);
        // Below a second, so that it fits.
        Duration::from_secs(seconds) + Duration::from_nanos(nanos as u64)
    }
}

fn segment(
    link: Linktype,
    data: &[u8],
    number: u64,
    at: Duration,
    take: &mut impl FnMut(Packet<'_>),
) {
    let sliced = match link {
        Linktype::ETHERNET => SlicedPacket::from_ethernet(data),
        Linktype::LINUX_SLL => SlicedPacket::from_linux_sll(data),
        // The protocol stands first, the packet behind 20 bytes. Source: tcpdump.org, LINKTYPE_LINUX_SLL2.
        Linktype(276) => match (data.first_chunk::<2>(), data.get(20..)) {
            (Some(kind), Some(rest)) => {
                SlicedPacket::from_ether_type(EtherType(u16::from_be_bytes(*kind)), rest)
            }
            _ => return,
        },
        // The family stands first, in the byte order of who captured. Source: tcpdump.org, LINKTYPE_NULL.
        Linktype::NULL | Linktype::LOOP => match data.get(4..) {
            Some(rest) => SlicedPacket::from_ip(rest),
            None => return,
        },
        Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 | Linktype(12 | 14) => {
            SlicedPacket::from_ip(data)
        }
        _ => return,
    };
    let Ok(sliced) = sliced else { return };
    let (from, to): (IpAddr, IpAddr) = match &sliced.net {
        Some(NetSlice::Ipv4(ip)) => {
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        Some(NetSlice::Ipv6(ip)) => {
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        _ => return,
    };
    let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else { return };
    let flags = Flags { syn: tcp.syn(), ack: tcp.ack(), fin: tcp.fin(), reset: tcp.rst() };
    take(Packet {
        number,
        at,
        from: (from, tcp.source_port()),
        to: (to, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        flags,
        payload: tcp.payload(),
    });
}
