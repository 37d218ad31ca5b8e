//! Expectations on counters, in their long and short forms.

use super::Resolver;
use crate::scenario::diagnose::Fault;
use crate::scenario::plan::Check;
use crate::scenario::raw::{CounterCheck, CounterName, Expect};
use crate::scenario::tree::At;

/// The check of a counter, whichever form it has.
pub(super) fn counter_check(expect: &Expect) -> Option<CounterCheck> {
    let short = [
        (&expect.dead_letters, CounterName::DeadLetters),
        (&expect.lost_messages, CounterName::Lost),
        (&expect.order_violations, CounterName::OrderViolations),
        (&expect.retries, CounterName::Retries),
    ];
    let short = short.into_iter().find_map(|(check, counter)| check.as_ref().map(|check| check.of(counter)));
    short.or_else(|| expect.count.clone())
}

/// The group of the check of a counter, to be replaced.
pub(super) fn counter_group(expect: &mut Expect) -> Option<&mut Option<String>> {
    let short =
        [&mut expect.dead_letters, &mut expect.lost_messages, &mut expect.order_violations, &mut expect.retries];
    let short = short.into_iter().flatten().map(|check| &mut check.group);
    short.chain(expect.count.iter_mut().map(|check| &mut check.group)).next()
}

/// What a counter counts, in the plural.
pub(super) fn counter_words(counter: CounterName) -> &'static str {
    match counter {
        CounterName::Failures => "failed messages",
        CounterName::SentBack => "messages sent back",
        CounterName::LocalRetries => "local retries",
        CounterName::Retries => "retries",
        CounterName::DeadLetters => "dead letters",
        CounterName::Dropped => "dropped messages",
        CounterName::ConsumeTimeouts => "consume timeouts",
        CounterName::Lost => "lost messages",
        CounterName::Filtered => "filtered messages",
        CounterName::ClientFiltered => "messages filtered by clients",
        CounterName::OrderViolations => "order violations",
        CounterName::LocksDenied => "denied locks",
        CounterName::Suspensions => "suspensions",
        CounterName::Skipped => "skipped messages",
        CounterName::OffsetsBack => "offsets moved back",
        CounterName::FlowControlled => "pulls put off",
        CounterName::CachedMax => "most cached messages",
        CounterName::CachedBytesMax => "most cached bytes",
        CounterName::HalfMessages => "half messages",
        CounterName::Committed => "committed transactions",
        CounterName::RolledBack => "rolled back transactions",
        CounterName::TransactionChecks => "transaction checks",
        CounterName::Discarded => "discarded half messages",
        CounterName::LostEnds => "lost decisions",
        CounterName::DelayedDelivered => "delayed messages delivered",
        CounterName::SendsOk => "sends with SEND_OK",
        CounterName::SendsNotOk => "sends with another status than SEND_OK",
        CounterName::SendsFailed => "failed sends",
        CounterName::FailedButStored => "failed sends that are stored",
        CounterName::StoredTwice => "messages stored again",
        CounterName::SendRetries => "send retries",
        CounterName::Truncated => "messages cut off",
        CounterName::AcknowledgedLost => "acknowledged messages lost",
        CounterName::StaleDeliveries => "deliveries of lost messages",
        CounterName::PassedOver => "messages passed over",
        CounterName::SendsBusy => "sends refused by a busy broker",
        CounterName::Elections => "elections",
        CounterName::ScaleActions => "actions of autoscalers",
    }
}

/// At least and at most.
type Bounds = (Option<u64>, Option<u64>);

impl Resolver<'_> {
    pub(super) fn count(&self, c: &CounterCheck, at: &At) -> Result<Check, Fault> {
        let group = c.group.as_ref().map(|group| self.group_ix(group, at)).transpose()?;
        let counter = c.counter.counter();
        if group.is_some() && !counter.is_of_groups() {
            let message = format!("{} are counted for the whole cluster only", counter_words(c.counter));
            return Err(self.key_fault(&at.key("group"), message).help("remove `group`"));
        }
        let (at_least, at_most) = self.counted((c.at_least, c.at_most), c.equals, at)?;
        Ok(Check::Count { counter, group, at_least, at_most })
    }

    /// The bounds of a number, said in two ways.
    pub(super) fn counted(&self, bounds: Bounds, equals: Option<u64>, at: &At) -> Result<Bounds, Fault> {
        let (at_least, at_most) = match equals {
            None => bounds,
            Some(_) if bounds.0.is_some() || bounds.1.is_some() => {
                let fault = self.key_fault(&at.key("equals"), "`equals` beside another bound");
                return Err(fault.help("remove one of them"));
            }
            exactly => (exactly, exactly),
        };
        self.bounds(at_least, at_most, at)?;
        Ok((at_least, at_most))
    }
}
