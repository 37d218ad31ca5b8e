//! Named random streams: each consumer of randomness draws from its own ChaCha8 stream, keyed by
//! (master seed, entity name, purpose), so that adding an entity shifts nobody else's draws.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The source of streams of one run.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// Streams of a master seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The stream of `entity` for `purpose`. The same arguments always give the same draws.
    #[must_use]
    pub fn stream(&self, entity: &str, purpose: &str) -> Stream {
        // A 256-bit key from four FNV-1a passes with different offsets: a function we own, stable for ever.
        let mut key = [0u8; 32];
        for (lane, chunk) in key.chunks_exact_mut(8).enumerate() {
            let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ (lane as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let bytes = self.seed.to_le_bytes();
            for byte in bytes.iter().chain(entity.as_bytes()).chain(&[0xff]).chain(purpose.as_bytes()) {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
            chunk.copy_from_slice(&(hash ^ (hash >> 29)).to_le_bytes());
        }
        Stream { rng: ChaCha8Rng::from_seed(key) }
    }
}

/// A stream of draws.
#[derive(Clone, Debug)]
pub struct Stream {
    rng: ChaCha8Rng,
}

impl Stream {
    /// 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Uniform in [0, 1), 53 bits.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in (0, 1], for logarithms.
    #[inline]
    pub fn unit_open(&mut self) -> f64 {
        ((self.next_u64() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in 0..n; 0 when n is 0. The bias of the multiply-shift method is below 2^-32 for n < 2^32.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn draws(stream: &mut Stream, count: usize) -> Vec<u64> {
        (0..count).map(|_| stream.next_u64()).collect()
    }

    proptest! {
        #[test]
        fn a_streams_draws_do_not_depend_on_what_others_draw(
            seed in any::<u64>(), turns in prop::collection::vec(0usize..4, 0..200)
        ) {
            let names = [("consumer/0", "service"), ("consumer/1", "service"), ("consumer/0", "jitter"), ("p", "")];
            let streams = Streams::new(seed);
            let mut mixed = names.map(|(entity, purpose)| streams.stream(entity, purpose));
            let mut seen = [const { Vec::new() }; 4];
            for turn in turns {
                seen[turn].push(mixed[turn].next_u64());
            }
            for ((entity, purpose), seen) in names.into_iter().zip(seen) {
                prop_assert_eq!(draws(&mut Streams::new(seed).stream(entity, purpose), seen.len()), seen);
            }
        }
    }

    #[test]
    fn seed_entity_and_purpose_each_make_another_stream() {
        let of = |seed, entity, purpose| draws(&mut Streams::new(seed).stream(entity, purpose), 4);
        let all =
            [of(1, "a", "b"), of(2, "a", "b"), of(1, "c", "b"), of(1, "a", "d"), of(1, "ab", ""), of(1, "", "ab")];
        for (index, one) in all.iter().enumerate() {
            assert!(all[..index].iter().all(|other| other != one), "stream {index} is another one's");
        }
    }

    #[test]
    fn first_draws_are_pinned() {
        assert_eq!(
            draws(&mut Streams::new(1).stream("order_consumer/0", "service"), 4),
            [6_345_709_369_506_614_303, 2_157_050_376_996_996_292, 274_295_276_426_999_348, 9_190_589_252_507_608_582]
        );
    }

    #[test]
    fn units_stay_within_their_bounds_and_are_even() {
        let mut stream = Streams::new(1).stream("test", "unit");
        let mut sum = 0.0;
        for _ in 0..100_000 {
            let (closed, open) = (stream.unit(), stream.unit_open());
            assert!((0.0..1.0).contains(&closed) && open > 0.0 && open <= 1.0);
            sum += closed + open;
        }
        assert!((sum / 200_000.0 - 0.5).abs() < 0.005, "{sum}");
    }

    #[test]
    fn numbers_below_a_bound_are_even() {
        let mut stream = Streams::new(1).stream("test", "below");
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[stream.below(6) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        assert_eq!((stream.below(0), stream.below(1)), (0, 0));
    }
}
