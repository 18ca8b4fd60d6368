//! Comparisons of a value with a threshold, as in "HB < 80 g/L".

use crate::units::{Quantity, Unit};

/// What is wrong with a phrase, and what would mend it.
pub(super) type Refusal = (String, String);

/// Which side of a threshold counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Below it.
    Below,
    /// Below it or on it.
    AtMost,
    /// Above it.
    Above,
    /// Above it or on it.
    AtLeast,
}

impl Side {
    /// Whether a value lies on this side of a threshold; a value that is not a number lies on none.
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Side::Below => value < threshold,
            Side::AtMost => value <= threshold,
            Side::Above => value > threshold,
            Side::AtLeast => value >= threshold,
        }
    }
}

/// The parts of "HB < 80 g/L"; `None` where nothing is compared.
pub(super) fn split(text: &str) -> Option<(&str, Side, &str)> {
    let signs = [("<=", Side::AtMost), (">=", Side::AtLeast), ("<", Side::Below), (">", Side::Above)];
    signs.into_iter().find_map(|(sign, side)| text.split_once(sign).map(|(l, r)| (l.trim(), side, r.trim())))
}

/// A threshold for values in a unit, in coherent units.
pub(super) fn threshold(text: &str, name: &str, unit: &Unit) -> Result<f64, Refusal> {
    let threshold: Quantity = text
        .parse()
        .map_err(|e| (format!("`{text}` is no threshold: {e}"), format!("write it as \"80 {unit}\"")))?;
    if threshold.unit().dimension() != unit.dimension() {
        return Err((
            format!("`{threshold}` is {}, `{name}` is {}", threshold.unit().dimension(), unit.dimension()),
            format!("write the threshold in {unit}"),
        ));
    }
    Ok(threshold.coherent())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_told_apart() {
        assert_eq!(split("HB <= 80 g/L"), Some(("HB", Side::AtMost, "80 g/L")));
        assert_eq!(split("HB<80 g/L"), Some(("HB", Side::Below, "80 g/L")));
        assert_eq!(split("fall of HB >= 20 g/L"), Some(("fall of HB", Side::AtLeast, "20 g/L")));
        assert_eq!(split("remission"), None);
        for (side, at, below, above) in [
            (Side::Below, false, true, false),
            (Side::AtMost, true, true, false),
            (Side::Above, false, false, true),
            (Side::AtLeast, true, false, true),
        ] {
            assert_eq!(
                (side.holds(5.0, 5.0), side.holds(4.0, 5.0), side.holds(6.0, 5.0)),
                (at, below, above)
            );
            assert!(!side.holds(f64::NAN, 5.0));
        }
    }
}
