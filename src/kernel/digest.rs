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
