//! Regimens in words: "45 mg ER every 24 h for 12 weeks", "30 mg IR twice daily", "100 mg over 30 min every
//! 4 weeks, 10 doses".
//!
//! ```text
//! regimen   = amount [formulation] ["over" time] [frequency] [extent]
//! amount    = number unit of mass or of amount of substance         45 mg
//! frequency = "once" | [n "times" | "once" | "twice"] ("daily" | "a day" | "weekly" | "a week")
//!           | "every" (time | "day" | "week" | "other day")
//! extent    = "for" time | [","] n "doses"
//! ```
//!
//! E0601 refuses what cannot be read, E0602 what can be read but not be given; both with their place in the text.

mod words;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::record::{Dose, DoseError, Kind, Rate, Record, Target};
use crate::diagnostic::{Diagnostic, Source};
use crate::units::{Dimension, Quantity, Unit};
use words::{Words, is_keyword};

/// How long a regimen goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Extent {
    /// Until something else ends it.
    Open,
    /// So many doses, at least one.
    Doses(u32),
    /// So many hours; a dose that would fall on the end is not given.
    Duration(f64),
}

/// A dosing plan: one amount again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Regimen {
    amount: Quantity,
    formulation: Option<String>,
    infusion: Option<Quantity>,
    interval: Option<Quantity>,
    extent: Extent,
    /// The extent as written.
    extent_text: Option<Quantity>,
}

/// Why a text or a set of values is no regimen.
#[derive(Clone, Debug, PartialEq)]
pub struct RegimenError {
    /// `E0601` (cannot be read) or `E0602` (cannot be given).
    pub code: &'static str,
    /// The bytes of the text that are at fault.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub help: &'static str,
}

impl fmt::Display for RegimenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.help)
    }
}

impl std::error::Error for RegimenError {}

impl RegimenError {
    /// The same as a diagnostic, for a text that begins at byte `start` of a file.
    pub fn diagnostic(&self, source: &Arc<Source>, start: usize) -> Diagnostic {
        Diagnostic::error(self.code, self.message.clone())
            .at(source, start + self.span.start..start + self.span.end)
            .help(self.help)
    }
}

/// Shown with what cannot be read.
const SHAPE: &str =
    "a regimen reads like `45 mg ER every 24 h for 12 weeks` or `30 mg IR twice daily, 10 doses`";

impl Regimen {
    /// A regimen of `amount` (mass or amount of substance, above zero) every `interval` (time, above zero; none for a
    /// single dose), infused over `infusion` (time, above zero) if that is given.
    ///
    /// # Errors
    /// E0602 where a quantity has the wrong dimension or is not above zero, or where a single dose has an extent.
    pub fn new(
        amount: Quantity,
        formulation: Option<String>,
        infusion: Option<Quantity>,
        interval: Option<Quantity>,
        extent: Extent,
    ) -> Result<Self, RegimenError> {
        let extent_text = match extent {
            Extent::Duration(hours) => "h".parse::<Unit>().ok().map(|unit| Quantity::new(hours, unit)),
            Extent::Open | Extent::Doses(_) => None,
        };
        let regimen = Regimen { amount, formulation, infusion, interval, extent, extent_text };
        regimen.check(&Spans::default())?;
        Ok(regimen)
    }

    /// Reads a regimen.
    ///
    /// # Errors
    /// E0601 and E0602, with the place in `text`.
    pub fn parse(text: &str) -> Result<Self, RegimenError> {
        let mut words = Words::new(text);
        let mut spans = Spans::default();
        let (amount, span) = words.quantity("an amount", &[])?;
        spans.amount = span;
        let mut regimen = Regimen {
            amount,
            formulation: None,
            infusion: None,
            interval: None,
            extent: Extent::Open,
            extent_text: None,
        };
        if words.peek().is_some_and(|word| !is_keyword(word)) {
            regimen.formulation = words.next().map(|(word, _)| word.to_owned());
        }
        if words.take("over") {
            let (infusion, span) = words.quantity("the duration of the infusion", &[])?;
            spans.infusion = span;
            regimen.infusion = Some(infusion);
        }
        (regimen.interval, spans.interval) = words.frequency()?;
        words.take(",");
        if words.take("for") {
            let (time, span) = words.quantity("a time", &[])?;
            spans.extent = span;
            regimen.extent = Extent::Duration(time.coherent());
            regimen.extent_text = Some(time);
        } else if let Some((doses, span)) = words.doses()? {
            spans.extent = span;
            regimen.extent = Extent::Doses(doses);
        }
        if let Some((word, span)) = words.next() {
            return Err(unreadable(span, format!("`{word}` is not expected here")));
        }
        regimen.check(&spans)?;
        Ok(regimen)
    }

    fn check(&self, spans: &Spans) -> Result<(), RegimenError> {
        let refuse = |span: &Range<usize>, message: String, help| {
            Err(RegimenError { code: "E0602", span: span.clone(), message, help })
        };
        let dimension = self.amount.unit().dimension();
        if dimension != Dimension::MASS && dimension != Dimension::SUBSTANCE {
            let help = "a dose is a mass (mg) or an amount of substance (nmol)";
            return refuse(&spans.amount, format!("`{}` is no dose: it is a {dimension}", self.amount), help);
        }
        if !positive(self.amount.coherent()) {
            return refuse(&spans.amount, format!("a dose of {}", self.amount), "a dose is above zero");
        }
        let times = [
            (&self.infusion, &spans.infusion, "the infusion lasts"),
            (&self.interval, &spans.interval, "the interval is"),
            (&self.extent_text, &spans.extent, "the regimen lasts"),
        ];
        for (quantity, span, what) in times {
            let Some(quantity) = quantity else { continue };
            if quantity.unit().dimension() != Dimension::TIME {
                return refuse(
                    span,
                    format!("{what} `{quantity}`, which is no time"),
                    "write a time such as 24 h",
                );
            }
            if !positive(quantity.coherent()) {
                return refuse(span, format!("{what} {quantity}"), "a time is above zero");
            }
        }
        match self.extent {
            Extent::Doses(0) => {
                refuse(&spans.extent, "a regimen of no doses".into(), "give at least one dose")
            }
            Extent::Duration(hours) if !positive(hours) => refuse(
                &spans.extent,
                format!("a regimen of {hours} h"),
                "a regimen lasts longer than nothing",
            ),
            Extent::Doses(1) | Extent::Open => Ok(()),
            _ if self.interval.is_none() => {
                let help = "say how often, as in `every 24 h`, or leave out how long";
                refuse(&spans.extent, "a single dose that goes on".into(), help)
            }
            Extent::Doses(_) | Extent::Duration(_) => Ok(()),
        }
    }

    /// The amount of one dose (mg or mol).
    pub fn amount(&self) -> f64 {
        self.amount.coherent()
    }

    /// The amount of one dose as written.
    pub fn amount_written(&self) -> &Quantity {
        &self.amount
    }

    /// The name of the formulation, if the text gives one.
    pub fn formulation(&self) -> Option<&str> {
        self.formulation.as_deref()
    }

    /// How long one dose is infused (h).
    pub fn infusion(&self) -> Option<f64> {
        self.infusion.as_ref().map(Quantity::coherent)
    }

    /// Time from dose to dose (h); none for a single dose.
    pub fn interval(&self) -> Option<f64> {
        self.interval.as_ref().map(Quantity::coherent)
    }

    /// How long it goes on.
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// How many doses are given; none where the regimen is open. A dose that would fall on the end of a duration
    /// (but for rounding) is not given.
    pub fn doses(&self) -> Option<u32> {
        let Some(interval) = self.interval() else { return Some(1) };
        match self.extent {
            Extent::Open => None,
            Extent::Doses(doses) => Some(doses),
            Extent::Duration(hours) => {
                let doses = (hours / interval * (1.0 - 8.0 * f64::EPSILON)).ceil().max(1.0);
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
                Some(doses as u32)
            }
        }
    }

    /// How long the regimen holds (h): its duration, or its doses with the interval after each; none where it is
    /// open or a single dose.
    pub fn duration(&self) -> Option<f64> {
        match self.extent {
            Extent::Open => None,
            Extent::Doses(doses) => self.interval().map(|interval| f64::from(doses) * interval),
            Extent::Duration(hours) => Some(hours),
        }
    }

    /// The regimen as one dose record at `start` (h). An open regimen has as many doses as fit before `end` (h).
    ///
    /// # Errors
    /// Where there are more doses than a record may have.
    pub fn record(&self, start: f64, end: f64) -> Result<Record, DoseError> {
        let interval = self.interval().unwrap_or(0.0);
        let doses = self.doses().map_or_else(|| ((end - start) / interval).ceil().max(1.0), f64::from);
        let target = self.formulation.clone().map_or(Target::Default, Target::Named);
        let rate = self.infusion().map_or(Rate::Bolus, |duration| Rate::Given(self.amount() / duration));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        // saturates, then refused as too many
        let additional = (doses - 1.0) as u32;
        let dose = Dose::new(self.amount(), target, rate, interval, additional, None)?;
        Ok(Record { time: start, kind: Kind::Dose(dose) })
    }
}

fn positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

fn unreadable(span: Range<usize>, message: String) -> RegimenError {
    RegimenError { code: "E0601", span, message, help: SHAPE }
}

/// In words that [`Regimen::parse`] reads back to the same regimen.
impl fmt::Display for Regimen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.amount)?;
        if let Some(formulation) = &self.formulation {
            write!(f, " {formulation}")?;
        }
        if let Some(infusion) = &self.infusion {
            write!(f, " over {infusion}")?;
        }
        match &self.interval {
            Some(interval) => write!(f, " every {interval}")?,
            None => write!(f, " once")?,
        }
        match (self.extent, &self.extent_text) {
            (Extent::Open, _) => Ok(()),
            (Extent::Doses(1), _) => write!(f, ", 1 dose"),
            (Extent::Doses(doses), _) => write!(f, ", {doses} doses"),
            (Extent::Duration(_), Some(written)) => write!(f, " for {written}"),
            (Extent::Duration(hours), None) => write!(f, " for {hours} h"),
        }
    }
}

/// Where the parts of a regimen were written.
#[derive(Default)]
struct Spans {
    amount: Range<usize>,
    infusion: Range<usize>,
    interval: Range<usize>,
    extent: Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regimens_are_read() {
        let regimen = Regimen::parse("45 mg ER every 24 h for 12 weeks").unwrap();
        assert_eq!(regimen.amount(), 45.0);
        assert_eq!(regimen.formulation(), Some("ER"));
        assert_eq!(regimen.interval(), Some(24.0));
        assert_eq!(regimen.doses(), Some(84));
        assert_eq!(regimen.duration(), Some(2016.0));
        for (text, interval, doses) in [
            ("30 mg IR twice daily", Some(12.0), None),
            ("30 mg every 12 h, 10 doses", Some(12.0), Some(10)),
            ("30 mg every 12h 10 doses", Some(12.0), Some(10)),
            ("30mg once daily for 1 week", Some(24.0), Some(7)),
            ("30 mg daily", Some(24.0), None),
            ("30 mg three times a day", Some(8.0), None),
            ("30 mg 4 times daily for 1 day", Some(6.0), Some(4)),
            ("40 mg every other week for 52 weeks", Some(336.0), Some(26)),
            ("40 mg every week", Some(168.0), None),
            ("40 mg once a week, 4 doses", Some(168.0), Some(4)),
            ("40 mg once", None, Some(1)),
            ("40 mg", None, Some(1)),
            ("40 nmol SC every 2 weeks", Some(336.0), None),
            ("1 mg every 0.1 h for 0.3 h", Some(0.1), Some(3)),
            ("1 mg every 24 h for 25 h", Some(24.0), Some(2)),
        ] {
            let regimen = Regimen::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(regimen.interval(), interval, "{text}");
            assert_eq!(regimen.doses(), doses, "{text}");
            let again = Regimen::parse(&regimen.to_string()).unwrap_or_else(|e| panic!("{regimen}: {e}"));
            assert_eq!(again, regimen, "{text} became {regimen}");
        }
    }

    #[test]
    fn a_regimen_holds_until_the_interval_after_its_last_dose_is_over() {
        for (text, hours) in [
            ("30 mg every 12 h, 10 doses", Some(120.0)),
            ("1 mg every 24 h for 25 h", Some(25.0)),
            ("30 mg daily", None),
            ("40 mg once", None),
        ] {
            assert_eq!(Regimen::parse(text).unwrap().duration(), hours, "{text}");
        }
    }

    #[test]
    fn an_infusion_has_a_duration() {
        let regimen = Regimen::parse("300 mg over 30 min every 4 weeks").unwrap();
        assert_eq!(regimen.infusion(), Some(0.5));
        let record = regimen.record(0.0, 2000.0).unwrap();
        let dose = record.dose().unwrap();
        assert_eq!(dose.rate(), Rate::Given(600.0));
        assert_eq!(dose.additional(), 2);
    }

    #[test]
    fn what_is_no_regimen_is_refused_at_its_place() {
        for (text, code, at) in [
            ("", "E0601", ""),
            ("ER 45 mg", "E0601", "ER"),
            ("45", "E0601", "45"),
            ("45 mgg every 24 h", "E0601", "45 mgg"),
            ("45 h every 24 h", "E0602", "45 h"),
            ("45 mg/kg daily", "E0602", "45 mg/kg"),
            ("0 mg daily", "E0602", "0 mg"),
            ("-5 mg daily", "E0602", "-5 mg"),
            ("45 mg ER every 24 mg", "E0602", "every 24 mg"),
            ("45 mg every 0 h", "E0602", "every 0 h"),
            ("45 mg every", "E0601", ""),
            ("45 mg every sometimes", "E0601", "sometimes"),
            ("45 mg twice", "E0601", ""),
            ("45 mg a month", "E0601", "month"),
            ("45 mg daily for ever", "E0601", "ever"),
            ("45 mg daily for 3 mg", "E0602", "3 mg"),
            ("45 mg daily for 0 weeks", "E0602", "0 weeks"),
            ("45 mg daily, 0 doses", "E0602", "0 doses"),
            ("45 mg daily, 3", "E0601", "3"),
            ("45 mg daily, 3 tablets", "E0601", "3"),
            ("45 mg for 12 weeks", "E0602", "12 weeks"),
            ("45 mg ER daily for 12 weeks please", "E0601", "please"),
            ("45 mg over 0 h daily", "E0602", "0 h"),
        ] {
            let error = Regimen::parse(text).expect_err(text);
            assert_eq!(error.code, code, "{text}: {error}");
            assert_eq!(&text[error.span.clone()], at, "{text}: {error}");
        }
    }

    #[test]
    fn a_regimen_made_of_values_is_checked_as_well() {
        let amount: Quantity = "45 mg".parse().unwrap();
        let day: Quantity = "24 h".parse().unwrap();
        let make = |extent| Regimen::new(amount.clone(), None, None, Some(day.clone()), extent);
        assert_eq!(make(Extent::Duration(48.0)).unwrap().to_string(), "45 mg every 24 h for 48 h");
        assert!(make(Extent::Doses(0)).is_err() && make(Extent::Duration(f64::NAN)).is_err());
        let shown = Regimen::parse("45 ngg daily").unwrap_err();
        let source = Source::new("s.toml", "x = '45 ngg daily'");
        assert!(shown.diagnostic(&source, 5).to_string().contains("s.toml:1:6"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,60}") {
            let _ = Regimen::parse(&text);
        }

        #[test]
        fn words_in_any_order_do_not_panic(
            words in proptest::collection::vec(proptest::sample::select(
                vec!["45", "mg", "ER", "every", "24", "h", "for", "12", "weeks", "daily", "twice", ",", "doses", "a", "over"]), 0..12)
        ) {
            let _ = Regimen::parse(&words.join(" "));
        }
    }
}
