//! The rolling digest of a run's event stream.

/// 64 bits that change with every value folded in and with their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Digest {
    /// Folds a value in: one multiplication and a rotation (the wyhash idea without its finish, which [`Digest::value`] does).
    #[inline]
    pub fn fold(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(29);
    }

    /// The digest so far, finished with the splitmix64 mixer.
    #[must_use]
    pub fn value(self) -> u64 {
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(values: &[u64]) -> u64 {
        let mut digest = Digest::default();
        values.iter().for_each(|value| digest.fold(*value));
        digest.value()
    }

    #[test]
    fn order_number_and_value_matter() {
        let base = digest(&[1, 2, 3]);
        for other in [&[1, 3, 2][..], &[2, 1, 3], &[1, 2], &[1, 2, 3, 0], &[0, 1, 2, 3], &[1, 2, 4], &[]] {
            assert_ne!(digest(other), base, "{other:?}");
        }
        assert_eq!(digest(&[1, 2, 3]), base);
    }

    #[test]
    fn each_bit_of_a_value_changes_about_half_of_the_digest() {
        for bit in 0..64 {
            let changed = (digest(&[7, 0, 9]) ^ digest(&[7, 1 << bit, 9])).count_ones();
            assert!((10..=54).contains(&changed), "bit {bit} changed {changed}");
        }
    }

    #[test]
    fn the_function_is_pinned() {
        assert_eq!(digest(&[1, 2, 3]), 4_772_910_387_712_758_212);
    }
}
