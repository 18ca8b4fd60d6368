use std::fmt;

/// A number as it was printed: its digits say between which numbers it was rounded.
#[derive(Clone, Debug, PartialEq)]
pub struct Printed {
    text: String,
    value: f64,
    half_width: f64,
    below: bool,
}

impl Printed {
    /// Reads text such as `27.15`, `-0.7`, `1,036` or `<0.001`; `None` if it is no number.
    ///
    /// ```
    /// use exposim::evidence::Printed;
    /// let q = Printed::read("106.66").unwrap();
    /// assert_eq!((q.value(), q.half_width()), (106.66, 0.005));
    /// assert!(Printed::read("<0.001").unwrap().is_below());
    /// assert_eq!(Printed::read("about 5"), None);
    /// ```
    pub fn read(text: &str) -> Option<Self> {
        let trimmed = text.trim();
        let (below, digits) = match trimmed.strip_prefix('<') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, trimmed),
        };
        let plain: String = digits.chars().filter(|c| *c != ',').collect();
        let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) || whole.len() + fraction.len() == 0 {
            return None;
        }
        let places = u32::try_from(fraction.len()).ok().filter(|places| *places <= 15)?;
        let value: f64 = plain.parse().ok().filter(|value: &f64| value.is_finite())?;
        // A power of ten up to 10^15 is exact, so the quotient is the nearest double.
        let step = (0..places).fold(1.0, |power: f64, _| power * 10.0);
        Some(Printed { text: trimmed.to_string(), value, half_width: 0.5 / step, below })
    }

    /// The number.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Half a unit of the last digit.
    pub fn half_width(&self) -> f64 {
        self.half_width
    }

    /// Whether only an upper limit was printed (`<0.001`).
    pub fn is_below(&self) -> bool {
        self.below
    }
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_give_the_window() {
        for (text, value, half) in [
            ("27.15", 27.15, 0.005),
            ("12", 12.0, 0.5),
            ("0.030", 0.03, 0.0005),
            ("-3.6", -3.6, 0.05),
            (".5", 0.5, 0.05),
        ] {
            let printed = Printed::read(text).unwrap();
            assert_eq!((printed.value(), printed.half_width()), (value, half), "{text}");
            assert_eq!(printed.to_string(), text);
        }
        for text in ["", ".", "1e3", "12 mg", "--1", "1.2.3", "nan", "0.1234567890123456"] {
            assert_eq!(Printed::read(text), None, "{text}");
        }
    }
}
