//! The language of equations: text to a checked formula, to its derivatives, to a program over a block of subjects.
//!
//! ```
//! use exposim::expr::{Column, Expression, Program, Scope, Scratch, Symbol};
//!
//! let mut scope = Scope::new();
//! for (slot, name, unit) in [(0, "TVCL", "L/h"), (1, "WT", "kg"), (2, "eta.CL", "1")] {
//!     scope.symbol(name, Symbol { slot, unit: unit.parse()?, levels: None })?;
//! }
//! let cl = Expression::parse("TVCL * (WT/74 kg)^0.75 * exp(eta.CL)")?.check(&scope).map_err(|e| e[0].clone())?;
//! assert_eq!(cl.dimension().to_string(), "volume/time");
//!
//! let program = Program::compile(&[&cl]);
//! let weights = [74e6, 37e6]; // mg
//! let inputs = [Column::Scalar(40.9), Column::Slice(&weights), Column::Scalar(0.0)];
//! let mut values = [0.0; 2];
//! program.run_block(&inputs, &mut [&mut values], &mut Scratch::new());
//! assert_eq!(values[0], 40.9); // L/h
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The language
//!
//! - **Numbers** may carry a unit: `40.9 L/h`, `74 kg`, `0.3 1/h`, `5 10^9/L`, `90 mL/min/1.73 m^2`. A name right
//!   after a number, with or without a space, is always its unit; anything else there is refused. The unit goes on
//!   over a `/` or `*` without spaces around it as long as names of units follow, and takes every `^`. So `5 mg/L`
//!   is a concentration, and `5 mg/V` divides 5 mg by `V`. A name that follows so and is both a unit and a name of
//!   the model is refused as ambiguous. Units bind tighter than any operator: `x/74 kg` divides by 74 kg.
//! - **Operators**, from loose to tight: `or`, `and`, `not`, `< <= > >= == !=`, `+ -`, `* /`, sign, `^`. `^` groups
//!   to the right and binds tighter than a sign: `-2^2` is -4, `2^3^2` is 512.
//! - **`if c then a else b`** reaches as far as it can and may be chained with `else if`. Both branches are worked
//!   out; the condition chooses.
//! - **Functions**: `exp log ln log10 log2 sqrt abs min max floor logit expit phi gamma lgamma pow
//!   boxcox`. `log` and `ln` are the natural logarithm, `phi` the standard normal distribution function, and
//!   `boxcox(x, shape)` is (x^shape - 1)/shape, or log(x) for shape 0.
//! - **Categories** are compared with their levels: `PATIENT == patient`, `ROUTE != 'sub cut'`.
//! - **`unchecked(formula, unit)`** is for empirical formulas: within it dimensions are not checked, every name and
//!   quantity enters as its number in its own unit, and the result is a number of the given unit.
//!
//! The literal 0 has any dimension in sums, comparisons and branches.
//!
//! Formulas are simplified as algebra does, over finite numbers: `0*x` is 0.

mod check;
mod checked;
mod derivative;
mod display;
mod error;
mod evaluate;
mod functions;
mod graph;
mod held;
mod jets;
mod lexer;
mod lower;
mod parse;
mod parts;
mod program;
mod scope;
mod swift;
mod syntax;

#[cfg(test)]
mod tests;

pub use checked::Checked;
pub use error::ExprError;
pub use evaluate::{Column, Scratch};
pub use held::Held;
pub(crate) use jets::{GROUP, Jets, Moving};
pub use program::Program;
pub use scope::{Absent, Scope, Symbol};
pub use syntax::Expression;
