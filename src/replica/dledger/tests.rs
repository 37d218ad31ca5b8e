//! Single rules of the tables, at one member.
