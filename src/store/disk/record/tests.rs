use std::net::SocketAddr;

use super::*;

fn sample(born: &str, body: &'static [u8]) -> Record<'static> {
    let born_host = Host::from(born.parse::<SocketAddr>().unwrap());
    let store_host = Host::v4([10, 1, 2, 3], 10911);
    Record {
        version: RecordVersion::V1,
        body_crc: body_crc(body),
        queue_id: 3,
        flag: -5,
        queue_offset: 7,
        physical_offset: 4096,
        sys_flag: host_flags(&born_host, &store_host),
        born_timestamp: 1_700_000_000_000,
        born_host,
        store_timestamp: 1_700_000_000_001,
        store_host,
        reconsume_times: 2,
        prepared_transaction_offset: 9,
        body,
        topic: b"OrderTopic",
        properties: b"TAGS\x01a",
    }
}

fn encoded(record: &Record<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    bytes
}

#[test]
fn what_was_encoded_is_decoded() {
    for (born, size) in [("10.0.0.1:50000", 91 + 2 + 10 + 6), ("[2001:db8::1]:50000", 103 + 2 + 10 + 6)] {
        for version in [RecordVersion::V1, RecordVersion::V2] {
            let record = Record { version, ..sample(born, b"hi") };
            let mut bytes = encoded(&record);
            assert_eq!(bytes.len(), size + usize::from(version == RecordVersion::V2));
            bytes.extend_from_slice(b"the next record");
            assert_eq!(Record::decode(&bytes), Ok(record));
            assert_eq!(record.check_crc(), Ok(()));
        }
    }
}

#[test]
fn a_record_that_is_cut_is_incomplete() {
    let bytes = encoded(&sample("10.0.0.1:50000", b"hi"));
    for cut in 0..bytes.len() {
        let needed = if cut < 8 { 8 } else { bytes.len() as u64 };
        assert_eq!(Record::decode(&bytes[..cut]), Err(RecordError::Incomplete { needed, left: cut as u64 }));
    }
}

#[test]
fn each_damage_has_its_name() {
    let bytes = encoded(&sample("10.0.0.1:50000", b"hi"));
    let size = bytes.len() as u32;
    let with = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        bytes.extend_from_slice(&[0; 1 << 17]);
        Record::decode(&bytes).err()
    };
    assert_eq!(with(4, 0), Some(RecordError::IllegalMagic(0x00A3_20A7)));
    assert_eq!(with(0, 0x80), Some(RecordError::IllegalSize(i32::MIN + bytes.len() as i32)));
    assert_eq!(with(3, 90), Some(RecordError::IllegalSize(90)));
    assert_eq!(with(1, 1), Some(RecordError::SizeMismatch { size: size + (1 << 16), parts: u64::from(size) }));
    assert_eq!(with(84, 0xFF), Some(RecordError::IllegalLength { field: "body", len: -0xFF_FFFE, size }));
    assert_eq!(with(90, 0xFF), Some(RecordError::IllegalLength { field: "topic", len: -1, size }));
    let expected = RecordError::IllegalLength { field: "properties", len: 0x7F06, size };
    assert_eq!(with(101, 0x7F), Some(expected));
}

#[test]
fn a_changed_body_breaks_the_crc_unless_it_is_empty() {
    let record = sample("10.0.0.1:50000", b"hi");
    let changed = Record { body: b"ho", ..record };
    assert!(matches!(changed.check_crc(), Err(RecordError::BodyCrc { stored, .. }) if stored == record.body_crc));
    assert_eq!(Record { body: b"", ..record }.check_crc(), Ok(()));
}
