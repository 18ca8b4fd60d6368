//! The one place where code is compiled for more than one instruction set.
//!
//! A [`Kernel`] is a loop body that may be compiled several times: once for the instructions that every processor of
//! the target has, and on x86-64 once more for AVX2 and for AVX-512. [`dispatch`] runs the copy for the [`Level`] in
//! force. A kernel consists of additions, subtractions, multiplications, divisions, square roots, comparisons and
//! integer operations on independent lanes, which IEEE 754 defines to the bit, and the compiler does not fuse or
//! reorder them. So wider instructions change how many lanes run at once and never what comes out.

#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU8, Ordering};

use thiserror::Error;

/// A computation that is compiled once for every [`Level`].
///
/// Mark [`run`](Kernel::run) and all that it calls in its inner loop with `#[inline(always)]`: what is not inlined is
/// not compiled for the wider instructions (it stays correct, and gives the same bits).
pub trait Kernel {
    /// What the computation hands back.
    type Output;

    /// The computation.
    fn run(self) -> Self::Output;
}

/// A set of instructions that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// What every processor of the target has: SSE2 on x86-64, NEON on aarch64, scalar code on WebAssembly.
    Portable = 1,
    /// x86-64 with AVX2: four lanes an instruction.
    Avx2 = 2,
    /// x86-64 with AVX-512 (F, DQ, VL, BW): eight lanes an instruction.
    Avx512 = 3,
}

/// This processor has not got the instructions of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this processor has no {0:?} instructions; use a lower level")]
pub struct LevelUnavailable(pub Level);

/// The level in force: 0 until first asked for.
static IN_FORCE: AtomicU8 = AtomicU8::new(0);

impl Level {
    /// All levels, from the narrowest.
    pub const ALL: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

    /// Whether this processor can run the level.
    pub fn is_available(self) -> bool {
        match self {
            Level::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => std::is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                std::is_x86_feature_detected!("avx2")
                    && std::is_x86_feature_detected!("avx512f")
                    && std::is_x86_feature_detected!("avx512dq")
                    && std::is_x86_feature_detected!("avx512vl")
                    && std::is_x86_feature_detected!("avx512bw")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The widest level of this processor.
    pub fn widest() -> Level {
        Level::ALL.into_iter().rev().find(|level| level.is_available()).unwrap_or(Level::Portable)
    }

    /// The level in force in this process. At first that is the one named by the environment variable `EXPOSIM_SIMD`
    /// (`portable`, `avx2` or `avx512`) if this processor has it, and otherwise the widest.
    pub fn in_force() -> Level {
        match IN_FORCE.load(Ordering::Relaxed) {
            1 => Level::Portable,
            2 => Level::Avx2,
            3 => Level::Avx512,
            _ => {
                let named = std::env::var("EXPOSIM_SIMD").ok().and_then(|name| Level::named(&name));
                let level = named.filter(|level| level.is_available()).unwrap_or_else(Level::widest);
                IN_FORCE.store(level as u8, Ordering::Relaxed);
                level
            }
        }
    }

    /// Puts a level in force for the whole process. Results do not change, only their speed does; tests use it to
    /// show that.
    ///
    /// # Errors
    /// [`LevelUnavailable`] when this processor cannot run it.
    pub fn force(level: Level) -> Result<(), LevelUnavailable> {
        if !level.is_available() {
            return Err(LevelUnavailable(level));
        }
        IN_FORCE.store(level as u8, Ordering::Relaxed);
        Ok(())
    }

    fn named(name: &str) -> Option<Level> {
        match name {
            "portable" => Some(Level::Portable),
            "avx2" => Some(Level::Avx2),
            "avx512" => Some(Level::Avx512),
            _ => None,
        }
    }
}

/// Runs a kernel with the instructions of the level in force.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    match Level::in_force() {
        // SAFETY: both functions are safe but for the instructions that they may contain, and a level comes into
        // force only after `is_available` has found exactly these instructions.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { run_avx2(kernel) },
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { run_avx512(kernel) },
        _ => kernel.run(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512dq,avx512vl,avx512bw")]
fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

/// Runs a test once at every level that this processor has. One test at a time, since the level is the process's.
#[cfg(test)]
pub(crate) fn at_every_level(mut test: impl FnMut(Level)) {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = Level::in_force();
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        Level::force(level).unwrap();
        test(level);
    }
    Level::force(before).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sum<'a>(&'a [f64], &'a mut [f64]);

    impl Kernel for Sum<'_> {
        type Output = ();

        #[inline(always)]
        fn run(self) {
            for (x, y) in self.0.iter().zip(self.1) {
                *y = x * x + 0.1 * *y;
            }
        }
    }

    #[test]
    fn every_level_runs_or_is_refused_and_products_are_not_fused() {
        let x: Vec<f64> = (0..1003).map(|i| 1.0 + f64::from(i) / 7.0).collect();
        at_every_level(|level| {
            assert_eq!(Level::in_force(), level);
            let mut y = vec![0.3; x.len()];
            dispatch(Sum(&x, &mut y));
            for (x, y) in x.iter().zip(&y) {
                // The two roundings, one after another, through memory that the optimiser cannot see through.
                let square = std::hint::black_box(x * x);
                let tenth = std::hint::black_box(0.1 * 0.3);
                assert_eq!(y.to_bits(), (square + tenth).to_bits());
            }
        });
        for level in Level::ALL.into_iter().filter(|level| !level.is_available()) {
            assert!(Level::force(level).unwrap_err().to_string().contains("use a lower level"));
        }
        assert!(Level::Portable.is_available());
        assert_eq!(Level::named("avx2"), Some(Level::Avx2));
        assert_eq!(Level::named("sse9"), None);
    }
}
