//! Conditions on which a rule or a phase decides.
//!
//! ```text
//! HB < 80 g/L                        a biomarker, or a covariate that stays as it is
//! fall of HB > 20 g/L                a biomarker against its value before the first dose
//! endoscopic_remission               a response that is there
//! no endoscopic_response             one that is not
//! CYP3A4 is strong                   a level of a covariate
//! HB < 100 g/L and fall of HB > 20 g/L
//! ```

use super::ResponseUse;
use super::comparison::{Refusal, Side, split, threshold};
use crate::diagnostic::did_you_mean;
use crate::population::Variable;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A response, by its place in the study: it changes with time and is known where it is measured.
    Response(usize),
    /// A covariate, by its place among the population's variables: it stays and is always known.
    Covariate(usize),
}

/// When a condition holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// A value on a side of a threshold (coherent units).
    Value(Side, f64),
    /// A fall from the value before the first dose on a side of a threshold (coherent units).
    Fall(Side, f64),
    /// The response is there.
    Present,
    /// The response is not there.
    Absent,
    /// The covariate has the level at this place.
    Level(usize),
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What is looked at.
    pub signal: Signal,
    /// When it holds.
    pub test: Test,
    /// As it was written.
    pub text: String,
}

impl Condition {
    /// Whether it holds for a value and a value before the first dose; a response is there where its value is 1.
    pub fn holds(&self, value: f64, baseline: f64) -> bool {
        match self.test {
            Test::Value(side, threshold) => side.holds(value, threshold),
            Test::Fall(side, threshold) => side.holds(baseline - value, threshold),
            Test::Present => value == 1.0,
            Test::Absent => value == 0.0,
            // Levels are whole numbers.
            #[allow(clippy::cast_precision_loss)]
            Test::Level(level) => value == level as f64,
        }
    }

    /// The threshold (coherent units); not a number where there is none.
    pub fn threshold(&self) -> f64 {
        match self.test {
            Test::Value(_, threshold) | Test::Fall(_, threshold) => threshold,
            Test::Present | Test::Absent | Test::Level(_) => f64::NAN,
        }
    }

    /// The response that it looks at.
    pub fn response(&self) -> Option<usize> {
        match self.signal {
            Signal::Response(place) => Some(place),
            Signal::Covariate(_) => None,
        }
    }
}

/// What conditions may speak of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) responses: &'a [ResponseUse],
    pub(super) variables: &'a [Variable],
}

impl Names<'_> {
    /// Reads conditions joined by "and".
    pub(super) fn conditions(&self, text: &str) -> Result<Vec<Condition>, Refusal> {
        text.split(" and ").map(|part| self.only(part.trim())).collect()
    }

    /// Reads one condition.
    pub(super) fn only(&self, text: &str) -> Result<Condition, Refusal> {
        let (signal, test) = if let Some((left, side, right)) = split(text) {
            self.comparison(left, side, right)?
        } else if let Some((name, level)) = text.split_once(" is ") {
            self.level(name.trim(), level.trim())?
        } else if let Some(name) = text.strip_prefix("no ") {
            (self.event(name.trim())?, Test::Absent)
        } else {
            (self.event(text)?, Test::Present)
        };
        Ok(Condition { signal, test, text: text.into() })
    }

    fn comparison(&self, left: &str, side: Side, right: &str) -> Result<(Signal, Test), Refusal> {
        let (name, fall) = left.strip_prefix("fall of ").map_or((left, false), |name| (name.trim(), true));
        let signal = self.named(name)?;
        let unit = match signal {
            Signal::Response(place) => self.responses[place].kind.biomarker.as_ref().ok_or_else(|| {
                let message = format!("`{name}` is no biomarker and has no thresholds");
                (message, format!("write \"{name}\" or \"no {name}\" for the event itself"))
            })?,
            Signal::Covariate(place) if fall => {
                let name = &self.variables[place].name;
                return Err((
                    format!("`{name}` is a covariate, which does not change"),
                    "a fall is that of a response".into(),
                ));
            }
            Signal::Covariate(place) if self.variables[place].levels.is_some() => {
                return Err((
                    format!("`{name}` has levels and no thresholds"),
                    format!("write \"{name} is …\""),
                ));
            }
            Signal::Covariate(place) => &self.variables[place].unit,
        };
        let value = threshold(right, name, unit)?;
        Ok((signal, if fall { Test::Fall(side, value) } else { Test::Value(side, value) }))
    }

    fn level(&self, name: &str, level: &str) -> Result<(Signal, Test), Refusal> {
        let signal = self.named(name)?;
        let levels = match signal {
            Signal::Covariate(place) => self.variables[place].levels.as_deref().unwrap_or_default(),
            Signal::Response(_) => &[],
        };
        match levels.iter().position(|known| known == level) {
            Some(place) => Ok((signal, Test::Level(place))),
            None if levels.is_empty() => {
                Err((format!("`{name}` has no levels"), format!("write \"{name} < …\" for a value")))
            }
            None => Err((
                format!("`{name}` has no level `{level}`"),
                format!("its levels are {}", levels.join(", ")),
            )),
        }
    }

    /// A response that is there or not at a moment.
    fn event(&self, name: &str) -> Result<Signal, Refusal> {
        let event = |r: &ResponseUse| r.kind.biomarker.is_none() && !r.kind.accumulates;
        let found = self.responses.iter().position(|r| r.name == name);
        match found {
            Some(place) if event(&self.responses[place]) => Ok(Signal::Response(place)),
            Some(_) => Err((
                format!("`{name}` cannot decide"),
                "a decision rests on a response that is there or not at a moment, or on a value and a threshold"
                    .into(),
            )),
            None => Err(self.unknown(name)),
        }
    }

    fn named(&self, name: &str) -> Result<Signal, Refusal> {
        let response = self.responses.iter().position(|r| r.name == name).map(Signal::Response);
        let covariate = || self.variables.iter().position(|v| v.name == name).map(Signal::Covariate);
        response.or_else(covariate).ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> Refusal {
        let known = || {
            let responses = self.responses.iter().map(|r| r.name.as_str());
            responses.chain(self.variables.iter().map(|v| v.name.as_str()))
        };
        let help = did_you_mean(name, known()).map_or_else(
            || format!("the study knows {}", known().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        (format!("there is no `{name}` to look at"), help)
    }
}

/// Two conditions that cannot both hold, as they were written.
pub(super) fn contradiction(conditions: &[Condition]) -> Option<(&str, &str)> {
    conditions.iter().enumerate().find_map(|(i, a)| {
        let other = conditions[..i].iter().find(|b| a.signal == b.signal && excludes(a.test, b.test))?;
        Some((other.text.as_str(), a.text.as_str()))
    })
}

fn excludes(a: Test, b: Test) -> bool {
    match (a, b) {
        (Test::Present, Test::Absent) | (Test::Absent, Test::Present) => true,
        (Test::Level(a), Test::Level(b)) => a != b,
        (Test::Value(a, x), Test::Value(b, y)) | (Test::Fall(a, x), Test::Fall(b, y)) => {
            let upper = |side| matches!(side, Side::Below | Side::AtMost);
            match (upper(a), upper(b)) {
                (true, false) => x < y || (x == y && !(a == Side::AtMost && b == Side::AtLeast)),
                (false, true) => y < x || (x == y && !(b == Side::AtMost && a == Side::AtLeast)),
                _ => false,
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDES: [Side; 4] = [Side::Below, Side::AtMost, Side::Above, Side::AtLeast];

    fn on_a_signal(test: Test) -> Condition {
        Condition { signal: Signal::Response(0), test, text: String::new() }
    }

    /// Whether some value (with a value before the first dose of 0) meets both.
    fn possible(a: Test, b: Test) -> bool {
        let (a, b) = (on_a_signal(a), on_a_signal(b));
        (-8..=8).map(|half| f64::from(half) / 2.0).any(|value| a.holds(value, 0.0) && b.holds(value, 0.0))
    }

    /// Every pair of tests of one kind: they contradict each other where no value meets both, and only there.
    #[track_caller]
    fn contradict_where_impossible(tests: &[Test]) {
        for &a in tests {
            for &b in tests {
                let conditions = [on_a_signal(a), on_a_signal(b)];
                assert_eq!(contradiction(&conditions).is_some(), !possible(a, b), "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn conditions_contradict_each_other_where_no_value_meets_both() {
        let all = |of: fn(Side, f64) -> Test| -> Vec<Test> {
            SIDES.iter().flat_map(|side| [1.0, 2.0].map(|threshold| of(*side, threshold))).collect()
        };
        contradict_where_impossible(&all(Test::Value));
        contradict_where_impossible(&all(Test::Fall));
        contradict_where_impossible(&[Test::Present, Test::Absent]);
        contradict_where_impossible(&[Test::Level(0), Test::Level(1), Test::Level(2)]);
    }

    #[test]
    fn conditions_on_different_signals_do_not_contradict_each_other() {
        let present = on_a_signal(Test::Present);
        let absent = Condition { signal: Signal::Response(1), ..on_a_signal(Test::Absent) };
        assert_eq!(contradiction(&[present, absent]), None);
    }
}
