//! A stretch of time without events under constant inputs: the stiff method side by side where the equations do not
//! know the time, and otherwise the explicit one.

use super::field::{Field, Lanes};
use super::voyage::{Integration, Way};
use crate::expr::Column;
use crate::model::Method;
use crate::ode::{Convoy, ConvoyIntegrator, Integrator, Leg, OdeError, Start};

/// Lanes worked on side by side.
const WIDTH: usize = 128;
/// Steps that a lane may take with the others; one that needs more goes on by itself.
const MOST_STEPS: usize = 1000;

impl Integration {
    /// Carries the lanes of a block over a stretch; `x` is state after state, `lanes` long each, and becomes not a number
    /// for a lane that failed, whose reason is returned.
    ///
    /// Over a constant input equations come to rest, and there the steps of an explicit method are held short by
    /// stability alone. So the stiff method carries them, unless the model asks for the explicit one or the equations
    /// know the time. The choice is the model's and not the block's.
    pub(crate) fn stretch(
        &self,
        field: &Field,
        inputs: &[Column<'_>],
        (from, to): (f64, f64),
        lanes: usize,
        x: &mut [f64],
    ) -> Vec<(usize, OdeError)> {
        if self.method == Method::Explicit || !field.is_autonomous() {
            let mut way = Once { from, to, gone: vec![false; lanes] };
            return self.run(field, inputs, &mut way, lanes, x);
        }
        let mut failures = Vec::new();
        let mut integrator = ConvoyIntegrator::new(self.tolerances.clone(), MOST_STEPS);
        let n = field.states();
        let together = WIDTH.min(lanes);
        let mut convoy = March { lanes: field.lanes(inputs, lanes, together), field };
        for at in (0..lanes).step_by(WIDTH) {
            // The last lanes of a block are filled up with those of its last subject.
            let width = WIDTH.min(lanes - at);
            let subject = |lane: usize| (at + lane).min(lanes - 1);
            (0..together).for_each(|lane| convoy.lanes.seat(lane, subject(lane)));
            let mut chunk: Vec<f64> =
                x.chunks_exact(lanes).flat_map(|row| (0..together).map(|lane| row[subject(lane)])).collect();
            let failed = integrator.carry(&mut convoy, to - from, together, &mut chunk);
            for (lane, _) in failed.into_iter().filter(|(lane, _)| *lane < width) {
                let mut alone = Integrator::new(self.alone.clone());
                let mut state: Vec<f64> = (0..n).map(|row| x[row * lanes + at + lane]).collect();
                let mut system = field.alone(inputs, at + lane);
                if let Err(error) = alone.integrate(&mut system, from, &mut state, to, &[], |_, _, _| ()) {
                    failures.push((at + lane, error));
                    state.fill(f64::NAN);
                }
                for (row, value) in state.iter().enumerate() {
                    chunk[row * together + lane] = *value;
                }
            }
            for (row, chunk) in x.chunks_exact_mut(lanes).zip(chunk.chunks_exact(together)) {
                row[at..at + width].copy_from_slice(&chunk[..width]);
            }
        }
        failures
    }
}

struct March<'a> {
    lanes: Lanes,
    field: &'a Field,
}

impl Convoy for March<'_> {
    fn dimension(&self) -> usize {
        self.field.states()
    }

    fn rhs(&mut self, x: &[f64], dx: &mut [f64]) {
        self.lanes.rhs(x, dx);
    }

    fn pattern(&self) -> &[(usize, usize)] {
        self.field.pattern()
    }

    fn jacobian(&mut self, x: &[f64], entries: &mut [f64]) {
        self.lanes.jacobian(x, entries);
    }
}

/// One leg, the same for every lane.
struct Once {
    from: f64,
    to: f64,
    gone: Vec<bool>,
}

impl Way for Once {
    fn next(&mut self, lane: usize, _x: &mut [f64]) -> Option<Leg> {
        let first = !std::mem::replace(&mut self.gone[lane], true);
        first.then_some(Leg { from: self.from, to: self.to, ask: f64::INFINITY, start: Start::Anew })
    }
}
