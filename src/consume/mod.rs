//! Floor 3: client-side logic, pure: allocation, rebalance difference, process queue, thread pool, flow control.

pub mod allocate;
pub mod flow;
pub mod listener_rules;
pub mod orderly;
pub mod pool;
pub mod process_queue;
pub mod queue_lock;
pub mod rebalance;
