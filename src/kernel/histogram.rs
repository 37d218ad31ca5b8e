//! A log-linear histogram of whole numbers: exact up to 255, within 1/128 above.

/// Each power of two is divided into 2^7 buckets.
const BITS: u32 = 7;
/// Buckets of a power of two.
const STEPS: u64 = 1 << BITS;

/// Counts of values by size. Count, least, greatest and sum are exact; a quantile is the upper bound of its bucket, less
/// than 0.8 % above the true one and never outside the least and the greatest.
///
/// The array grows to the largest value seen: 8 bytes for each of at most 7,424 buckets.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: Vec::new(), count: 0, sum: 0, min: u64::MAX, max: 0 }
    }
}

/// The bucket of a value: its exponent above 7 bits, and its leading 8 bits.
#[inline]
const fn bucket_of(value: u64) -> usize {
    let shift = (u64::BITS - BITS - 1).saturating_sub((value | STEPS).leading_zeros());
    (shift as usize * STEPS as usize) + (value >> shift) as usize
}

/// The greatest value of a bucket.
const fn upper_of(bucket: usize) -> u64 {
    let shift = (bucket as u64 / STEPS).saturating_sub(1);
    let leading = bucket as u64 - shift * STEPS;
    (leading << shift) | ((1 << shift) - 1)
}

impl Histogram {
    /// Counts a value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        let bucket = bucket_of(value);
        match self.counts.get_mut(bucket) {
            Some(count) => *count += 1,
            None => self.grow(bucket),
        }
        self.count += 1;
        self.sum += u128::from(value);
        // Branches that are hardly ever taken cost less than two stores.
        if value < self.min {
            self.min = value;
        }
        if value > self.max {
            self.max = value;
        }
    }

    /// Counts the first value of a bucket beyond the array's end.
    #[cold]
    fn grow(&mut self, bucket: usize) {
        self.counts.resize(bucket + 1, 0);
        self.counts[bucket] = 1;
    }

    /// Values counted.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The least; `u64::MAX` when empty.
    #[must_use]
    pub const fn min(&self) -> u64 {
        self.min
    }

    /// The greatest; 0 when empty.
    #[must_use]
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The sum.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// Counts what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Forgets everything but keeps its memory. Costs by the span of what was counted.
    pub fn clear(&mut self) {
        if self.count > 0 {
            self.counts[bucket_of(self.min)..=bucket_of(self.max)].fill(0);
        }
        *self = Self { counts: std::mem::take(&mut self.counts), ..Self::default() };
    }

    /// The value at or below which `hundredths` of a percent (9900 = 99 %) of the values lie; 0 when empty.
    #[must_use]
    pub fn quantile(&self, hundredths: u32) -> u64 {
        let rank = (u128::from(self.count) * u128::from(hundredths)).div_ceil(10_000).max(1);
        self.buckets().find(|(_, cumulative)| u128::from(*cumulative) >= rank).map_or(self.max, |(upper, _)| upper)
    }

    /// The non-empty buckets in ascending order: greatest value, and how many values are at most that.
    #[must_use]
    pub fn cumulative(&self) -> Vec<(u64, u64)> {
        self.buckets().collect()
    }

    fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let first = if self.count > 0 { bucket_of(self.min) } else { self.counts.len() };
        let occupied = self.counts.iter().enumerate().skip(first).filter(|(_, count)| **count > 0);
        occupied.scan(0, |cumulative, (bucket, count)| {
            *cumulative += count;
            Some((upper_of(bucket).min(self.max), *cumulative))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.record(*value));
        histogram
    }

    fn value() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0u32..64).prop_map(|(value, shift)| value >> shift)
    }

    proptest! {
        #[test]
        fn figures_are_exact_and_quantiles_within_a_bucket(
            mut values in prop::collection::vec(value(), 1..400), hundredths in 0u32..=10_000
        ) {
            let histogram = of(&values);
            values.sort_unstable();
            prop_assert_eq!(histogram.count(), values.len() as u64);
            prop_assert_eq!(histogram.sum(), values.iter().map(|value| u128::from(*value)).sum::<u128>());
            prop_assert_eq!((histogram.min(), histogram.max()), (values[0], values[values.len() - 1]));
            let rank = (values.len() * hundredths as usize).div_ceil(10_000).max(1);
            let (exact, estimate) = (values[rank - 1], histogram.quantile(hundredths));
            prop_assert!(estimate >= exact && estimate - exact <= exact / 128, "{estimate} for {exact}");
            let cumulative = histogram.cumulative();
            prop_assert_eq!(cumulative.last(), Some(&(histogram.max(), histogram.count())));
            for (upper, count) in cumulative {
                prop_assert_eq!(count, values.partition_point(|value| *value <= upper) as u64);
            }
        }

        #[test]
        fn merging_equals_counting_all(
            one in prop::collection::vec(value(), 0..50), other in prop::collection::vec(value(), 0..50)
        ) {
            let mut merged = of(&one);
            merged.merge(&of(&other));
            let all = of(&[one, other].concat());
            prop_assert_eq!(merged.cumulative(), all.cumulative());
            prop_assert_eq!((merged.count(), merged.sum()), (all.count(), all.sum()));
            prop_assert_eq!((merged.min(), merged.max()), (all.min(), all.max()));
        }

        #[test]
        fn a_cleared_one_is_like_new(
            one in prop::collection::vec(value(), 0..50), other in prop::collection::vec(value(), 0..50)
        ) {
            let mut reused = of(&one);
            reused.clear();
            prop_assert_eq!(reused.cumulative(), []);
            other.iter().for_each(|value| reused.record(*value));
            prop_assert_eq!(reused.cumulative(), of(&other).cumulative());
            prop_assert_eq!(reused.sum(), of(&other).sum());
        }
    }

    #[test]
    fn buckets_cover_all_numbers_without_gap() {
        let mut next = 0u64;
        let mut bucket = 0;
        loop {
            assert_eq!(bucket_of(next), bucket);
            let upper = upper_of(bucket);
            assert_eq!(bucket_of(upper), bucket);
            let Some(after) = upper.checked_add(1) else { break };
            next = after;
            bucket += 1;
        }
        assert_eq!(bucket + 1, 7_424);
    }

    #[test]
    fn an_empty_one_has_no_quantile() {
        assert_eq!((Histogram::default().quantile(5_000), Histogram::default().cumulative()), (0, vec![]));
    }
}
