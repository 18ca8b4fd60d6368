//! Elementary and special functions that give the same bits on every processor.
//!
//! The standard library's `exp`, `ln` and `powf` call the platform's C library and differ between platforms; the
//! functions here do not. Nothing in this crate calls the standard ones on a path that reaches a result.

mod chi_square;
mod cholesky;
mod normal;
mod optimise;
mod quadrature;

pub use chi_square::chi_square_tail;
pub use cholesky::Cholesky;
pub use normal::{normal_cdf, normal_quantile};
pub use optimise::{minimum, root};
pub use quadrature::normal_quadrature;
