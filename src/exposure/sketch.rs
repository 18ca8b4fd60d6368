//! Quantiles of values that stream by and are not kept.

use serde::{Deserialize, Serialize};

use super::quantile::{between, ranks};

/// Bits of the mantissa that name a bin: 512 bins to every power of two.
const MANTISSA_BITS: u32 = 9;
const SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - MANTISSA_BITS;

/// The distribution of values: the values themselves while they are few, then a histogram in bins of equal relative
/// width.
///
/// Up to [`Sketch::EXACT`] values, a quantile is the exact one (type 7). Beyond, each of the two values between which
/// it lies is off by at most [`Sketch::RELATIVE_ERROR`] of its size; zeros, the smallest and the largest value stay
/// exact. Counts are whole numbers: neither the order of values nor the way in which parts were merged can change a
/// bit of the result. Memory grows with the range of the values, not with their number: 4 KiB for every power of two
/// between the smallest and the largest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sketch {
    /// The values in no order, while there are no bins.
    #[serde(with = "packed")]
    values: Vec<f64>,
    bins: Option<Bins>,
    refused: u64,
}

/// Counts by sign and size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Bins {
    negative: Sizes,
    zeros: u64,
    positive: Sizes,
}

/// Sizes of values of one sign.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sizes {
    /// Bin of the first element of `counts`.
    lowest: u64,
    counts: Vec<u64>,
    count: u64,
    /// Smallest and largest size.
    range: Option<(f64, f64)>,
}

/// Values as one run of bytes: written one by one they are half of what a finished block costs.
mod packed {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        serializer.serialize_bytes(&bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let (values, rest) = <&[u8]>::deserialize(deserializer)?.as_chunks();
        match rest {
            [] => Ok(values.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()),
            _ => Err(D::Error::custom("a value is cut")),
        }
    }
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
    /// So many values are kept as they are.
    pub const EXACT: usize = 4096;

    /// Largest relative error of a value beyond that: half the width of a bin, 2⁻¹⁰ (0.098 %). Sizes below 2.2e-308
    /// have more.
    pub const RELATIVE_ERROR: f64 = 1.0 / 1024.0;

    /// Takes one value in. Values that are not finite are counted as refused and left out of everything else.
    pub fn add(&mut self, value: f64) {
        if !value.is_finite() {
            self.refused += 1;
            return;
        }
        match &mut self.bins {
            Some(bins) => bins.add(value),
            None if self.values.len() < Self::EXACT => self.values.push(value),
            None => self.binned().add(value),
        }
    }

    /// Takes in what another sketch saw.
    pub fn merge(&mut self, other: &Self) {
        self.refused += other.refused;
        other.values.iter().for_each(|v| self.add(*v));
        if let Some(bins) = &other.bins {
            self.binned().merge(bins);
        }
    }

    /// The bins, made of the values where there were none.
    fn binned(&mut self) -> &mut Bins {
        let values = std::mem::take(&mut self.values);
        self.bins.get_or_insert_with(|| {
            let mut bins = Bins::default();
            values.iter().for_each(|v| bins.add(*v));
            bins
        })
    }

    /// Number of values taken in, refused ones not.
    pub fn count(&self) -> u64 {
        let binned = self.bins.as_ref().map_or(0, |b| b.negative.count + b.zeros + b.positive.count);
        self.values.len() as u64 + binned
    }

    /// Number of values that were not finite.
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
        if let Some(bins) = &self.bins {
            return bins.ranked(rank);
        }
        let place = usize::try_from(rank).ok().filter(|place| *place < self.values.len())?;
        Some(*self.values.clone().select_nth_unstable_by(place, f64::total_cmp).1)
    }
}

impl Bins {
    fn add(&mut self, value: f64) {
        if value == 0.0 {
            self.zeros += 1;
        } else if value > 0.0 {
            self.positive.add(value);
        } else {
            self.negative.add(-value);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.negative.merge(&other.negative);
        self.zeros += other.zeros;
        self.positive.merge(&other.positive);
    }

    fn ranked(&self, rank: u64) -> Option<f64> {
        // The most negative value has the largest size.
        if let Some(size) = (self.negative.count).checked_sub(rank + 1) {
            return self.negative.ranked(size).map(|size| -size);
        }
        match (rank - self.negative.count).checked_sub(self.zeros) {
            None => Some(0.0),
            Some(rank) => self.positive.ranked(rank),
        }
    }
}

impl Sizes {
    fn add(&mut self, size: f64) {
        self.count += 1;
        self.widen(size, size);
        let bin = bin(size);
        self.cover(bin, bin);
        self.counts[(bin - self.lowest) as usize] += 1;
    }

    fn merge(&mut self, other: &Self) {
        let Some((smallest, largest)) = other.range else { return };
        self.count += other.count;
        self.widen(smallest, largest);
        self.cover(bin(smallest), bin(largest));
        let offset = (other.lowest - self.lowest) as usize;
        for (count, more) in self.counts[offset..].iter_mut().zip(&other.counts) {
            *count += more;
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

    /// The size of a rank from 0, to the width of its bin.
    fn ranked(&self, rank: u64) -> Option<f64> {
        let (smallest, largest) = self.range?;
        if rank == 0 {
            return Some(smallest);
        }
        if rank + 1 == self.count {
            return Some(largest);
        }
        let mut left = rank;
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

    /// The values in bins, however few.
    fn binned(values: &[f64]) -> Sketch {
        let mut s = of(values);
        s.binned();
        s
    }

    /// Quantiles at many levels, to the bit.
    fn quantiles(s: &Sketch) -> Vec<Option<u64>> {
        (0..=64).map(|i| s.quantile(f64::from(i) / 64.0).map(f64::to_bits)).collect()
    }

    /// Values over many powers of ten and of either sign, zeros and equals among them.
    fn values() -> impl Strategy<Value = Vec<f64>> {
        let size = prop_oneof![Just(0.0), Just(1.5), 0.0f64..1.0, (-30f64..30.0).prop_map(|e| 10f64.powf(e))];
        let one = (size, any::<bool>()).prop_map(|(v, negative)| if negative { -v } else { v });
        proptest::collection::vec(one, 1..200)
    }

    proptest! {
        #[test]
        fn few_values_have_exact_quantiles(mut v in values(), p in 0.0f64..=1.0) {
            let found = of(&v).quantile(p).unwrap();
            v.sort_by(f64::total_cmp);
            prop_assert_eq!(found.to_bits(), quantile(&v, p).unwrap().to_bits());
        }

        #[test]
        fn bins_keep_to_the_stated_error(mut v in values(), p in 0.0f64..=1.0) {
            let found = binned(&v).quantile(p).unwrap();
            v.sort_by(f64::total_cmp);
            let exact = quantile(&v, p).unwrap();
            let place = p * (v.len() - 1) as f64;
            let size = v[place.floor() as usize].abs().max(v[place.ceil() as usize].abs());
            prop_assert!((found - exact).abs() <= Sketch::RELATIVE_ERROR * size, "{found} {exact}");
        }

        #[test]
        fn neither_order_nor_cuts_matter(v in values(), cut in 0usize..200, seed in any::<u64>(), copies in 1usize..60) {
            // Up to 12,000 values: the number that is kept exactly lies within.
            let v = v.repeat(copies);
            let whole = quantiles(&of(&v));
            let cut = cut * copies % v.len();
            let (mut ab, mut ba) = (of(&v[..cut]), of(&v[cut..]));
            ab.merge(&of(&v[cut..]));
            ba.merge(&of(&v[..cut]));
            let mut shuffled = v.clone();
            shuffled.sort_by_key(|x| x.to_bits().wrapping_mul(seed | 1).rotate_left(17));
            prop_assert_eq!(&quantiles(&ab), &whole);
            prop_assert_eq!(&quantiles(&ba), &whole);
            prop_assert_eq!(&quantiles(&of(&shuffled)), &whole);
        }
    }

    #[test]
    fn the_number_of_values_decides_between_values_and_bins() {
        let v: Vec<f64> = (0..=Sketch::EXACT).map(|i| 1.0 + i as f64 / 1000.0).collect();
        assert!(of(&v[1..]).bins.is_none());
        let (mut one, two) = (of(&v[..3000]), of(&v[3000..]));
        one.merge(&two);
        assert!(one.bins.is_some() && one.bins == of(&v).bins);
    }

    #[test]
    fn ends_and_zeros_are_exact() {
        let s = binned(&[-8.25, 0.0, 0.0, 3.3, 7.7, 123.456]);
        assert_eq!(
            (s.quantile(0.0), s.quantile(0.2), s.quantile(1.0)),
            (Some(-8.25), Some(0.0), Some(123.456))
        );
        assert_eq!(s.quantile(0.6), Some(3.3));
        assert_eq!(of(&[]).quantile(0.5), None);
    }

    #[test]
    fn what_is_not_finite_is_counted_and_left_out() {
        let s = of(&[1.0, -1.0, f64::NAN, f64::INFINITY, 2.0]);
        assert_eq!((s.count(), s.refused(), s.quantile(1.0)), (3, 2, Some(2.0)));
    }
}
