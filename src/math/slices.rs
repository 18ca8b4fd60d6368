//! The elementary functions over slices, with the instructions of the [`Level`](super::Level) in force. Every element
//! has the bits that the function of one value gives. Where slices differ in length, the shortest counts.

use super::dispatch::{Kernel, dispatch};
use super::{elementary, power};

/// A function of one value over a slice.
struct Mapped<'a, F>(&'a [f64], &'a mut [f64], F);

impl<F: Fn(f64) -> f64> Kernel for Mapped<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (x, y) in self.0.iter().zip(self.1) {
            *y = (self.2)(*x);
        }
    }
}

/// A function of one value over a slice, in place.
struct Replaced<'a, F>(&'a mut [f64], F);

impl<F: Fn(f64) -> f64> Kernel for Replaced<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for x in self.0 {
            *x = (self.1)(*x);
        }
    }
}

macro_rules! over_slices {
    ($($(#[$about:meta])* $function:ident $slice:ident $in_place:ident;)*) => {$(
        $(#[$about])*
        pub fn $slice(x: &[f64], y: &mut [f64]) {
            dispatch(Mapped(x, y, elementary::$function));
        }

        $(#[$about])*
        ///
        /// The values take the place of the arguments.
        pub fn $in_place(x: &mut [f64]) {
            dispatch(Replaced(x, elementary::$function));
        }
    )*};
}

over_slices! {
    /// [`exp`](super::exp) of every element.
    exp exp_slice exp_in_place;
    /// [`ln`](super::ln) of every element.
    ln ln_slice ln_in_place;
    /// [`expm1`](super::expm1) of every element.
    expm1 expm1_slice expm1_in_place;
    /// [`log1p`](super::log1p) of every element.
    log1p log1p_slice log1p_in_place;
}

struct Powers<'a>(&'a [f64], &'a [f64], &'a mut [f64]);

impl Kernel for Powers<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((x, y), z) in self.0.iter().zip(self.1).zip(self.2) {
            *z = power::pow(*x, *y);
        }
    }
}

/// One exponent for all. A closure over the exponent in [`Mapped`] would not be compiled for the level.
struct PowersOfOne<'a>(&'a [f64], f64, &'a mut [f64]);

impl Kernel for PowersOfOne<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (x, z) in self.0.iter().zip(self.2) {
            *z = power::pow(*x, self.1);
        }
    }
}

/// [`pow`](super::pow) of every base with its exponent.
pub fn pow_slice(x: &[f64], y: &[f64], z: &mut [f64]) {
    dispatch(Powers(x, y, z));
}

/// [`pow`](super::pow) of every base with one exponent.
pub fn pow_all_slice(x: &[f64], y: f64, z: &mut [f64]) {
    dispatch(PowersOfOne(x, y, z));
}
