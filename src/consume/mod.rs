//! Floor 3: client-side logic, pure: allocation, rebalance difference, process queue, offset rules.

pub mod allocate;
