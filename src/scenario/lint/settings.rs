//! Settings that have no effect.

use super::Lints;
use crate::kernel::time::SimDuration;
use crate::scenario::raw::{Timed, Where};
use crate::scenario::tree::At;
use crate::scenario::units::CountOrMap;

impl Lints<'_> {
    pub(super) fn settings(&mut self) {
        let cluster = At::default().key("cluster");
        let mut periods = vec![(cluster.clone(), self.root.cluster.register_name_server_period)];
        if let Some(CountOrMap::Map(brokers)) = &self.root.cluster.brokers {
            for (name, broker) in brokers {
                periods.push((cluster.key("brokers").key(name), broker.register_name_server_period));
            }
        }
        let bounds = SimDuration::from_secs(10)..=SimDuration::from_secs(60);
        for (at, period) in periods {
            if let Some(period) = period.filter(|period| !bounds.contains(&period.0)) {
                let used = period.0.clamp(*bounds.start(), *bounds.end());
                self.warn(
                    &at.key("registerNameServerPeriod"),
                    format!("`registerNameServerPeriod` {period} counts as {used}"),
                    "RocketMQ clamps it to 10s to 60s",
                );
            }
        }
        for (name, raw) in &self.root.groups {
            let at = At::default().key("groups").key(name);
            if raw.consume_thread_max.is_some() {
                self.warn_key(
                    &at.key("consumeThreadMax"),
                    "`consumeThreadMax` has no effect",
                    "the queue of the pool has no bound, so it never grows beyond `consumeThreadMin`",
                );
            }
            let by_time = raw.consume_from_where == Some(Where::Timestamp);
            if raw.consume_timestamp.is_some() && !by_time {
                self.warn_key(
                    &at.key("consumeTimestamp"),
                    "`consumeTimestamp` has no effect",
                    "it counts only with `consumeFromWhere: CONSUME_FROM_TIMESTAMP`",
                );
            }
        }
        let root = self.root;
        for (index, timed) in root.timeline.iter().enumerate() {
            self.idle_scale(index, timed);
        }
    }

    /// A `scale` to the number that runs already.
    fn idle_scale(&mut self, index: usize, timed: &Timed) {
        let Some(scale) = &timed.scale else { return };
        let label = crate::scenario::resolve::label_of(timed);
        let at = crate::kernel::time::SimTime::ZERO + timed.at.0;
        let cut = self.root.until.is_some_and(|until| until.0 <= timed.at.0);
        if !cut && !self.plan.timeline.iter().any(|action| action.at == at && action.label == label) {
            self.warn_key(
                &At::default().key("timeline").index(index).key("scale"),
                format!("{} has {} running members already", scale.group, scale.instances),
                "this entry changes nothing",
            );
        }
    }
}
