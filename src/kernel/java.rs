//! Facts of the Java platform that decide behaviour: string hashes and the iteration order of `HashMap`.

/// `String.hashCode`: `31 * h + unit` over UTF-16 code units, in 32 bits.
#[must_use]
pub fn string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The order in which a `HashMap` with default settings iterates keys that were inserted in this order; a repeated key
/// keeps its first place.
///
/// Holds as long as no bucket has turned into a tree, which takes 8 keys of one bucket in a table of 64 or more.
#[must_use]
pub fn hash_map_order<'a>(inserted: &[&'a str]) -> Vec<&'a str> {
    let mut keys: Vec<&'a str> = Vec::with_capacity(inserted.len());
    for key in inserted {
        if !keys.contains(key) {
            keys.push(key);
        }
    }
    let mut capacity = 16_usize;
    while keys.len() * 4 > capacity * 3 {
        capacity *= 2;
    }
    // Splitting a bucket keeps the order inside it, so only the last capacity counts. The sort is stable.
    keys.sort_by_key(|key| {
        let hash = string_hash(key) as u32;
        (hash ^ (hash >> 16)) as usize & (capacity - 1)
    });
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_run_over_utf_16_units_and_wrap() {
        assert_eq!(string_hash(""), 0);
        assert_eq!(string_hash("TagA"), 2_598_919);
        assert_eq!(string_hash("Aa"), string_hash("BB"));
        assert_eq!(string_hash("🚀"), 0xD83D * 31 + 0xDE80);
        assert_eq!(string_hash("polygenelubricants"), i32::MIN);
    }

    #[test]
    fn maps_iterate_by_bucket_then_by_insertion() {
        assert_eq!(hash_map_order(&["TAGS", "KEYS", "WAIT", "UNIQ_KEY"]), ["KEYS", "UNIQ_KEY", "WAIT", "TAGS"]);
        assert_eq!(hash_map_order(&["BB", "b", "Aa", "BB"]), ["BB", "Aa", "b"], "one bucket for BB and Aa");
    }

    #[test]
    fn the_thirteenth_key_doubles_the_table() {
        let letters = ["a", "q", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
        assert_eq!(hash_map_order(&letters[..12])[..2], ["a", "q"], "97 and 113 share a bucket of 16");
        assert_eq!(hash_map_order(&letters)[12], "q", "but not one of 32");
    }
}
