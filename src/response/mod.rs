//! Response models: what an exposure does to a patient.
//!
//! A [`ResponseModel`] turns an exposure metric of a subject (trough, average, ...) into the probability of an event; a
//! [`BiomarkerModel`] turns it into the mean change of a laboratory value. Both hold their parameters as joint draws
//! ([`Draws`]), so that the uncertainty of the evidence is carried into a trial with its correlations, and the range
//! of exposures that the evidence rests on, so that extrapolation can be told.
//!
//! ```
//! use exposim::response::{Basis, Constant, Draw, Draws, Form, Link, Metric, ResponseModel};
//!
//! let draws = Draws::new(
//!     vec!["a".into(), "b".into()],
//!     vec![-1.24, 0.629],
//!     vec![-1.20, 0.60, -1.30, 0.66], // two joint draws, one after the other
//! )?;
//! let basis = Basis::new("endoscopic remission", Metric::Ctrough, [3e-3, 0.107]); // mg/L
//! let model = ResponseModel::new(basis, Link::Logit, Form::Log2Ratio { reference: 0.0125 }, draws)?;
//! let mut probability = [0.0; 2];
//! model.probability_slice(Draw::Central, &[0.0125, 0.025], &mut probability);
//! assert!((probability[0] - 0.2244).abs() < 1e-4);
//! model.probability_slice(Draw::Number(1), &[0.0125, 0.025], &mut probability);
//! # Ok::<(), exposim::diagnostic::Problems>(())
//! ```

mod biomarker;
mod course;
mod curve;
mod draws;
mod file;
mod form;
mod link;
mod model;
mod persistence;

pub use biomarker::BiomarkerModel;
pub use course::CourseModel;
pub use curve::Curve;
pub use draws::{Draw, Draws};
pub use file::{AnyModel, ConstantFile, CurveFile, FactorFile, FormFile, LawFile, ModelFile};
pub use form::{Constant, Form, Shape};
pub use link::{Link, YEAR};
pub use model::{Basis, Metric, ResponseModel};
pub use persistence::{HazardLaw, PersistenceBasis, PersistenceModel, RiskFactor};
