//! Integrators for systems of ordinary differential equations; nothing here knows of drugs.
//!
//! One idea a file: what a system is (here), how exact it is to be ([`Tolerances`]), the methods as data
//! (`tableau`, `rosenbrock`), the choice of steps (`control`), and the drivers that put them together:
//! [`Integrator`] for one system, [`FleetIntegrator`] for many side by side (`lanes`, `eighth`, `taylor`), [`ConvoyIntegrator`]
//! for many stiff ones that do not know the time.
//!
//! | [`Method`] | order | for |
//! | --- | --- | --- |
//! | `Tsitouras` | 5(4), explicit | smooth, not stiff; an error where it meets stiffness |
//! | `DormandPrince` | 5(4), explicit | the same, the older pair |
//! | `Rosenbrock` | 5(4), Rodas5P, L-stable | stiff |
//! | `Automatic` | | Tsitouras until the problem proves stiff, then Rosenbrock, and back |
//!
//! A [`FleetIntegrator`] follows Taylor polynomials of order 14 where the fleet knows them, and otherwise goes by Dormand and
//! Prince's explicit method of order 8; a [`ConvoyIntegrator`] goes by Rodas5P.
//!
//! Times asked for are served by each method's continuous extension (order 4, for a fleet 7 or 14): they do not shorten
//! steps. No step and no evaluation lies outside the interval that was given, so a right-hand side may change at its ends.
//!
//! ```
//! use exposim::ode::{Integrator, Method, Settings, System, Tolerances};
//!
//! struct Decay(f64);
//! impl System for Decay {
//!     fn dimension(&self) -> usize {
//!         1
//!     }
//!     fn rhs(&mut self, _t: f64, x: &[f64], dx: &mut [f64]) {
//!         dx[0] = -self.0 * x[0];
//!     }
//! }
//!
//! let tolerances = Tolerances::uniform(1e-8, 1e-10)?;
//! let mut integrator = Integrator::new(Settings::new(Method::Automatic, tolerances));
//! let mut x = [100.0];
//! let mut seen = Vec::new();
//! integrator.integrate(&mut Decay(0.1), 0.0, &mut x, 24.0, &[6.0, 12.0], |_, t, x| seen.push((t, x[0])))?;
//! assert!((x[0] - 100.0 * (-2.4f64).exp()).abs() < 1e-5);
//! assert_eq!(seen.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod control;
mod convoy;
mod eighth;
mod error;
mod explicit;
mod fleet;
mod integrator;
mod journey;
mod lanes;
mod lu;
mod rosenbrock;
mod settings;
mod stride;
mod tableau;
mod taylor;

pub use convoy::{Convoy, ConvoyIntegrator};
pub use error::{OdeError, SettingsError};
pub use fleet::FleetIntegrator;
pub use integrator::Integrator;
pub use journey::{Ended, Fleet, Leg, Start};
pub use settings::{FirstStep, Method, Settings, Tolerances};
pub(crate) use stride::{Distance, STAGES, Stride, stage_nodes};
pub use taylor::ORDER;

/// Whether a system wrote a derivative or leaves it to finite differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivative {
    /// The slice holds the derivative.
    Written,
    /// The slice was not touched: the integrator is to take differences of the right-hand side.
    Unknown,
}

/// A system dx/dt = f(t, x). Its units are its own: the integrator sees numbers.
///
/// The methods take `&mut self` so that a system may keep scratch; a right-hand side must depend on `t` and `x` only.
pub trait System {
    /// Number of states.
    fn dimension(&self) -> usize;

    /// Writes f(t, x) to `dx`; both slices are as long as [`System::dimension`].
    fn rhs(&mut self, t: f64, x: &[f64], dx: &mut [f64]);

    /// Writes the Jacobian to `j`, row-major: `j[i * n + k]` is ∂f_i/∂x_k. Stiff methods only.
    fn jacobian(&mut self, t: f64, x: &[f64], j: &mut [f64]) -> Derivative {
        let _ = (t, x, j);
        Derivative::Unknown
    }

    /// Writes ∂f/∂t to `dt` (zeros where the system does not know the time). Stiff methods only.
    fn time_derivative(&mut self, t: f64, x: &[f64], dt: &mut [f64]) -> Derivative {
        let _ = (t, x, dt);
        Derivative::Unknown
    }
}

/// The work that an integration took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Accepted steps.
    pub steps: usize,
    /// Steps tried and thrown away.
    pub rejected: usize,
    /// Evaluations of the right-hand side, those for finite differences included.
    pub rhs: usize,
    /// Jacobians evaluated or formed by differences.
    pub jacobians: usize,
    /// Matrices factorised.
    pub factorizations: usize,
    /// Changes between the explicit and the stiff method.
    pub switches: usize,
}

impl std::ops::AddAssign for Statistics {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.rejected += other.rejected;
        self.rhs += other.rhs;
        self.jacobians += other.jacobians;
        self.factorizations += other.factorizations;
        self.switches += other.switches;
    }
}
