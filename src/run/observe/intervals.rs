//! Sets of offsets that come nearly in order.

/// A set of offsets as disjoint half-open intervals, ascending. Offsets come nearly in order, so the last interval is nearly
/// always the one that changes; there are many intervals only where a filter leaves gaps.
#[derive(Clone, Debug, Default)]
pub struct Intervals {
    ranges: Vec<(u64, u64)>,
    len: u64,
}

impl Intervals {
    /// Adds an offset; false when it was in.
    #[inline]
    pub fn insert(&mut self, offset: u64) -> bool {
        let inserted = match self.ranges.last_mut() {
            Some(last) if last.1 == offset => {
                last.1 += 1;
                true
            }
            _ => self.insert_anywhere(offset),
        };
        self.len += u64::from(inserted);
        inserted
    }

    fn insert_anywhere(&mut self, offset: u64) -> bool {
        let index = self.ranges.partition_point(|(_, end)| *end < offset);
        match self.ranges.get_mut(index) {
            Some((start, end)) if *start <= offset && offset < *end => false,
            Some((_, end)) if *end == offset => {
                *end += 1;
                if self.ranges.get(index + 1).is_some_and(|(next, _)| *next == offset + 1) {
                    self.ranges[index].1 = self.ranges[index + 1].1;
                    self.ranges.remove(index + 1);
                }
                true
            }
            Some((start, _)) if *start == offset + 1 => {
                *start = offset;
                true
            }
            _ => {
                self.ranges.insert(index, (offset, offset + 1));
                true
            }
        }
    }

    /// Whether an offset is in.
    #[must_use]
    pub fn contains(&self, offset: u64) -> bool {
        let index = self.ranges.partition_point(|(_, end)| *end <= offset);
        self.ranges.get(index).is_some_and(|(start, _)| *start <= offset)
    }

    /// The first offset from `from` on that is not in.
    #[must_use]
    pub fn first_missing(&self, from: u64) -> u64 {
        let index = self.ranges.partition_point(|(_, end)| *end <= from);
        self.ranges.get(index).filter(|(start, _)| *start <= from).map_or(from, |(_, end)| *end)
    }

    /// Takes an offset out; false when it was not in.
    pub fn remove(&mut self, offset: u64) -> bool {
        let index = self.ranges.partition_point(|(_, end)| *end <= offset);
        let Some((start, end)) = self.ranges.get(index).copied().filter(|(start, _)| *start <= offset) else {
            return false;
        };
        let rest = [(start, offset), (offset + 1, end)];
        self.ranges.splice(index..=index, rest.into_iter().filter(|(start, end)| start < end));
        self.len -= 1;
        true
    }

    /// Takes out everything from `from` on and returns it as intervals.
    pub fn cut(&mut self, from: u64) -> Vec<(u64, u64)> {
        let index = self.ranges.partition_point(|(_, end)| *end <= from);
        let mut cut = self.ranges.split_off(index);
        if let Some(first) = cut.first_mut().filter(|(start, _)| *start < from) {
            self.ranges.push((first.0, from));
            first.0 = from;
        }
        self.len -= cut.iter().map(|(start, end)| end - start).sum::<u64>();
        cut
    }

    /// The intervals from `from` on.
    pub fn ranges_from(&self, from: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        let index = self.ranges.partition_point(|(_, end)| *end <= from);
        self.ranges[index..].iter().map(move |(start, end)| ((*start).max(from), *end))
    }

    /// How many offsets are in.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// How many offsets before this one are in. Costs time by the number of intervals behind it.
    #[must_use]
    pub fn len_before(&self, offset: u64) -> u64 {
        self.len - self.ranges_from(offset).map(|(start, end)| end - start).sum::<u64>()
    }

    /// Whether nothing is in.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// One past the greatest offset that is in.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.ranges.last().map_or(0, |(_, end)| *end)
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
        assert_eq!(intervals.ranges, [(2, 4), (5, 10)]);
        assert!(intervals.contains(9) && !intervals.contains(4) && !intervals.contains(10));
        assert_eq!((intervals.first_missing(2), intervals.first_missing(4), intervals.first_missing(5)), (4, 4, 10));
        assert_eq!(intervals.len(), 7);
        assert!(intervals.remove(7) && intervals.remove(2) && !intervals.remove(4));
        assert_eq!(intervals.ranges, [(3, 4), (5, 7), (8, 10)]);
    }

    #[test]
    fn a_set_can_be_cut_and_counted_from_its_end() {
        let mut intervals = Intervals::default();
        for offset in (0..20).filter(|offset| offset % 3 != 2) {
            intervals.insert(offset);
        }
        assert_eq!((intervals.len(), intervals.len_before(7), intervals.len_before(0)), (14, 5, 0));
        assert_eq!(intervals.cut(13), [(13, 14), (15, 17), (18, 20)]);
        assert_eq!((intervals.len(), intervals.end(), intervals.contains(12)), (9, 13, true));
        assert_eq!(intervals.ranges_from(10).collect::<Vec<_>>(), [(10, 11), (12, 13)]);
    }
}
