//! The explicit pairs as data: seven stages, the last one at the new point (first same as last), order 5 with an
//! embedded order 4, a continuous extension of order 4.

/// The coefficients of one pair.
#[derive(Debug)]
pub(super) struct Tableau {
    /// Where the stages lie in the step.
    pub nodes: [f64; 7],
    /// Row s - 1 leads to stage s; the last row is the solution of order 5.
    pub rows: [[f64; 6]; 6],
    /// Weights of order 5 less those of order 4.
    pub error: [f64; 7],
    /// Weight of stage s at the fraction θ of the step: the sum over k of `dense[s][k]` θ^(k+1).
    pub dense: [[f64; 4]; 7],
    /// How far the region of stability reaches along the negative real axis.
    pub stability: f64,
}

/// Tsitouras 2011, "Runge-Kutta pairs of order 5(4) satisfying only the first column simplifying assumption",
/// Comput. Math. Appl. 62:770, Table 1 and the free interpolant after it.
pub(super) static TSITOURAS: Tableau = Tableau {
    nodes: [0.0, 0.161, 0.327, 0.9, 0.980_025_540_904_509_7, 1.0, 1.0],
    rows: [
        [0.161, 0.0, 0.0, 0.0, 0.0, 0.0],
        [-0.008_480_655_492_356_989, 0.335_480_655_492_357, 0.0, 0.0, 0.0, 0.0],
        [2.897_153_057_105_493_5, -6.359_448_489_975_075, 4.362_295_432_869_581_5, 0.0, 0.0, 0.0],
        [
            5.325_864_828_439_257,
            -11.748_883_564_062_828,
            7.495_539_342_889_836_5,
            -0.092_495_066_361_755_25,
            0.0,
            0.0,
        ],
        [
            5.861_455_442_946_42,
            -12.920_969_317_847_11,
            8.159_367_898_576_159,
            -0.071_584_973_281_401,
            -0.028_269_050_394_068_383,
            0.0,
        ],
        [
            0.096_460_766_818_065_23,
            0.01,
            0.479_889_650_414_499_6,
            1.379_008_574_103_742,
            -3.290_069_515_436_081,
            2.324_710_524_099_774,
        ],
    ],
    error: [
        -0.001_780_011_052_225_777,
        -0.000_816_434_459_656_746_9,
        0.007_880_878_010_261_995,
        -0.144_711_007_173_262_9,
        0.582_357_165_452_555_2,
        -0.458_082_105_929_187,
        0.015_151_515_151_515_152,
    ],
    dense: [
        [1.0, -2.763_706_197_274_826, 2.913_255_461_821_912_6, -1.053_088_497_729_021_6],
        [0.0, 0.131_7, -0.223_4, 0.101_7],
        [0.0, 3.930_296_236_894_751_6, -5.941_033_872_131_505, 2.490_627_285_651_253],
        [0.0, -12.411_077_166_933_676, 30.338_188_630_282_32, -16.548_102_889_244_902],
        [0.0, 37.509_313_416_511_04, -88.178_904_894_766_4, 47.379_521_962_819_28],
        [0.0, -27.896_526_289_197_286, 65.091_894_674_793_66, -34.870_657_861_496_61],
        [0.0, 1.5, -4.0, 2.5],
    ],
    stability: 3.5,
};

/// Dormand and Prince 1980, J. Comput. Appl. Math. 6:19; the extension is that of Hairer, Nørsett and Wanner 1993,
/// II.6, written out in powers of θ.
pub(super) static DORMAND_PRINCE: Tableau = Tableau {
    nodes: [0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0, 1.0],
    rows: [
        [0.2, 0.0, 0.0, 0.0, 0.0, 0.0],
        [3.0 / 40.0, 9.0 / 40.0, 0.0, 0.0, 0.0, 0.0],
        [44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0, 0.0, 0.0, 0.0],
        [19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0, 0.0, 0.0],
        [9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0, 0.0],
        [35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
    ],
    error: [
        71.0 / 57600.0,
        0.0,
        -71.0 / 16695.0,
        71.0 / 1920.0,
        -17253.0 / 339200.0,
        22.0 / 525.0,
        -1.0 / 40.0,
    ],
    dense: [
        [1.0, -8048581381.0 / 2820520608.0, 8663915743.0 / 2820520608.0, -12715105075.0 / 11282082432.0],
        [0.0, 0.0, 0.0, 0.0],
        [0.0, 131558114200.0 / 32700410799.0, -68118460800.0 / 10900136933.0, 87487479700.0 / 32700410799.0],
        [0.0, -1754552775.0 / 470086768.0, 14199869525.0 / 1410260304.0, -10690763975.0 / 1880347072.0],
        [
            0.0,
            127303824393.0 / 49829197408.0,
            -318862633887.0 / 49829197408.0,
            701980252875.0 / 199316789632.0,
        ],
        [0.0, -282668133.0 / 205662961.0, 2019193451.0 / 616988883.0, -1453857185.0 / 822651844.0],
        [0.0, 40617522.0 / 29380423.0, -110615467.0 / 29380423.0, 69997945.0 / 29380423.0],
    ],
    stability: 3.3,
};

impl Tableau {
    /// Weights of the seven stages at the fraction θ of a step.
    pub(super) fn weights(&self, theta: f64) -> [f64; 7] {
        self.dense.map(|[a, b, c, d]| theta * (a + theta * (b + theta * (c + theta * d))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The left sides of the order conditions of Runge-Kutta methods up to order 5, with their right sides
    /// (Hairer, Nørsett and Wanner 1993, Table II.2.2).
    fn conditions(t: &Tableau, b: [f64; 7]) -> Vec<(usize, f64, f64)> {
        let row = |s: usize| -> [f64; 7] {
            let mut r = [0.0; 7];
            if s > 0 {
                r[..6].copy_from_slice(&t.rows[s - 1]);
            }
            r
        };
        let apply = |v: [f64; 7]| -> [f64; 7] {
            std::array::from_fn(|s| row(s).iter().zip(v).map(|(a, v)| a * v).sum())
        };
        let times = |u: [f64; 7], v: [f64; 7]| -> [f64; 7] { std::array::from_fn(|s| u[s] * v[s]) };
        let sum = |v: [f64; 7]| -> f64 { b.iter().zip(v).map(|(b, v)| b * v).sum() };
        let c = t.nodes;
        let c2 = times(c, c);
        let c3 = times(c2, c);
        let ac = apply(c);
        vec![
            (1, sum([1.0; 7]), 1.0),
            (2, sum(c), 1.0 / 2.0),
            (3, sum(c2), 1.0 / 3.0),
            (3, sum(ac), 1.0 / 6.0),
            (4, sum(c3), 1.0 / 4.0),
            (4, sum(times(c, ac)), 1.0 / 8.0),
            (4, sum(apply(c2)), 1.0 / 12.0),
            (4, sum(apply(ac)), 1.0 / 24.0),
            (5, sum(times(c2, c2)), 1.0 / 5.0),
            (5, sum(times(c2, ac)), 1.0 / 10.0),
            (5, sum(times(ac, ac)), 1.0 / 20.0),
            (5, sum(times(c, apply(c2))), 1.0 / 15.0),
            (5, sum(apply(c3)), 1.0 / 20.0),
            (5, sum(times(c, apply(ac))), 1.0 / 30.0),
            (5, sum(apply(times(c, ac))), 1.0 / 40.0),
            (5, sum(apply(apply(c2))), 1.0 / 60.0),
            (5, sum(apply(apply(ac))), 1.0 / 120.0),
        ]
    }

    #[test]
    fn pairs_meet_the_order_conditions() {
        for (name, t) in [("Tsitouras", &TSITOURAS), ("Dormand-Prince", &DORMAND_PRINCE)] {
            for (s, row) in t.rows.iter().enumerate() {
                assert!((row.iter().sum::<f64>() - t.nodes[s + 1]).abs() < 1e-14, "{name} row {s}");
            }
            let mut solution = [0.0; 7];
            solution[..6].copy_from_slice(&t.rows[5]);
            for (i, (_, left, right)) in conditions(t, solution).into_iter().enumerate() {
                assert!((left - right).abs() < 1e-14, "{name}, order 5, condition {i}: {left} {right}");
            }
            let embedded: [f64; 7] = std::array::from_fn(|s| solution[s] - t.error[s]);
            for (i, (order, left, right)) in conditions(t, embedded).into_iter().enumerate() {
                assert!(order > 4 || (left - right).abs() < 1e-14, "{name}, order 4, condition {i}");
            }
        }
    }

    #[test]
    fn continuous_extensions_have_order_four_everywhere() {
        for (name, t) in [("Tsitouras", &TSITOURAS), ("Dormand-Prince", &DORMAND_PRINCE)] {
            for theta in [0.1, 0.25, 0.5, 0.77, 1.0] {
                for (order, left, right) in conditions(t, t.weights(theta)) {
                    // A tree of order q scales as θ^q.
                    let expected = right * (0..order).map(|_| theta).product::<f64>();
                    assert!(order > 4 || (left - expected).abs() < 1e-13, "{name} at {theta}, order {order}");
                }
            }
        }
    }
}
