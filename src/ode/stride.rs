//! Steps of one length over lanes that all step together, by Dormand and Prince's method of order 8.

use super::Tolerances;
use super::eighth::{self, FIFTH, ROWS, Term, USED};
use super::lanes::combine;
use crate::math::dispatch::{Kernel, dispatch};

/// Slopes of a step.
pub(crate) const STAGES: usize = eighth::STAGES;

/// Where they lie in the step.
pub(crate) fn stage_nodes() -> &'static [f64] {
    &eighth::NODES[..STAGES]
}

/// The weights of the error of order 5.
const ERROR: [Term; USED.len()] = {
    let mut terms = [(0, 0.0); USED.len()];
    let mut k = 0;
    while k < USED.len() {
        terms[k] = (USED[k], FIFTH[k]);
        k += 1;
    }
    terms
};

/// Makes steps of one length for all lanes, keeping its scratch. State i of lane l stands at `x[i * width + l]`.
#[derive(Debug)]
pub(crate) struct Stride {
    length: Vec<f64>,
    stage: Vec<f64>,
    slopes: Vec<f64>,
}

impl Stride {
    pub(crate) fn new(states: usize, width: usize) -> Self {
        let whole = states * width;
        Stride { length: vec![0.0; width], stage: vec![0.0; whole], slopes: vec![0.0; STAGES * whole] }
    }

    /// Makes a step from `x`, which becomes the state after it, and writes the estimate of its error to `error`. `rhs`
    /// is told the slope whose place it is at, and the state there.
    pub(crate) fn step(
        &mut self,
        length: f64,
        x: &mut [f64],
        error: &mut [f64],
        mut rhs: impl FnMut(usize, &[f64], &mut [f64]),
    ) {
        let Stride { length: h, stage, slopes } = self;
        debug_assert_eq!(x.len(), stage.len());
        h.fill(length);
        let whole = x.len();
        rhs(0, x, &mut slopes[..whole]);
        for s in 1..STAGES {
            combine(x, h, ROWS[s], slopes, stage);
            rhs(s, stage, &mut slopes[s * whole..(s + 1) * whole]);
        }
        combine(x, h, ROWS[STAGES], slopes, stage);
        x.copy_from_slice(stage);
        stage.fill(0.0);
        combine(stage, h, &ERROR, slopes, error);
    }
}

/// The root mean square over the states of differences in units of the tolerance, a number a lane.
pub(crate) struct Distance<'a> {
    pub tolerances: &'a Tolerances,
    /// The states that give the scale.
    pub x: &'a [f64],
    pub difference: &'a [f64],
    pub out: &'a mut [f64],
}

impl Distance<'_> {
    pub(crate) fn measure(self) {
        dispatch(self);
    }
}

impl Kernel for Distance<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Distance { tolerances, x, difference, out } = self;
        let width = out.len();
        out.fill(0.0);
        let states = x.len() / width;
        let rows = x.chunks_exact(width).zip(difference.chunks_exact(width)).enumerate();
        for (state, (x, difference)) in rows {
            let (absolute, relative) = (tolerances.absolute(state), tolerances.relative());
            for (out, (x, difference)) in out.iter_mut().zip(x.iter().zip(difference)) {
                let scaled = difference / (absolute + relative * x.abs());
                *out += scaled * scaled;
            }
        }
        out.iter_mut().for_each(|out| *out = (*out / states as f64).sqrt());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The state of dx/dt = -x + cos t after 2, in so many steps, and the sum of the estimated errors.
    fn solved(steps: usize) -> (f64, f64) {
        let (mut x, mut error, mut sum) = (vec![1.0; 3], vec![0.0; 3], 0.0);
        let mut stride = Stride::new(1, 3);
        let h = 2.0 / steps as f64;
        for step in 0..steps {
            stride.step(h, &mut x, &mut error, |slope, x, dx| {
                let t = (step as f64 + stage_nodes()[slope]) * h;
                dx.iter_mut().zip(x).for_each(|(dx, x)| *dx = libm::cos(t) - x);
            });
            sum += error[1];
        }
        assert!(x.iter().all(|other| *other == x[0]));
        (x[0], sum)
    }

    #[test]
    fn the_solution_is_of_order_eight_and_the_estimate_of_order_five() {
        // x = (cos t + sin t + exp(-t)) / 2 from x(0) = 1.
        let exact = 0.5 * (libm::cos(2.0) + libm::sin(2.0) + libm::exp(-2.0));
        let of = |steps: usize| {
            let (x, estimate) = solved(steps);
            ((x - exact).abs(), estimate.abs())
        };
        let ((coarse, told), (fine, told_fine)) = (of(4), of(8));
        assert!((7.3..8.8).contains(&libm::log2(coarse / fine)), "{coarse} {fine}");
        assert!((4.3..5.8).contains(&libm::log2(told / told_fine)), "{told} {told_fine}");
        assert!(told > coarse);
    }
}
