//! The stiff method: Rodas5P, a Rosenbrock method of order 5(4), L-stable, eight stages, one matrix a step
//! (Steinebach 2023, "Construction of Rosenbrock-Wanner method Rodas5P and numerical benchmarks within the Julia
//! Differential Equations package", BIT 63:27; the coefficients in the transformed form without products by J, as
//! Hairer and Wanner 1996, IV.7, write it, to the digits of the author's implementation in OrdinaryDiffEq.jl).

use super::{Derivative, Statistics, System, Tolerances, lu};

pub(super) const STAGES: usize = 8;
pub(super) const GAMMA: f64 = 0.211_937_563_194_290_14;

/// Where the stages lie in the step.
const NODES: [f64; STAGES] = [
    0.0,
    0.635_812_689_582_870_4,
    0.409_579_839_339_753_5,
    0.976_930_672_506_071_6,
    0.428_840_360_955_866_4,
    1.0,
    1.0,
    1.0,
];

/// Row s leads to stage s; the last one and its own increment lead to the end.
pub(super) const STATE: [[f64; 7]; STAGES] = {
    const LAST: [f64; 5] = [
        -7.502_846_399_306_121,
        2.561_846_144_803_919,
        -11.627_539_656_261_098,
        -0.182_687_676_599_422_56,
        0.030_198_172_008_377_946,
    ];
    [
        [0.0; 7],
        [3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [2.849_394_379_747_939, 0.458_422_422_044_639_23, 0.0, 0.0, 0.0, 0.0, 0.0],
        [-6.954_028_509_809_101, 2.489_845_061_869_568, -10.358_996_098_473_584, 0.0, 0.0, 0.0, 0.0],
        [
            2.802_998_627_562_896_4,
            0.507_246_473_622_820_6,
            -0.398_831_254_177_052_4,
            -0.047_211_872_304_046_41,
            0.0,
            0.0,
            0.0,
        ],
        [LAST[0], LAST[1], LAST[2], LAST[3], LAST[4], 0.0, 0.0],
        [LAST[0], LAST[1], LAST[2], LAST[3], LAST[4], 1.0, 0.0],
        [LAST[0], LAST[1], LAST[2], LAST[3], LAST[4], 1.0, 1.0],
    ]
};

/// What earlier increments, divided by the step, add to the right-hand side of a stage.
pub(super) const COUPLING: [[f64; 7]; STAGES] = [
    [0.0; 7],
    [-14.155_112_264_123_755, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [-17.972_960_358_859_52, -2.859_693_295_451_294, 0.0, 0.0, 0.0, 0.0, 0.0],
    [147.121_502_757_117_16, -1.412_214_027_182_13, 71.689_402_513_023_58, 0.0, 0.0, 0.0, 0.0],
    [
        165.435_170_248_716_76,
        -0.459_282_345_649_112_6,
        42.909_383_369_586_03,
        -5.961_986_721_573_306,
        0.0,
        0.0,
        0.0,
    ],
    [
        24.854_864_614_690_072,
        -3.000_922_700_283_218_6,
        47.493_111_002_076_8,
        5.581_419_782_155_812_5,
        -0.661_069_182_524_947_1,
        0.0,
        0.0,
    ],
    [
        30.912_732_140_285_99,
        -3.120_824_334_993_797_4,
        77.799_546_460_708_92,
        34.286_460_282_947_83,
        -19.097_331_116_725_623,
        -28.087_943_162_872_662,
        0.0,
    ],
    [
        37.802_771_233_905_63,
        -3.257_196_902_907_227_6,
        112.269_188_494_963_27,
        66.934_723_124_404_7,
        -40.066_189_370_910_02,
        -54.667_802_628_779_68,
        -9.488_616_523_096_27,
    ],
];

/// What h ∂f/∂t adds to a stage.
const TIME: [f64; STAGES] = [
    0.211_937_563_194_290_14,
    -0.423_875_126_388_580_27,
    -0.338_462_712_623_592_4,
    1.804_645_287_288_273_4,
    2.325_825_639_765_069,
    0.0,
    0.0,
    0.0,
];

/// The continuous extension: three combinations of the increments.
const DENSE: [[f64; STAGES]; 3] = [
    [
        25.948_786_856_663_858,
        -2.557_972_484_584_623_5,
        10.433_815_404_888_879,
        -2.367_925_102_268_520_4,
        0.524_948_541_321_073,
        1.124_108_831_045_040_4,
        0.427_287_619_443_187_4,
        -0.172_022_210_701_554_93,
    ],
    [
        -9.915_688_506_951_71,
        -0.968_994_459_411_515_4,
        3.043_803_724_297_845_3,
        -24.495_224_566_215_796,
        20.176_138_334_709_044,
        15.980_663_614_246_51,
        -6.789_040_303_419_874,
        -6.710_236_069_923_372,
    ],
    [
        11.419_903_575_922_262,
        2.887_964_514_613_699_4,
        72.921_379_959_960_29,
        80.125_118_346_226_43,
        -52.072_871_366_152_654,
        -59.789_936_252_667_29,
        -0.155_826_842_827_519_13,
        4.883_087_185_713_722,
    ],
];

/// Scratch of the stiff method.
#[derive(Debug, Default)]
pub(super) struct Rosenbrock {
    jacobian: Vec<f64>,
    time_derivative: Vec<f64>,
    matrix: Vec<f64>,
    pivots: Vec<usize>,
    increments: Vec<f64>,
    stage: Vec<f64>,
    right: Vec<f64>,
    /// The state at the end of the step.
    pub end: Vec<f64>,
    /// Whether the derivatives are those at the begin of the next step.
    fresh: bool,
    /// Whether the last matrix could be factorised.
    pub singular: bool,
}

impl Rosenbrock {
    pub(super) fn resize(&mut self, n: usize) {
        for part in [&mut self.time_derivative, &mut self.stage, &mut self.right, &mut self.end] {
            part.resize(n, 0.0);
        }
        self.jacobian.resize(n * n, 0.0);
        self.matrix.resize(n * n, 0.0);
        self.pivots.resize(n, 0);
        self.increments.resize(STAGES * n, 0.0);
        self.fresh = false;
    }

    /// Says that the state has moved on: the derivatives are to be evaluated again.
    pub(super) fn moved(&mut self) {
        self.fresh = false;
    }

    /// Tries a step of length `h` from (t, x) with this slope there; returns the error in units of the tolerance, not
    /// finite where the matrix is singular or the equations fail. No evaluation lies beyond `limit`.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn attempt<S: System + ?Sized>(
        &mut self,
        system: &mut S,
        t: f64,
        x: &[f64],
        slope: &[f64],
        h: f64,
        limit: f64,
        tolerances: &Tolerances,
        statistics: &mut Statistics,
    ) -> f64 {
        let n = x.len();
        if !self.fresh {
            self.differentiate(system, t, x, slope, h, limit, tolerances, statistics);
            self.fresh = true;
        }
        let diagonal = 1.0 / (h * GAMMA);
        for (i, (m, j)) in self.matrix.iter_mut().zip(&self.jacobian).enumerate() {
            *m = if i % (n + 1) == 0 { diagonal - j } else { -j };
        }
        statistics.factorizations += 1;
        self.singular = !lu::factor(&mut self.matrix, &mut self.pivots);
        if self.singular {
            return f64::NAN;
        }
        for s in 0..STAGES {
            let (done, rest) = self.increments.split_at_mut(s * n);
            let increment = &mut rest[..n];
            if s == 0 {
                self.right.copy_from_slice(slope);
            } else {
                for (i, stage) in self.stage.iter_mut().enumerate() {
                    let mut sum = x[i];
                    for (k, a) in STATE[s][..s].iter().enumerate() {
                        sum += a * done[k * n + i];
                    }
                    *stage = sum;
                }
                system.rhs(t + NODES[s] * h, &self.stage, &mut self.right);
                statistics.rhs += 1;
            }
            for (i, increment) in increment.iter_mut().enumerate() {
                let mut sum = 0.0;
                for (k, c) in COUPLING[s][..s].iter().enumerate() {
                    sum += c * done[k * n + i];
                }
                *increment = self.right[i] + sum / h + h * TIME[s] * self.time_derivative[i];
            }
            lu::solve(&self.matrix, &self.pivots, increment);
        }
        let last = &self.increments[(STAGES - 1) * n..];
        for (end, (stage, last)) in self.end.iter_mut().zip(self.stage.iter().zip(last)) {
            *end = stage + last;
        }
        tolerances.norm(|i| last[i], x, &self.end)
    }

    /// Jacobian and time derivative at (t, x), from the system or by forward differences.
    #[allow(clippy::too_many_arguments)]
    fn differentiate<S: System + ?Sized>(
        &mut self,
        system: &mut S,
        t: f64,
        x: &[f64],
        slope: &[f64],
        h: f64,
        limit: f64,
        tolerances: &Tolerances,
        statistics: &mut Statistics,
    ) {
        let n = x.len();
        let root = f64::EPSILON.sqrt();
        statistics.jacobians += 1;
        if system.jacobian(t, x, &mut self.jacobian) == Derivative::Unknown {
            self.stage.copy_from_slice(x);
            for k in 0..n {
                // A state at rest near zero moves by its slope or matters from its tolerance on.
                let size =
                    x[k].abs().max(h * slope[k].abs()).max(tolerances.absolute(k) / tolerances.relative());
                self.stage[k] = x[k] + root * size;
                let delta = self.stage[k] - x[k];
                system.rhs(t, &self.stage, &mut self.right);
                self.stage[k] = x[k];
                let column = self.jacobian[k..].iter_mut().step_by(n);
                for (j, (moved, slope)) in column.zip(self.right.iter().zip(slope)) {
                    *j = (moved - slope) / delta;
                }
            }
            statistics.rhs += n;
        }
        if system.time_derivative(t, x, &mut self.time_derivative) == Derivative::Unknown {
            let size = root * t.abs().max(h);
            // Within the interval: beyond its end another right-hand side may hold.
            let later = (t + size).min(limit);
            let delta = later - t;
            system.rhs(later, x, &mut self.right);
            statistics.rhs += 1;
            for (d, (moved, slope)) in self.time_derivative.iter_mut().zip(self.right.iter().zip(slope)) {
                *d = (moved - slope) / delta;
            }
        }
    }

    /// A bound of h |λ|: h times the largest row sum of the Jacobian.
    pub(super) fn reach(&self, h: f64) -> f64 {
        let n = self.end.len();
        self.jacobian
            .chunks_exact(n)
            .map(|row| h * row.iter().map(|j| j.abs()).sum::<f64>())
            .fold(0.0, f64::max)
    }

    /// The state at the fraction `theta` of the step from `x`.
    pub(super) fn interpolate(&self, x: &[f64], theta: f64, out: &mut [f64]) {
        let n = x.len();
        let rest = 1.0 - theta;
        for (i, out) in out.iter_mut().enumerate() {
            let [a, b, c] = DENSE.map(|row| {
                let mut sum = 0.0;
                for (s, w) in row.iter().enumerate() {
                    sum += w * self.increments[s * n + i];
                }
                sum
            });
            *out = rest * x[i] + theta * (self.end[i] + rest * (a + theta * (b + theta * c)));
        }
    }
}
