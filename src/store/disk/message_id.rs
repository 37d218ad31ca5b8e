//! The two ids of a message: the broker's, which says where the record lies, and the client's unique key, which says
//! who made the message and when.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::calendar::month_start;
use super::host::Host;

/// The broker's id of the record at `physical_offset` (`MessageDecoder#createMessageId`): upper-case hex of address,
/// port and offset, 32 digits or 56 with an IPv6 address.
#[must_use]
pub fn message_id(store_host: &Host, physical_offset: i64) -> String {
    let mut bytes = Vec::with_capacity(28);
    store_host.encode(&mut bytes);
    bytes.extend_from_slice(&physical_offset.to_be_bytes());
    upper_hex(&bytes)
}

/// Host and offset of a broker's id (`MessageDecoder#decodeMessageId`); `None` if it is none.
#[must_use]
pub fn parse_message_id(id: &str) -> Option<(Host, i64)> {
    let bytes = unhex(id)?;
    let (host, offset) = bytes.split_last_chunk::<8>()?;
    Some((Host::decode(host)?, i64::from_be_bytes(*offset)))
}

/// The parts of a client's unique key (`MessageClientIDSetter`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UniqueKey {
    /// The client's address.
    pub ip: IpAddr,
    /// The lower half of its process id.
    pub pid: u16,
    /// Hash of the class loader.
    pub loader_hash: i32,
    /// Milliseconds since the current month began when the key was made.
    pub ms_since_month_start: i32,
    /// Counts the keys of the process.
    pub counter: u16,
}

impl UniqueKey {
    /// The key that a client makes at `now`, milliseconds since 1970 in UTC (`MessageClientIDSetter#createUniqID`).
    #[must_use]
    pub fn made_at(ip: IpAddr, pid: u16, loader_hash: i32, now: i64, counter: u16) -> Self {
        Self { ip, pid, loader_hash, ms_since_month_start: (now - month_start(now)) as i32, counter }
    }

    /// Reads a key of 32 or 56 digits.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        let bytes = unhex(id)?;
        let (ip, rest) = match bytes.len() {
            16 => (IpAddr::V4(Ipv4Addr::from(*bytes.first_chunk::<4>()?)), bytes.get(4..)?),
            28 => (IpAddr::V6(Ipv6Addr::from(*bytes.first_chunk::<16>()?)), bytes.get(16..)?),
            _ => return None,
        };
        let (pid, rest) = rest.split_first_chunk::<2>()?;
        let (loader_hash, rest) = rest.split_first_chunk::<4>()?;
        let (millis, counter) = rest.split_first_chunk::<4>()?;
        Some(Self {
            ip,
            pid: u16::from_be_bytes(*pid),
            loader_hash: i32::from_be_bytes(*loader_hash),
            ms_since_month_start: i32::from_be_bytes(*millis),
            counter: u16::from_be_bytes(*counter.first_chunk::<2>()?),
        })
    }

    /// The key as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = Vec::with_capacity(28);
        match self.ip {
            IpAddr::V4(ip) => bytes.extend_from_slice(&ip.octets()),
            IpAddr::V6(ip) => bytes.extend_from_slice(&ip.octets()),
        }
        bytes.extend_from_slice(&self.pid.to_be_bytes());
        bytes.extend_from_slice(&self.loader_hash.to_be_bytes());
        bytes.extend_from_slice(&self.ms_since_month_start.to_be_bytes());
        bytes.extend_from_slice(&self.counter.to_be_bytes());
        upper_hex(&bytes)
    }
}

/// Upper-case hexadecimal digits.
pub(super) fn upper_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let whole = rest.is_empty() && matches!(pairs.len(), 16 | 28);
    if !whole {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_host_and_offset() {
        let host = Host::v4([10, 1, 2, 3], 10911);
        assert_eq!(message_id(&host, 171), "0A01020300002A9F00000000000000AB");
        assert_eq!(parse_message_id("0A01020300002A9F00000000000000AB"), Some((host, 171)));
        for wrong in ["", "0A", "0A01020300002A9F00000000000000AG", "日本語日本語日本語日本"] {
            assert_eq!(parse_message_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_unique_key_counts_from_the_month() {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let key = UniqueKey::made_at(ip, 0x1A5, 0x5FFD_2B27, 1_795_332_665_500, 2);
        assert_eq!(key.text(), "7F00000101A55FFD2B276DC2889C0002");
        assert_eq!(UniqueKey::parse(&key.text()), Some(key));
        assert_eq!(UniqueKey::parse("7F"), None);
    }
}
