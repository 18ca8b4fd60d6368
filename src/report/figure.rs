/// A minus sign, as wide as a plus.
const MINUS: char = '\u{2212}';
/// The space within a figure: it does not break.
const SPACE: char = '\u{a0}';
/// What stands for a value that is not there.
const NONE: &str = "\u{2013}";

/// A value as people read it, without its unit: percentages with one decimal (small ones with one significant digit),
/// everything else with three significant digits, whole numbers in full. Every number of the page and of the terminal
/// is written this way.
pub fn figure(value: f64, unit: &str) -> String {
    written(value, unit, 3)
}

/// An error or a factor, which deserves two digits only; otherwise as [`figure`].
pub fn rough(value: f64, unit: &str) -> String {
    written(value, unit, 2)
}

fn written(value: f64, unit: &str, significant: i32) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let size = value.abs();
    let exponent = exponent(size, significant);
    let digits = match unit {
        _ if size == 0.0 => usize::from(unit == "%"),
        "%" if size >= 0.095 => 1,
        "%" => usize::try_from(-exponent).unwrap_or(0),
        _ => usize::try_from(significant - 1 - exponent).unwrap_or(0),
    };
    let text = if size > 0.0 && !(-4..=9).contains(&exponent) {
        scientific(size, significant)
    } else {
        grouped(size, digits)
    };
    let zero = !text.bytes().any(|b| (b'1'..=b'9').contains(&b));
    if value < 0.0 && !zero { format!("{MINUS}{text}") } else { text }
}

/// A value with its unit, such as `31.2 %` or `8.24 ng/mL`.
pub fn quantity(value: f64, unit: &str) -> String {
    with_unit(figure(value, unit), unit)
}

/// A difference with its sign and unit; differences of percentages are in points.
pub fn difference(value: f64, unit: &str) -> String {
    with_unit(signed(value, unit), difference_unit(unit))
}

/// A difference with its sign, without its unit.
pub fn signed(value: f64, unit: &str) -> String {
    let text = figure(value, unit);
    if value > 0.0 && value.is_finite() { format!("+{text}") } else { text }
}

/// The unit of a difference of values in `unit`.
pub fn difference_unit(unit: &str) -> &str {
    if unit == "%" { "points" } else { unit }
}

/// A share (0 to 1) as a percentage with one decimal; a share too small for that is "< 0.1 %".
pub fn share(share: f64) -> String {
    if share > 0.0 && share < 0.000_5 { format!("<{SPACE}0.1{SPACE}%") } else { quantity(share * 100.0, "%") }
}

/// A count with its thousands apart.
pub fn count(number: u64) -> String {
    group_thousands(&number.to_string())
}

fn with_unit(text: String, unit: &str) -> String {
    if unit.is_empty() { text } else { format!("{text}{SPACE}{unit}") }
}

/// The power of ten of a number's first digit after rounding to so many digits; 0 for 0.
pub(super) fn exponent(size: f64, digits: i32) -> i32 {
    let decimals = usize::try_from(digits - 1).unwrap_or(0);
    format!("{size:.decimals$e}").split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0)
}

fn grouped(size: f64, digits: usize) -> String {
    let text = format!("{size:.digits$}");
    match text.split_once('.') {
        Some((whole, part)) => format!("{}.{part}", group_thousands(whole)),
        None => group_thousands(&text),
    }
}

fn group_thousands(digits: &str) -> String {
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        // Four digits read well without help.
        if i > 0 && digits.len() > 4 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn scientific(size: f64, digits: i32) -> String {
    let decimals = usize::try_from(digits - 1).unwrap_or(0);
    let text = format!("{size:.decimals$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: String = power
        .chars()
        .map(|c| match c {
            '-' => '\u{207b}',
            '1' => '\u{b9}',
            '2' => '\u{b2}',
            '3' => '\u{b3}',
            c => c.to_digit(10).and_then(|d| char::from_u32(0x2070 + d)).unwrap_or(c),
        })
        .collect();
    format!("{digits}{SPACE}\u{d7}{SPACE}10{power}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_and_percentages_one_decimal() {
        let cases = [
            (8.2413, "ng/mL", "8.24"),
            (9.999, "ng/mL", "10.0"),
            (115.4, "g/L", "115"),
            (1112.4, "ng h/mL", "1112"),
            (60_000.0, "", "60,000"),
            (0.001_234, "mg/L", "0.00123"),
            (1.234e-7, "mg/L", "1.23\u{a0}\u{d7}\u{a0}10\u{207b}\u{2077}"),
            (6.02e23, "", "6.02\u{a0}\u{d7}\u{a0}10\u{b2}\u{b3}"),
            (0.0, "ng/mL", "0"),
            (31.249, "%", "31.2"),
            (100.0, "%", "100.0"),
            (0.0, "%", "0.0"),
            (0.0432, "%", "0.04"),
            (0.0049, "%", "0.005"),
            (0.096, "%", "0.1"),
            (-3.06, "%", "\u{2212}3.1"),
            (f64::NAN, "%", "\u{2013}"),
        ];
        for (value, unit, expected) in cases {
            assert_eq!(figure(value, unit), expected, "{value} {unit}");
        }
    }

    #[test]
    fn differences_carry_their_sign_and_are_points() {
        assert_eq!(difference(2.04, "%"), "+2.0\u{a0}points");
        assert_eq!(difference(-4.118, "ng/mL"), "\u{2212}4.12\u{a0}ng/mL");
        assert_eq!(signed(0.0, "%"), "0.0");
        assert_eq!(signed(-0.0, "%"), "0.0");
        assert_eq!(share(0.3812), "38.1\u{a0}%");
        assert_eq!(share(0.000_02), "<\u{a0}0.1\u{a0}%");
        assert_eq!(rough(0.060_83, "ng/mL"), "0.061");
        assert_eq!(rough(6.3, ""), "6.3");
        assert_eq!(rough(0.0471, "%"), "0.05");
        assert_eq!(count(10_000), "10,000");
        assert_eq!(count(1250), "1250");
    }
}
