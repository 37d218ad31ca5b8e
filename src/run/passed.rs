//! The loss ledger: what pulls went past without giving it to anybody, and whether somebody wanted it.

use super::outcome::Loss;
use super::world::World;
use crate::node::fact::Fact;
use crate::node::outbox::Passed;
use crate::protocol::address::Address;
use crate::store::ids::{ExpressionIx, GroupIx, InstanceIx, TopicIx};

impl World {
    /// A member's pulls went past these offsets.
    pub(super) fn record_passed(&mut self, node: Address) {
        let mut passed = std::mem::take(&mut self.out.passed);
        if let Address::Consumer(instance) = node {
            let group = self.plan.instances[instance.at()].group;
            let mut wanted: (Option<TopicIx>, Vec<ExpressionIx>) = (None, Vec::new());
            for run in &passed {
                let topic = self.directory.parts(run.queue).topic;
                if wanted.0 != Some(topic) {
                    wanted = (Some(topic), self.expressions_of(group, topic));
                }
                self.record_run(group, instance, *run, &wanted.1);
            }
        }
        passed.clear();
        self.out.passed = passed;
    }

    fn record_run(&mut self, group: GroupIx, instance: InstanceIx, run: Passed, wanted_by: &[ExpressionIx]) {
        let pair = self.pairs[group.at()][run.queue.at()] as usize;
        for offset in run.from..run.to {
            let Some(message) = self.row_of(run.queue, offset).copied() else { continue };
            let wanted = wanted_by.iter().any(|by| self.out.verdicts.wants(*by, &self.out.catalog, message.class));
            let appended_at = u128::from(message.stored_at.as_nanos());
            if !self.ledgers[pair].on_filtered(offset, appended_at, wanted) {
                continue;
            }
            if self.trace {
                let Passed { queue, by_client, .. } = run;
                self.observe(Fact::FilteredOut { instance, group, queue, offset, by_client, wanted });
            }
            if wanted {
                self.enter_loss(group, instance, run, offset);
            }
        }
    }

    fn enter_loss(&mut self, group: GroupIx, instance: InstanceIx, run: Passed, offset: u64) {
        let now = (offset, self.now);
        let known = self.losses.iter_mut().find(|loss| {
            (loss.group, loss.queue, loss.instance, loss.by_client) == (group, run.queue, instance, run.by_client)
        });
        match known {
            Some(loss) => {
                loss.messages += 1;
                loss.last = now;
            }
            None => self.losses.push(Loss {
                group,
                queue: run.queue,
                instance,
                by_client: run.by_client,
                messages: 1,
                first: now,
                last: now,
            }),
        }
    }

    /// The expressions with which the members of a group that have run so far subscribe a topic.
    fn expressions_of(&self, group: GroupIx, topic: TopicIx) -> Vec<ExpressionIx> {
        let ran = |index: usize| {
            let measures = &self.processes[index].measures;
            measures.running_since.is_some() || !measures.alive.is_zero()
        };
        let all = self.plan.instances.iter().enumerate();
        let members = all.filter(|(index, instance)| instance.group == group && ran(*index)).map(|(_, member)| member);
        let mut expressions: Vec<ExpressionIx> = members
            .flat_map(|member| member.topics.iter().zip(&member.expressions))
            .filter(|(subscribed, _)| **subscribed == topic)
            .map(|(_, expression)| *expression)
            .collect();
        expressions.sort_unstable();
        expressions.dedup();
        expressions
    }
}
