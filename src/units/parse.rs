//! The grammar of units: factors joined by `*`, `·` or a space, divided by `/`, each with an optional whole power.
//! A number may stand as a factor (`1.73 m^2`, `10^9/L`).

use super::{Dimension, Quantity, Unit};

/// A unit or quantity that could not be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// Nothing was written.
    #[error("a unit is missing")]
    Empty,
    /// The name is no unit.
    #[error("`{name}` is not a unit{}", near(.name))]
    Unknown {
        /// What was written.
        name: String,
    },
    /// The text does not have the form of a unit.
    #[error("`{text}` is not a unit: {reason}")]
    Malformed {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A quantity has no number in front.
    #[error("`{text}` does not start with a number; write a quantity as in `45 mg`")]
    NoNumber {
        /// What was written.
        text: String,
    },
}

/// Base and named units: name, dimension, numerator, denominator of the size in coherent units.
const NAMED: &[(&str, Dimension, f64, f64)] = &[
    ("g", Dimension::MASS, 1e3, 1.0),
    ("L", Dimension::VOLUME, 1.0, 1.0),
    ("l", Dimension::VOLUME, 1.0, 1.0),
    ("m", Dimension::LENGTH, 10.0, 1.0),
    ("mol", Dimension::SUBSTANCE, 1.0, 1.0),
    ("M", Dimension::of(0, -3, 0, 1), 1.0, 1.0),
    ("s", Dimension::TIME, 1.0, 3600.0),
    ("second", Dimension::TIME, 1.0, 3600.0),
    ("min", Dimension::TIME, 1.0, 60.0),
    ("minute", Dimension::TIME, 1.0, 60.0),
    ("h", Dimension::TIME, 1.0, 1.0),
    ("hr", Dimension::TIME, 1.0, 1.0),
    ("hour", Dimension::TIME, 1.0, 1.0),
    ("d", Dimension::TIME, 24.0, 1.0),
    ("day", Dimension::TIME, 24.0, 1.0),
    ("week", Dimension::TIME, 168.0, 1.0),
    ("wk", Dimension::TIME, 168.0, 1.0),
    // A month is a twelfth of a Julian year, as persistence curves use it.
    ("month", Dimension::TIME, 730.5, 1.0),
    ("y", Dimension::TIME, 8766.0, 1.0),
    ("yr", Dimension::TIME, 8766.0, 1.0),
    ("year", Dimension::TIME, 8766.0, 1.0),
    ("%", Dimension::ONE, 1.0, 100.0),
    ("score", Dimension::ONE, 1.0, 1.0),
    ("point", Dimension::ONE, 1.0, 1.0),
    ("cells", Dimension::ONE, 1.0, 1.0),
    ("U", Dimension::ONE, 1.0, 1.0),
    ("IU", Dimension::ONE, 1.0, 1.0),
    ("xULN", Dimension::ONE, 1.0, 1.0),
];

/// Prefixes that g, L, m, mol, M and s may carry.
const PREFIXES: &[(&str, f64, f64)] = &[
    ("k", 1e3, 1.0),
    ("d", 1.0, 10.0),
    ("c", 1.0, 100.0),
    ("m", 1.0, 1e3),
    ("u", 1.0, 1e6),
    ("µ", 1.0, 1e6),
    ("μ", 1.0, 1e6),
    ("n", 1.0, 1e9),
    ("p", 1.0, 1e12),
];
const PREFIXED: &[&str] = &["g", "L", "l", "m", "mol", "M", "s"];

/// Longest unit text that is read; longer text is no unit anybody wrote.
const LONGEST: usize = 64;

struct Factor {
    dimension: Dimension,
    numerator: f64,
    denominator: f64,
}

fn named(name: &str) -> Option<Factor> {
    let exact = |name: &str| {
        NAMED.iter().find(|(n, ..)| *n == name).map(|&(_, dimension, numerator, denominator)| Factor {
            dimension,
            numerator,
            denominator,
        })
    };
    if let Some(factor) = exact(name) {
        return Some(factor);
    }
    // Plurals of words: hours, days, weeks, years, months, points, scores.
    if let Some(singular) = name.strip_suffix('s')
        && singular.len() > 2
        && let Some(factor) = exact(singular)
    {
        return Some(factor);
    }
    PREFIXES.iter().find_map(|&(prefix, up, down)| {
        let base = name.strip_prefix(prefix)?;
        if !PREFIXED.contains(&base) {
            return None;
        }
        let mut factor = exact(base)?;
        factor.numerator *= up;
        factor.denominator *= down;
        // Keep powers of ten whole: 1e3/1e9 becomes 1/1e6.
        let common = factor.numerator.min(factor.denominator);
        if common > 1.0 && (factor.numerator % common == 0.0) && (factor.denominator % common == 0.0) {
            factor.numerator /= common;
            factor.denominator /= common;
        }
        Some(factor)
    })
}

fn near(name: &str) -> String {
    let best = NAMED
        .iter()
        .map(|(n, ..)| (*n).to_string())
        .chain(["mg", "kg", "ug", "ng", "mL", "nmol", "umol", "mmol"].map(String::from))
        .map(|candidate| (strsim::damerau_levenshtein(name, &candidate), candidate))
        .filter(|(distance, _)| *distance <= 2)
        .min();
    best.map_or_else(String::new, |(_, candidate)| format!("; did you mean `{candidate}`?"))
}

pub(super) fn unit(text: &str) -> Result<Unit, UnitError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(UnitError::Empty);
    }
    if text.len() > LONGEST {
        let text = text.chars().take(20).collect::<String>() + "…";
        return Err(UnitError::Malformed { text, reason: "it is too long" });
    }
    let malformed = |reason| UnitError::Malformed { text: text.to_string(), reason };
    let mut result =
        Unit { text: text.to_string(), dimension: Dimension::ONE, numerator: 1.0, denominator: 1.0 };
    let mut rest = text;
    // Only the factor right after `/` is below the line, and one that a number opens (`/1.73 m^2`) goes with it.
    let mut below = false;
    loop {
        rest = rest.trim_start();
        let end = rest.find([' ', '*', '·', '/', '^']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        if name.is_empty() {
            return Err(malformed("a factor is missing"));
        }
        rest = tail;
        let mut power = 1i32;
        if let Some(tail) = rest.strip_prefix('^') {
            let end = tail
                .char_indices()
                .find(|&(i, c)| !(c.is_ascii_digit() || (i == 0 && c == '-')))
                .map_or(tail.len(), |(i, _)| i);
            power = tail[..end].parse().map_err(|_| malformed("a power must be a whole number"))?;
            if power.abs() > 12 {
                return Err(malformed("a power is out of range"));
            }
            rest = &tail[end..];
        }
        let number = name.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0);
        let factor = match number {
            Some(n) => Factor { dimension: Dimension::ONE, numerator: n, denominator: 1.0 },
            None => named(name).ok_or_else(|| UnitError::Unknown { name: name.to_string() })?,
        };
        let signed = if below { -power } else { power };
        let dimension =
            factor.dimension.checked_pow(signed).ok_or_else(|| malformed("a power is out of range"))?;
        let (up, down) = if signed >= 0 {
            (factor.numerator, factor.denominator)
        } else {
            (factor.denominator, factor.numerator)
        };
        result.dimension = result.dimension * dimension;
        result.numerator *= up.powi(signed.abs());
        result.denominator *= down.powi(signed.abs());
        rest = rest.trim_start();
        match rest.chars().next() {
            None => break,
            Some('/') => {
                below = true;
                rest = &rest[1..];
            }
            Some(c @ ('*' | '·')) => {
                below = false;
                rest = &rest[c.len_utf8()..];
            }
            // A space after a number below the line keeps the side, as in `mL/min/1.73 m^2`.
            Some(_) => below = below && number.is_some(),
        }
    }
    let common = result.numerator.min(result.denominator);
    if common > 1.0 && result.numerator % common == 0.0 && result.denominator % common == 0.0 {
        result.numerator /= common;
        result.denominator /= common;
    }
    if !(result.scale().is_finite() && result.scale() > 0.0) {
        return Err(malformed("its size is out of range"));
    }
    Ok(result)
}

pub(super) fn quantity(text: &str) -> Result<Quantity, UnitError> {
    let text = text.trim();
    // The longest prefix that is a number; what follows is the unit.
    let end = text
        .char_indices()
        .take_while(|&(i, c)| {
            c.is_ascii_digit()
                || matches!(c, '.' | '_')
                || (matches!(c, '+' | '-') && (i == 0 || text[..i].ends_with(['e', 'E'])))
                || (matches!(c, 'e' | 'E')
                    && text[i + 1..].starts_with(|n: char| n.is_ascii_digit() || n == '-' || n == '+'))
        })
        .last()
        .map_or(0, |(i, c)| i + c.len_utf8());
    let (number, unit_text) = text.split_at(end);
    let value: f64 = number
        .replace('_', "")
        .parse()
        .ok()
        .filter(|v: &f64| v.is_finite())
        .ok_or_else(|| UnitError::NoNumber { text: text.chars().take(40).collect() })?;
    let unit = match unit_text.trim() {
        "" => Unit::one(),
        // Counts are written as in `1.0e9/L`.
        below if below.starts_with('/') => unit(&format!("1{below}"))?,
        text => unit(text)?,
    };
    Ok(Quantity::new(value, unit))
}
