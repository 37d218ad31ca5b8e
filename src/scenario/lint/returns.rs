//! Groups: what fails, what takes too long, and settings that then mean little.

use super::Lints;
use crate::kernel::time::SimDuration;
use crate::node::config::{ConsumeMode, MessageModel};
use crate::scenario::plan::GroupPlan;
use crate::scenario::raw::{Group, Strategy};
use crate::scenario::tree::At;

/// Bounds between which `suspendCurrentQueueTimeMillis` counts (`ConsumeMessageOrderlyService#submitConsumeRequestLater`).
const SUSPENSIONS: (SimDuration, SimDuration) = (SimDuration::from_millis(10), SimDuration::from_secs(30));

impl Lints<'_> {
    pub(super) fn returns(&mut self) {
        let plan = self.plan;
        for (name, raw) in &self.root.groups {
            let Some(group) = plan.groups.iter().find(|group| group.of_file() == name) else { continue };
            let at = At::default().key("groups").key(name);
            if group.config.message_model == MessageModel::Broadcasting {
                self.broadcasting(group, raw, &at);
            }
            match group.config.consume_mode {
                ConsumeMode::Concurrently => self.timeout(group, &at),
                ConsumeMode::Orderly => self.threads(group, &at),
            }
            let fails = group.config.listener.iter().any(|rule| rule.fails);
            if fails && group.config.max_reconsume_times == 0 && group.broadcasting.is_none() {
                let help = "the first failure sends a message to the dead-letter topic";
                self.warn(&at.key("maxReconsumeTimes"), format!("{name} never tries a message again"), help);
            }
            let suspension = group.config.suspend_current_queue_time_millis;
            let counts_as = suspension.clamp(SUSPENSIONS.0, SUSPENSIONS.1);
            if counts_as != suspension {
                let message = format!("`suspendCurrentQueueTimeMillis` {suspension} counts as {counts_as}");
                self.warn(&at.key("suspendCurrentQueueTimeMillis"), message, "RocketMQ clamps it to 10ms to 30s");
            }
        }
    }

    fn broadcasting(&mut self, group: &GroupPlan, raw: &Group, at: &At) {
        if raw.strategy != Some(Strategy::Averagely) {
            let message = "`strategy` has no effect in a broadcasting group";
            self.warn_key(&at.key("strategy"), message, "every member consumes every queue");
        }
        if group.config.listener.iter().any(|rule| rule.fails) {
            let message = format!("what fails in {} is dropped", group.of_file());
            self.warn_key(&at.key("listener"), message, "a broadcasting group never tries a message again");
        }
    }

    /// Calls that are given up while they are still at work.
    fn timeout(&mut self, group: &GroupPlan, at: &At) {
        let config = &group.config;
        let batch = f64::from(config.consume_message_batch_max_size);
        let call = config.service_time_per_call.mean() + config.service_time.mean() * batch;
        if call > config.consume_timeout.as_nanos() as f64 {
            let message = format!(
                "a call of the listener takes {} in the mean, longer than `consumeTimeout` {}",
                SimDuration::from_nanos(call as u64),
                config.consume_timeout
            );
            let help = "messages are sent back while the listener still has them, and are consumed again";
            let key = if self.tree.has(&at.key("consumeTimeout")) { "consumeTimeout" } else { "serviceTime" };
            self.warn(&at.key(key), message, help);
        }
    }

    /// Threads that an orderly group can never use.
    fn threads(&mut self, group: &GroupPlan, at: &At) {
        let plan = self.plan;
        let of_group = |topic: &crate::store::ids::TopicIx| &plan.topics[topic.at()].brokers;
        let queues: u32 = group.topics.iter().flat_map(of_group).map(|on| on.read_queue_nums).sum();
        let threads = group.config.consume_thread_min;
        if self.tree.has(&at.key("consumeThreadMin")) && threads > queues {
            let message = format!("{} has {threads} threads a member for {queues} queues in all", group.of_file());
            let help = "an orderly group consumes a queue with one thread at a time";
            self.warn(&at.key("consumeThreadMin"), message, help);
        }
    }
}
