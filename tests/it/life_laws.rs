//! Laws of orderly and broadcasting groups under random lives: everything is conserved at every sample, order is broken by
//! frozen processes and repeated resets only, and what was accepted is consumed or skipped by name.

use proptest::prelude::*;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::{ConsumeFromWhere, ConsumeMode, ListenerRule, MessageModel};
use rocketmq_sim::node::counters::Counter;
use rocketmq_sim::scenario::plan::Action;

use crate::life_plan::{GROUP, Life, TOPIC, at, count, failing, freeze, kill, ms, start, stop, thaw};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Down,
    Running,
    Frozen,
}

/// Seed, kinds of consumption, numbers of the group, and actions as (second, kind, member, number).
type Draw = (u64, (bool, bool, bool), (u32, u32, u64, u32), Vec<(u64, u8, u32, u64)>);

fn life((seed, (orderly, broadcasting, last), (queues, threads, service, batch), actions): Draw) -> (Life, bool) {
    let mut life = Life::orderly().service(ms(service));
    (life.seed, life.queues, life.send_until) = (seed, queues, at(150));
    life.members = vec![Some(at(1)), Some(at(2)), None];
    life.duration = SimDuration::from_secs(500);
    life.config.consume_thread_min = threads;
    life.config.consume_message_batch_max_size = batch;
    if !orderly {
        life.config.consume_mode = ConsumeMode::Concurrently;
    } else {
        life.config.listener = vec![ListenerRule { probability: 0.02, ..failing() }];
    }
    if broadcasting {
        life.config.message_model = MessageModel::Broadcasting;
    }
    if last {
        life.config.consume_from_where = ConsumeFromWhere::LastOffset;
    }
    let mut states = [State::Running, State::Running, State::Down];
    let mut frozen = false;
    let mut timeline: Vec<(u64, u8, u32, u64)> = actions;
    timeline.sort_unstable();
    for (second, kind, member, number) in timeline {
        let state = &mut states[member as usize];
        let action = match (kind, *state) {
            (0..=4, State::Down) => {
                *state = State::Running;
                start(member, member + if number % 4 == 0 { 3 } else { 0 }, number % 5 == 0)
            }
            (0 | 1, State::Running) => {
                *state = State::Down;
                stop(member)
            }
            (2, State::Running | State::Frozen) => {
                *state = State::Down;
                kill(member)
            }
            (3, State::Running) => {
                (*state, frozen) = (State::Frozen, true);
                freeze(member)
            }
            (0 | 1 | 3 | 4, State::Frozen) => {
                *state = State::Running;
                thaw(member)
            }
            (5, _) => {
                let to = (number % 3 > 0).then(|| SimTime::from_secs(number % 150));
                Action::ResetOffset { group: GROUP, topic: TOPIC, to, force: number % 2 == 0 }
            }
            _ => continue,
        };
        life.actions.push((at(second), action));
    }
    for (member, state) in states.iter().enumerate() {
        match state {
            State::Down => life.actions.push((at(170), start(member as u32, member as u32, false))),
            State::Frozen => life.actions.push((at(170), thaw(member as u32))),
            State::Running => {}
        }
    }
    (life, frozen)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_lives_are_conserved_in_order_and_complete(
        seed in any::<u64>(),
        kinds in (any::<bool>(), any::<bool>(), any::<bool>()),
        numbers in (1..7_u32, prop_oneof![Just(1_u32), Just(2), Just(20)], 0..60_u64, prop_oneof![Just(1_u32), 2..6_u32]),
        actions in prop::collection::vec((5..150_u64, 0..6_u8, 0..3_u32, 0..300_u64), 0..12),
    ) {
        let (orderly, broadcasting, _) = kinds;
        let (mut life, frozen) = life((seed, kinds, numbers, actions));
        // At most 80 % of what one thread per queue, and one pool of all members, can do.
        let lanes = if orderly { numbers.0.min(numbers.1) } else { numbers.1 };
        life.rate = (0.4 * f64::from(lanes) * 1000.0 / (numbers.2 as f64 + 1.0)).clamp(2.0, 40.0);
        let outcome = life.run();
        // Skipped and then set back, messages come after newer ones.
        let resets = life.actions.iter().filter(|(_, action)| matches!(action, Action::ResetOffset { .. })).count();
        if orderly && !broadcasting && !frozen && resets < 2 {
            prop_assert_eq!(count(&outcome, Counter::OrderViolations), 0);
        }
        for (group, places) in outcome.groups.iter().zip(&outcome.conservation.groups) {
            prop_assert_eq!(group.lag, 0);
            prop_assert_eq!(places.consumed + places.skipped, places.stored);
        }
    }
}
