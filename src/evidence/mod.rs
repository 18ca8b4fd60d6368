//! Evidence: response models fitted from what was published.

mod discriminant;

pub use discriminant::{Discriminant, Quartiles, moments_from_quartiles};
