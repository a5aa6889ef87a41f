//! The HTTP front, from the outside: what well-behaved clients get, and what the others do not achieve.

#[path = "serve/desk.rs"]
mod desk;
#[path = "serve/ending.rs"]
mod ending;
#[path = "serve/large.rs"]
mod large;
#[path = "serve/malformed.rs"]
mod malformed;
#[path = "serve/many.rs"]
mod many;
#[path = "serve/polite.rs"]
mod polite;
#[path = "serve/slow.rs"]
mod slow;
