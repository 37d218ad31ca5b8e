//! Topics: queues that nobody reads, or that nobody writes to.

use super::Lints;
use crate::scenario::plan::{Action, StrategyPlan, TopicOnBroker, TopicRole};
use crate::scenario::tree::At;
use crate::store::ids::{QueueIx, TopicIx};

impl Lints<'_> {
    pub(super) fn topics(&mut self) {
        let plan = self.plan;
        for (number, topic) in plan.topics.iter().enumerate().filter(|(_, topic)| topic.role == TopicRole::Normal) {
            let ix = TopicIx::new(number);
            let at = At::default().key("topics").key(&topic.name);
            for on in &topic.brokers {
                self.counts(&at, *on);
            }
            let written = plan.producers.iter().any(|producer| producer.topic == ix);
            let read = plan.groups.iter().any(|group| group.topics.contains(&ix))
                || plan.instances.iter().any(|instance| instance.topics.contains(&ix));
            if !read {
                let help = "add it to the `topics` of a group";
                self.warn_key(&at, format!("nobody consumes `{}`", topic.name), help);
            } else if !written && topic.preload.is_none() {
                let help = "add a producer, or a `preload`";
                self.warn_key(&at, format!("nothing is ever in `{}`", topic.name), help);
            }
        }
        for (index, timed) in self.root.timeline.iter().enumerate() {
            if let Some(set) = &timed.set_queues {
                let at = At::default().key("timeline").index(index).key("setQueues");
                let (read, write) = (set.read_queue_nums.or(set.queues), set.write_queue_nums.or(set.queues));
                let counts = TopicOnBroker {
                    broker: Default::default(),
                    read_queue_nums: read.unwrap_or(0),
                    write_queue_nums: write.unwrap_or(0),
                };
                self.counts(&at, counts);
            }
        }
        self.left_out();
    }

    fn counts(&mut self, at: &At, on: TopicOnBroker) {
        let (read, write) = (on.read_queue_nums, on.write_queue_nums);
        if write > read {
            self.warn_key(
                &at.key("readQueueNums"),
                format!("{write} queues are written to, but only {read} are read"),
                "messages in the others wait until `readQueueNums` grows",
            );
        } else if read > write {
            self.warn_key(
                &at.key("writeQueueNums"),
                format!("{read} queues are read, but only {write} are written to"),
                "consumers of the others get nothing new; fine while a topic shrinks",
            );
        }
    }

    /// Queues that a group's strategy gives to nobody.
    fn left_out(&mut self) {
        let plan = self.plan;
        for (number, group) in plan.groups.iter().enumerate() {
            let of_group = |queue: &QueueIx| group.topics.contains(&plan.queues[queue.at()].topic);
            let all: Vec<QueueIx> = (0..plan.queues.len()).map(QueueIx::new).filter(of_group).collect();
            let at = At::default().key("groups").key(&group.name).key("strategy");
            let (left, help) = match &group.strategy {
                StrategyPlan::ByConfig { queues } => {
                    let left = all.iter().filter(|queue| !queues.contains(queue)).count();
                    (left, "the list of `byConfig` is all that any member gets")
                }
                StrategyPlan::ByMachineRoom { rooms } => {
                    let in_room = |queue: &&QueueIx| {
                        let broker = &plan.brokers[plan.queues[queue.at()].broker.at()].name;
                        broker.split_once('@').is_some_and(|(room, _)| rooms.iter().any(|known| known == room))
                    };
                    let left = all.len() - all.iter().filter(in_room).count();
                    (left, "`byMachineRoom` divides only queues of brokers named `room@name`")
                }
                _ => continue,
            };
            if left > 0 {
                let starts = plan.timeline.iter().any(|timed| {
                    matches!(timed.action, Action::StartConsumer { instance, .. } if plan.instances[instance.at()].group.at() == number)
                });
                let runs = starts || plan.instances.iter().any(|i| i.group.at() == number && i.start.is_some());
                if runs {
                    self.warn(&at, format!("{left} of {} queues go to nobody", all.len()), help);
                }
            }
        }
    }
}
