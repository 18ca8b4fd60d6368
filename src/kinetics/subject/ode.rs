//! Any other system, integrated; steady states by Newton's method on the map over one period.

use super::periodic::Programme;
use super::{Dynamics, Reason};
use crate::dosing::record::SteadyState;
use crate::dosing::timeline::{Form, Period, PeriodicDose};
use crate::math::matrix::Lu;
use crate::ode::{Derivative, Integrator, Settings, Statistics, System, Tolerances};

/// Equations whose parameters belong to a record.
pub trait Equations {
    /// How many states there are.
    fn states(&self) -> usize;

    /// Puts the parameters of a record in force.
    ///
    /// # Errors
    /// Where they are not fit for use.
    fn hold(&mut self, record: usize) -> Result<(), Reason>;

    /// Writes the initial state; it is zero when handed over.
    ///
    /// # Errors
    /// Where it cannot be worked out.
    fn initial(&mut self, time: f64, state: &mut [f64]) -> Result<(), Reason> {
        let _ = (time, state);
        Ok(())
    }

    /// A dose is given at this time. Only asked of equations with a [`Equations::dose_clock`].
    fn given(&mut self, time: f64) {
        let _ = time;
    }

    /// Whether the right-hand side knows the time since the last dose.
    fn dose_clock(&self) -> bool {
        false
    }

    /// Writes dx/dt (per h) at time `t` (h) without dosing input.
    fn rhs(&mut self, t: f64, x: &[f64], dx: &mut [f64]);

    /// Writes ∂f_i/∂x_k to `j[i * n + k]`, if it is known.
    fn jacobian(&mut self, t: f64, x: &[f64], j: &mut [f64]) -> Derivative {
        let _ = (t, x, j);
        Derivative::Unknown
    }

    /// Writes ∂f/∂t, if it is known.
    fn time_derivative(&mut self, t: f64, x: &[f64], dt: &mut [f64]) -> Derivative {
        let _ = (t, x, dt);
        Derivative::Unknown
    }
}

/// Equations with constant input.
struct Fed<'a, E> {
    equations: &'a mut E,
    rates: &'a [f64],
}

impl<E: Equations> System for Fed<'_, E> {
    fn dimension(&self) -> usize {
        self.rates.len()
    }

    fn rhs(&mut self, t: f64, x: &[f64], dx: &mut [f64]) {
        self.equations.rhs(t, x, dx);
        for (dx, rate) in dx.iter_mut().zip(self.rates) {
            *dx += rate;
        }
    }

    fn jacobian(&mut self, t: f64, x: &[f64], j: &mut [f64]) -> Derivative {
        self.equations.jacobian(t, x, j)
    }

    fn time_derivative(&mut self, t: f64, x: &[f64], dt: &mut [f64]) -> Derivative {
        self.equations.time_derivative(t, x, dt)
    }
}

/// Periods simulated before Newton's method sets in.
const WARM_UP: usize = 3;
/// Newton steps, and periods simulated where Newton fails.
const NEWTON_STEPS: usize = 40;
const MOST_PERIODS: usize = 2_000;
/// Length of the period (h) that stands for constant input.
const REST_PERIOD: f64 = 24.0;
/// Relative change of a state by which the period map is differenced.
const DIFFERENCE: f64 = 1e-4;

/// A system carried by an integrator.
#[derive(Debug)]
pub struct Ode<E> {
    equations: E,
    integrator: Integrator,
    settings: Settings,
    work: Statistics,
}

impl<E: Equations> Ode<E> {
    /// Integrates these equations with these settings.
    pub fn new(equations: E, settings: Settings) -> Self {
        Ode {
            equations,
            integrator: Integrator::new(settings.clone()),
            settings,
            work: Statistics::default(),
        }
    }

    /// The work done so far.
    pub fn work(&self) -> Statistics {
        self.work
    }

    fn integrate(&mut self, from: f64, to: f64, rates: &[f64], state: &mut [f64]) -> Result<(), Reason> {
        let mut fed = Fed { equations: &mut self.equations, rates };
        self.work += self.integrator.integrate(&mut fed, from, state, to, &[], |_, _, _| ())?;
        Ok(())
    }

    /// One period, ending at `time`, from one state to the next.
    fn map(&mut self, time: f64, period: &Period, state: &mut [f64]) -> Result<(), Reason> {
        let start = time - period.interval();
        self.equations.given(start);
        let mut programme = Programme::new(period, state.len())?;
        while let Some(span) = programme.next(state)? {
            let mut fed = Fed { equations: &mut self.equations, rates: span.rates };
            let (from, to) = (start + span.from, start + span.to);
            self.work += self.integrator.integrate(&mut fed, from, state, to, &[], |_, _, _| ())?;
        }
        if state.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(Reason::NotFinite) }
    }

    /// Which states feed nothing, themselves included: they only collect, have no steady state, and stay as they
    /// begin.
    fn collectors(&mut self, time: f64, state: &[f64]) -> Vec<bool> {
        let n = state.len();
        let mut here = vec![0.0; n];
        let mut there = vec![0.0; n];
        let mut x: Vec<f64> = state.iter().map(|x| x + 1e-3 * (1.0 + x.abs())).collect();
        self.equations.rhs(time, &x, &mut here);
        (0..n)
            .map(|j| {
                let kept = x[j];
                x[j] = kept + 1.0 + kept.abs();
                self.equations.rhs(time, &x, &mut there);
                x[j] = kept;
                here == there
            })
            .collect()
    }

    /// The periodic state under a period of input, from a first guess.
    fn find(&mut self, time: f64, period: &Period, guess: &[f64]) -> Result<Vec<f64>, Reason> {
        let collectors = self.collectors(time, guess);
        let mut x = guess.to_vec();
        let mut mapped = x.clone();
        for _ in 0..WARM_UP {
            self.map(time, period, &mut mapped)?;
            keep(&collectors, guess, &mut mapped);
            x.copy_from_slice(&mapped);
        }
        let settled = self.newton(time, period, &collectors, guess, &x)?;
        match settled {
            Some(settled) => Ok(settled),
            None => self.wait(time, period, &collectors, guess, x),
        }
    }

    /// Newton's method on x − P(x) with differences of P; none where it does not converge to a state without
    /// negative values that its start did not have.
    fn newton(
        &mut self,
        time: f64,
        period: &Period,
        collectors: &[bool],
        guess: &[f64],
        start: &[f64],
    ) -> Result<Option<Vec<f64>>, Reason> {
        let n = start.len();
        let mut x = start.to_vec();
        let mut last = f64::INFINITY;
        for _ in 0..NEWTON_STEPS {
            let mut image = x.clone();
            self.map(time, period, &mut image)?;
            keep(collectors, guess, &mut image);
            let mut step: Vec<f64> = image.iter().zip(&x).map(|(p, x)| p - x).collect();
            let mut left = vec![0.0; n * n];
            for j in 0..n {
                if collectors[j] {
                    left[j * n + j] = 1.0;
                    continue;
                }
                let h = DIFFERENCE * x[j].abs().max(1e-3 * largest(&x)).max(f64::MIN_POSITIVE.sqrt());
                let mut moved = x.clone();
                moved[j] += h;
                self.map(time, period, &mut moved)?;
                for i in 0..n {
                    let slope = if collectors[i] { 0.0 } else { (moved[i] - image[i]) / h };
                    left[i * n + j] = f64::from(u8::from(i == j)) - slope;
                }
            }
            let Ok(lu) = Lu::factor(&left, n) else { return Ok(None) };
            lu.solve(&mut step);
            let moved: Vec<f64> = x.iter().zip(&step).map(|(x, s)| x + s).collect();
            let slack = 1e-9 * largest(&moved);
            if moved.iter().zip(start).any(|(x, s)| !x.is_finite() || (*x < -slack && *s >= 0.0)) {
                return Ok(None);
            }
            let size = distance(self.settings.tolerances(), &step, &moved);
            x = moved;
            // Where the rounding of P is reached, steps no longer shrink.
            if size <= 1.0 || (size <= 100.0 && size > 0.5 * last) {
                return Ok(Some(x));
            }
            last = size;
        }
        Ok(None)
    }

    /// Simulates until a period changes nothing.
    fn wait(
        &mut self,
        time: f64,
        period: &Period,
        collectors: &[bool],
        guess: &[f64],
        mut x: Vec<f64>,
    ) -> Result<Vec<f64>, Reason> {
        let mut before = x.clone();
        for _ in 0..MOST_PERIODS {
            self.map(time, period, &mut x)?;
            keep(collectors, guess, &mut x);
            let change: Vec<f64> = x.iter().zip(&before).map(|(x, b)| x - b).collect();
            if distance(self.settings.tolerances(), &change, &x) <= 0.1 {
                return Ok(x);
            }
            before.copy_from_slice(&x);
        }
        Err(Reason::NoSteadyState)
    }

    fn settle(
        &mut self,
        time: f64,
        period: &Period,
        how: SteadyState,
        state: &mut [f64],
    ) -> Result<(), Reason> {
        let mut guess = vec![0.0; state.len()];
        self.equations.initial(time, &mut guess)?;
        let settled = self.find(time, period, &guess)?;
        match how {
            SteadyState::Replaces => state.copy_from_slice(&settled),
            SteadyState::Adds => {
                // What the doses add to the system left to itself.
                let rest = self.find(time, &Period::new(period.interval(), Vec::new()), &guess)?;
                for ((x, settled), rest) in state.iter_mut().zip(&settled).zip(&rest) {
                    *x += settled - rest;
                }
            }
        }
        Ok(())
    }
}

/// Collecting states stay as they began.
fn keep(collectors: &[bool], guess: &[f64], state: &mut [f64]) {
    for ((collects, guess), x) in collectors.iter().zip(guess).zip(state) {
        if *collects {
            *x = *guess;
        }
    }
}

/// The largest change of a state over its tolerance.
fn distance(tolerances: &Tolerances, change: &[f64], state: &[f64]) -> f64 {
    let scaled = |(i, (change, x)): (usize, (&f64, &f64))| {
        change.abs() / (tolerances.absolute(i) + tolerances.relative() * x.abs())
    };
    change.iter().zip(state).enumerate().map(scaled).fold(0.0, f64::max)
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, v| v.abs().max(most))
}

impl<E: Equations> Dynamics for Ode<E> {
    fn states(&self) -> usize {
        self.equations.states()
    }

    fn hold(&mut self, record: usize) -> Result<(), Reason> {
        self.equations.hold(record)
    }

    fn initial(&mut self, time: f64, state: &mut [f64]) -> Result<(), Reason> {
        self.integrator.forget();
        state.fill(0.0);
        self.equations.initial(time, state)?;
        if state.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(Reason::NotFinite) }
    }

    fn given(&mut self, time: f64) {
        self.equations.given(time);
    }

    fn dose_clock(&self) -> bool {
        self.equations.dose_clock()
    }

    fn advance(&mut self, from: f64, to: f64, rates: &[f64], state: &mut [f64]) -> Result<(), Reason> {
        self.integrate(from, to, rates, state)
    }

    fn periodic(
        &mut self,
        time: f64,
        period: &Period,
        how: SteadyState,
        state: &mut [f64],
    ) -> Result<(), Reason> {
        self.settle(time, period, how, state)
    }

    /// Constant input is a period in which every infusion lasts as long as the period.
    fn at_rest(
        &mut self,
        time: f64,
        rates: &[f64],
        how: SteadyState,
        state: &mut [f64],
    ) -> Result<(), Reason> {
        let infusion = |rate| Form::Infusion { rate, duration: REST_PERIOD };
        let doses = rates
            .iter()
            .enumerate()
            .filter(|(_, rate)| **rate != 0.0)
            .map(|(compartment, rate)| PeriodicDose::new(compartment, infusion(*rate), 0.0, REST_PERIOD))
            .collect::<Result<Vec<_>, _>>()
            .map_err(Reason::Parameters)?;
        self.settle(time, &Period::new(REST_PERIOD, doses), how, state)
    }
}
