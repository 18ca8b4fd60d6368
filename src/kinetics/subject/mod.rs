//! One subject walked along its timeline.
//!
//! [`walk`] knows events and nothing of equations; a [`Dynamics`] knows equations and nothing of events.
//! [`Linear`] carries a linear system exactly, [`Ode`] integrates any other.

mod linear;
mod ode;
mod periodic;
mod prepared;

pub use linear::{Linear, LinearSystem};
pub use ode::{Equations, Ode};
pub use prepared::{Individual, Prepared};

use std::fmt;

use crate::dosing::record::{Carry, SteadyState};
use crate::dosing::timeline::{Change, Event, Period, Timeline};
use crate::ode::OdeError;

/// Equations of motion under constant input. States are amounts (or whatever the model's states are) in the model's
/// coherent units, rates are amounts per h, times h; slices are as long as [`Dynamics::states`].
pub trait Dynamics {
    /// How many states there are.
    fn states(&self) -> usize;

    /// Puts the parameters of a record in force.
    ///
    /// # Errors
    /// Where they are not fit for use.
    fn hold(&mut self, record: usize) -> Result<(), Reason>;

    /// Writes the state at the start and after a reset.
    ///
    /// # Errors
    /// Where it is not finite.
    fn initial(&mut self, time: f64, state: &mut [f64]) -> Result<(), Reason>;

    /// Carries the state from one time to a later one.
    ///
    /// # Errors
    /// Where that fails; the state is then of no use.
    fn advance(&mut self, from: f64, to: f64, rates: &[f64], state: &mut [f64]) -> Result<(), Reason>;

    /// Whether two records have the same parameters, so that nothing changes where one follows the other.
    fn same(&self, one: usize, other: usize) -> bool {
        one == other
    }

    /// Carries the state over `times`, which do not decrease, and shows it at each: its place among them and the
    /// state. Dynamics that can look without stopping do so, and then looking changes nothing.
    ///
    /// # Errors
    /// As [`Dynamics::advance`].
    fn advance_looking(
        &mut self,
        from: f64,
        times: &[f64],
        rates: &[f64],
        state: &mut [f64],
        seen: &mut dyn FnMut(usize, &[f64]),
    ) -> Result<(), Reason> {
        let mut clock = from;
        for (place, time) in times.iter().enumerate() {
            if *time > clock {
                self.advance(clock, *time, rates, state)?;
                clock = *time;
            }
            seen(place, state);
        }
        Ok(())
    }

    /// A dose is given at this time. Only asked of dynamics with a [`Dynamics::dose_clock`].
    fn given(&mut self, time: f64) {
        let _ = time;
    }

    /// Whether the equations know the time since the last dose.
    fn dose_clock(&self) -> bool {
        false
    }

    /// Replaces the state by the periodic one at the end of `period`, which ends at `time`, or adds to the state what
    /// the doses of the period make of a periodic one.
    ///
    /// # Errors
    /// Where there is no periodic state.
    fn periodic(
        &mut self,
        time: f64,
        period: &Period,
        how: SteadyState,
        state: &mut [f64],
    ) -> Result<(), Reason>;

    /// Replaces the state by the one at rest under constant input, or adds to the state what that input makes of it.
    ///
    /// # Errors
    /// Where there is no state at rest.
    fn at_rest(
        &mut self,
        time: f64,
        rates: &[f64],
        how: SteadyState,
        state: &mut [f64],
    ) -> Result<(), Reason>;
}

/// Why a subject could not be carried on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// A state became infinite or no number.
    NotFinite,
    /// The regimen has no steady state, or it was not found.
    NoSteadyState,
    /// The individual parameters are not fit for use.
    Parameters(String),
    /// The integrator gave up.
    Integrator(OdeError),
}

impl Reason {
    /// Every code, with what it says of a subject.
    pub const CODES: [(&'static str, &'static str); 6] = [
        ("parameters", "the individual parameters are not fit for use"),
        ("not-finite", "an amount became infinite or no number"),
        ("no-steady-state", "the regimen has no steady state"),
        ("stiff", "the equations are too stiff for the integrator"),
        ("too-many-steps", "the integrator needed too many steps"),
        ("integrator", "the integrator gave up"),
    ];

    /// A short stable name, for columns and counts.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::NotFinite | Reason::Integrator(OdeError::NonFinite { .. }) => "not-finite",
            Reason::NoSteadyState => "no-steady-state",
            Reason::Parameters(_) => "parameters",
            Reason::Integrator(OdeError::Stiff { .. }) => "stiff",
            Reason::Integrator(OdeError::TooManySteps { .. }) => "too-many-steps",
            Reason::Integrator(_) => "integrator",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NotFinite => write!(f, "a state is not finite"),
            Reason::NoSteadyState => write!(f, "there is no steady state"),
            Reason::Parameters(what) => write!(f, "{what}"),
            Reason::Integrator(error) => write!(f, "{error}"),
        }
    }
}

impl From<OdeError> for Reason {
    fn from(error: OdeError) -> Self {
        Reason::Integrator(error)
    }
}

/// A subject that could not be carried to the end of its timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Why.
    pub reason: Reason,
    /// The record into whose interval it fell: its index among the subject's records.
    pub record: usize,
    /// The time (h) of the event that was not reached.
    pub time: f64,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (on the way to time {} h, record {})", self.reason, self.time, self.record + 1)
    }
}

impl std::error::Error for Failure {}

/// Carries one subject along its timeline and shows the state at every record, in order: the index of the record,
/// its time (h) and the state.
///
/// `carry` says which record's parameters hold between two records; a record's own hold at it, for its steady state
/// and its reset.
///
/// # Errors
/// The first failure; the records before it have been shown.
pub fn walk(
    timeline: &Timeline,
    dynamics: &mut impl Dynamics,
    carry: Carry,
    mut look: impl FnMut(usize, f64, &[f64]),
) -> Result<(), Failure> {
    let Some(first) = timeline.events().first() else { return Ok(()) };
    let mut walker = Walker {
        held: None,
        clock: first.time,
        state: vec![0.0; dynamics.states()],
        rates: vec![0.0; dynamics.states()],
        times: Vec::new(),
    };
    let failed = |event: &Event, reason| Failure { reason, record: event.record, time: event.time };
    walker.begin(first, dynamics).map_err(|reason| failed(first, reason))?;
    let mut events = timeline.events();
    while let Some((event, rest)) = events.split_first() {
        let looks = walker.looks(events, dynamics, carry);
        if looks.is_empty() {
            walker.reach(event, dynamics, carry).map_err(|reason| failed(event, reason))?;
            walker.happen(event, dynamics).map_err(|reason| failed(event, reason))?;
            events = rest;
        } else {
            walker.see(looks, dynamics, carry, &mut look)?;
            events = events.get(looks.len()..).unwrap_or_default();
        }
    }
    Ok(())
}

struct Walker {
    /// The record whose parameters are in force.
    held: Option<usize>,
    clock: f64,
    state: Vec<f64>,
    rates: Vec<f64>,
    /// Times of the looks that are served together.
    times: Vec<f64>,
}

impl Walker {
    /// The events from the first on that are looks under the same parameters.
    fn looks<'e>(&self, events: &'e [Event], dynamics: &impl Dynamics, carry: Carry) -> &'e [Event] {
        let Some(first) = events.first() else { return &[] };
        let record = in_force(first, carry);
        let same = |event: &Event| {
            event.change == Change::Look
                && dynamics.same(record, in_force(event, carry))
                && event.time >= first.time
        };
        let count = events.iter().take_while(|event| same(event)).count();
        events.get(..count).unwrap_or_default()
    }

    /// Shows the state at a run of looks.
    fn see(
        &mut self,
        looks: &[Event],
        dynamics: &mut impl Dynamics,
        carry: Carry,
        look: &mut impl FnMut(usize, f64, &[f64]),
    ) -> Result<(), Failure> {
        let (Some(first), Some(last)) = (looks.first(), looks.last()) else { return Ok(()) };
        self.times.clear();
        self.times.extend(looks.iter().map(|event| event.time));
        let mut seen = 0;
        let mut broken = false;
        let result =
            if last.time > self.clock { self.hold(in_force(first, carry), dynamics) } else { Ok(()) };
        let result = result.and_then(|()| {
            let mut show = |place: usize, state: &[f64]| {
                broken |= state.iter().any(|x| !x.is_finite());
                if let Some(event) = looks.get(place).filter(|_| !broken) {
                    look(event.record, event.time, state);
                    seen = place + 1;
                }
            };
            dynamics.advance_looking(self.clock, &self.times, &self.rates, &mut self.state, &mut show)
        });
        self.clock = last.time;
        let result = if broken && result.is_ok() { Err(Reason::NotFinite) } else { result };
        let event = looks.get(seen).unwrap_or(last);
        result.map_err(|reason| Failure { reason, record: event.record, time: event.time })
    }

    fn begin(&mut self, first: &Event, dynamics: &mut impl Dynamics) -> Result<(), Reason> {
        self.hold(first.record, dynamics)?;
        dynamics.initial(first.time, &mut self.state)
    }

    fn hold(&mut self, record: usize, dynamics: &mut impl Dynamics) -> Result<(), Reason> {
        if self.held != Some(record) {
            self.held = None;
            dynamics.hold(record)?;
            self.held = Some(record);
        }
        Ok(())
    }

    /// Time passes until the event. What the event would throw away is not worked out.
    fn reach(&mut self, event: &Event, dynamics: &mut impl Dynamics, carry: Carry) -> Result<(), Reason> {
        let forgets = match &event.change {
            Change::Reset => true,
            Change::Steady { how, .. } | Change::SteadyInfusion { how, .. } => *how == SteadyState::Replaces,
            Change::Given if !dynamics.dose_clock() => return Ok(()),
            Change::Given | Change::Bolus { .. } | Change::Rate { .. } | Change::Look => false,
        };
        if !forgets && event.time > self.clock {
            self.hold(in_force(event, carry), dynamics)?;
            dynamics.advance(self.clock, event.time, &self.rates, &mut self.state)?;
        }
        self.clock = event.time;
        Ok(())
    }

    /// The event happens.
    fn happen(&mut self, event: &Event, dynamics: &mut impl Dynamics) -> Result<(), Reason> {
        match &event.change {
            Change::Reset => {
                self.hold(event.record, dynamics)?;
                self.rates.fill(0.0);
                dynamics.initial(event.time, &mut self.state)
            }
            Change::Steady { period, how } => {
                self.hold(event.record, dynamics)?;
                if *how == SteadyState::Replaces {
                    self.rates.fill(0.0);
                }
                dynamics.periodic(event.time, period, *how, &mut self.state)
            }
            Change::SteadyInfusion { rates, how } => {
                self.hold(event.record, dynamics)?;
                if *how == SteadyState::Replaces {
                    self.rates.fill(0.0);
                }
                let mut input = vec![0.0; self.rates.len()];
                for (compartment, rate) in rates {
                    *entry(&mut input, *compartment)? += rate;
                }
                dynamics.at_rest(event.time, &input, *how, &mut self.state)
            }
            Change::Given => {
                if dynamics.dose_clock() {
                    dynamics.given(event.time);
                }
                Ok(())
            }
            Change::Bolus { compartment, amount } => {
                *entry(&mut self.state, *compartment)? += amount;
                Ok(())
            }
            Change::Rate { compartment, rate } => {
                *entry(&mut self.rates, *compartment)? = *rate;
                Ok(())
            }
            Change::Look => Ok(()),
        }
    }
}

/// The record whose parameters hold over the interval that ends at an event.
fn in_force(event: &Event, carry: Carry) -> usize {
    match carry {
        Carry::Backward => event.record,
        Carry::Forward => event.record.saturating_sub(1),
    }
}

/// The value of a compartment that an event names.
fn entry(values: &mut [f64], compartment: usize) -> Result<&mut f64, Reason> {
    values
        .get_mut(compartment)
        .ok_or_else(|| Reason::Parameters(format!("the model has no compartment {}", compartment + 1)))
}
