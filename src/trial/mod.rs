//! Trials: arms, phases, decisions and endpoints; a block of subjects is carried through a protocol.

mod anchor;
mod course;
pub mod endpoint;
mod plan;
mod protocol;
mod simulate;
mod steady;
mod study;

pub use anchor::Anchor;
pub use course::IntervalExposure;
pub use protocol::{Arm, Condition, Dosing, Phase};
pub use simulate::{Block, Outcomes, Response, Trial};
pub use steady::steady_exposures;
pub use study::{Endpoint, Kinds, ResponseKind, ResponseUse, Study};
