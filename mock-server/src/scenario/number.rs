//! Numbers that a file may say, with their limits.

use serde::{Deserialize, Deserializer, de};

/// How often: 1 to [`Count::MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub u32);

impl Count {
    /// The most that can be written.
    pub const MOST: u32 = 10_000;
}

impl Default for Count {
    fn default() -> Self {
        Self(1)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let count = u32::deserialize(deserializer)?;
        if (1..=Self::MOST).contains(&count) {
            return Ok(Self(count));
        }
        Err(de::Error::custom(format!("{count} is not from 1 to {}", Self::MOST)))
    }
}

/// A probability, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance(pub(super) f64);

// It is never NaN.
impl Eq for Chance {}

impl<'de> Deserialize<'de> for Chance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let chance = f64::deserialize(deserializer)?;
        if (0.0..=1.0).contains(&chance) {
            return Ok(Self(chance));
        }
        Err(de::Error::custom(format!("{chance} is no probability; write one from 0 to 1")))
    }
}
