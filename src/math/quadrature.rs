//! Quadrature: against the normal law, and over an interval.

/// Nodes and weights with ∫ f = sum w f(z) over -1 to 1, exact for polynomials of degree below 2n: Gauss-Legendre
/// quadrature for `n` from 1 to 64 points, nodes rising.
///
/// The nodes are the roots of the Legendre polynomial P_n, between those of P_{n-1}; the weight is
/// 2 (1 - z²) / (n P_{n-1}(z))² (Abramowitz and Stegun 1964, 25.4.29).
pub fn legendre_quadrature(n: usize) -> (Vec<f64>, Vec<f64>) {
    let n = n.clamp(1, 64);
    let roots = interlacing(n, |_| 1.0, |order, x| legendre(order, x).0);
    let weights = roots.iter().map(|&z| {
        let before = n as f64 * legendre(n, z).1;
        2.0 * (1.0 - z * z) / (before * before)
    });
    let weights = weights.collect();
    (roots, weights)
}

/// The Legendre polynomials of order n and n - 1.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut now) = (0.0, 1.0);
    for j in 0..n {
        let j = j as f64;
        (before, now) = (now, ((2.0 * j + 1.0) * x * now - j * before) / (j + 1.0));
    }
    (now, before)
}

/// The roots of the polynomial of order n of a family in which those of one order lie between those of the one before;
/// none of an order lies beyond `end`.
fn interlacing(n: usize, end: impl Fn(usize) -> f64, value: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    let mut roots = vec![0.0];
    for order in 2..=n {
        let mut edges = vec![-end(order)];
        edges.extend_from_slice(&roots);
        edges.push(end(order));
        roots = edges
            .windows(2)
            .filter_map(|pair| super::root(|x| value(order, x), pair[0], pair[1], 1e-300))
            .collect();
    }
    roots
}

/// Nodes and weights with E f(Z) = sum w f(z) for a standard normal Z, exact for polynomials of degree below 2n:
/// Gauss-Hermite quadrature for `n` from 1 to 200 points, nodes rising, weights adding up to 1.
///
/// The nodes are the roots of the orthonormal Hermite polynomial h_n; the recurrence is h_{j+1} = (x h_j - sqrt(j)
/// h_{j-1})/sqrt(j+1) and the weight 1/(n h_{n-1}^2) (Golub and Welsch 1969, Mathematics of Computation 23:221). The
/// roots of h_n lie between those of h_{n-1}, so each is bracketed and cannot be missed.
pub fn normal_quadrature(n: usize) -> (Vec<f64>, Vec<f64>) {
    let n = n.clamp(1, 200);
    // No root of an order up to 200 lies beyond sqrt(4 n + 2).
    let roots = interlacing(n, |order| (4.0 * order as f64 + 2.0).sqrt(), |order, x| hermite(order, x).0);
    let weights: Vec<f64> = roots
        .iter()
        .map(|&x| {
            let before = hermite(n, x).1;
            1.0 / (n as f64 * before * before)
        })
        .collect();
    let total: f64 = weights.iter().sum();
    (roots, weights.iter().map(|w| w / total).collect())
}

/// The orthonormal Hermite polynomials of order n and n - 1; up to order 200 they stay far below overflow.
fn hermite(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut now) = (0.0, 1.0);
    for j in 0..n {
        let j = j as f64;
        let next = (x * now - j.sqrt() * before) / (j + 1.0).sqrt();
        (before, now) = (now, next);
    }
    (now, before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legendre_nodes_are_exact_below_degree_2n() {
        for n in [1, 2, 5, 8, 12, 64] {
            let (z, w) = legendre_quadrature(n);
            assert_eq!(z.len(), n);
            let integral =
                |power: usize| z.iter().zip(&w).map(|(z, w)| w * z.powi(power as i32)).sum::<f64>();
            for power in 0..n {
                let exact = 2.0 / (2 * power + 1) as f64;
                assert!((integral(2 * power) - exact).abs() < 1e-13, "{n} {power} {}", integral(2 * power));
                assert!(integral(2 * power + 1).abs() < 1e-13, "{n} {power}");
            }
        }
        let (z, w) = legendre_quadrature(2);
        assert!((z[1] - (1.0f64 / 3.0).sqrt()).abs() < 1e-15 && (w[1] - 1.0).abs() < 1e-15);
    }

    #[test]
    fn moments_of_the_normal_law_are_exact() {
        let (z, w) = normal_quadrature(64);
        assert_eq!(z.len(), 64);
        assert!(z.windows(2).all(|pair| pair[0] < pair[1]));
        let mut expected = 1.0;
        for k in 0..12 {
            let moment: f64 = z.iter().zip(&w).map(|(z, w)| w * z.powi(2 * k)).sum();
            assert!((moment / expected - 1.0).abs() < 1e-12, "{k}: {moment} is not {expected}");
            expected *= f64::from(2 * k + 1);
        }
    }

    #[test]
    fn nodes_equal_those_of_numpy() {
        // numpy 2.4 polynomial.hermite_e.hermegauss(64), weights divided by their sum.
        let (z, w) = normal_quadrature(64);
        assert!((z[63] / 14.886_186_143_339_453 - 1.0).abs() < 1e-12, "{}", z[63]);
        assert!((w[32] / 0.153_108_316_361_896_84 - 1.0).abs() < 1e-11, "{}", w[32]);
        let (z, w) = normal_quadrature(1);
        assert_eq!((z, w), (vec![0.0], vec![1.0]));
    }
}
