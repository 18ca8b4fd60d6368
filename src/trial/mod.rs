//! Trials: arms, phases, decisions and endpoints; a block of subjects is carried through a protocol.

mod anchor;
pub mod endpoint;
mod protocol;
mod study;

pub use anchor::Anchor;
pub use protocol::{Arm, Condition, Dosing, Phase};
pub use study::{Endpoint, Kinds, ResponseKind, ResponseUse, Study};
