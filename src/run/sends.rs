//! The way of sends. Calls of a producer come in order of time, and so do its requests at each broker and the answers: three
//! sorted streams that need no place in the event queue. The whole way is one event that stands for the earliest of them,
//! and it goes on by itself as long as nothing else comes first.

use std::collections::VecDeque;

use crate::kernel::dist::Sampler;
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::producer::Producer;
use crate::protocol::address::Channel;
use crate::protocol::message::SendRequest;

/// A request on its way to a broker, or being handled there.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnderWay {
    /// When it is appended.
    pub at: SimTime,
    /// The connection it came by.
    pub channel: Channel,
    /// The request.
    pub request: SendRequest,
}

/// The lane to one broker.
#[derive(Debug, Default)]
pub(super) struct SendLane {
    /// Requests by time of their append: the put lock serves them in order of arrival.
    pub requests: VecDeque<UnderWay>,
    /// Positive answers by time of arrival: (arrival, `send()` call).
    pub answers: VecDeque<(SimTime, SimTime)>,
}

impl SendLane {
    /// Enters the answer to a call, which takes effect at `at`, but not before the earlier ones: one thread decodes them.
    #[inline]
    pub(super) fn answer(&mut self, at: SimTime, born: SimTime) {
        let after = self.answers.back().map_or(SimTime::ZERO, |(last, _)| *last);
        self.answers.push_back((at.max(after), born));
    }
}

/// A producer with its lanes.
#[derive(Debug)]
pub(super) struct SendPath {
    /// The producer.
    pub producer: Producer,
    /// One lane per broker.
    pub lanes: Vec<SendLane>,
    /// Handling times at the brokers.
    pub handling: Vec<Sampler>,
    /// Their draws.
    pub handling_stream: Stream,
    /// Acknowledged calls.
    pub accepted: u64,
    /// Calls that failed for good.
    pub failed: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Calls whose refusal is on its way back.
    pub refused_under_way: u64,
}

/// What comes first on a send path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextStep {
    /// A `send()` call.
    Call,
    /// An append at this broker.
    Append(usize),
}

impl SendPath {
    /// The earliest call or append.
    #[inline]
    #[must_use]
    pub(super) fn next(&self) -> (SimTime, NextStep) {
        let mut first = (self.producer.next_call(), NextStep::Call);
        for (broker, lane) in self.lanes.iter().enumerate() {
            if let Some(request) = lane.requests.front()
                && request.at < first.0
            {
                first = (request.at, NextStep::Append(broker));
            }
        }
        first
    }

    /// Enters a request that arrives at a broker at `arrival`.
    #[inline]
    pub(super) fn enter(&mut self, broker: usize, arrival: SimTime, channel: Channel, request: SendRequest) {
        let handling = SimDuration::from_nanos(self.handling[broker].sample(&mut self.handling_stream));
        let lane = &mut self.lanes[broker];
        let after = lane.requests.back().map_or(SimTime::ZERO, |last| last.at);
        lane.requests.push_back(UnderWay { at: after.max(arrival + handling), channel, request });
    }

    /// Takes the answers that have arrived by `now`; each is reported with the time from call to answer.
    #[inline]
    pub(super) fn take_answers(&mut self, now: SimTime, mut report: impl FnMut(SimDuration)) {
        for lane in &mut self.lanes {
            while let Some((arrival, born)) = lane.answers.front().copied() {
                if arrival > now {
                    break;
                }
                lane.answers.pop_front();
                self.accepted += 1;
                report(arrival.since(born));
            }
        }
    }

    /// Messages called for and not yet appended or failed.
    #[must_use]
    pub(super) fn sending(&self) -> u64 {
        let under_way: usize = self.lanes.iter().map(|lane| lane.requests.len()).sum();
        under_way as u64 + self.producer.waiting() + self.refused_under_way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_handled_slowly_holds_back_the_later_ones() {
        let at = SimTime::from_millis;
        let mut lane = SendLane::default();
        lane.answer(at(9), at(1));
        lane.answer(at(5), at(2));
        assert_eq!(lane.answers, [(at(9), at(1)), (at(9), at(2))]);
    }
}
