//! Floor 1: which messages a subscription wants. Tags and SQL92 expressions will live here.
