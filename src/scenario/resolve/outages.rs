//! Expectations on what failures cost.

use super::Resolver;
use crate::kernel::time::SimDuration;
use crate::scenario::diagnose::Fault;
use crate::scenario::plan::Check;
use crate::scenario::raw::Expect;
use crate::scenario::tree::At;
use crate::scenario::units::Duration;
use crate::store::ids::BrokerIx;

impl Resolver<'_> {
    /// The check of an expectation, if it is one of these.
    pub(super) fn outage_check(&self, expect: &Expect, at: &At) -> Result<Option<Check>, Fault> {
        if let Some(c) = &expect.acknowledged_lost {
            let (at_least, at_most) = self.counted((c.at_least, c.at_most), c.equals, at)?;
            return Ok(Some(Check::AcknowledgedLost { at_least, at_most }));
        }
        if let Some(c) = &expect.send_outage {
            let (at_least, at_most) = self.lengths(c.at_least, c.at_most, at)?;
            let topic = self.own_topic(&c.topic, &at.key("topic"))?;
            return Ok(Some(Check::SendOutage { topic, at_least, at_most }));
        }
        if let Some(c) = &expect.consume_outage {
            let (at_least, at_most) = self.lengths(c.at_least, c.at_most, at)?;
            let (group, topic) = (self.group_ix(&c.group, at)?, self.topic_ix(c.topic.as_ref(), at)?);
            return Ok(Some(Check::ConsumeOutage { group, topic, at_least, at_most }));
        }
        if let Some(c) = &expect.leaderless_time {
            let (at_least, at_most) = self.lengths(c.at_least, c.at_most, at)?;
            let broker = BrokerIx::new(self.find(&self.brokers, &c.broker, &at.key("broker"))?);
            return Ok(Some(Check::LeaderlessTime { broker, at_least, at_most }));
        }
        let Some(c) = &expect.replication_lag else { return Ok(None) };
        self.bounds(c.at_least, c.at_most, at)?;
        let broker = BrokerIx::new(self.find(&self.brokers, &c.broker, &at.key("broker"))?);
        let (at_least, at_most) = (c.at_least.map(|bytes| bytes.0), c.at_most.map(|bytes| bytes.0));
        Ok(Some(Check::ReplicationLag { broker, at_least, at_most }))
    }

    fn lengths(&self, least: Option<Duration>, most: Option<Duration>, at: &At) -> Result<Lengths, Fault> {
        self.bounds(least, most, at)?;
        Ok((least.map(|time| time.0), most.map(|time| time.0)))
    }
}

type Lengths = (Option<SimDuration>, Option<SimDuration>);
