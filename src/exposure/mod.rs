//! Exposure metrics from plain slices: the same code for simulated and observed profiles, and the summaries of many.
//!
//! * [`Profile`]: times and concentrations that were checked; [`Observed`] cleans raw data (missing values, values
//!   below the limit of quantification) by a stated policy.
//! * [`analyse`]: non-compartmental analysis of a single dose; [`steady_state`]: metrics of one dosing interval;
//!   [`Accumulation`]: from one to the other.
//! * [`quantile`], [`Geometric`]: summaries of values at hand; [`Sketch`], [`Moments`], [`Paired`]: of values that
//!   stream by and are not kept.
//!
//! Units are coherent: times h, concentrations mg/L, doses mg; then areas are mg·h/L, clearances L/h, volumes L. Any
//! other coherent set gives results in its own units.

mod area;
mod moments;
mod nca;
mod profile;
mod quantile;
mod sketch;
mod steady;
mod terminal;

pub use area::AucRule;
pub use moments::{Moments, Paired};
pub use nca::{Analysis, Extrapolated, Nca, Route, analyse};
pub use profile::{BelowLimit, Observed, Profile, ProfileError, Treatment};
pub use quantile::{Geometric, quantile};
pub use sketch::Sketch;
pub use steady::{Accumulation, SteadyState, steady_state};
pub use terminal::Terminal;

use thiserror::Error;

/// Why a metric cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Absent {
    /// No concentration is positive.
    #[error("no concentration is above zero")]
    NothingMeasured,
    /// Fewer than three positive concentrations after the peak.
    #[error("fewer than three measurable concentrations after the peak")]
    TooFewTerminalPoints,
    /// No regression over terminal points declines.
    #[error("the terminal concentrations do not decline")]
    NotDeclining,
    /// The dose was not given.
    #[error("the dose is not known")]
    NoDose,
    /// The profile ends before the interval does and has no terminal slope to reach its end.
    #[error("the profile does not cover the interval and its terminal slope is not known")]
    NotCovered,
    /// The metric is defined for other routes only.
    #[error("not defined for this route")]
    OtherRoute,
    /// The metric would divide by zero.
    #[error("its denominator is zero")]
    ZeroDenominator,
}

/// A metric, or why there is none.
pub type Metric = Result<f64, Absent>;

/// A quotient that knows of zero.
fn ratio(numerator: f64, denominator: f64) -> Metric {
    if denominator == 0.0 { Err(Absent::ZeroDenominator) } else { Ok(numerator / denominator) }
}
