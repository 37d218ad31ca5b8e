//! TEMP log-linear histogram.

/// TEMP.
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
        Self { counts: vec![0; 64 * 128], count: 0, sum: 0, min: u64::MAX, max: 0 }
    }
}
const BITS: u32 = 7;
fn index(value: u64) -> usize {
    let v = value | 1;
    let top = 63 - v.leading_zeros();
    if top < BITS {
        return value as usize;
    }
    let shift = top - BITS;
    (((shift + 1) as usize) << BITS) + ((value >> shift) as usize & 127)
}
fn upper(index: usize) -> u64 {
    let group = index >> BITS;
    let sub = (index & 127) as u64;
    if group == 0 {
        return sub;
    }
    let shift = group as u32 - 1;
    (((128 + sub + 1) as u128) << shift).min(u64::MAX as u128) as u64 - 1
}
#[allow(missing_docs)]
impl Histogram {
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.counts[index(value)] += 1;
        self.count += 1;
        self.sum += u128::from(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }
    pub fn count(&self) -> u64 {
        self.count
    }
    pub fn min(&self) -> u64 {
        self.min
    }
    pub fn max(&self) -> u64 {
        self.max
    }
    pub fn sum(&self) -> u128 {
        self.sum
    }
    pub fn clear(&mut self) {
        *self = Self::default();
    }
    pub fn quantile(&self, hundredths: u32) -> u64 {
        let rank = (u128::from(self.count) * u128::from(hundredths)).div_ceil(10_000).max(1) as u64;
        let mut seen = 0;
        for (i, c) in self.counts.iter().enumerate() {
            seen += c;
            if seen >= rank {
                return upper(i).clamp(self.min, self.max);
            }
        }
        self.max
    }
    pub fn cumulative(&self) -> Vec<(u64, u64)> {
        let mut seen = 0;
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, c)| **c > 0)
            .map(|(i, c)| {
                seen += c;
                (upper(i).min(self.max), seen)
            })
            .collect()
    }
}
