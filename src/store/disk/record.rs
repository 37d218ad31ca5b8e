//! One record of the commit log (`CommitLog.MessageExtEncoder#encode`, `MessageDecoder#decode`). All numbers are
//! big-endian.

use super::host::Host;
use super::sys_flag;

/// Magic code of a record whose topic length takes one byte (`MESSAGE_MAGIC_CODE`).
pub const MESSAGE_MAGIC: u32 = 0xDAA3_20A7;
/// Magic code of a record whose topic length takes two bytes, written by 5.x only (`MESSAGE_MAGIC_CODE_V2`).
pub const MESSAGE_MAGIC_V2: u32 = 0xDAA3_20AB;
/// Magic code of the blank that fills a file's end (`BLANK_MAGIC_CODE`).
pub const BLANK_MAGIC: u32 = 0xCBD4_3194;
/// Bytes that stay free at a file's end at least: size and magic code of a blank (`END_FILE_MIN_BLANK_LENGTH`).
pub const END_FILE_MIN_BLANK_LEN: u64 = 8;
/// Bytes of a topic at most, in a record of the first version.
pub const MAX_TOPIC_LEN: usize = 127;
/// Bytes of the properties text at most.
pub const MAX_PROPERTIES_LEN: usize = 32_767;
/// Bytes of a record without body, topic and properties, both hosts IPv4.
const FIXED_LEN: usize = 91;
/// Where the sysFlag lies in a record.
const SYS_FLAG_AT: usize = 36;

/// How a record's topic length is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordVersion {
    /// One byte.
    #[default]
    V1,
    /// Two bytes.
    V2,
}

impl RecordVersion {
    /// The magic code.
    #[must_use]
    pub const fn magic(self) -> u32 {
        match self {
            Self::V1 => MESSAGE_MAGIC,
            Self::V2 => MESSAGE_MAGIC_V2,
        }
    }

    const fn of_magic(magic: u32) -> Option<Self> {
        match magic {
            MESSAGE_MAGIC => Some(Self::V1),
            MESSAGE_MAGIC_V2 => Some(Self::V2),
            _ => None,
        }
    }

    const fn topic_len_bytes(self) -> usize {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }
}

/// What is wrong with the bytes where a record should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The file ends inside the record.
    #[error("a record of {needed} bytes, but only {left} are left in the file")]
    Incomplete {
        /// Bytes of the record, or of its size and magic code if not even those are there.
        needed: u64,
        /// Bytes from the record's start to the file's end.
        left: u64,
    },
    /// Neither a record nor a blank.
    #[error("illegal magic code {0:#010X}")]
    IllegalMagic(u32),
    /// The size field is too small for any record, or negative.
    #[error("illegal record size {0}")]
    IllegalSize(i32),
    /// A length field is negative or points outside the record.
    #[error("illegal {field} length {len} in a record of {size} bytes")]
    IllegalLength {
        /// Which.
        field: &'static str,
        /// What it says.
        len: i32,
        /// Bytes of the record.
        size: u32,
    },
    /// The parts have another length than the whole.
    #[error("the record's size is {size}, but its parts take {parts} bytes")]
    SizeMismatch {
        /// The size field.
        size: u32,
        /// Sum of the parts.
        parts: u64,
    },
    /// The body is not the one that was written.
    #[error("the body's CRC is {computed}, but the record says {stored}")]
    BodyCrc {
        /// The CRC field.
        stored: u32,
        /// CRC of the body.
        computed: u32,
    },
    /// The record says that it lies elsewhere.
    #[error("the record says that its physical offset is {stored}, but it lies at {actual}")]
    PhysicalOffset {
        /// The field.
        stored: i64,
        /// Where it lies.
        actual: u64,
    },
}

/// A record with borrowed body, topic and properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Which magic code.
    pub version: RecordVersion,
    /// CRC of the body as written ([`body_crc`]).
    pub body_crc: u32,
    /// Queue id.
    pub queue_id: i32,
    /// The producer's flag.
    pub flag: i32,
    /// Offset in the consume queue; 0 for prepared and rolled-back messages.
    pub queue_offset: i64,
    /// Offset in the commit log.
    pub physical_offset: i64,
    /// See [`sys_flag`]; the bits of the hosts' address families must fit the hosts.
    pub sys_flag: i32,
    /// Milliseconds since 1970.
    pub born_timestamp: i64,
    /// The producer.
    pub born_host: Host,
    /// Milliseconds since 1970.
    pub store_timestamp: i64,
    /// The broker.
    pub store_host: Host,
    /// How often the message was returned.
    pub reconsume_times: i32,
    /// Physical offset of the half message of a committed one.
    pub prepared_transaction_offset: i64,
    /// The body.
    pub body: &'a [u8],
    /// The topic, UTF-8.
    pub topic: &'a [u8],
    /// The properties text, UTF-8.
    pub properties: &'a [u8],
}

/// A body's CRC as records hold it (`UtilAll#crc32`): CRC-32 without the highest bit.
#[must_use]
pub fn body_crc(body: &[u8]) -> u32 {
    crc32fast::hash(body) & 0x7FFF_FFFF
}

/// The bits of [`sys_flag`] that say which hosts are IPv6.
#[must_use]
pub const fn host_flags(born_host: &Host, store_host: &Host) -> i32 {
    let born = if born_host.is_v6() { sys_flag::BORN_HOST_V6 } else { 0 };
    born | if store_host.is_v6() { sys_flag::STORE_HOST_V6 } else { 0 }
}

impl<'a> Record<'a> {
    /// Bytes of the record (`CommitLog#calMsgLength`).
    #[must_use]
    pub fn size(&self) -> usize {
        fixed_len(self.sys_flag, self.version) + self.body.len() + self.topic.len() + self.properties.len()
    }

    /// Appends the record as it is, its CRC included.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.size());
        self.encode_head(self.size(), self.body.len(), out);
        out.extend_from_slice(self.body);
        self.encode_tail(out);
    }

    /// Everything before the body.
    pub(super) fn encode_head(&self, size: usize, body_len: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&(size as u32).to_be_bytes());
        out.extend_from_slice(&self.version.magic().to_be_bytes());
        out.extend_from_slice(&self.body_crc.to_be_bytes());
        out.extend_from_slice(&self.queue_id.to_be_bytes());
        out.extend_from_slice(&self.flag.to_be_bytes());
        out.extend_from_slice(&self.queue_offset.to_be_bytes());
        out.extend_from_slice(&self.physical_offset.to_be_bytes());
        out.extend_from_slice(&self.sys_flag.to_be_bytes());
        out.extend_from_slice(&self.born_timestamp.to_be_bytes());
        self.born_host.encode(out);
        out.extend_from_slice(&self.store_timestamp.to_be_bytes());
        self.store_host.encode(out);
        out.extend_from_slice(&self.reconsume_times.to_be_bytes());
        out.extend_from_slice(&self.prepared_transaction_offset.to_be_bytes());
        out.extend_from_slice(&(body_len as u32).to_be_bytes());
    }

    /// Everything behind the body.
    pub(super) fn encode_tail(&self, out: &mut Vec<u8>) {
        match self.version {
            RecordVersion::V1 => out.push(self.topic.len() as u8),
            RecordVersion::V2 => out.extend_from_slice(&(self.topic.len() as u16).to_be_bytes()),
        }
        out.extend_from_slice(self.topic);
        out.extend_from_slice(&(self.properties.len() as u16).to_be_bytes());
        out.extend_from_slice(self.properties);
    }

    /// Reads the record that `bytes` start with. The CRC is not checked ([`Self::check_crc`]).
    ///
    /// # Errors
    /// What is wrong, in the order in which `CommitLog#checkMessageAndReturnSize` would find it. A negative length of
    /// an empty part, which RocketMQ takes for zero, counts as illegal.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let Opening { version, size } = Opening::of(bytes, bytes.len() as u64)?;
        let lengths = Lengths::of(version, size, |at, out| copy(bytes, at, out))?;
        let record = &bytes[..size as usize];
        let mut fields = Fields(&record[8..]);
        let body_crc = fields.int().cast_unsigned();
        let (queue_id, flag, queue_offset, physical_offset) =
            (fields.int(), fields.int(), fields.long(), fields.long());
        let (sys_flag, born_timestamp) = (fields.int(), fields.long());
        let born_host = fields.host(sys_flag & sys_flag::BORN_HOST_V6 != 0);
        let store_timestamp = fields.long();
        let store_host = fields.host(sys_flag & sys_flag::STORE_HOST_V6 != 0);
        let (reconsume_times, prepared_transaction_offset) = (fields.int(), fields.long());
        Ok(Self {
            version,
            body_crc,
            queue_id,
            flag,
            queue_offset,
            physical_offset,
            sys_flag,
            born_timestamp,
            born_host,
            store_timestamp,
            store_host,
            reconsume_times,
            prepared_transaction_offset,
            body: &record[lengths.body_at..][..lengths.body],
            topic: &record[lengths.topic_at..][..lengths.topic],
            properties: &record[lengths.properties_at..],
        })
    }

    /// Compares the body with its CRC, as recovery does; an empty body has none to compare.
    ///
    /// # Errors
    /// [`RecordError::BodyCrc`].
    pub fn check_crc(&self) -> Result<(), RecordError> {
        if self.body.is_empty() {
            return Ok(());
        }
        let computed = body_crc(self.body);
        if computed == self.body_crc { Ok(()) } else { Err(RecordError::BodyCrc { stored: self.body_crc, computed }) }
    }

    /// The topic; bytes that are not UTF-8 are replaced, as Java does.
    #[must_use]
    pub fn topic(&self) -> std::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.topic)
    }

    /// The properties text; bytes that are not UTF-8 are replaced, as Java does.
    #[must_use]
    pub fn properties(&self) -> std::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.properties)
    }
}

/// Bytes of a record without body, topic and properties.
const fn fixed_len(sys_flag: i32, version: RecordVersion) -> usize {
    let born = if sys_flag & sys_flag::BORN_HOST_V6 == 0 { 0 } else { 12 };
    let store = if sys_flag & sys_flag::STORE_HOST_V6 == 0 { 0 } else { 12 };
    FIXED_LEN + born + store + version.topic_len_bytes() - 1
}

/// Size and magic code of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    pub(super) version: RecordVersion,
    pub(super) size: u32,
}

impl Opening {
    /// Reads the first 8 bytes; `left` is how many there are up to the file's end.
    pub(super) fn of(bytes: &[u8], left: u64) -> Result<Self, RecordError> {
        let mut head = [0; 8];
        copy(bytes, 0, &mut head).ok_or(RecordError::Incomplete { needed: 8, left })?;
        let (words, _) = head.as_chunks::<4>();
        let magic = u32::from_be_bytes(words[1]);
        let version = RecordVersion::of_magic(magic).ok_or(RecordError::IllegalMagic(magic))?;
        let size = i32::from_be_bytes(words[0]);
        let size = u32::try_from(size).ok().filter(|size| *size as usize >= fixed_len(0, version));
        let size = size.ok_or(RecordError::IllegalSize(i32::from_be_bytes(words[0])))?;
        if u64::from(size) > left {
            return Err(RecordError::Incomplete { needed: u64::from(size), left });
        }
        Ok(Self { version, size })
    }
}

/// Where the parts of a record lie and how long they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths {
    body_at: usize,
    body: usize,
    topic_at: usize,
    topic: usize,
    properties_at: usize,
}

impl Lengths {
    /// Reads the length fields through `read`, which fills a buffer from a position in the record. All lie inside the
    /// record, and their sum is its size, or it is an error: nothing needs to be allocated to find out.
    pub(super) fn of(
        version: RecordVersion,
        size: u32,
        read: impl Fn(usize, &mut [u8]) -> Option<()>,
    ) -> Result<Self, RecordError> {
        let whole = size as usize;
        let short = RecordError::SizeMismatch { size, parts: 0 };
        let number = |at: usize, width: usize| {
            let mut bytes = [0; 4];
            read(at, &mut bytes[4 - width..])?;
            Some(i32::from_be_bytes(bytes))
        };
        let sys_flag = number(SYS_FLAG_AT, 4).ok_or(short)?;
        let fixed = fixed_len(sys_flag, version);
        if fixed > whole {
            return Err(RecordError::SizeMismatch { size, parts: fixed as u64 });
        }
        let part = |field: &'static str, len: i32, used: usize| {
            let fits = usize::try_from(len).ok().filter(|len| *len <= whole - used);
            fits.ok_or(RecordError::IllegalLength { field, len, size })
        };
        let body_at = fixed - 2 - version.topic_len_bytes();
        let body = part("body", number(body_at - 4, 4).ok_or(short)?, fixed)?;
        let topic_len_at = body_at + body;
        let mut topic = number(topic_len_at, version.topic_len_bytes()).ok_or(short)?;
        if version == RecordVersion::V1 {
            // A signed byte.
            topic = i32::from(topic as i8);
        }
        let topic_at = topic_len_at + version.topic_len_bytes();
        let topic = part("topic", topic, fixed + body)?;
        let properties = i32::from(number(topic_at + topic, 2).ok_or(short)? as i16);
        let properties = part("properties", properties, fixed + body + topic)?;
        let parts = fixed + body + topic + properties;
        if parts != whole {
            return Err(RecordError::SizeMismatch { size, parts: parts as u64 });
        }
        Ok(Self { body_at, body, topic_at, topic, properties_at: topic_at + topic + 2 })
    }
}

fn copy(bytes: &[u8], at: usize, out: &mut [u8]) -> Option<()> {
    out.copy_from_slice(bytes.get(at..)?.get(..out.len())?);
    Some(())
}

/// Takes the fields in front of the body off one after the other; their presence is known.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn int(&mut self) -> i32 {
        i32::from_be_bytes(self.take())
    }

    fn long(&mut self) -> i64 {
        i64::from_be_bytes(self.take())
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (bytes, rest) = self.0.split_first_chunk::<N>().expect("the fixed part was found to be there");
        self.0 = rest;
        *bytes
    }

    fn host(&mut self, v6: bool) -> Host {
        let (bytes, rest) = self.0.split_at(if v6 { 20 } else { 8 });
        self.0 = rest;
        Host::decode(bytes).expect("8 or 20 bytes are a host")
    }
}

/// The first 8 bytes of a blank of `len` bytes; the rest may be anything.
#[must_use]
pub fn blank(len: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&len.to_be_bytes());
    bytes[4..].copy_from_slice(&BLANK_MAGIC.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests;
