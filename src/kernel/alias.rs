//! Draws from a table of weights in constant time.

use super::rng::Stream;

/// Walker's alias table (built as Vose 1991 does): each column holds one index, and above its threshold another one.
#[derive(Clone, Debug)]
pub struct Alias {
    /// Threshold of the column as a 64-bit fraction, and the other index.
    columns: Box<[(u64, u32)]>,
}

impl Alias {
    /// Index `i` is drawn with probability `weights[i]` over their sum. Weights that are negative or not a number count
    /// as 0; when none is above 0, all are equal.
    ///
    /// # Panics
    /// Without a weight, or with more than 2^32.
    #[must_use]
    pub fn new(weights: impl ExactSizeIterator<Item = f64>) -> Self {
        let mut scaled: Vec<f64> = weights.map(|weight| if weight > 0.0 { weight } else { 0.0 }).collect();
        assert!(!scaled.is_empty(), "there is something to choose from");
        assert!(u32::try_from(scaled.len()).is_ok(), "at most 2^32 weights");
        let sum: f64 = scaled.iter().sum();
        let factor = scaled.len() as f64 / sum;
        scaled.iter_mut().for_each(|weight| *weight = if sum > 0.0 { *weight * factor } else { 1.0 });
        let mut columns: Box<[(u64, u32)]> = (0..scaled.len()).map(|index| (u64::MAX, index as u32)).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..scaled.len()).partition(|&at| scaled[at] < 1.0);
        while let (Some(&less), Some(&more)) = (small.last(), large.last()) {
            small.pop();
            columns[less] = ((scaled[less] * TWO_64) as u64, more as u32);
            scaled[more] -= 1.0 - scaled[less];
            if scaled[more] < 1.0 {
                large.pop();
                small.push(more);
            }
        }
        Self { columns }
    }

    /// Draws an index.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> usize {
        let product = u128::from(stream.next_u64()) * self.columns.len() as u128;
        let column = (product >> 64) as usize;
        let (threshold, other) = self.columns[column];
        std::hint::select_unpredictable((product as u64) < threshold, column, other as usize)
    }
}

/// 2^64.
const TWO_64: f64 = 18_446_744_073_709_551_616.0;

/// Zipf's law: of `count` ranks, rank `k` (from 0) comes with a probability proportional to `(k + 1)^-exponent`.
#[derive(Clone, Debug)]
pub struct Zipf(Alias);

impl Zipf {
    /// The law of this many ranks; exponent 0 makes them equally frequent.
    ///
    /// # Panics
    /// With no rank.
    #[must_use]
    pub fn new(count: u32, exponent: f64) -> Self {
        Self(Alias::new((0..count).map(|rank| libm::pow(f64::from(rank) + 1.0, -exponent))))
    }

    /// Draws a rank, 0 the most frequent.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> u64 {
        self.0.sample(stream) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Streams;

    const DRAWS: usize = 400_000;

    /// Each index as often as expected, within five standard deviations.
    fn check(expected: &[f64], mut draw: impl FnMut(&mut Stream) -> usize) {
        let mut stream = Streams::new(5).stream("test", "alias");
        let mut counts = vec![0usize; expected.len()];
        for _ in 0..DRAWS {
            counts[draw(&mut stream)] += 1;
        }
        let sum: f64 = expected.iter().sum();
        for (index, (&count, weight)) in counts.iter().zip(expected).enumerate() {
            let p = weight / sum;
            let deviation = libm::sqrt(DRAWS as f64 * p * (1.0 - p));
            let off = (count as f64 - DRAWS as f64 * p).abs();
            assert!(off <= 5.0 * deviation, "index {index}: {count} draws, {} expected", DRAWS as f64 * p);
        }
    }

    #[test]
    fn indices_come_as_often_as_they_weigh() {
        for weights in [&[1.0][..], &[0.0, 3.0], &[5.0, 1.0, 0.0, 2.5, 1e-3], &[1.0; 7], &[0.0, 0.0]] {
            let expected: Vec<f64> =
                if weights.iter().sum::<f64>() > 0.0 { weights.to_vec() } else { vec![1.0; weights.len()] };
            let alias = Alias::new(weights.iter().copied());
            check(&expected, |stream| alias.sample(stream));
        }
    }

    #[test]
    fn zipf_ranks_fall_with_the_exponent() {
        for exponent in [0.0, 0.7, 1.0, 2.0] {
            let law = Zipf::new(100, exponent);
            let expected: Vec<f64> = (1..=100).map(|rank| libm::pow(f64::from(rank), -exponent)).collect();
            check(&expected, |stream| law.sample(stream) as usize);
        }
    }

    #[test]
    fn a_draw_of_any_size_takes_one_number_of_the_stream() {
        let law = Zipf::new(100_000, 1.1);
        let (mut one, mut other) = (Streams::new(2).stream("a", "b"), Streams::new(2).stream("a", "b"));
        law.sample(&mut one);
        other.next_u64();
        assert_eq!(one.next_u64(), other.next_u64());
    }

    #[test]
    fn draws_are_pinned() {
        let mut stream = Streams::new(1).stream("test", "zipf");
        let law = Zipf::new(1_000, 1.0);
        let draws: Vec<u64> = (0..8).map(|_| law.sample(&mut stream)).collect();
        assert_eq!(draws, [0, 339, 88, 0, 0, 310, 2, 2]);
    }
}
