//! The window of pulled and unfinished messages of one queue (`ProcessQueue`).

use std::collections::VecDeque;

use crate::kernel::time::{SimDuration, SimTime};
use crate::store::get_message::Pulled;

/// A pulled message with the times of its listener call, known since the submission ([`super::pool`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Queue offset.
    pub offset: u64,
    /// `send()` call.
    pub born: SimTime,
    /// Append.
    pub stored: SimTime,
    /// Arrival of the pull's answer.
    pub pulled: SimTime,
    /// The listener is called.
    pub start: SimTime,
    /// The listener returns.
    pub end: SimTime,
    /// Listener call it belongs to, counted per consumer in order of submission; a batch shares one.
    pub call: u64,
    /// Body bytes.
    pub body: u32,
    /// Number of the message's key.
    pub key: u32,
    /// Handle of what the message has in common with others ([`crate::store::catalog`]).
    pub class: u32,
    /// Messages in its listener call.
    pub batch: u16,
    /// Whether its end has been reported.
    pub reported: bool,
    /// The end of its listener call does not finish it: something else has to (the broker that takes a failed message back,
    /// the commit of an orderly queue).
    pub held: bool,
}

impl Row {
    /// A message as it arrives with a pull's answer: nothing is known yet of its listener call.
    #[must_use]
    #[inline]
    pub fn arrived(now: SimTime, pulled: &Pulled) -> Self {
        let Pulled { offset, message } = *pulled;
        Self {
            offset,
            born: message.born_at,
            stored: message.stored_at,
            pulled: now,
            start: SimTime::MAX,
            end: SimTime::MAX,
            call: u64::MAX,
            body: message.body,
            key: message.key,
            class: message.class,
            batch: 1,
            reported: false,
            held: false,
        }
    }

    /// Whether it is finished by `now`.
    #[must_use]
    #[inline]
    pub const fn finished(&self, now: SimTime) -> bool {
        self.end.as_nanos() <= now.as_nanos() && !self.held
    }

    /// Thread time its listener call has taken by `now`: the message's share of it.
    #[must_use]
    #[inline]
    pub fn busy(&self, now: SimTime) -> SimDuration {
        let time = now.min(self.end).since(self.start);
        if self.batch == 1 { time } else { SimDuration::from_nanos(time.as_nanos() / u64::from(self.batch)) }
    }
}

/// What is cached at a moment: exact, unlike the raw rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cached {
    /// Messages not finished.
    pub count: u64,
    /// Of them in the listener.
    pub processing: u64,
    /// Body bytes of the unfinished ones.
    pub bytes: u64,
    /// Greatest less smallest unfinished offset.
    pub span: u64,
    /// Finished ones behind an unfinished one.
    pub finished: u64,
}

/// Pulled messages in offset order, without the finished ones before the first unfinished.
#[derive(Clone, Debug)]
pub struct ProcessQueue {
    rows: VecDeque<Row>,
    bytes: u64,
    /// `queueOffsetMax` + 1.
    after_last: u64,
    removed_any: bool,
    /// The first message was taken out without a result since when nothing has finished.
    taken_out: Option<SimTime>,
}

impl ProcessQueue {
    /// An empty window before `offset`.
    #[must_use]
    pub const fn new(offset: u64) -> Self {
        Self { rows: VecDeque::new(), bytes: 0, after_last: offset, removed_any: false, taken_out: None }
    }

    /// `putMessage`, one message; offsets ascend.
    #[inline]
    pub fn put(&mut self, row: Row) {
        debug_assert!(row.offset >= self.after_last || self.rows.is_empty(), "offsets ascend");
        self.after_last = row.offset + 1;
        self.bytes += u64::from(row.body);
        self.rows.push_back(row);
    }

    /// Removes what has finished by `now` from the front and reports it, each message once.
    #[inline]
    pub fn settle(&mut self, now: SimTime, mut report: impl FnMut(&Row)) {
        while let Some(front) = self.rows.front() {
            if !front.finished(now) {
                break;
            }
            self.removed_any = true;
            if self.taken_out.is_some_and(|at| front.end > at) {
                self.taken_out = None;
            }
            self.bytes -= u64::from(front.body);
            if !front.reported {
                report(front);
            }
            self.rows.pop_front();
        }
    }

    /// Reports what has finished behind an unfinished message too.
    pub fn report_all(&mut self, now: SimTime, mut report: impl FnMut(&Row)) {
        self.settle(now, &mut report);
        for row in self.rows.iter_mut().filter(|row| row.finished(now) && !row.reported) {
            row.reported = true;
            report(row);
        }
    }

    /// The result of the latest `removeMessage`: the lowest unfinished offset, or one past the last when all is finished;
    /// `None` while nothing has finished. Call after [`ProcessQueue::settle`].
    #[must_use]
    pub fn ack_floor(&self, now: SimTime) -> Option<u64> {
        let any = match self.taken_out {
            None => self.removed_any || self.rows.iter().any(|row| row.finished(now)),
            Some(at) => self.rows.iter().any(|row| row.finished(now) && row.end > at),
        };
        any.then(|| self.rows.front().map_or(self.after_last, |row| row.offset))
    }

    /// Takes the first message out at `now` if it is this one, without a result: the offset moves with the next message
    /// that finishes (`ProcessQueue#cleanExpiredMsg`).
    pub fn take_first(&mut self, offset: u64, now: SimTime) -> Option<Row> {
        let row = *self.rows.front().filter(|row| row.offset == offset)?;
        self.rows.pop_front();
        self.bytes -= u64::from(row.body);
        self.taken_out = Some(now);
        Some(row)
    }

    /// The message at an offset.
    pub fn row_mut(&mut self, offset: u64) -> Option<&mut Row> {
        let position = self.rows.binary_search_by_key(&offset, |row| row.offset).ok()?;
        self.rows.get_mut(position)
    }

    /// Removes so many messages from the front, finished or not (`ProcessQueue#commit`); returns the offset after the last.
    pub fn take_front(&mut self, messages: usize, mut tell: impl FnMut(&Row)) -> Option<u64> {
        let mut after = None;
        for row in self.rows.drain(..messages.min(self.rows.len())) {
            self.bytes -= u64::from(row.body);
            after = Some(row.offset + 1);
            tell(&row);
        }
        after
    }

    /// What is cached at `now`.
    #[must_use]
    pub fn cached(&self, now: SimTime) -> Cached {
        let mut cached = Cached::default();
        let (mut least, mut greatest) = (u64::MAX, 0);
        for row in &self.rows {
            if row.finished(now) {
                cached.finished += 1;
                continue;
            }
            cached.count += 1;
            cached.processing += u64::from(row.start <= now && row.end > now);
            cached.bytes += u64::from(row.body);
            least = least.min(row.offset);
            greatest = row.offset;
        }
        cached.span = greatest.saturating_sub(least);
        cached
    }

    /// Listener time of the rows not yet reported, up to `now`.
    #[must_use]
    pub fn busy(&self, now: SimTime) -> SimDuration {
        self.rows.iter().filter(|row| !row.reported).map(|row| row.busy(now)).sum()
    }

    /// Rows held, finished ones behind an unfinished one included.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Body bytes of the rows held.
    #[must_use]
    pub const fn row_bytes(&self) -> u64 {
        self.bytes
    }

    /// Span of the rows held.
    #[must_use]
    pub fn row_span(&self) -> u64 {
        match (self.rows.front(), self.rows.back()) {
            (Some(first), Some(last)) => last.offset - first.offset,
            _ => 0,
        }
    }

    /// Whether nothing is cached. Call after [`ProcessQueue::settle`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows, by offset.
    pub fn iter(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// The rows, by offset, to reschedule calls that have not started.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(offset: u64, start: u64, end: u64) -> Row {
        let at = SimTime::from_millis;
        Row {
            offset,
            born: at(0),
            stored: at(0),
            pulled: at(0),
            start: at(start),
            end: at(end),
            call: offset,
            body: 100,
            key: 0,
            class: 0,
            batch: 1,
            reported: false,
            held: false,
        }
    }

    #[test]
    fn the_ack_floor_is_the_lowest_unfinished_offset() {
        let mut queue = ProcessQueue::new(10);
        queue.put(row(10, 0, 50));
        queue.put(row(11, 0, 5));
        assert_eq!(queue.ack_floor(SimTime::from_millis(4)), None);
        let mut seen = Vec::new();
        queue.settle(SimTime::from_millis(6), |row| seen.push(row.offset));
        assert!(seen.is_empty());
        assert_eq!(queue.ack_floor(SimTime::from_millis(6)), Some(10));
        queue.report_all(SimTime::from_millis(6), |row| seen.push(row.offset));
        queue.settle(SimTime::from_millis(50), |row| seen.push(row.offset));
        assert_eq!(seen, [11, 10]);
        assert_eq!(queue.ack_floor(SimTime::from_millis(50)), Some(12));
    }

    #[test]
    fn a_held_message_is_not_finished_by_the_end_of_its_call() {
        let mut queue = ProcessQueue::new(0);
        queue.put(Row { held: true, ..row(0, 0, 5) });
        queue.put(row(1, 0, 5));
        let now = SimTime::from_millis(6);
        queue.settle(now, |_| panic!("nothing is finished at the front"));
        let cached = queue.cached(now);
        assert_eq!((cached.count, cached.processing, cached.finished), (1, 0, 1));
        queue.iter_mut().for_each(|row| row.held = false);
        let mut seen = Vec::new();
        queue.report_all(now, |row| seen.push(row.offset));
        assert_eq!((seen, queue.ack_floor(now)), (vec![0, 1], Some(2)));
    }

    #[test]
    fn a_message_taken_out_moves_the_floor_only_when_another_finishes() {
        let mut queue = ProcessQueue::new(0);
        for (offset, end) in [(0, 5), (1, 1000), (2, 20), (3, 60)] {
            queue.put(row(offset, 0, end));
        }
        let at = SimTime::from_millis;
        queue.settle(at(5), |_| {});
        assert_eq!(queue.ack_floor(at(30)), Some(1));
        assert_eq!(queue.take_first(2, at(30)), None, "not the first");
        assert_eq!(queue.take_first(1, at(30)).map(|row| row.offset), Some(1));
        queue.settle(at(30), |_| {});
        assert_eq!((queue.ack_floor(at(30)), queue.rows(), queue.row_bytes()), (None, 1, 100));
        queue.settle(at(60), |_| {});
        assert_eq!(queue.ack_floor(at(60)), Some(4));
    }

    #[test]
    fn finished_messages_behind_an_unfinished_one_do_not_count_as_cached() {
        let mut queue = ProcessQueue::new(0);
        for offset in 0..5 {
            queue.put(row(offset, 0, if offset == 0 { 100 } else { 10 }));
        }
        let cached = queue.cached(SimTime::from_millis(10));
        assert_eq!((cached.count, cached.processing, cached.bytes, cached.span, cached.finished), (1, 1, 100, 0, 4));
    }
}
