//! RocketMQ's files on disk: what a broker or a broadcasting client leaves in its folders, read and written.

pub mod config;
