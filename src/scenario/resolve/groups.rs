//! Groups and the instances that ever run.

use std::ops::Range;

use super::Resolver;
use super::census::{is_broadcasting, member_count};
use super::clients::Clients;
use super::names::NamesOf;
use super::subscriptions::Subscribed;
use super::timeline::Lived;
use crate::kernel::rng::Streams;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::{ConsumeMode, ConsumerConfig, MessageModel};
use crate::scenario::diagnose::{Fault, suggest};
use crate::scenario::plan::{GroupPlan, InstancePlan, Phases, StoredOffset, StrategyPlan};
use crate::scenario::raw::{ConsumerSettings, Group, Instance, Mode, RestartIdentity, StartOf, Stored, Strategy};
use crate::scenario::tree::At;
use crate::scenario::units::CountOrList;
use crate::store::ids::{ExpressionIx, GroupIx};

/// A consumer instance, before its starts are known.
pub(crate) struct Member {
    pub(crate) plan: InstancePlan,
    /// Its group in the file.
    pub(crate) file_group: usize,
    /// Number within its group.
    pub(crate) number: usize,
    /// Whether its group broadcasts: its offsets are in a file of its host.
    pub(crate) broadcasting: bool,
    /// When it starts by itself.
    pub(crate) first_start: Option<SimTime>,
    /// The client id that the file gives it.
    pub(crate) client_id: Option<String>,
    /// Whether a restart changes its address.
    pub(crate) new_address: bool,
}

/// All instances, group by group.
pub(crate) struct Members {
    pub(crate) list: Vec<Member>,
    pub(crate) names: NamesOf,
    /// The instances of each group.
    pub(crate) of_group: Vec<Range<usize>>,
}

impl Members {
    pub(crate) fn into_plans(self) -> Vec<InstancePlan> {
        self.list.into_iter().map(|member| member.plan).collect()
    }
}

impl Resolver<'_> {
    pub(super) fn members(&self) -> Result<Members, Fault> {
        let streams = Streams::new(self.root.seed.unwrap_or_default());
        let mut list = Vec::new();
        let mut of_group = Vec::new();
        for (group, (name, raw)) in self.root.groups.iter().enumerate() {
            let first = list.len();
            let at = At::default().key("groups").key(name);
            let broadcasting = is_broadcasting(raw);
            let shared = self.group_config(group, raw, &at)?;
            let topics = self.subscription(&raw.topics, name, &at.key("topics"))?;
            let known = self.nameserver_list(raw.nameservers.as_ref(), &at)?;
            let plain = Instance::default();
            let (declared, most) = member_count(self.root, name, raw);
            for number in 0..most {
                let own = match &raw.instances {
                    Some(CountOrList::List(list)) => list.get(number).unwrap_or(&plain),
                    _ => &plain,
                };
                let at = at.key("instances").index(number);
                let instance = format!("{name}/{number}");
                let (config, topics) = self.own_settings(own, (name, &shared, &topics), &at)?;
                let topics = self.with_retry_topic(topics, group);
                let first_start = match own.start {
                    Some(StartOf::Never) => None,
                    Some(StartOf::At(start)) => Some(self.before_end(start, &at.key("start"), "a start")?),
                    None if number >= declared => None,
                    None => Some(self.spread_start(raw, name, number, &streams)?),
                };
                let client_id = match &own.client_id {
                    Some(id) if id.trim().is_empty() => {
                        return Err(self.fault(&at.key("clientId"), "an empty client id"));
                    }
                    id => id.clone(),
                };
                let nameservers = match &own.nameservers {
                    None => known.clone(),
                    own => self.nameserver_list(own.as_ref(), &at)?,
                };
                let range = &self.plan_groups.of_file[group];
                let plan = InstancePlan {
                    name: instance,
                    group: GroupIx::new(if broadcasting { range.start + number } else { range.start }),
                    topics: topics.iter().map(|(topic, _)| *topic).collect(),
                    expressions: topics.iter().map(|(_, expression)| *expression).collect(),
                    config,
                    nameservers,
                    start: None,
                    phases: own.phases.map(phases),
                };
                let new_address = raw.restart_identity == Some(RestartIdentity::Pod);
                list.push(Member {
                    plan,
                    file_group: group,
                    number,
                    broadcasting,
                    first_start,
                    client_id,
                    new_address,
                });
            }
            of_group.push(first..list.len());
        }
        let names = NamesOf::in_order("instance", list.iter().map(|member| member.plan.name.clone()));
        Ok(Members { list, names, of_group })
    }

    /// Clustering members consume the retry topic of their group too, whatever their other topics.
    fn with_retry_topic(&self, mut topics: Subscribed, file: usize) -> Subscribed {
        topics.extend(self.retry_topic_of(file).map(|topic| (topic, ExpressionIx::ALL)));
        topics.sort_by_key(|(topic, _)| *topic);
        topics
    }

    fn group_config(&self, file: usize, raw: &Group, at: &At) -> Result<ConsumerConfig, Fault> {
        let mut config = ConsumerConfig::default();
        raw.overlay(&mut config);
        config.consume_timestamp = raw.consume_timestamp.map(|at| at.0);
        if is_broadcasting(raw) {
            config.message_model = MessageModel::Broadcasting;
        }
        if raw.consume_mode == Some(Mode::Orderly) {
            config.consume_mode = ConsumeMode::Orderly;
        }
        config.retry_topic = self.returning[file];
        config.listener = self.listener(raw.listener.as_deref().unwrap_or_default(), &at.key("listener"))?;
        self.within(at, "retryMaxTimes", u64::from(raw.retry_max_times.expect("filled in")), 0, 65_535)?;
        self.within(at, "retryQueueNums", u64::from(raw.retry_queue_nums.expect("filled in")), 1, 1000)?;
        for (dist, key) in [
            (&raw.handling, "handling"),
            (&raw.service_time, "serviceTime"),
            (&raw.service_time_per_call, "serviceTimePerCall"),
            (&raw.start_delay, "startDelay"),
            (&raw.rebalance_work, "rebalanceWork"),
        ] {
            self.times(dist.as_ref(), &at.key(key))?;
        }
        self.check_consumer(at, &config, raw.consume_thread_max)?;
        Ok(config)
    }

    fn own_settings(
        &self,
        own: &Instance,
        (group, shared, topics): (&str, &ConsumerConfig, &Subscribed),
        at: &At,
    ) -> Result<(ConsumerConfig, Subscribed), Fault> {
        let mut config = shared.clone();
        own.overlay(&mut config);
        if let Some(rules) = &own.listener {
            config.listener = self.listener(rules, &at.key("listener"))?;
        }
        if let Some(timestamp) = own.consume_timestamp {
            config.consume_timestamp = Some(timestamp.0);
        }
        for (dist, key) in [
            (&own.handling, "handling"),
            (&own.service_time, "serviceTime"),
            (&own.service_time_per_call, "serviceTimePerCall"),
            (&own.start_delay, "startDelay"),
            (&own.rebalance_work, "rebalanceWork"),
        ] {
            if dist.is_some() {
                self.times(dist.as_ref(), &at.key(key))?;
            }
        }
        self.check_consumer(at, &config, own.consume_thread_max)?;
        let topics = match &own.topics {
            None => topics.clone(),
            Some(own) => self.subscription(own, group, &at.key("topics"))?,
        };
        Ok((config, topics))
    }

    /// The group's start, its spacing, and a draw of the member's own within the jitter.
    fn spread_start(&self, raw: &Group, group: &str, number: usize, streams: &Streams) -> Result<SimTime, Fault> {
        let at = At::default().key("groups").key(group);
        let start = raw.start.expect("filled in").0;
        let every = raw.start_every.expect("filled in").0;
        let jitter = raw.start_jitter.expect("filled in").0;
        let spacing = every.as_nanos().saturating_mul(number as u64);
        let mut stream = streams.stream(&format!("{group}/{number}"), "start jitter");
        let drawn = if jitter.is_zero() { 0 } else { stream.below(jitter.as_nanos() + 1) };
        let time = start.as_nanos().saturating_add(spacing).saturating_add(drawn);
        let key = if every.is_zero() { "start" } else { "startEvery" };
        self.before_end(SimDuration::from_nanos(time), &at.key(key), &format!("the start of {group}/{number}"))
    }

    pub(super) fn group_plans(
        &self,
        members: &Members,
        lived: &Lived,
        clients: &Clients,
    ) -> Result<Vec<GroupPlan>, Fault> {
        let mut plans = Vec::new();
        for (group, (name, raw)) in self.root.groups.iter().enumerate() {
            let at = At::default().key("groups").key(name);
            let known = Rooms { members, lived, clients, group };
            let strategy = raw.strategy.as_ref().expect("filled in");
            let topics = self.subscription(&raw.topics, name, &at.key("topics"))?;
            let plan = GroupPlan {
                name: name.clone(),
                topics: topics.into_iter().map(|(topic, _)| topic).collect(),
                strategy: self.strategy(strategy, &at.key("strategy"), &known)?,
                config: self.group_config(group, raw, &at)?,
                broadcasting: None,
                retry_max_times: raw.retry_max_times.expect("filled in"),
                retry_queue_nums: raw.retry_queue_nums.expect("filled in"),
                retry_topic: self.retry_topic_of(group),
                dead_letter_topic: self.dead_letter_topic_of(group),
                stored_offset: raw.stored_offset.map(|stored| match stored {
                    Stored::Beginning => StoredOffset::Beginning,
                    Stored::End => StoredOffset::End,
                }),
            };
            if is_broadcasting(raw) {
                let of_group = &members.list[members.of_group[group].clone()];
                plans.extend(of_group.iter().map(|member| of_member(&plan, &member.plan)));
            } else {
                plans.push(plan);
            }
        }
        Ok(plans)
    }

    fn strategy(&self, raw: &Strategy, at: &At, known: &Rooms<'_>) -> Result<StrategyPlan, Fault> {
        Ok(match raw {
            Strategy::Averagely => StrategyPlan::Averagely,
            Strategy::AveragelyByCircle => StrategyPlan::AveragelyByCircle,
            Strategy::ByConfig { queues } => {
                let at = at.key("byConfig").key("queues");
                let mut all = Vec::new();
                for (topic, refs) in queues {
                    let at = at.key(topic);
                    let topic = self.own_topic(topic, &at)?;
                    all.extend(self.queue_refs(refs, topic, &at)?);
                }
                all.sort_unstable();
                StrategyPlan::ByConfig { queues: all }
            }
            Strategy::ByMachineRoom { rooms } => {
                if rooms.is_empty() {
                    return Err(self.fault(&at.key("byMachineRoom").key("rooms"), "no rooms: nobody gets a queue"));
                }
                StrategyPlan::ByMachineRoom { rooms: rooms.clone() }
            }
            Strategy::ConsistentHash { virtual_nodes } => {
                let at = at.key("consistentHash");
                self.within(&at, "virtualNodes", u64::from(*virtual_nodes), 1, 10_000)?;
                StrategyPlan::ConsistentHash { virtual_nodes: *virtual_nodes }
            }
            Strategy::MachineRoomNearby { inner, broker_rooms, client_rooms } => {
                let at = at.key("machineRoomNearby");
                for broker in broker_rooms.keys() {
                    self.find(&self.brokers, broker, &at.key("brokerRooms").key(broker))?;
                }
                if let Some(broker) = self.brokers.iter().find(|broker| !broker_rooms.contains_key(*broker)) {
                    let message = format!("broker `{broker}` has no room");
                    return Err(self.fault(&at.key("brokerRooms"), message));
                }
                let client_rooms = self.client_rooms(client_rooms, &at.key("clientRooms"), known)?;
                StrategyPlan::MachineRoomNearby {
                    inner: Box::new(self.strategy(inner, &at.key("inner"), known)?),
                    broker_rooms: broker_rooms.iter().map(|(broker, room)| (broker.clone(), room.clone())).collect(),
                    client_rooms,
                }
            }
        })
    }

    /// The room of every client id under which a member of the group ever runs.
    fn client_rooms(
        &self,
        rooms: &indexmap::IndexMap<String, String>,
        at: &At,
        known: &Rooms<'_>,
    ) -> Result<Vec<(String, String)>, Fault> {
        let range = known.members.of_group[known.group].clone();
        for name in rooms.keys() {
            if !known.members.names.find(name).is_some_and(|number| range.contains(&number)) {
                let names = range.clone().map(|number| known.members.names.name(number));
                return Err(self
                    .key_fault(&at.key(name), format!("the group has no instance `{name}`"))
                    .maybe_help(suggest(name, names)));
            }
        }
        let mut of_clients = Vec::new();
        for number in range {
            let name = known.members.names.name(number);
            let Some(room) = rooms.get(name) else {
                return Err(self.fault(at, format!("`{name}` has no room")));
            };
            for client in &known.lived.clients[number] {
                of_clients.push((known.clients.name(*client).to_owned(), room.clone()));
            }
        }
        Ok(of_clients)
    }
}

/// A broadcasting group as one of its members sees it: all queues are its own, whatever the strategy.
fn of_member(group: &GroupPlan, member: &InstancePlan) -> GroupPlan {
    GroupPlan {
        name: member.name.clone(),
        topics: member.topics.clone(),
        strategy: StrategyPlan::Averagely,
        config: member.config.clone(),
        broadcasting: Some(group.name.clone()),
        ..group.clone()
    }
}

struct Rooms<'a> {
    members: &'a Members,
    lived: &'a Lived,
    clients: &'a Clients,
    group: usize,
}

fn phases(raw: crate::scenario::raw::Phases) -> Phases {
    Phases {
        heartbeat: raw.heartbeat.0,
        rebalance: raw.rebalance.0,
        route_poll: raw.route_poll.0,
        offset_persist: raw.offset_persist.0,
    }
}
