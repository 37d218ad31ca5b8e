//! Who is in a group, as heartbeats, closed connections and silence say (`ClientManageProcessor`, `ConsumerManager`).

use super::machine::{Broker, instance};
use crate::kernel::time::SimTime;
use crate::node::fact::{ExpiryCause, Fact};
use crate::node::outbox::{Effect, Outbox};
use crate::protocol::address::Channel;
use crate::protocol::message::{Body, Correlation, Heartbeat};
use crate::store::ids::GroupIx;

impl Broker {
    /// `ClientManageProcessor#heartBeat`.
    pub(super) fn on_heartbeat(&mut self, now: SimTime, channel: Channel, heartbeat: &Heartbeat, out: &mut Outbox) {
        if let Some(group) = heartbeat.producer {
            self.transactions.register(group, channel);
        }
        let Some(data) = &heartbeat.consumer else { return };
        self.create_retry_topic(now, data.group, out);
        let registered = self.members.register(now, channel, heartbeat.client, data);
        if registered.new_channel {
            out.fact(Fact::ClientRegistered {
                broker: self.me,
                group: data.group,
                instance: instance(channel),
                client: heartbeat.client,
                members: self.members.group(data.group).map_or(0, |group| group.len() as u32),
            });
        }
        if registered.new_channel || registered.updated {
            self.notify(data.group, out);
        }
    }

    /// Tells every member of a group, the newest included, that the group changed; returns how many.
    fn notify(&self, group: GroupIx, out: &mut Outbox) -> u32 {
        if !self.config.notify_consumer_ids_changed_enable {
            return 0;
        }
        let Some(members) = self.members.group(group) else { return 0 };
        for channel in members.channels() {
            out.reply(channel, Correlation::ONEWAY, Body::NotifyConsumerIdsChanged(group));
        }
        members.len() as u32
    }

    /// Removes a member; the others are told unless the scan found it.
    pub(super) fn forget(&mut self, group: GroupIx, channel: Channel, cause: ExpiryCause, out: &mut Outbox) {
        let Some(client) = self.members.remove(group, channel) else { return };
        let notified = if cause == ExpiryCause::ScanExpired { 0 } else { self.notify(group, out) };
        out.fact(Fact::ClientExpired { broker: self.me, group, instance: instance(channel), client, cause, notified });
    }

    /// `ClientHousekeepingService#scanExceptionChannel`: the entry is removed before the close event arrives, so nobody is told.
    pub(super) fn scan_clients(&mut self, now: SimTime, out: &mut Outbox) {
        for (group, channel) in self.members.expired(now, self.config.channel_expired_timeout) {
            self.forget(group, channel, ExpiryCause::ScanExpired, out);
            out.effects.push(Effect::CloseChannel(channel));
        }
    }
}
