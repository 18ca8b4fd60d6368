use crate::math::ln;

use super::super::figure::exponent;

/// Turns values into pixels along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    kind: Kind,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Linear,
    Log,
}

/// A mark on an axis: its value and its label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

impl Scale {
    /// An even scale for values from `low` to `high` on pixels `from` to `to`.
    pub(super) fn linear((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let usable = low.is_finite() && high.is_finite() && high > low;
        let (low, high) = if usable { (low, high) } else { widened(low) };
        Scale { kind: Kind::Linear, low, high, from, to }
    }

    /// A logarithmic scale; even if the values are not positive.
    pub(super) fn log((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        if low > 0.0 && high.is_finite() && high > low {
            Scale { kind: Kind::Log, low, high, from, to }
        } else {
            Scale::linear((low, high), (from, to))
        }
    }

    /// The pixel of a value; NaN where the scale does not reach (zero on a logarithmic scale).
    pub(super) fn at(&self, value: f64) -> f64 {
        let along = match self.kind {
            Kind::Linear => (value - self.low) / (self.high - self.low),
            Kind::Log if value > 0.0 => {
                let low = ln(self.low);
                (ln(value) - low) / (ln(self.high) - low)
            }
            Kind::Log => f64::NAN,
        };
        self.from + along * (self.to - self.from)
    }

    /// The pixel of a value, moved to the end of the scale if it lies beyond.
    pub(super) fn within(&self, value: f64) -> f64 {
        let (low, high) = (self.from.min(self.to), self.from.max(self.to));
        let low_value = if self.kind == Kind::Log && value <= 0.0 { self.low } else { value };
        self.at(low_value).clamp(low, high)
    }

    /// The values at its ends.
    pub(super) fn domain(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The pixels of its ends.
    pub(super) fn range(&self) -> (f64, f64) {
        (self.from, self.to)
    }

    /// Around `wanted` marks at round values.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<Tick> {
        match self.kind {
            Kind::Linear => self.even_ticks(round_step((self.high - self.low) / wanted.max(1) as f64)),
            Kind::Log => self.log_ticks(wanted),
        }
    }

    /// Around `wanted` marks at steps that people count in, ascending; at round values where none is wide enough.
    pub(super) fn stepped_ticks(&self, wanted: usize, steps: &[f64]) -> Vec<Tick> {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        match steps.iter().find(|step| **step >= rough) {
            Some(step) if rough > 0.5 * steps[0] => self.even_ticks(*step),
            _ => self.ticks(wanted),
        }
    }

    fn even_ticks(&self, step: f64) -> Vec<Tick> {
        let first = (self.low / step - 1e-9).ceil();
        let last = (self.high / step + 1e-9).floor();
        let decimals = usize::try_from(-exponent(step, 3)).unwrap_or(0);
        let count = (last - first).clamp(0.0, 100.0) as usize;
        (0..=count)
            .map(|i| {
                let value = (first + i as f64) * step;
                let text = format!("{:.decimals$}", value.abs());
                let minus = value < 0.0 && text.bytes().any(|b| b.is_ascii_digit() && b != b'0');
                Tick { value, label: format!("{}{text}", if minus { "\u{2212}" } else { "" }) }
            })
            .collect()
    }

    fn log_ticks(&self, wanted: usize) -> Vec<Tick> {
        let (first, last) = (exponent(self.low, 3) - 1, exponent(self.high, 3) + 1);
        let within = |factors: &[f64]| -> Vec<Tick> {
            (first..=last)
                .flat_map(|power| factors.iter().map(move |factor| factor * ten_to(power)))
                .filter(|value| (self.low * 0.999..=self.high * 1.001).contains(value))
                .map(|value| Tick { value, label: plain(value) })
                .collect()
        };
        let choices: [&[f64]; 4] = [&[1.0, 1.5, 2.0, 3.0, 5.0, 7.0], &[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
        let mut best = within(choices[0]);
        for factors in &choices[1..] {
            let fewer = within(factors);
            if best.len() > wanted + 1 && fewer.len() >= 2 {
                best = fewer;
            }
        }
        best
    }
}

/// The range of all finite values.
pub(super) fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// A range with 1, 2 or 5 times a power of ten at its upper end, from 0.
pub(super) fn up_from_zero(high: f64, wanted: usize) -> (f64, f64) {
    if !high.is_finite() || high <= 0.0 {
        return (0.0, 1.0);
    }
    let step = round_step(high / wanted.max(1) as f64);
    (0.0, (high / step - 1e-9).ceil() * step)
}

/// Room around one value where there is no range.
fn widened(value: f64) -> (f64, f64) {
    if !value.is_finite() {
        return (0.0, 1.0);
    }
    let room = if value == 0.0 { 1.0 } else { value.abs() * 0.1 };
    (value - room, value + room)
}

/// The least of 1, 2, 5 times a power of ten that is not less than `rough`.
fn round_step(rough: f64) -> f64 {
    if !rough.is_finite() || rough <= 0.0 {
        return 1.0;
    }
    let power = exponent(rough, 3);
    [ten_to(power - 1), ten_to(power)]
        .iter()
        .flat_map(|unit| [1.0, 2.0, 5.0].map(|factor| factor * unit))
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(ten_to(power + 1))
}

/// A power of ten, to the bit.
fn ten_to(power: i32) -> f64 {
    format!("1e{power}").parse().unwrap_or(f64::NAN)
}

/// A round value in as few digits as it has.
fn plain(value: f64) -> String {
    let decimals = usize::try_from(1 - exponent(value, 3)).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_fall_on_round_values() {
        let scale = |low, high| Scale::linear((low, high), (0.0, 100.0));
        assert_eq!(labels(&scale(0.0, 1.0).ticks(5)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&scale(-7.3, 4.1).ticks(4)), ["\u{2212}5", "0"]);
        assert_eq!(
            labels(&scale(-7.3, 4.1).ticks(6)),
            ["\u{2212}6", "\u{2212}4", "\u{2212}2", "0", "2", "4"]
        );
        assert_eq!(
            labels(&scale(0.0, 24.0).stepped_ticks(5, &[1.0, 2.0, 3.0, 4.0, 6.0, 12.0, 24.0])),
            ["0", "6", "12", "18", "24"]
        );
        let log = |low, high| Scale::log((low, high), (0.0, 100.0));
        assert_eq!(labels(&log(0.9, 130.0).ticks(6)), ["1", "2", "5", "10", "20", "50", "100"]);
        assert_eq!(labels(&log(0.001, 1000.0).ticks(5)), ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]);
        assert_eq!(labels(&log(2.0, 9.0).ticks(6)), ["2", "3", "5", "7"]);
    }

    #[test]
    fn values_land_where_they_belong() {
        let log = Scale::log((1.0, 100.0), (10.0, 210.0));
        assert!((log.at(10.0) - 110.0).abs() < 1e-9);
        assert!(log.at(0.0).is_nan());
        assert_eq!(log.within(0.0), 10.0);
        assert_eq!(log.within(1e9), 210.0);
        let up = Scale::linear((0.0, 50.0), (300.0, 0.0));
        assert_eq!(up.at(25.0), 150.0);
        assert_eq!(up.within(99.0), 0.0);
    }

    #[test]
    fn no_values_or_one_value_still_give_a_scale() {
        for (low, high) in [(f64::INFINITY, f64::NEG_INFINITY), (3.0, 3.0), (0.0, 0.0), (f64::NAN, 1.0)] {
            for scale in [Scale::linear((low, high), (0.0, 1.0)), Scale::log((low, high), (0.0, 1.0))] {
                let (a, b) = scale.domain();
                assert!(a < b, "{low} {high}");
                assert!(!scale.ticks(5).is_empty());
            }
        }
        assert_eq!(span([f64::NAN, 2.0, -1.0].into_iter()), (-1.0, 2.0));
        assert_eq!(up_from_zero(87.0, 5), (0.0, 100.0));
        assert_eq!(up_from_zero(f64::NAN, 5), (0.0, 1.0));
    }
}
