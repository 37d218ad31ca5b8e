//! `INVOKE_BROKER_TO_RESET_OFFSET` (`Broker2Client#resetOffset`): the broker works out the offsets and leaves the rest to the
//! members; its own table stays as it is.

use std::rc::Rc;

use super::machine::Broker;
use crate::kernel::time::SimTime;
use crate::node::fact::{Fact, ResetAnswer};
use crate::node::outbox::Outbox;
use crate::protocol::message::{Body, Correlation};
use crate::store::ids::{GroupIx, QueueIx, TopicIx};

impl Broker {
    /// The admin tool asks to set a group's offsets of a topic to a time, `None` to the end. Without `force` no offset is
    /// moved forwards: the stored one is sent instead.
    pub fn on_reset_offset(
        &mut self,
        now: SimTime,
        group: GroupIx,
        topic: TopicIx,
        to: Option<SimTime>,
        force: bool,
        out: &mut Outbox,
    ) {
        let answer = self.reset_offset(now, group, topic, to, force, out);
        if let Some(answer) = answer {
            out.fact(Fact::ResetAsked { broker: self.me, group, topic, answer });
        }
    }

    /// `None`: the topic has no queue here.
    fn reset_offset(
        &mut self,
        now: SimTime,
        group: GroupIx,
        topic: TopicIx,
        to: Option<SimTime>,
        force: bool,
        out: &mut Outbox,
    ) -> Option<ResetAnswer> {
        let queues = self.topic(topic)?.write_queue_nums;
        let mut offsets: Vec<(QueueIx, u64)> = Vec::new();
        for id in 0..queues {
            let Some(queue) = self.directory.queue(topic, self.name, id) else { continue };
            let local = self.directory.parts(queue).local;
            let Some(current) = self.offsets.committed(group, local as usize) else {
                return Some(ResetAnswer::NoOffset(queue));
            };
            self.dispatch(now, local);
            let target = match to {
                None => self.store.max_offset(local as usize),
                Some(time) => self.store.offset_by_time(local as usize, self.clock.simulated(time)),
            };
            offsets.push((queue, if force { target } else { target.min(current) }));
        }
        if offsets.is_empty() {
            return None;
        }
        let Some(members) = self.members(group) else { return Some(ResetAnswer::NotOnline) };
        let offsets: Rc<[(QueueIx, u64)]> = offsets.into();
        for channel in members.channels() {
            out.reply(channel, Correlation::ONEWAY, Body::ResetOffset(group, Rc::clone(&offsets)));
        }
        Some(ResetAnswer::Sent { members: members.len() as u32 })
    }
}
