//! Producers: delays and transactions that do not do what they seem to, keys without order.

use super::Lints;
use crate::node::config::{ConsumeMode, QueueSelector};
use crate::scenario::plan::ProducerPlan;
use crate::scenario::tree::At;

impl Lints<'_> {
    pub(super) fn messages(&mut self) {
        let plan = self.plan;
        for (name, raw) in &self.root.producers {
            let Some(producer) = plan.producers.iter().find(|producer| producer.producer == *name) else { continue };
            let at = At::default().key("producers").key(name);
            if raw.delay_level.is_some() && raw.transaction.is_some() {
                let help = "RocketMQ takes the delay off messages that are sent in a transaction";
                self.warn_key(&at.key("delayLevel"), "`delayLevel` has no effect in a transaction", help);
            }
            self.delays(producer, &at.key("delayLevel"));
            self.checks(producer, &at.key("transaction"));
            self.scattered_keys(producer, &at);
        }
    }

    fn delays(&mut self, producer: &ProducerPlan, at: &At) {
        let plan = self.plan;
        let carriers = plan.topics[producer.topic.at()].brokers.iter().map(|on| &plan.brokers[on.broker.at()]);
        let highest = producer.delay_levels.iter().map(|(level, _)| usize::from(*level)).max().unwrap_or(0);
        if let Some(broker) = carriers.into_iter().find(|broker| broker.config.message_delay_level.len() < highest) {
            let levels = broker.config.message_delay_level.len();
            let message = format!("{} has the delay levels 1 to {levels}, not {highest}", broker.name);
            self.warn(at, message, "RocketMQ takes the highest level instead");
        }
    }

    /// Transactions that nothing ever decides.
    fn checks(&mut self, producer: &ProducerPlan, at: &At) {
        let Some(transaction) = &producer.transaction else { return };
        let [commit, rollback, _] = transaction.check_outcome;
        if transaction.outcome[2] > 0.0 && commit == 0.0 && rollback == 0.0 {
            let plan = self.plan;
            let checks = plan.brokers.iter().map(|broker| broker.config.transaction_check_max).max().unwrap_or(0);
            let message = "transactions whose outcome is unknown are never decided";
            let help = format!("their messages are given up after {checks} checks; see `checkOutcome`");
            self.warn_key(&at.key("checkOutcome"), message, help);
        }
    }

    /// Keys that an orderly group is to consume in order, spread over all queues.
    fn scattered_keys(&mut self, producer: &ProducerPlan, at: &At) {
        let plan = self.plan;
        if producer.keys.is_none() || producer.config.selector == QueueSelector::KeyHash {
            return;
        }
        let orderly = plan
            .groups
            .iter()
            .find(|group| group.config.consume_mode == ConsumeMode::Orderly && group.topics.contains(&producer.topic));
        if let Some(group) = orderly {
            let message = format!("messages of one key go to all queues, but {} consumes in order", group.of_file());
            self.warn_key(&at.key("keys"), message, "the order is that of a queue; add `selector: keyHash`");
        }
    }
}
