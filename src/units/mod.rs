//! Quantities with units: dimensions, unit strings such as `ng/mL`, and quantities such as `45 mg`.
//!
//! Every number that enters or leaves the program carries a unit. Inside, numbers are plain `f64` in one
//! coherent system: **mg, dm, h, mol**. A litre is a cubic decimetre, so a dose in mg over a volume in L is a
//! concentration in mg/L with no factor anywhere. [`Unit::scale`] converts at the border.

mod dimension;
mod parse;

pub use dimension::Dimension;
pub use parse::UnitError;

use std::fmt;
use std::str::FromStr;

/// A unit of measurement as somebody wrote it: its text, its dimension and its size in coherent units.
///
/// ```
/// use exposim::units::Unit;
/// let unit: Unit = "ng/mL".parse()?;
/// assert_eq!(unit.to_coherent(8.24), 8.24e-3); // mg/L
/// # Ok::<(), exposim::units::UnitError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Unit {
    text: String,
    dimension: Dimension,
    numerator: f64,
    denominator: f64,
}

impl Unit {
    /// The unit of a pure number, written `1`.
    pub fn one() -> Self {
        Unit { text: "1".into(), dimension: Dimension::ONE, numerator: 1.0, denominator: 1.0 }
    }

    /// The coherent unit of a dimension, such as mg/L.
    pub fn coherent(dimension: Dimension) -> Self {
        Unit { text: dimension.coherent_unit(), dimension, numerator: 1.0, denominator: 1.0 }
    }

    /// What was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The dimension, such as mass per volume.
    pub fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// How many coherent units (mg, dm, h, mol) one of this unit is.
    pub fn scale(&self) -> f64 {
        self.numerator / self.denominator
    }

    /// A value in this unit, in coherent units. Multiplies and divides by whole powers of ten where it can, so
    /// that `8.24 ng/mL` becomes the double nearest to 8.24e-3.
    pub fn to_coherent(&self, value: f64) -> f64 {
        value * self.numerator / self.denominator
    }

    /// A value in coherent units, in this unit.
    pub fn from_coherent(&self, value: f64) -> f64 {
        value * self.denominator / self.numerator
    }
}

impl PartialEq for Unit {
    fn eq(&self, other: &Self) -> bool {
        self.dimension == other.dimension && self.scale() == other.scale()
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Unit {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        parse::unit(text)
    }
}

/// A number with its unit, such as `45 mg` or `12 weeks`.
///
/// ```
/// use exposim::units::Quantity;
/// let dose: Quantity = "45 mg".parse()?;
/// assert_eq!(dose.coherent(), 45.0);
/// let time: Quantity = "12 weeks".parse()?;
/// assert_eq!(time.coherent(), 2016.0); // h
/// # Ok::<(), exposim::units::UnitError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    value: f64,
    unit: Unit,
}

impl Quantity {
    /// A value in a unit.
    pub fn new(value: f64, unit: Unit) -> Self {
        Quantity { value, unit }
    }

    /// The number as written, in [`Quantity::unit`].
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The unit as written.
    pub fn unit(&self) -> &Unit {
        &self.unit
    }

    /// The value in coherent units (mg, dm, h, mol).
    pub fn coherent(&self) -> f64 {
        self.unit.to_coherent(self.value)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unit.text == "1" {
            write!(f, "{}", self.value)
        } else {
            write!(f, "{} {}", self.value, self.unit)
        }
    }
}

impl FromStr for Quantity {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        parse::quantity(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(text: &str) -> f64 {
        text.parse::<Unit>().unwrap_or_else(|e| panic!("{text}: {e}")).scale()
    }

    #[test]
    fn units_convert_to_coherent_ones() {
        for (text, expected) in [
            ("ng/mL", 1e-3),
            ("ug/mL", 1.0),
            ("µg/L", 1e-3),
            ("mg/L", 1.0),
            ("L/h", 1.0),
            ("mL/min", 0.06),
            ("1/h", 1.0),
            ("h^-1", 1.0),
            ("kg", 1e6),
            ("kg/m^2", 1e4),
            ("mL/min/1.73 m^2", 0.06 / 173.0),
            ("10^9/L", 1e9),
            ("1e9/L", 1e9),
            ("g/L", 1e3),
            ("weeks", 168.0),
            ("day", 24.0),
            ("%", 0.01),
            ("ug/g", 1e-6),
            ("ng h/mL", 1e-3),
            ("ng*h/mL", 1e-3),
            ("score", 1.0),
            ("y", 8766.0),
            ("nmol/L", 1e-9),
            ("1", 1.0),
        ] {
            let got = scale(text);
            assert!((got / expected - 1.0).abs() < 1e-14, "{text}: {got} is not {expected}");
        }
    }

    #[test]
    fn dimensions_tell_mass_from_concentration() {
        let mg: Unit = "mg".parse().unwrap();
        let mg_per_l: Unit = "mg/L".parse().unwrap();
        assert_ne!(mg.dimension(), mg_per_l.dimension());
        assert_eq!(mg.dimension() / "L".parse::<Unit>().unwrap().dimension(), mg_per_l.dimension());
        assert_eq!(mg_per_l.dimension().to_string(), "mass/volume");
    }

    #[test]
    fn quantities_want_a_number_and_a_unit() {
        assert_eq!("24 h".parse::<Quantity>().unwrap().coherent(), 24.0);
        assert_eq!("-0.5".parse::<Quantity>().unwrap().value(), -0.5);
        assert!("mg".parse::<Quantity>().is_err());
        assert!("45 mgg".parse::<Quantity>().is_err());
        assert!("45 mg/".parse::<Quantity>().is_err());
        assert!("".parse::<Quantity>().is_err());
        assert!("nan mg".parse::<Quantity>().is_err());
        assert!("1e999 mg".parse::<Quantity>().is_err());
    }

    #[test]
    fn an_unknown_unit_offers_a_near_one() {
        let error = "45 ngg/mL".parse::<Quantity>().unwrap_err();
        assert!(error.to_string().contains("ng"), "{error}");
    }

    #[test]
    fn printed_values_survive_the_round_trip() {
        let unit: Unit = "ng/mL".parse().unwrap();
        for value in [8.24, 44.5, 0.0858, 133.5] {
            assert_eq!(unit.from_coherent(unit.to_coherent(value)), value);
        }
    }
}
