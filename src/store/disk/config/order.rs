//! The order in which a `ConcurrentHashMap` iterates, which is the order of the entries in the files.

/// Puts entries into the order of a `ConcurrentHashMap` that began with `buckets`: 16, or for a map that was made for `n`
/// entries the next power of two of `1.5 * n + 1`.
///
/// Keys of one bucket keep the order in which they stand here. In the real map that order also depends on the history of
/// its growth, so there it may differ.
pub(super) fn java_order<T>(entries: &mut [T], buckets: usize, hash: impl Fn(&T) -> i32) {
    let mut capacity = buckets;
    // `addCount` doubles the table as soon as it is three quarters full.
    while entries.len() >= capacity - capacity / 4 {
        capacity *= 2;
    }
    entries.sort_by_cached_key(|entry| {
        let hash = hash(entry) as u32;
        (hash ^ (hash >> 16)) as usize & 0x7fff_ffff & (capacity - 1)
    });
}
