//! RocketMQ's store on disk: the formats of its files, reading, recovery and writing.
//!
//! [`record`], [`queue_entry`], [`index_file`] and [`checkpoint`] are the formats; [`source`] is where files come from
//! ([`folder`], [`memory`]); [`decode`] lists what a store holds, [`recover`] says what a broker makes of it, and
//! [`writer`] writes one; [`config`] has the JSON files beside it. Only `folder` and `writer` touch the file system.

pub mod batch;
pub mod body;
pub mod calendar;
pub mod checkpoint;
pub mod config;
pub mod decode;
pub mod dispatch;
pub mod error;
pub mod file_name;
#[cfg(test)]
mod fixture;
pub mod folder;
pub mod host;
pub mod index_file;
pub mod log_cursor;
pub mod memory;
pub mod message_id;
pub mod properties;
pub mod queue_entry;
pub mod record;
pub mod recover;
pub mod source;
pub mod sys_flag;
pub mod writer;
