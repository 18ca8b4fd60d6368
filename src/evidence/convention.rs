use std::fmt;

/// A rule by which programs compute sample quantiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// Types 1 to 9 of Hyndman and Fan 1996 (Am Stat 50:361). Type 2 is that of SAS and Stata, 6 of SPSS, Minitab,
    /// Prism and Excel's `.EXC`, 7 of R, NumPy and Excel's `.INC`.
    Type(u8),
    /// Tukey's hinges: medians of the halves, the middle value in both.
    InclusiveHinges,
    /// Medians of the halves without the middle value.
    ExclusiveHinges,
}

/// Order statistics that make up a quantile: `weight` times the one of rank `low` plus the rest times that of rank
/// `high` (ranks from 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrderPair {
    /// The lower rank.
    pub low: usize,
    /// The upper rank; the lower one where there is only one.
    pub high: usize,
    /// The weight of the lower rank.
    pub weight: f64,
}

impl OrderPair {
    fn single(rank: usize) -> Self {
        OrderPair { low: rank, high: rank, weight: 1.0 }
    }

    fn at(h: f64, n: usize) -> Self {
        let h = h.clamp(1.0, n as f64);
        // A programme computes h in binary; what is whole in decimals counts as whole.
        let nearest = h.round();
        // Ranks are small positive numbers.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let rank = |h: f64| h as usize;
        if (h - nearest).abs() < 1e-9 {
            return OrderPair::single(rank(nearest));
        }
        let low = rank(h);
        OrderPair { low, high: low + 1, weight: 1.0 - (h - h.floor()) }
    }
}

impl Convention {
    /// All conventions.
    pub const ALL: [Convention; 11] = [
        Convention::Type(1),
        Convention::Type(2),
        Convention::Type(3),
        Convention::Type(4),
        Convention::Type(5),
        Convention::Type(6),
        Convention::Type(7),
        Convention::Type(8),
        Convention::Type(9),
        Convention::InclusiveHinges,
        Convention::ExclusiveHinges,
    ];

    /// The convention with a name, such as `type-7` or `exclusive-hinges`.
    pub fn named(name: &str) -> Option<Self> {
        Convention::ALL.into_iter().find(|convention| convention.to_string() == name)
    }

    /// The order statistics that make up the quantile of a probability in a sample of size n (1 or more).
    pub fn order_pair(self, n: usize, p: f64) -> OrderPair {
        let size = n as f64;
        let np = size * p;
        let whole = (np - np.round()).abs() < 1e-9;
        match self {
            Convention::Type(1) => OrderPair::at(if whole { np.round() } else { np.ceil() }, n),
            Convention::Type(2) => OrderPair::at(if whole { np.round() + 0.5 } else { np.ceil() }, n),
            Convention::Type(3) => {
                // The nearest rank; of two equally near ones the even one.
                let (down, half) = (np.floor(), ((np - np.floor()) - 0.5).abs() < 1e-9);
                let even = if down % 2.0 == 0.0 { down } else { down + 1.0 };
                OrderPair::at(if half { even } else { np.round() }, n)
            }
            Convention::Type(4) => OrderPair::at(np, n),
            Convention::Type(5) => OrderPair::at(np + 0.5, n),
            Convention::Type(6) => OrderPair::at((size + 1.0) * p, n),
            Convention::Type(8) => OrderPair::at((size + 1.0 / 3.0) * p + 1.0 / 3.0, n),
            Convention::Type(9) => OrderPair::at((size + 0.25) * p + 0.375, n),
            Convention::Type(_) => OrderPair::at((size - 1.0) * p + 1.0, n),
            Convention::InclusiveHinges => hinge(n, p, n.div_ceil(2)),
            Convention::ExclusiveHinges => hinge(n, p, (n / 2).max(1)),
        }
    }
}

/// Median of the lower or upper `half` values; between the quartiles the median, beyond them type 7.
fn hinge(n: usize, p: f64, half: usize) -> OrderPair {
    let median = |from: usize, count: usize| OrderPair::at(from as f64 + (count as f64 + 1.0) / 2.0, n);
    if p == 0.25 {
        median(0, half)
    } else if p == 0.75 {
        median(n - half, half)
    } else if p == 0.5 {
        median(0, n)
    } else {
        Convention::Type(7).order_pair(n, p)
    }
}

impl fmt::Display for Convention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Convention::Type(number) => write!(f, "type-{number}"),
            Convention::InclusiveHinges => f.write_str("inclusive-hinges"),
            Convention::ExclusiveHinges => f.write_str("exclusive-hinges"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantile(convention: Convention, sorted: &[f64], p: f64) -> f64 {
        let pair = convention.order_pair(sorted.len(), p);
        pair.weight * sorted[pair.low - 1] + (1.0 - pair.weight) * sorted[pair.high - 1]
    }

    #[test]
    fn types_equal_those_of_numpy() {
        // numpy 2.4: quantile(x, p, method=...) for the nine types, x = squares of 1..10 and of 1..7.
        let squares = |n: i32| (1..=n).map(|i| f64::from(i * i)).collect::<Vec<_>>();
        let tables: [(i32, f64, [f64; 9]); 3] =
            [(10, 0.25, NUMPY_10_25), (10, 0.5, NUMPY_10_50), (7, 0.75, NUMPY_7_75)];
        for (n, p, expected) in tables {
            for (number, expected) in (1u8..).zip(expected) {
                let got = quantile(Convention::Type(number), &squares(n), p);
                assert!(
                    (got - expected).abs() < 1e-9,
                    "type {number}, n {n}, p {p}: {got} is not {expected}"
                );
            }
        }
    }

    #[test]
    fn hinges_are_medians_of_halves() {
        let x = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
        assert_eq!(quantile(Convention::InclusiveHinges, &x, 0.25), 3.0);
        assert_eq!(quantile(Convention::ExclusiveHinges, &x, 0.25), 2.0);
        assert_eq!(quantile(Convention::InclusiveHinges, &x, 0.75), 24.0);
        assert_eq!(quantile(Convention::ExclusiveHinges, &x, 0.75), 32.0);
        assert_eq!(quantile(Convention::ExclusiveHinges, &x, 0.5), 8.0);
        for convention in Convention::ALL {
            assert_eq!(Convention::named(&convention.to_string()), Some(convention));
            assert_eq!(quantile(convention, &[3.0], 0.25), 3.0);
        }
    }

    const NUMPY_10_25: [f64; 9] = [9.0, 9.0, 4.0, 6.5, 9.0, 7.75, 10.75, 8.5833333333, 8.6875];
    const NUMPY_10_50: [f64; 9] = [25.0, 30.5, 25.0, 25.0, 30.5, 30.5, 30.5, 30.5, 30.5];
    const NUMPY_7_75: [f64; 9] = [36.0, 36.0, 25.0, 27.75, 33.25, 36.0, 30.5, 34.1666666667, 33.9375];
}
