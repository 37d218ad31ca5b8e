//! An address and port as log records and message ids hold them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Address and port of a producer or a broker. The port is kept in 4 bytes and may be any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Host {
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: i32,
}

impl Host {
    /// An IPv4 host.
    #[must_use]
    pub const fn v4(address: [u8; 4], port: u16) -> Self {
        Self { ip: IpAddr::V4(Ipv4Addr::new(address[0], address[1], address[2], address[3])), port: port as i32 }
    }

    /// Bytes on disk: 8 or 20.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        if self.is_v6() { 20 } else { 8 }
    }

    /// Whether the address has 16 bytes.
    #[must_use]
    pub const fn is_v6(&self) -> bool {
        self.ip.is_ipv6()
    }

    /// Appends address and port.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self.ip {
            IpAddr::V4(ip) => out.extend_from_slice(&ip.octets()),
            IpAddr::V6(ip) => out.extend_from_slice(&ip.octets()),
        }
        out.extend_from_slice(&self.port.to_be_bytes());
    }

    /// Reads 8 or 20 bytes; `None` for any other number.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (ip, port) = bytes.split_last_chunk::<4>()?;
        let ip = match ip.len() {
            4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(ip).ok()?)),
            16 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?)),
            _ => return None,
        };
        Some(Self { ip, port: i32::from_be_bytes(*port) })
    }
}

impl From<SocketAddr> for Host {
    fn from(address: SocketAddr) -> Self {
        Self { ip: address.ip(), port: i32::from(address.port()) }
    }
}

/// As Java prints addresses: the groups of an IPv6 address are all written.
impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip {
            IpAddr::V4(ip) => write!(out, "{ip}:{}", self.port),
            IpAddr::V6(ip) => {
                for (index, group) in ip.segments().into_iter().enumerate() {
                    write!(out, "{}{group:x}", if index == 0 { '[' } else { ':' })?;
                }
                write!(out, "]:{}", self.port)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_take_8_or_20_bytes() {
        for text in ["10.1.2.3:10911", "[2001:db8::1]:10911"] {
            let host = Host::from(text.parse::<SocketAddr>().unwrap());
            let mut bytes = Vec::new();
            host.encode(&mut bytes);
            assert_eq!((bytes.len(), Host::decode(&bytes)), (host.encoded_len(), Some(host)));
        }
        assert_eq!(Host::decode(&[0; 9]), None);
        assert_eq!(Host::decode(&[0; 3]), None);
    }

    #[test]
    fn all_groups_of_an_ipv6_address_are_written() {
        let host = Host::from("[fe80::1:2]:1".parse::<SocketAddr>().unwrap());
        assert_eq!(host.to_string(), "[fe80:0:0:0:0:0:1:2]:1");
    }
}
