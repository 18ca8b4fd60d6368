//! Quantiles of values that stream by and are not kept.

use super::quantile::{between, ranks};

/// Bits of the mantissa that name a bin: 512 bins to every power of two.
const MANTISSA_BITS: u32 = 9;
const SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - MANTISSA_BITS;

/// A histogram of values from zero on, in bins of equal relative width.
///
/// A quantile differs from the exact one (type 7) by at most [`Sketch::RELATIVE_ERROR`] of it; zeros, the smallest and
/// the largest value are exact. Counts are whole numbers: neither the order of values nor the way in which parts were
/// merged can change a bit of the result. Memory grows with the range of the values, not with their number: 4 KiB for
/// every power of two between the smallest and the largest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    /// Bin of the first element of `counts`.
    lowest: u64,
    counts: Vec<u64>,
    zeros: u64,
    positive: u64,
    refused: u64,
    /// Smallest and largest positive value.
    range: Option<(f64, f64)>,
}

/// The bin of a positive, finite value: sign, exponent and first bits of the mantissa, so that bins ascend with values.
fn bin(value: f64) -> u64 {
    value.to_bits() >> SHIFT
}

/// The middle of a bin.
fn middle(bin: u64) -> f64 {
    f64::from_bits((bin << SHIFT) | (1 << (SHIFT - 1)))
}

impl Sketch {
    /// Largest relative error of a quantile: half the width of a bin, 2⁻¹⁰ (0.098 %). Values below 2.2e-308 have more.
    pub const RELATIVE_ERROR: f64 = 1.0 / 1024.0;

    /// Takes one value in. Values that are negative or not finite are counted as refused and left out of everything
    /// else.
    pub fn add(&mut self, value: f64) {
        if value == 0.0 {
            self.zeros += 1;
        } else if value > 0.0 && value.is_finite() {
            self.positive += 1;
            self.widen(value, value);
            let bin = bin(value);
            self.cover(bin, bin);
            self.counts[(bin - self.lowest) as usize] += 1;
        } else {
            self.refused += 1;
        }
    }

    /// Takes in what another sketch saw.
    pub fn merge(&mut self, other: &Self) {
        self.zeros += other.zeros;
        self.positive += other.positive;
        self.refused += other.refused;
        if let Some((smallest, largest)) = other.range {
            self.widen(smallest, largest);
            self.cover(bin(smallest), bin(largest));
            let offset = (other.lowest - self.lowest) as usize;
            for (count, more) in self.counts[offset..].iter_mut().zip(&other.counts) {
                *count += more;
            }
        }
    }

    fn widen(&mut self, smallest: f64, largest: f64) {
        self.range = Some(match self.range {
            None => (smallest, largest),
            Some((a, b)) => (a.min(smallest), b.max(largest)),
        });
    }

    /// Makes room for bins from `first` to `last`.
    fn cover(&mut self, first: u64, last: u64) {
        if self.counts.is_empty() {
            self.lowest = first;
        }
        if first < self.lowest {
            let more = (self.lowest - first) as usize;
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.lowest = first;
        }
        let needed = (last - self.lowest + 1) as usize;
        if needed > self.counts.len() {
            self.counts.resize(needed, 0);
        }
    }

    /// Number of values taken in, zeros included, refused ones not.
    pub fn count(&self) -> u64 {
        self.zeros + self.positive
    }

    /// Number of values that were negative or not finite.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The quantile at probability `p`; none without values or with `p` outside [0, 1].
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let (below, above, fraction) = ranks(self.count(), p)?;
        Some(between(self.ranked(below)?, self.ranked(above)?, fraction))
    }

    /// The value of a rank from 0, to the width of its bin.
    fn ranked(&self, rank: u64) -> Option<f64> {
        let Some(mut left) = rank.checked_sub(self.zeros) else { return Some(0.0) };
        let (smallest, largest) = self.range?;
        if left == 0 {
            return Some(smallest);
        }
        if left + 1 == self.positive {
            return Some(largest);
        }
        for (bin, count) in (self.lowest..).zip(&self.counts) {
            if left < *count {
                return Some(middle(bin).clamp(smallest, largest));
            }
            left -= count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposure::quantile;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Sketch {
        let mut s = Sketch::default();
        values.iter().for_each(|v| s.add(*v));
        s
    }

    /// Values over many powers of ten, zeros and equals among them.
    fn values() -> impl Strategy<Value = Vec<f64>> {
        let one = prop_oneof![Just(0.0), Just(1.5), 0.0f64..1.0, (-30f64..30.0).prop_map(|e| 10f64.powf(e))];
        proptest::collection::vec(one, 1..200)
    }

    proptest! {
        #[test]
        fn quantiles_lie_within_the_stated_error(mut v in values(), p in 0.0f64..=1.0) {
            let found = of(&v).quantile(p).unwrap();
            v.sort_by(f64::total_cmp);
            let exact = quantile(&v, p).unwrap();
            prop_assert!((found - exact).abs() <= Sketch::RELATIVE_ERROR * exact, "{found} {exact}");
        }

        #[test]
        fn neither_order_nor_cuts_matter(v in values(), cut in 0usize..200, seed in any::<u64>()) {
            let whole = of(&v);
            let cut = cut.min(v.len());
            let (mut ab, mut ba) = (of(&v[..cut]), of(&v[cut..]));
            ab.merge(&of(&v[cut..]));
            ba.merge(&of(&v[..cut]));
            let mut shuffled = v.clone();
            shuffled.sort_by_key(|x| x.to_bits().wrapping_mul(seed | 1).rotate_left(17));
            prop_assert_eq!(&ab, &whole);
            prop_assert_eq!(&ba, &whole);
            prop_assert_eq!(&of(&shuffled), &whole);
        }
    }

    #[test]
    fn ends_and_zeros_are_exact() {
        let s = of(&[0.0, 0.0, 3.3, 7.7, 123.456]);
        assert_eq!(
            (s.quantile(0.0), s.quantile(0.25), s.quantile(1.0)),
            (Some(0.0), Some(0.0), Some(123.456))
        );
        assert_eq!(s.quantile(0.5), Some(3.3));
        assert_eq!(of(&[]).quantile(0.5), None);
    }

    #[test]
    fn what_does_not_fit_is_counted_and_left_out() {
        let s = of(&[1.0, -1.0, f64::NAN, f64::INFINITY, 2.0]);
        assert_eq!((s.count(), s.refused(), s.quantile(1.0)), (2, 3, Some(2.0)));
    }
}
