//! Numbers that are not finite, which JSON has as `null`.

use serde::{Deserialize, Deserializer};

fn known(number: Option<f64>) -> f64 {
    number.unwrap_or(f64::NAN)
}

pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Option::deserialize(deserializer).map(known)
}

pub(super) fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    Ok(Vec::<Option<f64>>::deserialize(deserializer)?.into_iter().map(known).collect())
}

pub(super) fn five<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[f64; 5], D::Error> {
    <[Option<f64>; 5]>::deserialize(deserializer).map(|numbers| numbers.map(known))
}
