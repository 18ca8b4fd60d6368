//! What a caller chooses: method, tolerances, limits of steps.

use super::SettingsError;

/// The method of integration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Tsitouras 5(4), explicit.
    Tsitouras,
    /// Dormand-Prince 5(4), explicit.
    DormandPrince,
    /// Rodas5P, linearly implicit, for stiff systems.
    Rosenbrock,
    /// Tsitouras, and Rodas5P while the system is stiff.
    #[default]
    Automatic,
}

/// How large the error of one step may be: for state i, `absolute_i + relative * |x_i|`, in the root mean square over
/// the states.
#[derive(Clone, Debug, PartialEq)]
pub struct Tolerances {
    relative: f64,
    /// One for all states, or one a state.
    absolute: Vec<f64>,
}

impl Tolerances {
    /// The same absolute tolerance (in the unit of the states) for every state.
    ///
    /// # Errors
    /// A relative tolerance outside [1e-14, 1), an absolute one that is not positive and finite.
    pub fn uniform(relative: f64, absolute: f64) -> Result<Self, SettingsError> {
        Self::per_state(relative, vec![absolute])
    }

    /// An absolute tolerance for each state, in its unit.
    ///
    /// # Errors
    /// As [`Tolerances::uniform`]; no absolute tolerance at all.
    pub fn per_state(relative: f64, absolute: Vec<f64>) -> Result<Self, SettingsError> {
        if !(1e-14..1.0).contains(&relative) {
            return Err(SettingsError::Relative(relative));
        }
        if absolute.is_empty() {
            return Err(SettingsError::NoAbsolute);
        }
        if let Some(&bad) = absolute.iter().find(|a| !(a.is_finite() && **a > 0.0)) {
            return Err(SettingsError::Absolute(bad));
        }
        Ok(Tolerances { relative, absolute })
    }

    /// The relative tolerance.
    pub fn relative(&self) -> f64 {
        self.relative
    }

    /// The absolute tolerance of a state, in its unit.
    pub fn absolute(&self, state: usize) -> f64 {
        if self.absolute.len() == 1 { self.absolute[0] } else { self.absolute[state] }
    }

    /// Number of states they are made for; none where they serve any number.
    pub(super) fn states(&self) -> Option<usize> {
        (self.absolute.len() > 1).then_some(self.absolute.len())
    }

    /// Root mean square of `error(i)` over the tolerance at the larger of `|before|` and `|after|`: at most 1 is good.
    pub(super) fn norm(&self, error: impl Fn(usize) -> f64, before: &[f64], after: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (i, (b, a)) in before.iter().zip(after).enumerate() {
            let scaled = error(i) / (self.absolute(i) + self.relative * b.abs().max(a.abs()));
            sum += scaled * scaled;
        }
        (sum / before.len() as f64).sqrt()
    }
}

/// How long the first step of an integration is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum FirstStep {
    /// Estimated from two evaluations (Hairer, Nørsett and Wanner 1993, II.4).
    #[default]
    Estimated,
    /// The step at which the integration before would have gone on; estimated where there was none.
    Carried,
    /// A length in the unit of time.
    Given(f64),
}

/// Everything that a caller chooses.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub(super) method: Method,
    pub(super) tolerances: Tolerances,
    pub(super) first_step: FirstStep,
    pub(super) longest_step: f64,
    pub(super) most_steps: usize,
}

impl Settings {
    /// A method and its tolerances; the first step estimated, no longest step, at most 100,000 steps an interval.
    pub fn new(method: Method, tolerances: Tolerances) -> Self {
        Settings {
            method,
            tolerances,
            first_step: FirstStep::Estimated,
            longest_step: f64::INFINITY,
            most_steps: 100_000,
        }
    }

    /// How large the error of one step may be.
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }

    /// The same with another rule for the first step.
    ///
    /// # Errors
    /// A given step that is not positive.
    pub fn first_step(self, first_step: FirstStep) -> Result<Self, SettingsError> {
        match first_step {
            FirstStep::Given(h) if h.is_nan() || h <= 0.0 => Err(SettingsError::Step(h)),
            _ => Ok(Settings { first_step, ..self }),
        }
    }

    /// The same with a longest step, in the unit of time: for right-hand sides with short pulses in time.
    ///
    /// # Errors
    /// A step that is not positive.
    pub fn longest_step(self, longest_step: f64) -> Result<Self, SettingsError> {
        if longest_step > 0.0 {
            Ok(Settings { longest_step, ..self })
        } else {
            Err(SettingsError::Step(longest_step))
        }
    }

    /// The same with another budget of steps (accepted and rejected) an interval.
    #[must_use]
    pub fn most_steps(self, most_steps: usize) -> Self {
        Settings { most_steps, ..self }
    }
}
