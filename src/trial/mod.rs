//! Trials: arms, phases, decisions and endpoints; a block of subjects is carried through a protocol.

mod anchor;
mod course;
pub mod endpoint;
mod plan;
mod protocol;
mod responses;
mod simulate;
mod steady;
mod study;
mod walk;

pub use anchor::Anchor;
pub use course::IntervalExposure;
pub use protocol::{Arm, Condition, Dosing, Phase};
pub use responses::{ResponseKind, ResponseUse};
pub use simulate::{Block, Outcomes, Response, Trial};
pub use steady::steady_exposures;
pub use study::{Endpoint, Kinds, Study};
