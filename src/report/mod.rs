//! Floor 7: outcome to bytes: terminal text, tables, charts, HTML, CSV, JSON, JUnit. Sees outcomes only.

pub mod junit;
