//! The clients a broker knows (`ConsumerManager`, `ConsumerGroupInfo`). Brokers do not exchange what they know.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Channel;
use crate::protocol::message::ConsumerData;
use crate::store::ids::{ClientIx, ExpressionIx, GroupIx, TopicIx};

/// One member's connection (`ClientChannelInfo`).
#[derive(Clone, Copy, Debug)]
struct Entry {
    channel: Channel,
    client: ClientIx,
    last_update: SimTime,
}

/// A group as one broker knows it.
#[derive(Debug, Default)]
pub struct GroupMembers {
    entries: Vec<Entry>,
    /// One subscription table for the whole group: the last heartbeat wins.
    subscriptions: BTreeMap<TopicIx, (SimTime, ExpressionIx)>,
    /// The answer to `GET_CONSUMER_LIST_BY_GROUP`, made once per change.
    list: Option<Rc<[ClientIx]>>,
}

impl GroupMembers {
    /// The version of the group's subscription to a topic.
    #[must_use]
    pub fn sub_version(&self, topic: TopicIx) -> Option<SimTime> {
        self.subscriptions.get(&topic).map(|(version, _)| *version)
    }

    /// The expression by which the group's pulls of a topic are filtered.
    #[must_use]
    pub fn expression(&self, topic: TopicIx) -> ExpressionIx {
        self.subscriptions.get(&topic).map_or(ExpressionIx::ALL, |(_, expression)| *expression)
    }

    /// The channels of all members.
    pub fn channels(&self) -> impl Iterator<Item = Channel> + '_ {
        self.entries.iter().map(|entry| entry.channel)
    }

    /// Number of connections.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no connection.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// What a heartbeat changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// The channel is new.
    pub new_channel: bool,
    /// The subscription table changed in a way that counts as a change (a topic added or removed).
    pub updated: bool,
}

/// All groups.
#[derive(Debug, Default)]
pub struct Members {
    groups: BTreeMap<GroupIx, GroupMembers>,
}

impl Members {
    /// `ConsumerManager#registerConsumer`: the channel's time is renewed; unknown topics are added, known ones take a
    /// greater version silently, topics not named are removed.
    pub fn register(&mut self, now: SimTime, channel: Channel, client: ClientIx, data: &ConsumerData) -> Registered {
        let group = self.groups.entry(data.group).or_default();
        let mut registered = Registered::default();
        if let Some(entry) = group.entries.iter_mut().find(|entry| entry.channel == channel) {
            entry.last_update = now;
        } else {
            group.entries.push(Entry { channel, client, last_update: now });
            group.list = None;
            registered.new_channel = true;
        }
        for ((topic, version), expression) in data.subscriptions.iter().zip(&data.expressions) {
            match group.subscriptions.get_mut(topic) {
                Some((known, filter)) => {
                    if version > known {
                        (*known, *filter) = (*version, *expression);
                    }
                }
                None => {
                    group.subscriptions.insert(*topic, (*version, *expression));
                    registered.updated = true;
                }
            }
        }
        let before = group.subscriptions.len();
        group.subscriptions.retain(|topic, _| data.subscriptions.iter().any(|(named, _)| named == topic));
        registered.updated |= group.subscriptions.len() != before;
        registered
    }

    /// Takes a channel out of a group; true when it was in.
    pub fn remove(&mut self, group: GroupIx, channel: Channel) -> Option<ClientIx> {
        let members = self.groups.get_mut(&group)?;
        let position = members.entries.iter().position(|entry| entry.channel == channel)?;
        let entry = members.entries.remove(position);
        members.list = None;
        if members.entries.is_empty() {
            self.groups.remove(&group);
        }
        Some(entry.client)
    }

    /// The groups in which a channel is.
    #[must_use]
    pub fn groups_of(&self, channel: Channel) -> Vec<GroupIx> {
        self.groups
            .iter()
            .filter(|(_, members)| members.entries.iter().any(|entry| entry.channel == channel))
            .map(|(group, _)| *group)
            .collect()
    }

    /// Channels whose last heartbeat is older than `timeout` (`ConsumerManager#scanNotActiveChannel`).
    #[must_use]
    pub fn expired(&self, now: SimTime, timeout: SimDuration) -> Vec<(GroupIx, Channel)> {
        self.groups
            .iter()
            .flat_map(|(group, members)| members.entries.iter().map(move |entry| (*group, entry)))
            .filter(|(_, entry)| now.since(entry.last_update) > timeout)
            .map(|(group, entry)| (group, entry.channel))
            .collect()
    }

    /// A group, if it has members.
    #[must_use]
    pub fn group(&self, group: GroupIx) -> Option<&GroupMembers> {
        self.groups.get(&group)
    }

    /// The client ids of all channels of a group, sorted, repetitions kept; `None` without members
    /// (`ConsumerManageProcessor#getConsumerListByGroup` answers an error then).
    pub fn list(&mut self, group: GroupIx) -> Option<Rc<[ClientIx]>> {
        let members = self.groups.get_mut(&group)?;
        let entries = &members.entries;
        let list = members.list.get_or_insert_with(|| {
            let mut ids: Vec<ClientIx> = entries.iter().map(|entry| entry.client).collect();
            ids.sort_unstable();
            ids.into()
        });
        Some(Rc::clone(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::address::Address;
    use crate::store::ids::InstanceIx;

    fn channel(instance: u32) -> Channel {
        Channel { client: Address::Consumer(InstanceIx(instance)), epoch: 0 }
    }

    fn data(topics: &[(u32, u64)]) -> ConsumerData {
        ConsumerData {
            group: GroupIx(0),
            subscriptions: topics.iter().map(|(topic, at)| (TopicIx(*topic), SimTime::from_millis(*at))).collect(),
            expressions: vec![ExpressionIx::ALL; topics.len()],
        }
    }

    #[test]
    fn the_same_client_id_on_two_channels_is_listed_twice() {
        let mut members = Members::default();
        members.register(SimTime::ZERO, channel(0), ClientIx(7), &data(&[(0, 0)]));
        members.register(SimTime::ZERO, channel(1), ClientIx(7), &data(&[(0, 0)]));
        assert_eq!(&*members.list(GroupIx(0)).unwrap(), [ClientIx(7), ClientIx(7)]);
    }

    #[test]
    fn a_greater_sub_version_replaces_silently_and_a_missing_topic_is_removed() {
        let mut members = Members::default();
        let first = members.register(SimTime::ZERO, channel(0), ClientIx(0), &data(&[(0, 1), (1, 1)]));
        assert_eq!(first, Registered { new_channel: true, updated: true });
        let newer = members.register(SimTime::ZERO, channel(0), ClientIx(0), &data(&[(0, 5), (1, 1)]));
        assert_eq!(newer, Registered::default());
        let fewer = members.register(SimTime::ZERO, channel(0), ClientIx(0), &data(&[(0, 2)]));
        assert!(fewer.updated);
        let group = members.group(GroupIx(0)).unwrap();
        assert_eq!(group.sub_version(TopicIx(0)), Some(SimTime::from_millis(5)));
        assert_eq!(group.sub_version(TopicIx(1)), None);
    }

    #[test]
    fn a_group_without_members_has_no_list() {
        let mut members = Members::default();
        members.register(SimTime::ZERO, channel(0), ClientIx(0), &data(&[(0, 0)]));
        assert_eq!(members.remove(GroupIx(0), channel(0)), Some(ClientIx(0)));
        assert_eq!(members.list(GroupIx(0)), None);
    }
}
