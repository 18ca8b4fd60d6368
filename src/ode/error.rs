//! Why an integration could not be started or finished.

use thiserror::Error;

/// An integration that failed. The state handed in is left at the last accepted time.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum OdeError {
    /// The equations gave a number that is not finite and no shorter step avoids it.
    #[error("the equations are not finite at time {time} (after {steps} steps)")]
    NonFinite {
        /// Last time at which all was well.
        time: f64,
        /// Steps accepted before.
        steps: usize,
    },
    /// The step that the tolerances ask for is too small for the floating-point time.
    #[error(
        "no step is short enough at time {time} (tried {step}, after {steps} steps): a discontinuity, a blow-up or tolerances that are too tight"
    )]
    StepUnderflow {
        /// Last time at which all was well.
        time: f64,
        /// The step that was refused.
        step: f64,
        /// Steps accepted before.
        steps: usize,
    },
    /// The budget of steps is spent.
    #[error(
        "more than {steps} steps, only at time {time}: raise the limit, loosen the tolerances or choose the stiff method"
    )]
    TooManySteps {
        /// Time that was reached.
        time: f64,
        /// Steps tried.
        steps: usize,
    },
    /// An explicit method met a stiff system, with thousands of steps to go.
    #[error(
        "the system is stiff from time {time} on (after {steps} steps): choose the automatic or the Rosenbrock method"
    )]
    Stiff {
        /// Time at which it was certain.
        time: f64,
        /// Steps accepted before.
        steps: usize,
    },
    /// The matrix of the stiff method is singular for every step length that was tried.
    #[error("the Jacobian gives a singular matrix at time {time} (after {steps} steps)")]
    Singular {
        /// Last time at which all was well.
        time: f64,
        /// Steps accepted before.
        steps: usize,
    },
    /// The interval runs backwards or its ends are not finite.
    #[error("cannot integrate from {from} to {to}: the ends must be finite and in order")]
    Interval {
        /// Begin that was given.
        from: f64,
        /// End that was given.
        to: f64,
    },
    /// A time asked for lies outside the interval or before the one asked for before it.
    #[error("asked time number {index}, {time}, lies outside the interval or before its predecessor")]
    AskedTime {
        /// Its place in the list, from 0.
        index: usize,
        /// Its value.
        time: f64,
    },
    /// Slices of the wrong length.
    #[error("the system has {expected} states, the {what} has {found}")]
    Dimension {
        /// What has the wrong length.
        what: &'static str,
        /// States of the system.
        expected: usize,
        /// Length found.
        found: usize,
    },
}

/// Settings that make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A relative tolerance outside (0, 1), or below what double precision can keep.
    #[error("relative tolerance {0}: it must lie between 1e-14 and 1 (1 excluded)")]
    Relative(f64),
    /// An absolute tolerance that is not positive and finite.
    #[error("absolute tolerance {0}: it must be positive")]
    Absolute(f64),
    /// No absolute tolerance at all.
    #[error("no absolute tolerance was given")]
    NoAbsolute,
    /// A step length that is not positive.
    #[error("step {0}: it must be positive")]
    Step(f64),
}
