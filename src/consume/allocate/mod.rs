//! Queue allocation: RocketMQ's strategies, one file each, in one list.
