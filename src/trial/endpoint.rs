//! Endpoints: what a trial counts, written as a person says it.
//!
//! ```text
//! Ctrough at week 52                          an exposure metric of the dosing interval that ends there
//! Ctrough before dose 84                      the same, of the interval that ends with this dose
//! probability of endoscopic_remission at week 52
//! endoscopic_remission at week 52             the simulated event: the probability against the subject's luck
//! haemoglobin_fall by week 52                 a risk accumulated from the first dose on
//! HB at week 24                               a biomarker
//! change of HB at week 24                     its change from baseline
//! HB < 80 g/L at week 24                      a biomarker beyond a threshold
//! fall of HB > 20 g/L at week 24              a change from baseline beyond a threshold
//! HBI <= 4 and endoscopic_remission at week 52    all of these
//! HB < 80 g/L or fall of HB > 20 g/L at week 24   one of these at least
//! grade of HB < 100 g/L, HB < 80 g/L at week 24   the place of the last of these that is there; 0 where none is
//! any HB < 80 g/L by week 52                  as measured at any visit up to then; without "by" at any visit
//! time to HB < 80 g/L by week 52              until the first such visit, at most until then
//! discontinuation by week 52                  treatment has ended, by itself or by a rule
//! discontinuation for lack of effect by week 52
//! time to discontinuation by week 52          at most until then
//! number of holds by week 52                  also: number of steps, days on hold, doses taken
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
    /// The change of a biomarker from its baseline.
    Change(usize),
    /// A biomarker beyond a threshold (coherent units).
    Threshold(usize, Side, f64),
    /// A fall of a biomarker from its baseline beyond a threshold (coherent units).
    Fall(usize, Side, f64),
    /// All of these events.
    All(Vec<Measure>),
    /// One of these events at least.
    Any(Vec<Measure>),
    /// The place, from 1 on, of the last of these events that is there; 0 where none is.
    Grade(Vec<Measure>),
    /// One of the two above, as measured at any visit.
    Ever(Box<Measure>),
    /// The time (h) until the first visit at which one of the two above was measured.
    TimeTo(Box<Measure>),
    /// Treatment has ended, for a reason of this name or for any.
    Stopped(Option<String>),
    /// The time (h) until treatment ends.
    TimeToStop,
    /// How often or how long something was done.
    Count(Count),
}

/// What a count counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Times that doses were held.
    Holds,
    /// Steps of the dose.
    Steps,
    /// The time on hold (h).
    Held,
    /// Doses that were taken.
    Doses,
}

impl Measure {
    /// The response that it rests on, the first where there are several.
    pub fn response(&self) -> Option<usize> {
        match self {
            Measure::Probability(r)
            | Measure::Event(r)
            | Measure::Biomarker(r)
            | Measure::Change(r)
            | Measure::Threshold(r, ..)
            | Measure::Fall(r, ..) => Some(*r),
            Measure::All(parts) | Measure::Any(parts) | Measure::Grade(parts) => {
                parts.iter().find_map(Measure::response)
            }
            Measure::Ever(event) | Measure::TimeTo(event) => event.response(),
            Measure::Exposure(_) | Measure::Stopped(_) | Measure::TimeToStop | Measure::Count(_) => None,
        }
    }

    /// All responses that it rests on.
    pub fn responses(&self) -> Vec<usize> {
        match self {
            Measure::All(parts) | Measure::Any(parts) | Measure::Grade(parts) => {
                parts.iter().flat_map(Measure::responses).collect()
            }
            one => one.response().into_iter().collect(),
        }
    }

    /// Whether it looks at visits.
    pub fn at_visits(&self) -> bool {
        matches!(self, Measure::Ever(_) | Measure::TimeTo(_))
    }

    /// Whether it is a time to something.
    pub fn is_time(&self) -> bool {
        matches!(self, Measure::TimeTo(_) | Measure::TimeToStop)
    }

    /// Whether it is said of a period that begins with the first dose, whatever its response is.
    pub fn of_a_period(&self) -> bool {
        self.at_visits() || matches!(self, Measure::Stopped(_) | Measure::TimeToStop | Measure::Count(_))
    }

    /// Whether a subject has it or not.
    pub fn is_binary(&self) -> bool {
        self.is_event() && !matches!(self, Measure::Probability(_))
    }

    /// Whether a subject has it or not, or a probability to have it.
    pub fn is_event(&self) -> bool {
        !matches!(
            self,
            Measure::Exposure(_)
                | Measure::Biomarker(_)
                | Measure::Change(_)
                | Measure::Grade(_)
                | Measure::TimeTo(_)
                | Measure::TimeToStop
                | Measure::Count(_)
        )
    }
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
    let found = parts.into_iter().find_map(|(word, period)| {
        text.rsplit_once(word).map(|(what, when)| (what.trim(), period, when.trim()))
    });
    let whole = || text.starts_with("any ").then_some((text, Period::By, "the end"));
    found.or_else(whole).ok_or_else(|| {
        (format!("`{text}` has no time"), "end it with \"at week 52\" or \"by week 52\"".to_string())
    })
}

fn measure(what: &str, responses: &[Known<'_>]) -> Result<Measure, Refusal> {
    if let Some(list) = what.strip_prefix("grade of ") {
        let parts: Vec<Measure> =
            list.split(',').map(|part| composed(part.trim(), responses)).collect::<Result<_, _>>()?;
        return Ok(Measure::Grade(parts));
    }
    if what.contains(" and ") || what.contains(" or ") {
        return composed(what, responses);
    }
    if let Some(of) = what.strip_prefix("any ") {
        return Ok(Measure::Ever(Box::new(beyond(of, responses)?)));
    }
    if let Some(of) = what.strip_prefix("time to ") {
        return Ok(match of.trim() {
            "discontinuation" => Measure::TimeToStop,
            of => Measure::TimeTo(Box::new(beyond(of, responses)?)),
        });
    }
    if let Some(reason) = what.strip_prefix("discontinuation") {
        let reason = reason.trim().strip_prefix("for ").map(|r| r.trim().to_string());
        return Ok(Measure::Stopped(reason));
    }
    match what {
        "number of holds" => Ok(Measure::Count(Count::Holds)),
        "number of steps" => Ok(Measure::Count(Count::Steps)),
        "days on hold" => Ok(Measure::Count(Count::Held)),
        "doses taken" => Ok(Measure::Count(Count::Doses)),
        _ => of_a_moment(what, responses),
    }
}

/// An event, all of several, or one of them at least.
fn composed(what: &str, responses: &[Known<'_>]) -> Result<Measure, Refusal> {
    let parts = |word: &str| -> Result<Vec<Measure>, Refusal> {
        what.split(word).map(|part| event(part.trim(), responses)).collect()
    };
    match (what.contains(" and "), what.contains(" or ")) {
        (true, true) => Err((
            format!("`{what}` may be read in two ways"),
            "join with \"and\" alone or with \"or\" alone".into(),
        )),
        (true, false) => Ok(Measure::All(parts(" and ")?)),
        (false, true) => Ok(Measure::Any(parts(" or ")?)),
        (false, false) => event(what, responses),
    }
}

/// A measure that a subject has or has not.
fn event(what: &str, responses: &[Known<'_>]) -> Result<Measure, Refusal> {
    match of_a_moment(what, responses)? {
        found @ (Measure::Event(_) | Measure::Threshold(..) | Measure::Fall(..)) => Ok(found),
        _ => Err((
            format!("`{what}` is nothing that a subject has or has not"),
            "join events and thresholds, as in \"HBI <= 4 and endoscopic_remission\"".into(),
        )),
    }
}

/// A biomarker or its fall beyond a threshold.
fn beyond(what: &str, responses: &[Known<'_>]) -> Result<Measure, Refusal> {
    match of_a_moment(what.trim(), responses)? {
        found @ (Measure::Threshold(..) | Measure::Fall(..)) => Ok(found),
        _ => Err((
            format!("`{what}` has no threshold"),
            "visits are looked at for a threshold, as in \"any HB < 80 g/L\"".into(),
        )),
    }
}

fn of_a_moment(what: &str, responses: &[Known<'_>]) -> Result<Measure, Refusal> {
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
    if let Some(name) = what.strip_prefix("change of ") {
        let place = place(name.trim(), responses)?;
        if responses[place].biomarker.is_none() {
            return Err((
                format!("`{name}` is no biomarker and does not change"),
                format!("write \"{name} at …\" for the event itself"),
            ));
        }
        return Ok(Measure::Change(place));
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
    fn shipped_definitions_are_endpoints_of_a_study_that_has_their_responses() {
        use crate::diagnostic::Collector;
        use crate::document::{Document, Files, Shipped};
        let units: Vec<Unit> = ["score", "mg/L", "ug/g"].iter().map(|u| u.parse().unwrap()).collect();
        let response = |name, unit: usize| Known { name, biomarker: Some(&units[unit]) };
        let known = [
            response("HBI", 0),
            response("CDAI", 0),
            response("SESCD", 0),
            response("CRP", 1),
            response("FCP", 2),
        ];
        let document = Document::parse(&Shipped.open("crohn-definitions").unwrap()).unwrap();
        let problems = Collector::new();
        let definitions = document.root(&problems).table("definitions").unwrap().entries();
        assert_eq!(definitions.len(), 11);
        for (name, item) in definitions {
            let what = item.table().unwrap().required_string("what").unwrap().value;
            let phrase = parse(&format!("{what} at week 12"), &known);
            assert!(phrase.is_ok_and(|p| p.measure.is_binary()), "{}", name.value);
        }
    }

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
        assert_eq!(read("change of HB at day 7").unwrap().measure, Measure::Change(1));
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
            ("change of remission at week 2", "no biomarker"),
            ("Ctrough at 24", "week 24"),
        ] {
            let (message, help) = read(wrong).unwrap_err();
            assert!(format!("{message} {help}").contains(part), "{wrong}: {message}; {help}");
        }
    }
}
