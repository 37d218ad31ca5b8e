//! Bits of a record's sysFlag (`MessageSysFlag`).

/// The body is compressed.
pub const COMPRESSED: i32 = 0x1;
/// The tags hold several tags.
pub const MULTI_TAGS: i32 = 0x2;
/// The bits of the transaction type.
pub const TRANSACTION_MASK: i32 = 0xC;
/// A prepared message.
pub const TRANSACTION_PREPARED: i32 = 0x4;
/// A committed message.
pub const TRANSACTION_COMMIT: i32 = 0x8;
/// A rolled-back message.
pub const TRANSACTION_ROLLBACK: i32 = 0xC;
/// The born host is IPv6.
pub const BORN_HOST_V6: i32 = 0x10;
/// The store host is IPv6.
pub const STORE_HOST_V6: i32 = 0x20;

/// The transaction type: 0, [`TRANSACTION_PREPARED`], [`TRANSACTION_COMMIT`] or [`TRANSACTION_ROLLBACK`].
#[must_use]
pub const fn transaction_type(sys_flag: i32) -> i32 {
    sys_flag & TRANSACTION_MASK
}

/// Whether a record of this sysFlag gets an entry in a consume queue.
#[must_use]
pub const fn is_queued(sys_flag: i32) -> bool {
    matches!(transaction_type(sys_flag), 0 | TRANSACTION_COMMIT)
}

/// Whether a record of this sysFlag gets entries in the index.
#[must_use]
pub const fn is_indexed(sys_flag: i32) -> bool {
    transaction_type(sys_flag) != TRANSACTION_ROLLBACK
}
