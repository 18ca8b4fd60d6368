//! What a cell says: missing, a number, a whole number, a time.

/// Whether a cell has no value: nothing, `.` or `NA`.
pub(super) fn is_missing(text: &str) -> bool {
    text.is_empty() || text == "." || text.eq_ignore_ascii_case("na")
}

/// A finite number.
///
/// # Errors
/// What the text is instead.
pub(super) fn number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(format!("`{text}` is not a finite number")),
        Err(_) => Err(format!("`{text}` is not a number")),
    }
}

/// A whole number, written as `2` or `2.0`.
///
/// # Errors
/// What the text is instead.
pub(super) fn whole(text: &str) -> Result<i64, String> {
    let value = number(text)?;
    if value.fract() == 0.0 && value.abs() < 1e15 {
        #[allow(clippy::cast_possible_truncation)] // whole and small
        Ok(value as i64)
    } else {
        Err(format!("`{text}` is not a whole number"))
    }
}

/// A time as it can be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Time {
    /// Hours.
    Hours(f64),
    /// Day and clock, in hours since the beginning of day 0.
    Clock(f64),
}

/// A time: hours as a number, `HH:MM`, or `D HH:MM` with a whole number of days.
///
/// # Errors
/// What the text is instead.
pub(super) fn time(text: &str) -> Result<Time, String> {
    if !text.contains(':') {
        return number(text).map(Time::Hours);
    }
    let wrong = || format!("`{text}` is no time of the form HH:MM or D HH:MM");
    let (day, clock) = match text.split_once(char::is_whitespace) {
        Some((day, clock)) => (day.parse::<i32>().map_err(|_| wrong())?, clock.trim_start()),
        None => (0, text),
    };
    let mut parts = clock.split(':').map(|part| {
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if digits { part.parse::<u8>().ok() } else { None }
    });
    let (Some(Some(hours)), Some(Some(minutes)), seconds) = (parts.next(), parts.next(), parts.next()) else {
        return Err(wrong());
    };
    let seconds = match seconds {
        Some(Some(seconds)) => seconds,
        None => 0,
        Some(None) => return Err(wrong()),
    };
    if parts.next().is_some() || hours > 24 || minutes > 59 || seconds > 59 {
        return Err(wrong());
    }
    let seconds = f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0 + f64::from(seconds);
    Ok(Time::Clock(24.0 * f64::from(day) + seconds / 3600.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_hours_or_clocks() {
        assert_eq!(time("12.5"), Ok(Time::Hours(12.5)));
        assert_eq!(time("8:30"), Ok(Time::Clock(8.5)));
        assert_eq!(time("2 08:30"), Ok(Time::Clock(56.5)));
        assert_eq!(time("1 23:59:30"), Ok(Time::Clock(24.0 + 86370.0 / 3600.0)));
        for wrong in ["8:3x", "25:00", "8:60", "x 8:30", "8:30:00:00", ":30", "8:", "nan", "1e999", "8h"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
        assert!(time("+8:30").is_err() && time("008:30").is_err());
    }

    #[test]
    fn numbers_are_finite_and_whole_where_they_must_be() {
        assert_eq!(number("1e3"), Ok(1000.0));
        assert!(number("NaN").is_err() && number("inf").is_err() && number("1,5").is_err());
        assert_eq!(whole("2.0"), Ok(2));
        assert!(whole("2.5").is_err());
        assert!(is_missing("NA") && is_missing(".") && is_missing("") && !is_missing("0"));
    }
}
