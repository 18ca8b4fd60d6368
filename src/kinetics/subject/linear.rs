//! Linear systems, carried exactly: x' = A·x + c + u with constant coefficients over every interval.

use super::periodic::Programme;
use super::{Dynamics, Reason};
use crate::dosing::record::SteadyState;
use crate::dosing::timeline::Period;
use crate::math::matrix::{Lu, Propagator};

/// A linear system whose coefficients belong to a record.
pub trait LinearSystem {
    /// How many states there are.
    fn states(&self) -> usize;

    /// Writes the coefficients that a record's parameters give: `matrix` A (row after row, per h), `constant` input c
    /// (amount per h) and `initial` state. All are zero when handed over.
    ///
    /// # Errors
    /// Where the parameters are not fit for use.
    fn coefficients(
        &mut self,
        record: usize,
        matrix: &mut [f64],
        constant: &mut [f64],
        initial: &mut [f64],
    ) -> Result<(), Reason>;
}

/// Propagators kept for intervals that come back.
const KEPT: usize = 64;

/// A linear system carried by its propagators.
#[derive(Debug)]
pub struct Linear<S> {
    system: S,
    matrix: Vec<f64>,
    constant: Vec<f64>,
    initial: Vec<f64>,
    next_matrix: Vec<f64>,
    /// Propagators of `matrix` by the bits of their interval.
    kept: Vec<(u64, Propagator)>,
    oldest: usize,
    input: Vec<f64>,
    carried: Vec<f64>,
}

impl<S: LinearSystem> Linear<S> {
    /// Carries this system.
    pub fn new(system: S) -> Self {
        let n = system.states();
        Linear {
            system,
            matrix: vec![f64::NAN; n * n],
            constant: vec![0.0; n],
            initial: vec![0.0; n],
            next_matrix: vec![0.0; n * n],
            kept: Vec::new(),
            oldest: 0,
            input: vec![0.0; n],
            carried: vec![0.0; n],
        }
    }

    /// The place of the propagator over a time (h).
    fn propagator(&mut self, time: f64) -> Result<usize, Reason> {
        let bits = time.to_bits();
        if let Some(at) = self.kept.iter().position(|(kept, _)| *kept == bits) {
            return Ok(at);
        }
        let made = Propagator::new(&self.matrix, self.constant.len(), time);
        if !made.is_finite() {
            return Err(Reason::NotFinite);
        }
        if self.kept.len() < KEPT {
            self.kept.push((bits, made));
            return Ok(self.kept.len() - 1);
        }
        let at = self.oldest;
        self.kept[at] = (bits, made);
        self.oldest = (at + 1) % KEPT;
        Ok(at)
    }

    /// One step of time with `self.input` as constant input.
    fn carry(&mut self, time: f64, state: &mut [f64]) -> Result<(), Reason> {
        let at = self.propagator(time)?;
        self.kept[at].1.carry(state, &self.input, &mut self.carried);
        state.copy_from_slice(&self.carried);
        Ok(())
    }

    /// Solves −`change`·x = b. A state that feeds nothing, itself included, only collects: it has no steady state and
    /// begins at zero.
    fn settle(&self, change: &[f64], b: &mut [f64]) -> Result<(), Reason> {
        let n = b.len();
        let mut left: Vec<f64> = change.iter().map(|v| -v).collect();
        for j in 0..n {
            if (0..n).all(|i| self.matrix[i * n + j] == 0.0) {
                left[j * n..(j + 1) * n].fill(0.0);
                left[j * n + j] = 1.0;
                b[j] = 0.0;
            }
        }
        let lu = Lu::factor(&left, n).map_err(|_| Reason::NoSteadyState)?;
        lu.solve(b);
        if b.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(Reason::NoSteadyState) }
    }

    /// What is put in the state's place or added to it.
    fn apply(settled: &[f64], how: SteadyState, state: &mut [f64]) {
        for (x, s) in state.iter_mut().zip(settled) {
            *x = if how == SteadyState::Adds { *x + s } else { *s };
        }
    }

    /// The constant input that counts: SS 2 adds what the doses do, and the system's own input is there already.
    fn own_input(&self, how: SteadyState) -> Vec<f64> {
        if how == SteadyState::Adds { vec![0.0; self.constant.len()] } else { self.constant.clone() }
    }
}

impl<S: LinearSystem> Dynamics for Linear<S> {
    fn states(&self) -> usize {
        self.constant.len()
    }

    fn hold(&mut self, record: usize) -> Result<(), Reason> {
        self.next_matrix.fill(0.0);
        self.constant.fill(0.0);
        self.initial.fill(0.0);
        self.system.coefficients(record, &mut self.next_matrix, &mut self.constant, &mut self.initial)?;
        if self.next_matrix.iter().chain(&self.constant).any(|v| !v.is_finite()) {
            return Err(Reason::Parameters("a rate of the model is not finite".into()));
        }
        if self.next_matrix != self.matrix {
            std::mem::swap(&mut self.matrix, &mut self.next_matrix);
            self.kept.clear();
            self.oldest = 0;
        }
        Ok(())
    }

    fn initial(&mut self, _time: f64, state: &mut [f64]) -> Result<(), Reason> {
        state.copy_from_slice(&self.initial);
        if state.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(Reason::NotFinite) }
    }

    fn advance(&mut self, from: f64, to: f64, rates: &[f64], state: &mut [f64]) -> Result<(), Reason> {
        for ((input, constant), rate) in self.input.iter_mut().zip(&self.constant).zip(rates) {
            *input = constant + rate;
        }
        self.carry(to - from, state)
    }

    fn periodic(
        &mut self,
        _time: f64,
        period: &Period,
        how: SteadyState,
        state: &mut [f64],
    ) -> Result<(), Reason> {
        // x = M·x + b: b is what one interval makes of nothing.
        let own = self.own_input(how);
        let mut settled = vec![0.0; state.len()];
        let mut programme = Programme::new(period, state.len())?;
        while let Some(span) = programme.next(&mut settled)? {
            for ((input, own), rate) in self.input.iter_mut().zip(&own).zip(span.rates) {
                *input = own + rate;
            }
            self.carry(span.to - span.from, &mut settled)?;
        }
        let at = self.propagator(period.interval())?;
        let change = self.kept[at].1.change().to_vec();
        self.settle(&change, &mut settled)?;
        Self::apply(&settled, how, state);
        Ok(())
    }

    fn at_rest(
        &mut self,
        _time: f64,
        rates: &[f64],
        how: SteadyState,
        state: &mut [f64],
    ) -> Result<(), Reason> {
        let mut settled = self.own_input(how);
        for (settled, rate) in settled.iter_mut().zip(rates) {
            *settled += rate;
        }
        self.settle(&self.matrix, &mut settled)?;
        Self::apply(&settled, how, state);
        Ok(())
    }
}
