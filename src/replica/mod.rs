//! Floor 3: replication logic. Master-slave shipping and Raft will live here; nothing is modelled yet
//! (`docs/limits.md`).
