//! Machine time: how long JVMs and brokers of the measured machine (2 cores, shared) took per request. These constants are
//! assumptions of the scenario, not of the model; each says which measured gaps it was taken from. Log-normal by median and
//! 99 % quantile, because the gaps have a short middle and a long tail.

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::SimDuration;
use rocketmq_sim::scenario::plan::NetworkPlan;

use super::cluster::loopback;

/// Log-normal by median and 99 % quantile, milliseconds.
pub(super) fn log_normal(median: f64, p99: f64) -> Distribution {
    let nanos = |ms: f64| (ms * 1e6) as u64;
    Distribution::LogNormal { median: nanos(median), p99: nanos(p99) }
}

/// The machine of one series of runs.
#[derive(Clone)]
pub(super) struct Machine {
    pub(super) nameserver: Distribution,
    pub(super) broker_send: Distribution,
    pub(super) broker_pull: Distribution,
    pub(super) broker_admin: Distribution,
    pub(super) producer: Distribution,
    /// A client that has done everything many times.
    pub(super) client: Distribution,
    pub(super) rebalance_work: Distribution,
    /// A client that does things for the first time: its classes are loaded and its code is interpreted.
    pub(super) cold_client: Distribution,
    pub(super) cold_rebalance_work: Distribution,
    pub(super) start_delay: Distribution,
    /// Time in `shutdown()` before the first unregister request leaves.
    pub(super) shutdown_work: Distribution,
}

/// The times of one member's process.
#[derive(Clone)]
pub(super) struct Jvm {
    pub(super) handling: Distribution,
    pub(super) rebalance_work: Distribution,
    pub(super) start_delay: Distribution,
}

impl Jvm {
    /// A process that has been running for long.
    pub(super) fn warm(machine: &Machine) -> Self {
        Self {
            handling: machine.client.clone(),
            rebalance_work: machine.rebalance_work.clone(),
            start_delay: Distribution::Constant(0),
        }
    }

    /// A process whose consumer starts for the first time.
    pub(super) fn cold(machine: &Machine) -> Self {
        Self {
            handling: machine.cold_client.clone(),
            rebalance_work: machine.cold_rebalance_work.clone(),
            start_delay: machine.start_delay.clone(),
        }
    }
}

impl Machine {
    /// The machine mostly alone. From the runs `q*` of `scaleout_3to4_*`: first heartbeat to notice at an old member
    /// 2/4/22 ms (least, median, greatest), notice to member list 0/2/24 ms, member list to the first queue given up
    /// 1/10/29 ms; the joiner: `start()` to heartbeat 222/333/575 ms, heartbeat to its own notice 5/15/42 ms, member list to
    /// its first queue 13/33/54 ms. Pulls and sends: `long_poll_latency` (`born_to_store` and `store_to_consume`).
    /// `shutdown()` to unregister: `shutdown_4to3_*`, 2/4/19 ms.
    pub(super) fn quiet() -> Self {
        Self {
            nameserver: log_normal(0.5, 4.0),
            broker_send: log_normal(1.0, 10.0),
            broker_pull: log_normal(0.6, 4.0),
            broker_admin: log_normal(1.0, 10.0),
            producer: log_normal(1.2, 21.0),
            client: log_normal(1.2, 14.0),
            rebalance_work: log_normal(2.2, 24.0),
            cold_client: log_normal(2.5, 25.0),
            cold_rebalance_work: log_normal(9.0, 35.0),
            start_delay: log_normal(320.0, 600.0),
            shutdown_work: log_normal(4.0, 25.0),
        }
    }

    /// The machine beside other experiments. From the runs `b*` of the same files: heartbeat to notice 2/10/161 ms, notice to
    /// member list 0/5/207 ms, member list to the first queue given up 1/10/68 ms; the joiner: `start()` to heartbeat
    /// 305/2916/14511 ms, heartbeat to its own notice 6/38/525 ms, between its first two heartbeats 15/83/1728 ms, member
    /// list to its first queue 20/187/812 ms. `shutdown()` to unregister 2/4/145 ms.
    pub(super) fn busy() -> Self {
        Self {
            nameserver: log_normal(0.8, 20.0),
            broker_send: log_normal(1.5, 20.0),
            broker_pull: log_normal(0.8, 15.0),
            broker_admin: log_normal(1.6, 110.0),
            producer: log_normal(1.0, 20.0),
            client: log_normal(1.2, 45.0),
            rebalance_work: log_normal(4.0, 45.0),
            cold_client: log_normal(6.0, 400.0),
            cold_rebalance_work: log_normal(38.0, 1800.0),
            start_delay: log_normal(2400.0, 14000.0),
            shutdown_work: log_normal(4.5, 150.0),
        }
    }

    /// Everything ran on one machine: the loopback's latency.
    pub(super) fn network(&self) -> NetworkPlan {
        loopback(SimDuration::from_micros(50))
    }
}
