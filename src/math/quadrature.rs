//! Quadrature against the normal law.

/// Nodes and weights with E f(Z) = sum w f(z) for a standard normal Z, exact for polynomials of degree below 2n:
/// Gauss-Hermite quadrature for `n` from 1 to 200 points, nodes rising, weights adding up to 1.
///
/// The nodes are the roots of the orthonormal Hermite polynomial h_n; the recurrence is h_{j+1} = (x h_j - sqrt(j)
/// h_{j-1})/sqrt(j+1) and the weight 1/(n h_{n-1}^2) (Golub and Welsch 1969, Mathematics of Computation 23:221). The
/// roots of h_n lie between those of h_{n-1}, so each is bracketed and cannot be missed.
pub fn normal_quadrature(n: usize) -> (Vec<f64>, Vec<f64>) {
    let n = n.clamp(1, 200);
    let mut roots = vec![0.0];
    for order in 2..=n {
        // No root of an order up to 200 lies beyond sqrt(4 n + 2).
        let end = (4.0 * order as f64 + 2.0).sqrt();
        let mut edges = vec![-end];
        edges.extend_from_slice(&roots);
        edges.push(end);
        roots = edges
            .windows(2)
            .filter_map(|pair| super::root(|x| hermite(order, x).0, pair[0], pair[1], 1e-300))
            .collect();
    }
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
