//! `rocketmq-sim allocate`: the strategies alone.

pub mod cases;
