use std::fmt;
use std::ops::{Div, Mul};

/// The dimension of a quantity: whole powers of mass, length, time and amount of substance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Dimension {
    mass: i8,
    length: i8,
    time: i8,
    substance: i8,
}

impl Dimension {
    /// A pure number.
    pub const ONE: Dimension = Dimension::of(0, 0, 0, 0);
    /// Mass (mg).
    pub const MASS: Dimension = Dimension::of(1, 0, 0, 0);
    /// Length (dm).
    pub const LENGTH: Dimension = Dimension::of(0, 1, 0, 0);
    /// Volume (L).
    pub const VOLUME: Dimension = Dimension::of(0, 3, 0, 0);
    /// Time (h).
    pub const TIME: Dimension = Dimension::of(0, 0, 1, 0);
    /// Rate constant (1/h).
    pub const RATE: Dimension = Dimension::of(0, 0, -1, 0);
    /// Clearance (L/h).
    pub const CLEARANCE: Dimension = Dimension::of(0, 3, -1, 0);
    /// Mass concentration (mg/L).
    pub const CONCENTRATION: Dimension = Dimension::of(1, -3, 0, 0);
    /// Amount of substance (mol).
    pub const SUBSTANCE: Dimension = Dimension::of(0, 0, 0, 1);

    pub(super) const fn of(mass: i8, length: i8, time: i8, substance: i8) -> Self {
        Dimension { mass, length, time, substance }
    }

    /// Whether this is the dimension of a pure number.
    pub fn is_one(self) -> bool {
        self == Dimension::ONE
    }

    /// The dimension of a whole power; `None` where an exponent would leave the range -128 to 127.
    pub fn checked_pow(self, exponent: i32) -> Option<Self> {
        let power = |e: i8| i8::try_from(i32::from(e).checked_mul(exponent)?).ok();
        Some(Dimension::of(power(self.mass)?, power(self.length)?, power(self.time)?, power(self.substance)?))
    }

    /// The dimension of a square root; `None` where an exponent is odd.
    pub fn sqrt(self) -> Option<Self> {
        let half = |e: i8| (e % 2 == 0).then_some(e / 2);
        Some(Dimension::of(half(self.mass)?, half(self.length)?, half(self.time)?, half(self.substance)?))
    }
}

impl Mul for Dimension {
    type Output = Dimension;

    fn mul(self, other: Dimension) -> Dimension {
        Dimension::of(
            self.mass.saturating_add(other.mass),
            self.length.saturating_add(other.length),
            self.time.saturating_add(other.time),
            self.substance.saturating_add(other.substance),
        )
    }
}

impl Div for Dimension {
    type Output = Dimension;

    fn div(self, other: Dimension) -> Dimension {
        Dimension::of(
            self.mass.saturating_sub(other.mass),
            self.length.saturating_sub(other.length),
            self.time.saturating_sub(other.time),
            self.substance.saturating_sub(other.substance),
        )
    }
}

impl Dimension {
    /// Exponents under five names, with whole volumes instead of lengths where the length's exponent allows it.
    fn parts(self, names: [&'static str; 5]) -> [(&'static str, i8); 5] {
        let [mass, substance, volume, length, time] = names;
        let (volumes, lengths) = if self.length % 3 == 0 { (self.length / 3, 0) } else { (0, self.length) };
        [
            (mass, self.mass),
            (substance, self.substance),
            (volume, volumes),
            (length, lengths),
            (time, self.time),
        ]
    }

    /// A fraction of named factors; `one` where there are none.
    fn fraction(self, names: [&'static str; 5], one: &str) -> String {
        let parts = self.parts(names);
        let side = |sign: i8| {
            let factor = |(name, e): &(&str, i8)| match e.unsigned_abs() {
                1 => (*name).to_string(),
                power => format!("{name}^{power}"),
            };
            parts.iter().filter(|(_, e)| e.signum() == sign).map(factor).collect::<Vec<_>>()
        };
        let (above, below) = (side(1), side(-1));
        match (above.is_empty(), below.is_empty()) {
            (true, true) => one.to_string(),
            (false, true) => above.join(" "),
            (true, false) => format!("1/{}", below.join("/")),
            (false, false) => format!("{}/{}", above.join(" "), below.join("/")),
        }
    }

    /// The text of the coherent unit, such as `mg/L`; `1` for a pure number.
    pub(super) fn coherent_unit(self) -> String {
        self.fraction(["mg", "mol", "L", "dm", "h"], "1")
    }
}

/// Words, such as `mass/volume` or `volume/time`; a pure number is `a pure number`.
impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fraction(["mass", "substance", "volume", "length", "time"], "a pure number"))
    }
}
