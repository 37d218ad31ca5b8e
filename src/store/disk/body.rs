//! Bytes for bodies that a simulation knows only by size.

/// Appends `len` bytes that depend on `seed` and on nothing else.
pub fn fill_body(seed: u64, len: usize, out: &mut Vec<u8>) {
    // Xorshift (13, 7, 17); the odd constant keeps the state of seed 0 off zero.
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let start = out.len();
    out.resize(start + len, 0);
    let (words, rest) = out[start..].as_chunks_mut::<8>();
    for word in words {
        *word = next();
    }
    rest.copy_from_slice(&next()[..rest.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(seed: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![7];
        fill_body(seed, len, &mut bytes);
        assert_eq!(bytes[0], 7, "what was there stays");
        bytes.split_off(1)
    }

    #[test]
    fn a_seed_gives_the_same_bytes_at_every_length() {
        let long = body(5, 100);
        for len in 0..100 {
            assert_eq!(body(5, len), long[..len]);
        }
        assert_ne!(body(6, 100), long);
        assert!(body(0, 64).iter().any(|&byte| byte != 0));
    }
}
