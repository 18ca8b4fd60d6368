//! What a fleet is and how its systems go from leg to leg.

use super::{Derivative, OdeError};

/// Systems of one kind and the journeys on which they go.
pub trait Fleet {
    /// Number of states of each system.
    fn dimension(&self) -> usize;

    /// Writes f(t, x) of every lane. `t` has a value a lane; state i of lane l stands at `x[i * t.len() + l]`, and its
    /// derivative goes to the same place of `dx`. A lane must not look at another one. Lanes that are at rest are
    /// evaluated as well; what comes out for them does not matter.
    fn rhs(&mut self, t: &[f64], x: &[f64], dx: &mut [f64]);

    /// Writes the Taylor coefficients of every lane's solution from `x` on, of order 1 up to [`ORDER`](super::ORDER): that
    /// of order k of state i of lane l to `out[((k - 1) * n + i) * t.len() + l]`, where n is the number of states. A fleet
    /// that writes them is not asked for f.
    fn expand(&mut self, t: &[f64], x: &[f64], out: &mut [f64]) -> Derivative {
        let _ = (t, x, out);
        Derivative::Unknown
    }

    /// Called when a lane has no leg: at first, and whenever one has ended. `x` is its state: zeros at first, then that
    /// at the end of the leg or, after a failure, at the last time that was reached. What is written to it is where the
    /// next leg begins. None sends the lane to rest.
    fn next_leg(&mut self, lane: usize, ended: Ended, x: &mut [f64]) -> Option<Leg>;

    /// Called at the time that a leg asks for, with the state there; returns the next time to ask for, not before this
    /// one (infinity for none).
    fn visit(&mut self, lane: usize, t: f64, x: &[f64]) -> f64 {
        let _ = (lane, t, x);
        f64::INFINITY
    }
}

/// How a lane comes to have no leg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// It has not had one yet.
    NotBegun,
    /// The end was reached.
    Arrived,
    /// The leg was given up; one that cannot be begun is given up as well.
    Failed(OdeError),
}

/// Whether a leg continues the journey before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Another system than before, or the first: its first step is estimated.
    Anew,
    /// The same system, perhaps with a jump of its state: its first step is the one that did at the begin of the leg
    /// before.
    Onward,
}

/// A stretch of time without discontinuities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// Begin.
    pub from: f64,
    /// End.
    pub to: f64,
    /// The first time to show the state at (infinity for none); times beyond the end are not reached.
    pub ask: f64,
    /// What came before.
    pub start: Start,
}
