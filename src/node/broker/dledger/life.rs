//! Start and end of a member, and what its broker finds when it starts again (`DLedgerCommitLog#recover`).

use super::{Broker, Committed, DLedger, NO_BROKER_ID};
use crate::kernel::time::SimTime;
use crate::node::outbox::Outbox;
use crate::node::replication_config::Role;
use crate::replica::dledger::{Disk, Server, Stop};
use crate::store::config::BrokerRole;

impl Broker {
    /// The member starts as a candidate; the broker has no id and the role it is configured with until the first election.
    pub(in crate::node::broker) fn start_member(&mut self, now: SimTime, out: &mut Outbox) {
        self.identity.id = NO_BROKER_ID;
        self.role = Role::AsyncMaster;
        self.store.set_broker_role(BrokerRole::AsyncMaster);
        let Some(group) = &mut self.dledger else { return };
        let config = group.group.config.clone();
        let disk = std::mem::replace(&mut group.disk, Disk::empty(&config));
        let members = group.group.members.len() as u8;
        let server = Server::new(now, config, group.group.me, members, disk);
        let log = server.log();
        let position = log.committed_pos();
        group.committed = Committed { index: log.committed(), position, since: now, before: position };
        let (role, term) = (server.role(), server.term());
        group.server = Some(server);
        self.tell_raft_role(role, term, out);
        self.with_server(|server, draw, output| server.on_start(now, draw, output));
    }

    /// The process ends, or its host does; an ended process' disk can still go with its host.
    pub(in crate::node::broker) fn stop_member(&mut self, now: SimTime, how: Stop) {
        let Some(group) = &mut self.dledger else { return };
        let DLedger { server, disk, group: settings, emptied, .. } = &mut **group;
        match server.take() {
            Some(server) => *disk = server.stop(now, how),
            None if how == Stop::DiskLoss => *disk = Disk::empty(&settings.config),
            None => {}
        }
        *emptied |= how == Stop::DiskLoss;
        group.output.messages.clear();
        group.output.effects.clear();
        group.waits.clear();
        group.roles = super::RoleChanges::default();
        group.armed = SimTime::MAX;
        group.told = None;
        group.last = None;
    }

    /// The queues become what the log on the disk says; what is not known to be committed is hidden again.
    pub(in crate::node::broker) fn recover_member(&mut self, empty_disk: bool, out: &mut Outbox) {
        let Some(group) = &mut self.dledger else { return };
        if std::mem::take(&mut group.emptied) || empty_disk {
            group.disk = Disk::empty(&group.group.config);
            self.wipe(out);
            return;
        }
        let log = group.disk.log();
        let (end, committed, position) = (log.end(), log.committed(), log.committed_pos());
        let end_position = log.end_pos();
        let before = self.log_max();
        let cut = self.store.truncate(end_position);
        self.tell_cut(before, &cut, out);
        self.store.truncate(position);
        self.store.set_visible_to(position);
        self.take_in(committed.min(end) + 1, end);
    }
}
