//! Closed forms of the mammillary structures.
//!
//! The transfer function from the central compartment to itself is (s + k21)(s + k31) over the product of s + rate for
//! all decay rates; other pairs differ in the numerator. A depot, a constant input, or an integral adds one more rate to
//! the product: that of the depot, zero, zero. By the rule of Leibniz for divided differences the answer in time is
//! a sum of as many terms as there are disposition compartments, each a divided difference of the numerator times one of
//! the exponential. With the rates sorted from the fastest, all terms of a response to a unit in the central
//! compartment are positive, since the slowest decay rates lie below the return rates: nothing cancels.

use super::differences::{exponential, sort};
use super::lanes::{LANES, Lane, load, store};
use crate::math::dispatch::{Kernel, dispatch};

/// Rates of the disposition compartments of a chunk.
struct Disposition {
    k10: Lane,
    /// From the central compartment.
    out: [Lane; 2],
    /// Back to it.
    back: [Lane; 2],
}

/// What a response kernel reads: columns of rate constants and of decay rates, and the time for each subject.
pub(super) struct Responses<'a> {
    /// Elimination, then to and from each peripheral compartment, each `padded` long.
    pub rates: &'a [f64],
    /// Decay rates of the disposition compartments, the largest first, each `padded` long.
    pub decay: &'a [f64],
    /// Further rates in the product: depots. Zeros come on top.
    pub depot: Option<&'a [f64]>,
    /// How often the response is integrated.
    pub integrals: usize,
    /// Time span of each subject.
    pub t: &'a [f64],
    /// Amount that each unit brings into the central compartment per hour (for a depot); 1 without.
    pub feed: Option<&'a [f64]>,
    /// Where results go.
    pub out: &'a mut [f64],
    /// Where in `out` the answer of disposition compartment i to a unit in j begins: i + 3 j; `None` if not wanted.
    pub places: [Option<usize>; 9],
}

/// Computes the responses of disposition compartments to a unit in the depot, or in each of themselves.
pub(super) fn respond(peripherals: usize, responses: Responses<'_>) {
    let extra = responses.integrals + usize::from(responses.depot.is_some());
    match (peripherals, extra) {
        (0, 0) => dispatch(Sized::<1, 1>(responses)),
        (0, 1) => dispatch(Sized::<1, 2>(responses)),
        (0, 2) => dispatch(Sized::<1, 3>(responses)),
        (0, _) => dispatch(Sized::<1, 4>(responses)),
        (1, 0) => dispatch(Sized::<2, 2>(responses)),
        (1, 1) => dispatch(Sized::<2, 3>(responses)),
        (1, 2) => dispatch(Sized::<2, 4>(responses)),
        (1, _) => dispatch(Sized::<2, 5>(responses)),
        (_, 0) => dispatch(Sized::<3, 3>(responses)),
        (_, 1) => dispatch(Sized::<3, 4>(responses)),
        (_, 2) => dispatch(Sized::<3, 5>(responses)),
        (_, _) => dispatch(Sized::<3, 6>(responses)),
    }
}

/// The kernel for M disposition compartments and N rates in the product.
struct Sized<'a, const M: usize, const N: usize>(Responses<'a>);

impl<const M: usize, const N: usize> Kernel for Sized<'_, M, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let task = self.0;
        let padded = task.t.len();
        for at in (0..padded).step_by(LANES) {
            let t = load(task.t, at);
            let mut rates = [[0.0; LANES]; N];
            for i in 0..M {
                rates[i] = load(&task.decay[i * padded..], at);
            }
            if let Some(depot) = task.depot {
                rates[M] = load(depot, at);
            }
            sort(&mut rates);
            let differences = exponential(&rates, &t);
            let mut disposition =
                Disposition { k10: load(task.rates, at), out: [[0.0; LANES]; 2], back: [[0.0; LANES]; 2] };
            for p in 0..M - 1 {
                disposition.out[p] = load(&task.rates[(1 + 2 * p) * padded..], at);
                disposition.back[p] = load(&task.rates[(2 + 2 * p) * padded..], at);
            }
            let feed = task.feed.map_or([1.0; LANES], |feed| load(feed, at));
            for (pair, place) in task.places.iter().enumerate() {
                if let Some(place) = place {
                    let mut value = assemble::<M, N>(pair % 3, pair / 3, &disposition, &rates, &differences);
                    for l in 0..LANES {
                        value[l] *= feed[l];
                    }
                    store(&mut task.out[*place..], at, &value);
                }
            }
        }
    }
}

/// Adds up the terms for the answer in compartment `to` to a unit in `from`; 0 is the central one.
#[inline(always)]
fn assemble<const M: usize, const N: usize>(
    to: usize,
    from: usize,
    k: &Disposition,
    rates: &[Lane; N],
    f: &[Lane; N],
) -> Lane {
    let mut value = [0.0; LANES];
    let last = &f[N - 1];
    let slowest = &rates[N - 1];
    if M == 1 {
        return *last;
    }
    let before = &f[N - 2];
    // The rate constants on the way between two compartments.
    let mut way = [1.0; LANES];
    for l in 0..LANES {
        if from > 0 && from != to {
            way[l] *= k.back[from - 1][l];
        }
        if to > 0 && from != to {
            way[l] *= k.out[to - 1][l];
        }
    }
    if M == 2 {
        for l in 0..LANES {
            value[l] = match (to, from) {
                (0, 0) => before[l] + last[l] * (k.back[0][l] - slowest[l]),
                (1, 1) => before[l] + last[l] * (k.k10[l] + k.out[0][l] - slowest[l]),
                _ => way[l] * last[l],
            };
        }
        return value;
    }
    let (next, first) = (&rates[N - 2], &f[N - 3]);
    for l in 0..LANES {
        let (s, n) = (slowest[l], next[l]);
        // The peripheral compartment that is not on the way returns at this rate.
        let other = if to == 2 || from == 2 { k.back[0][l] } else { k.back[1][l] };
        value[l] = if to == 0 && from == 0 {
            let (a, b) = (k.back[0][l], k.back[1][l]);
            first[l] + (before[l] * ((a - n) + (b - s)) + last[l] * ((a - s) * (b - s)))
        } else if to == from {
            let (own, beside) = if to == 1 { (k.out[0][l], k.out[1][l]) } else { (k.out[1][l], k.out[0][l]) };
            let both = (k.k10[l] + own + beside - n) + (other - s);
            // The loss from the central compartment times the return, less the exchange with the other peripheral:
            // multiplied out, so that the fast exchange goes before it costs digits.
            let rest = (k.k10[l] + own - s) * (other - s) - beside * s;
            first[l] + (before[l] * both + last[l] * rest)
        } else if to == 0 || from == 0 {
            way[l] * (before[l] + last[l] * (other - s))
        } else {
            way[l] * last[l]
        };
    }
    value
}

/// A depot's own amount after a unit was put into it, and its integrals.
pub(super) struct DepotResponse<'a> {
    /// Total rate out of the depot.
    pub rate: &'a [f64],
    /// How often the response is integrated.
    pub integrals: usize,
    /// Time span of each subject.
    pub t: &'a [f64],
    /// Where the results go.
    pub out: &'a mut [f64],
}

impl DepotResponse<'_> {
    #[inline(always)]
    fn of_order<const N: usize>(self) {
        for at in (0..self.t.len()).step_by(LANES) {
            let mut rates = [[0.0; LANES]; N];
            rates[0] = load(self.rate, at);
            store(self.out, at, &exponential(&rates, &load(self.t, at))[N - 1]);
        }
    }
}

impl Kernel for DepotResponse<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.integrals {
            0 => self.of_order::<1>(),
            1 => self.of_order::<2>(),
            _ => self.of_order::<3>(),
        }
    }
}
