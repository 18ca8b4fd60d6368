//! Elementary and special functions that give the same bits on every processor.
//!
//! The standard library's `exp`, `ln` and `powf` call the platform's C library and differ between platforms; the
//! functions here do not. Nothing in this crate calls the standard ones on a path that reaches a result.

mod beta;
mod chi_square;
mod cholesky;
pub mod dispatch;
mod elementary;
pub mod matrix;
mod normal;
mod optimise;
mod power;
mod quadrature;
mod slices;

pub use beta::{beta_quantile, incomplete_beta};
pub use chi_square::chi_square_tail;
pub use cholesky::Cholesky;
pub use dispatch::Level;
pub use elementary::{exp, expm1, ln, log1p};
pub use normal::{normal_cdf, normal_quantile, normal_quantile_in_place, normal_quantile_slice};
pub use optimise::{minimum, root};
pub use power::pow;
pub use quadrature::{legendre_quadrature, normal_quadrature};
pub use slices::{
    exp_in_place, exp_slice, expm1_in_place, expm1_slice, ln_in_place, ln_slice, log1p_in_place, log1p_slice,
    pow_all_slice, pow_slice,
};

#[cfg(test)]
mod elementary_tests;
