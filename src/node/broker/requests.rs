//! What reaches a broker: timers, requests, answers.

use super::machine::{Broker, CLIENT_SCAN_INTERVAL};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::ExpiryCause;
use crate::node::outbox::{Outbox, Task, Timer};
use crate::protocol::message::{Body, Correlation, Envelope};
use crate::store::offset_table::QueryOffset;

impl Broker {
    /// A timer fires.
    pub fn on_timer(&mut self, now: SimTime, timer: Timer, out: &mut Outbox) {
        if out.fallible && !self.life.runs() && timer != Timer::Lifecycle {
            return;
        }
        match timer {
            Timer::Register => {
                self.register_oneway(out);
                let period = self.config.register_name_server_period;
                let clamped = period.clamp(SimDuration::from_secs(10), SimDuration::from_secs(60));
                out.arm(Timer::Register, now + clamped);
            }
            Timer::ClientScan => {
                self.scan_clients(now, out);
                out.arm(Timer::ClientScan, now + CLIENT_SCAN_INTERVAL);
            }
            Timer::Schedule => self.run_schedule(now, out),
            Timer::HoldCheck => {
                self.check_holds(now, out);
                out.arm(Timer::HoldCheck, now + self.hold_interval());
            }
            Timer::TransactionCheck => self.on_transaction_check(now, out),
            Timer::Lifecycle => self.on_lifecycle(now, out),
            Timer::BrokerTimer => self.run_main_thread(now, out),
            Timer::BrokerCall => self.on_call_timeout(now, out),
            Timer::Flush => self.on_flush(now, out),
            Timer::FastFailure => self.on_fast_failure(now, out),
            Timer::Waits => self.settle(now, out),
            Timer::HaServer => self.run_ha_server(now, out),
            Timer::HaClient => self.run_ha_client(now, out),
            Timer::DiskCheck => self.on_disk_check(now, out),
            Timer::Clean => self.on_clean(now, out),
            Timer::DLedger => self.on_group_timer(now),
            Timer::RoleChange => self.run_role_changes(now, out),
            _ => {}
        }
        self.settle_group(now, out);
    }

    /// Something the broker asked to be woken for is over.
    pub fn on_task(&mut self, now: SimTime, task: Task, out: &mut Outbox) {
        if !self.life.runs() {
            return;
        }
        match task {
            Task::Sent(slot) => self.on_sent(now, slot, out),
            Task::FrameSent(_) => self.run_ha_server(now, out),
        }
        self.settle_group(now, out);
    }

    /// A request arrives, its handling time already spent; those of the send pool spend it here.
    pub fn on_message(&mut self, now: SimTime, envelope: Envelope, out: &mut Outbox) {
        if out.fallible && !self.life.serves() {
            self.on_late_answer(now, envelope.correlation, &envelope.body, out);
            return;
        }
        if self.dledger.is_some() {
            self.on_message_of_member(now, envelope, out);
            return;
        }
        self.serve_message(now, envelope, out);
    }

    /// A request, or the answer to one.
    pub(super) fn serve_message(&mut self, now: SimTime, envelope: Envelope, out: &mut Outbox) {
        let Envelope { from, channel, correlation, body, .. } = envelope;
        match body {
            Body::Pull(request) => self.on_pull(now, channel, correlation, request, out),
            Body::Heartbeat(heartbeat) => {
                self.on_heartbeat(now, channel, &heartbeat, out);
                out.reply(channel, correlation, Body::HeartbeatReply);
            }
            Body::UnregisterClient(group) => {
                if let Some(group) = group {
                    self.forget(group, channel, ExpiryCause::Unregistered, out);
                }
                out.reply(channel, correlation, Body::UnregisterReply);
            }
            Body::GetConsumerList(group) => {
                out.reply(channel, correlation, Body::ConsumerList(self.members.list(group)));
            }
            Body::UpdateOffsets { group, offsets } => {
                for (queue, offset) in offsets {
                    self.commit(channel, group, queue, offset, out);
                }
            }
            Body::EndTransaction(request) => self.on_end_transaction(now, request, out),
            Body::Send(_) | Body::SendBack(_) | Body::RetrySend(_) if out.fallible => {
                self.on_pool_request(now, channel, correlation, body, out);
            }
            Body::SyncMetadata(step) => self.on_sync_metadata(channel, correlation, step, out),
            Body::HaConnect => self.on_ha_connect(now, channel, out),
            Body::HaReport(offset) => self.on_ha_report(now, channel, offset, out),
            Body::HaFrame(frame) => self.on_ha_frame(now, from, &frame, out),
            Body::RegisterBrokerReply(_) | Body::Metadata(_) | Body::Failed(_) => {
                self.on_answer(now, correlation, body, out);
            }
            Body::SendBack(request) => {
                let taken = self.on_send_back(now, &request, out);
                out.reply(channel, correlation, Body::Returned(taken));
            }
            Body::RetrySend(request) => {
                let taken = self.on_retry_send(now, &request, out);
                out.reply(channel, correlation, Body::Returned(taken));
            }
            Body::QueryOffset(..) | Body::MaxOffset(_) | Body::SearchOffset(..) => {
                let answer = self.look_up(now, &body);
                out.reply(channel, correlation, Body::Offset(answer));
            }
            Body::Lock(group, client, queues) => {
                let locked = self.lock_queues(now, channel, group, client, queues, out);
                out.reply(channel, correlation, Body::Locked(locked));
            }
            Body::Unlock(group, client, queues) => {
                self.unlock_queues(now, group, client, &queues, out);
                if correlation != Correlation::ONEWAY {
                    out.reply(channel, correlation, Body::Locked(Vec::new()));
                }
            }
            _ => {}
        }
    }

    fn look_up(&mut self, now: SimTime, body: &Body) -> Option<u64> {
        match body {
            Body::QueryOffset(group, queue) => {
                let local = self.directory.parts(*queue).local;
                self.dispatch(now, local);
                match self.offsets.query_offset(*group, local as usize, &self.store) {
                    QueryOffset::Found(offset) => Some(offset),
                    QueryOffset::NotFound => None,
                }
            }
            Body::MaxOffset(queue) => {
                let local = self.directory.parts(*queue).local;
                self.dispatch(now, local);
                Some(self.store.max_offset(local as usize))
            }
            Body::SearchOffset(queue, time) => {
                let local = self.directory.parts(*queue).local;
                self.dispatch(now, local);
                Some(self.store.offset_by_time(local as usize, self.clock.simulated(*time)))
            }
            _ => None,
        }
    }
}
