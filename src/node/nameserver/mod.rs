//! The nameserver: who registered what, and when it was last heard of (`RouteInfoManager`). Nameservers never talk to each
//! other, so their views can differ.

mod machine;
mod tables;
#[cfg(test)]
mod tests;

pub use machine::Nameserver;
