//! Endpoints: what a trial counts, written as a person says it.
//!
//! ```text
//! Ctrough at week 52                          an exposure metric of the dosing interval that ends there
//! Ctrough before dose 84                      the same, of the interval that ends with this dose
//! probability of endoscopic_remission at week 52
//! endoscopic_remission at week 52             the simulated event: the probability against the subject's luck
//! haemoglobin_fall by week 52                 a risk accumulated from the first dose on
//! HB at week 24                               a biomarker
//! HB < 80 g/L at week 24                      a biomarker beyond a threshold
//! fall of HB > 20 g/L at week 24              a change from baseline beyond a threshold
//! ```

use super::When;
use super::comparison::{Refusal, Side, split, threshold};
use crate::diagnostic::did_you_mean;
use crate::response::Metric;

/// What an endpoint measures.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// An exposure metric of the dosing interval that ends at the time.
    Exposure(Exposure),
    /// The probability of a response, by its place among the study's responses.
    Probability(usize),
    /// The simulated response.
    Event(usize),
    /// The value of a biomarker, by its place among the study's responses.
    Biomarker(usize),
    /// A biomarker beyond a threshold (coherent units).
    Threshold(usize, Side, f64),
    /// A fall of a biomarker from its baseline beyond a threshold (coherent units).
    Fall(usize, Side, f64),
}

/// An exposure metric that a study may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// One on which response models may rest.
    Metric(Metric),
    /// Time of the highest concentration after the dose (h).
    Tmax,
}

/// Whether a time is a moment or the end of a period that began with the first dose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// At the time.
    At,
    /// At any time up to it.
    By,
}

/// The grammar of an endpoint before its names are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Phrase {
    /// What it measures.
    pub measure: Measure,
    /// At or by.
    pub period: Period,
    /// When.
    pub time: When,
}

/// A response as the endpoint grammar sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Known<'a> {
    /// Its name in the study.
    pub name: &'a str,
    /// Whether it is a biomarker (a value) rather than a probability, and if so the unit of its value.
    pub biomarker: Option<&'a crate::units::Unit>,
}

/// Reads an endpoint.
///
/// # Errors
/// A sentence that says what is wrong, and one that says what would mend it.
pub fn parse(text: &str, responses: &[Known<'_>]) -> Result<Phrase, Refusal> {
    let (what, period, when) = split_time(text)?;
    let time =
        When::parse(when).map_err(|message| (message, "anchor the time to a week or day".to_string()))?;
    let measure = measure(what, responses)?;
    Ok(Phrase { measure, period, time })
}

fn split_time(text: &str) -> Result<(&str, Period, &str), Refusal> {
    let parts = [(" at ", Period::At), (" before ", Period::At), (" by ", Period::By)];
    parts
        .into_iter()
        .find_map(|(word, period)| {
            text.rsplit_once(word).map(|(what, when)| (what.trim(), period, when.trim()))
        })
        .ok_or_else(|| {
            (format!("`{text}` has no time"), "end it with \"at week 52\" or \"by week 52\"".to_string())
        })
}

fn measure(what: &str, responses: &[Known<'_>]) -> Result<Measure, Refusal> {
    if let Some(metric) = Metric::named(what) {
        return Ok(Measure::Exposure(Exposure::Metric(metric)));
    }
    if what == "Tmax" {
        return Ok(Measure::Exposure(Exposure::Tmax));
    }
    if let Some((left, side, right)) = split(what) {
        let (name, fall) = left.strip_prefix("fall of ").map_or((left, false), |name| (name.trim(), true));
        let place = place(name, responses)?;
        let Some(unit) = responses[place].biomarker else {
            return Err((
                format!("`{name}` is no biomarker and has no thresholds"),
                format!("write \"{name} at …\" for the event itself"),
            ));
        };
        let value = threshold(right, name, unit)?;
        return Ok(if fall {
            Measure::Fall(place, side, value)
        } else {
            Measure::Threshold(place, side, value)
        });
    }
    if let Some(name) = what.strip_prefix("probability of ") {
        let place = place(name.trim(), responses)?;
        if responses[place].biomarker.is_some() {
            return Err((
                format!("`{name}` is a biomarker"),
                "write \"probability\" only of events".to_string(),
            ));
        }
        return Ok(Measure::Probability(place));
    }
    let place = place(what, responses)?;
    Ok(if responses[place].biomarker.is_some() { Measure::Biomarker(place) } else { Measure::Event(place) })
}

fn place(name: &str, responses: &[Known<'_>]) -> Result<usize, Refusal> {
    responses.iter().position(|r| r.name == name).ok_or_else(|| {
        let known = responses.iter().map(|r| r.name).chain(Metric::ALL.iter().map(|m| m.name()));
        let help = did_you_mean(name, known).map_or_else(
            || {
                let names: Vec<&str> = responses.iter().map(|r| r.name).collect();
                format!("the study's responses are {}", names.join(", "))
            },
            |near| format!("did you mean `{near}`?"),
        );
        (format!("`{name}` is neither an exposure metric nor a response of this study"), help)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Unit;

    #[test]
    fn endpoints_are_read_as_they_are_said() {
        let unit: Unit = "g/L".parse().unwrap();
        let known =
            [Known { name: "remission", biomarker: None }, Known { name: "HB", biomarker: Some(&unit) }];
        let read = |text: &str| parse(text, &known);
        let phrase = read("Ctrough at week 52").unwrap();
        assert_eq!(phrase.measure, Measure::Exposure(Exposure::Metric(Metric::Ctrough)));
        assert_eq!(phrase.time, When::parse("week 52").unwrap());
        assert_eq!(read("probability of remission at day 7").unwrap().measure, Measure::Probability(0));
        assert_eq!(read("remission by day 7").unwrap().period, Period::By);
        assert_eq!(read("HB at day 7").unwrap().measure, Measure::Biomarker(1));
        let fall = Measure::Fall(1, Side::Above, 2e4);
        assert_eq!(read("fall of HB > 20 g/L at week 2").unwrap().measure, fall);
        assert_eq!(read("HB < 80 g/L at week 2").unwrap().measure, Measure::Threshold(1, Side::Below, 8e4));
        for (wrong, part) in [
            ("remission", "has no time"),
            ("remision at week 2", "did you mean `remission`"),
            ("HB < 80 mg at week 2", "mass"),
            ("HB < 80 at week 2", "pure number"),
            ("remission < 5 at week 2", "no biomarker"),
            ("probability of HB at week 2", "biomarker"),
            ("Ctrough at 24", "week 24"),
        ] {
            let (message, help) = read(wrong).unwrap_err();
            assert!(format!("{message} {help}").contains(part), "{wrong}: {message}; {help}");
        }
    }
}
