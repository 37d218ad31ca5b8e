//! Sets of offsets that come nearly in order.

/// A set of offsets as disjoint half-open intervals, ascending. Offsets come nearly in order, so it is nearly always one.
#[derive(Clone, Debug, Default)]
pub struct Intervals(Vec<(u64, u64)>);

impl Intervals {
    /// Adds an offset; false when it was in.
    #[inline]
    pub fn insert(&mut self, offset: u64) -> bool {
        if let Some(last) = self.0.last_mut()
            && last.1 == offset
        {
            last.1 += 1;
            return true;
        }
        self.insert_anywhere(offset)
    }

    fn insert_anywhere(&mut self, offset: u64) -> bool {
        let index = self.0.partition_point(|(_, end)| *end < offset);
        match self.0.get_mut(index) {
            Some((start, end)) if *start <= offset && offset < *end => false,
            Some((_, end)) if *end == offset => {
                *end += 1;
                if self.0.get(index + 1).is_some_and(|(next, _)| *next == offset + 1) {
                    self.0[index].1 = self.0[index + 1].1;
                    self.0.remove(index + 1);
                }
                true
            }
            Some((start, _)) if *start == offset + 1 => {
                *start = offset;
                true
            }
            _ => {
                self.0.insert(index, (offset, offset + 1));
                true
            }
        }
    }

    /// Whether an offset is in.
    #[must_use]
    pub fn contains(&self, offset: u64) -> bool {
        let index = self.0.partition_point(|(_, end)| *end <= offset);
        self.0.get(index).is_some_and(|(start, _)| *start <= offset)
    }

    /// The first offset from `from` on that is not in.
    #[must_use]
    pub fn first_missing(&self, from: u64) -> u64 {
        let index = self.0.partition_point(|(_, end)| *end <= from);
        self.0.get(index).filter(|(start, _)| *start <= from).map_or(from, |(_, end)| *end)
    }

    /// Takes an offset out; false when it was not in.
    pub fn remove(&mut self, offset: u64) -> bool {
        let index = self.0.partition_point(|(_, end)| *end <= offset);
        let Some((start, end)) = self.0.get(index).copied().filter(|(start, _)| *start <= offset) else { return false };
        let rest = [(start, offset), (offset + 1, end)];
        self.0.splice(index..=index, rest.into_iter().filter(|(start, end)| start < end));
        true
    }

    /// How many offsets are in.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.iter().map(|(start, end)| end - start).sum()
    }

    /// How many offsets before this one are in.
    #[must_use]
    pub fn len_before(&self, offset: u64) -> u64 {
        self.0.iter().map(|(start, end)| (*end).min(offset).saturating_sub(*start)).sum()
    }

    /// Whether nothing is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One past the greatest offset that is in.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.0.last().map_or(0, |(_, end)| *end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_a_set() {
        let mut intervals = Intervals::default();
        for offset in [5, 6, 9, 7, 2, 8, 5, 3, 9] {
            intervals.insert(offset);
        }
        assert_eq!(intervals.0, [(2, 4), (5, 10)]);
        assert!(intervals.contains(9) && !intervals.contains(4) && !intervals.contains(10));
        assert_eq!((intervals.first_missing(2), intervals.first_missing(4), intervals.first_missing(5)), (4, 4, 10));
        assert_eq!(intervals.len(), 7);
        assert!(intervals.remove(7) && intervals.remove(2) && !intervals.remove(4));
        assert_eq!(intervals.0, [(3, 4), (5, 7), (8, 10)]);
    }
}
