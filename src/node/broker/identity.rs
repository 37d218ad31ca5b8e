//! Who a broker process is (`BrokerConfig`, `BrokerStartup#createBrokerController`), and what observers see of it.

use super::machine::Broker;
use crate::node::fact::RoleNow;
use crate::node::replication_config::Role;
use crate::protocol::route::MASTER_ID;
use crate::store::ids::{BrokerIx, NameserverIx};

/// Who a broker process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `brokerName`.
    pub name: BrokerIx,
    /// The process.
    pub process: BrokerIx,
    /// `brokerId`: 0 is the master.
    pub id: u32,
    /// The nameservers it registers with.
    pub nameservers: Vec<NameserverIx>,
    /// Other processes copy its log, so it remembers the order of its records.
    pub shipped: bool,
}

impl Identity {
    /// The only process of a name, which registers with the first so many nameservers.
    #[must_use]
    pub fn first(me: BrokerIx, nameservers: usize) -> Self {
        let nameservers = (0..nameservers).map(NameserverIx::new).collect();
        Self { name: me, process: me, id: MASTER_ID, nameservers, shipped: false }
    }
}

impl Broker {
    /// Who it is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether it takes sends by its role.
    #[must_use]
    pub const fn role(&self) -> RoleNow {
        let elected = self.dledger.is_none() || self.identity.id == MASTER_ID;
        if self.is_slave() || !elected { RoleNow::Slave } else { RoleNow::Master }
    }

    /// The term of its Raft group; 0 without one.
    #[must_use]
    pub fn term(&self) -> u64 {
        self.dledger.as_ref().map_or(0, |group| group.term())
    }

    /// End of its commit log (`getMaxPhyOffset`).
    #[must_use]
    pub fn log_max(&self) -> u64 {
        self.store.log_max_offset()
    }

    /// Up to where the log is on disk.
    #[must_use]
    pub const fn flushed_where(&self) -> u64 {
        self.store.flushed_where()
    }

    /// How often records were cut off from its log.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Takes over what another process of the name has before the run: a slave that has long been in step.
    pub fn preset_copy_of(&mut self, master: &Self) {
        let role = self.store.config().broker_role;
        self.store = master.store.clone();
        self.store.set_broker_role(role);
        if self.identity.shipped {
            self.store.keep_log_order();
        } else {
            self.store.forget_log_order();
        }
        if let (Some(mine), Some(theirs)) = (&mut self.dledger, &master.dledger) {
            mine.copy_disk(theirs);
        }
        self.offsets = master.offsets.clone();
        self.topics = master.topics.clone();
        self.preset_files();
    }

    /// What is there before the run is on disk.
    pub fn preset_files(&mut self) {
        self.store.set_flushed(u64::MAX);
        self.persisted.offsets = self.offsets.clone();
    }

    pub(super) const fn is_slave(&self) -> bool {
        matches!(self.role, Role::Slave)
    }

    /// Whether puts are taken (`DefaultMessageStore#checkStoreStatus`): not by a slave, not when the disk is full.
    pub(super) const fn takes_puts(&self) -> bool {
        !self.is_slave() && self.disk.writable() && self.life.runs()
    }
}
