//! Floor 1: which messages a subscription wants. Tags now; SQL92 expressions will live here.

pub mod tag;
