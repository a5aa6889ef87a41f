//! Ids and draws, from one seeded generator.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::clock::Clock;

pub struct Chance(Mutex<SmallRng>);

impl Chance {
    /// Two processes on one cloud must not make the same ids.
    pub fn new(clock: Clock) -> Chance {
        let process = u64::from(std::process::id()) << 32;
        Chance(Mutex::new(SmallRng::seed_from_u64(clock.epoch_millis() ^ process)))
    }

    fn draw(&self) -> MutexGuard<'_, SmallRng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Between 0 and 1.
    pub fn part(&self) -> f64 {
        self.draw().random()
    }

    /// `8f2a…`: that many hexadecimal digits, at most 32.
    pub fn hex(&self, digits: usize) -> String {
        let drawn: u128 = self.draw().random();
        format!("{drawn:032x}")[..digits.min(32)].to_owned()
    }

    /// A version 4 UUID.
    pub fn request_id(&self) -> String {
        let drawn: u128 = self.draw().random();
        let set = drawn & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{set:032x}");
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// What X-Ray makes of a call that brought no trace.
    pub fn trace_id(&self, clock: Clock) -> String {
        let seconds = clock.epoch_millis() / 1000;
        format!("Root=1-{seconds:08x}-{};Parent={};Sampled=0", self.hex(24), self.hex(16))
    }
}
