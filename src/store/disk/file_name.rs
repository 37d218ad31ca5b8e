//! Names of log and queue files: the offset of their first byte in 20 decimal digits (`UtilAll#offset2FileName`).

/// The name of the file that starts at `offset`.
#[must_use]
pub fn file_name(offset: u64) -> String {
    format!("{offset:020}")
}

/// The offset that a file's name gives; `None` for a name that is not 20 digits, or an offset that no log reaches: from
/// 2^62 on.
#[must_use]
pub fn offset_of(name: &str) -> Option<u64> {
    let digits = name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit());
    name.parse::<u64>().ok().filter(|offset| digits && *offset < 1 << 62)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_20_digits() {
        assert_eq!(file_name(1 << 30), "00000000001073741824");
        assert_eq!(offset_of("00000000001073741824"), Some(1 << 30));
        for wrong in
            ["", "1024", "+0000000000000000001", "99999999999999999999", "09223372036854775807", "0000000000000000000a"]
        {
            assert_eq!(offset_of(wrong), None, "{wrong}");
        }
    }
}
