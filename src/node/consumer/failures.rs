//! What a consumer remembers of failing calls: which ones end when, which messages are being sent back, and which are
//! consumed again by itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::calls::Route;
use crate::consume::process_queue::Row;
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::client::ChannelId;
use crate::node::outbox::{Outbox, Timer};
use crate::protocol::message::Correlation;
use crate::store::ids::QueueIx;

/// The reservation of a thread for a send-back before one was measured.
const FIRST_ROUND_TRIP: SimDuration = SimDuration::from_millis(1);

/// A call that will fail.
#[derive(Clone, Debug)]
pub(super) struct FailingCall {
    /// Process queue.
    pub(super) token: u32,
    /// Its queue.
    pub(super) queue: QueueIx,
    /// The listener returns.
    pub(super) end: SimTime,
    /// Its messages.
    pub(super) offsets: Vec<u64>,
    /// Position of the one it fails at.
    pub(super) fails_at: usize,
}

/// What is due at a moment.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// The failing call of this number returns.
    Return(u64),
    /// Messages of a process queue are submitted once more.
    Again(u32, Vec<u64>),
}

/// Who sends messages back.
#[derive(Clone, Debug)]
pub(super) enum Sender {
    /// The thread of a listener call, with all its messages.
    Call {
        /// Number of the call.
        call: u64,
        /// Its messages.
        offsets: Vec<u64>,
        /// The messages that nobody took over.
        kept: Vec<u64>,
    },
    /// `CleanExpireMsgScheduledThread`: process queues to look at, and how many messages of the first one it may still take.
    Clean {
        /// Process queues.
        tokens: VecDeque<u32>,
        /// Messages.
        left: u32,
    },
}

/// How a message is being given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// `CONSUMER_SEND_MSG_BACK`.
    SendBack,
    /// A send to the retry topic: attempts before, and when the first one left.
    RetryTopic(u32, SimTime),
}

/// Messages being sent back one after another.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) sender: Sender,
    pub(super) token: u32,
    pub(super) queue: QueueIx,
    /// Messages still to be sent back; the first is under way.
    pub(super) rows: VecDeque<Row>,
    pub(super) way: Way,
    /// When the first of them began to be sent back.
    pub(super) began: SimTime,
}

/// A request whose answer a job waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) job: u64,
    pub(super) deadline: SimTime,
    pub(super) route: Route,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Failures {
    pub(super) stream: Stream,
    pub(super) calls: BTreeMap<u64, FailingCall>,
    agenda: BTreeMap<(SimTime, u64), Due>,
    entries: u64,
    armed: SimTime,
    pub(super) jobs: BTreeMap<u64, Job>,
    next_job: u64,
    waiting: BTreeMap<u32, Waiting>,
    deadlines: BTreeSet<(SimTime, u32)>,
    deadline_armed: SimTime,
    requests: u32,
    /// Attempts made by this process itself, beyond the message's own `reconsumeTimes`.
    pub(super) local: BTreeMap<(QueueIx, u64), u16>,
    /// How long the latest send-back took: a thread whose call will fail is reserved for as long again.
    pub(super) round_trip: SimDuration,
    /// `sendWhichQueue` of the retry topic.
    pub(super) which_queue: usize,
    /// A job of the cleaning thread runs.
    pub(super) cleaning: bool,
}

impl Failures {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            calls: BTreeMap::new(),
            agenda: BTreeMap::new(),
            entries: 0,
            armed: SimTime::MAX,
            jobs: BTreeMap::new(),
            next_job: 0,
            waiting: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            deadline_armed: SimTime::MAX,
            requests: 0,
            local: BTreeMap::new(),
            round_trip: FIRST_ROUND_TRIP,
            which_queue: 0,
            cleaning: false,
        }
    }

    /// The process ends or begins: nothing of this outlives it.
    pub(super) fn clear(&mut self) {
        self.calls.clear();
        self.agenda.clear();
        self.jobs.clear();
        self.waiting.clear();
        self.deadlines.clear();
        self.local.clear();
        (self.armed, self.deadline_armed, self.cleaning) = (SimTime::MAX, SimTime::MAX, false);
    }

    /// Remembers a call that will fail.
    pub(super) fn expect(&mut self, number: u64, call: FailingCall) {
        self.plan(call.end, Due::Return(number));
        self.calls.insert(number, call);
    }

    /// Puts something on the agenda.
    pub(super) fn plan(&mut self, at: SimTime, due: Due) {
        self.entries += 1;
        self.agenda.insert((at, self.entries), due);
    }

    /// Takes what is due by `now`, one at a time.
    pub(super) fn take_due(&mut self, now: SimTime) -> Option<Due> {
        self.forget_stale();
        let entry = self.agenda.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }

    /// Entries of calls that end at another time by now, or not at all.
    fn forget_stale(&mut self) {
        while let Some(entry) = self.agenda.first_entry() {
            let ends = |call| self.calls.get(call).is_some_and(|known| known.end == entry.key().0);
            if !matches!(entry.get(), Due::Return(call) if !ends(call)) {
                return;
            }
            entry.remove();
        }
    }

    /// A failing call ends at another time than planned.
    pub(super) fn put_off(&mut self, number: u64, end: SimTime) {
        if let Some(call) = self.calls.get_mut(&number)
            && call.end != end
        {
            call.end = end;
            self.plan(end, Due::Return(number));
        }
    }

    /// A process queue is dropped: results of its calls are ignored, nothing of it is submitted again.
    pub(super) fn drop_queue(&mut self, token: u32, queue: QueueIx) {
        if self.calls.is_empty() && self.agenda.is_empty() && self.local.is_empty() {
            return;
        }
        self.calls.retain(|_, call| call.token != token);
        self.agenda.retain(|_, due| !matches!(due, Due::Again(of, _) if *of == token));
        self.local.retain(|(of, _), _| *of != queue);
    }

    /// Adds a job and returns its number.
    pub(super) fn add_job(&mut self, job: Job) -> u64 {
        self.next_job += 1;
        self.jobs.insert(self.next_job, job);
        self.next_job
    }

    /// A request of a job leaves: the correlation for its answer. The two low bits are those of the instance's threads, 0 is
    /// none of them.
    pub(super) fn ask(&mut self, job: u64, deadline: SimTime, route: Route) -> Correlation {
        self.requests = (self.requests + 1) & (u32::MAX >> 2);
        let correlation = self.requests.max(1) << 2;
        self.waiting.insert(correlation, Waiting { job, deadline, route });
        self.deadlines.insert((deadline, correlation));
        Correlation(correlation)
    }

    /// An answer arrives: whose it is.
    pub(super) fn answered(&mut self, correlation: Correlation) -> Option<u64> {
        let waiting = self.waiting.remove(&correlation.0)?;
        self.deadlines.remove(&(waiting.deadline, correlation.0));
        Some(waiting.job)
    }

    /// Whether an answer is waited for.
    pub(super) fn is_asked(&self, correlation: Correlation) -> bool {
        self.waiting.contains_key(&correlation.0)
    }

    /// Takes a request whose time has run out by `now`.
    pub(super) fn timed_out(&mut self, now: SimTime) -> Option<(u64, Route)> {
        let (_, correlation) = *self.deadlines.first().filter(|(deadline, _)| *deadline <= now)?;
        let route = self.waiting.get(&correlation)?.route;
        Some((self.answered(Correlation(correlation))?, route))
    }

    /// Requests that waited for a connection have left.
    pub(super) fn connected(&mut self, channel: ChannelId) {
        self.waiting.values_mut().for_each(|waiting| waiting.route.connected(channel));
    }

    /// The requests over a connection.
    pub(super) fn over(&self, channel: ChannelId) -> Vec<Correlation> {
        let over = self.waiting.iter().filter(|(_, waiting)| waiting.route.channel == Some(channel));
        over.map(|(correlation, _)| Correlation(*correlation)).collect()
    }

    /// The timers have fired.
    pub(super) fn disarmed(&mut self, timer: Timer) {
        match timer {
            Timer::ListenerReturn => self.armed = SimTime::MAX,
            _ => self.deadline_armed = SimTime::MAX,
        }
    }

    /// Arms the timers where something is due earlier than they fire.
    #[inline]
    pub(super) fn arm(&mut self, out: &mut Outbox) {
        self.forget_stale();
        if let Some(((next, _), _)) = self.agenda.first_key_value()
            && *next < self.armed
        {
            self.armed = *next;
            out.arm(Timer::ListenerReturn, self.armed);
        }
        if let Some((next, _)) = self.deadlines.first()
            && *next < self.deadline_armed
        {
            self.deadline_armed = *next;
            out.arm(Timer::SendBackTimeout, self.deadline_armed);
        }
    }
}
