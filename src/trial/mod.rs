//! Trials: arms, phases, decisions and endpoints; a block of subjects is carried through a protocol.

mod anchor;
mod endpoint;

pub use anchor::Anchor;
