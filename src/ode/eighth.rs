//! Dormand and Prince's method of order 8 with embedded errors of order 5 and 3 and a continuous extension of order 7
//! (Hairer, Nørsett and Wanner 1993, II.5 and II.6, and their code DOP853).

/// A stage's slope and its weight.
pub(super) type Term = (usize, f64);

/// Stages of a step; the slope at its end is that at the begin of the next one.
pub(super) const STAGES: usize = 12;
/// Slopes that the continuous extension needs: those of the stages, that at the end, and three more.
pub(super) const SLOPES: usize = 16;
/// How far h |λ| may reach.
pub(super) const STABILITY: f64 = 6.1;

/// Where the slopes lie in the step.
pub(super) const NODES: [f64; SLOPES] = [
    0.0,
    0.052_600_151_958_767_73,
    0.078_900_227_938_151_6,
    0.118_350_341_907_227_4,
    0.281_649_658_092_772_6,
    1.0 / 3.0,
    0.25,
    4.0 / 13.0,
    127.0 / 195.0,
    0.6,
    6.0 / 7.0,
    1.0,
    1.0,
    0.1,
    0.2,
    7.0 / 9.0,
];

/// Row s leads to the state of slope s, from the slopes before it; that of slope 12 is the solution.
pub(super) const ROWS: [&[Term]; SLOPES] = [
    &[],
    &[(0, 5.260_015_195_876_773e-2)],
    &[(0, 1.972_505_698_453_79e-2), (1, 5.917_517_095_361_37e-2)],
    &[(0, 2.958_758_547_680_685e-2), (2, 8.876_275_643_042_054e-2)],
    &[(0, 2.413_651_341_592_667e-1), (2, -8.845_494_793_282_861e-1), (3, 9.248_340_032_617_92e-1)],
    &[(0, 1.0 / 27.0), (3, 1.708_286_087_294_738_6e-1), (4, 1.254_676_875_668_224_2e-1)],
    &[
        (0, 3.710_937_5e-2),
        (3, 1.702_522_110_195_440_5e-1),
        (4, 6.021_653_898_045_596e-2),
        (5, -1.757_812_5e-2),
    ],
    &[
        (0, 3.709_200_011_850_479e-2),
        (3, 1.703_839_257_122_399_8e-1),
        (4, 1.072_620_304_463_732_8e-1),
        (5, -1.531_943_774_862_440_2e-2),
        (6, 8.273_789_163_814_023e-3),
    ],
    &[
        (0, 6.241_109_587_160_757e-1),
        (3, -3.360_892_629_446_941_4),
        (4, -8.682_193_468_417_26e-1),
        (5, 2.759_209_969_944_671e1),
        (6, 2.015_406_755_047_789_4e1),
        (7, -4.348_988_418_106_996e1),
    ],
    &[
        (0, 4.776_625_364_382_643_4e-1),
        (3, -2.488_114_619_971_667_7),
        (4, -5.902_908_268_368_43e-1),
        (5, 2.123_005_144_818_119_3e1),
        (6, 1.527_923_363_288_242_3e1),
        (7, -3.328_821_096_898_486e1),
        (8, -2.033_120_170_850_862_7e-2),
    ],
    &[
        (0, -9.371_424_300_859_873e-1),
        (3, 5.186_372_428_844_064),
        (4, 1.091_437_348_996_729_5),
        (5, -8.149_787_010_746_927),
        (6, -1.852_006_565_999_696e1),
        (7, 2.273_948_709_935_050_5e1),
        (8, 2.493_605_552_679_652_3),
        (9, -3.046_764_471_898_219_6),
    ],
    &[
        (0, 2.273_310_147_516_538),
        (3, -1.053_449_546_673_725e1),
        (4, -2.000_872_058_224_862_5),
        (5, -1.795_893_186_311_88e1),
        (6, 2.794_888_452_941_996e1),
        (7, -2.858_998_277_135_023_5),
        (8, -8.872_856_933_530_63),
        (9, 1.236_056_717_579_430_3e1),
        (10, 6.433_927_460_157_636e-1),
    ],
    &[
        (0, SOLUTION[0]),
        (5, SOLUTION[1]),
        (6, SOLUTION[2]),
        (7, SOLUTION[3]),
        (8, SOLUTION[4]),
        (9, SOLUTION[5]),
        (10, SOLUTION[6]),
        (11, SOLUTION[7]),
    ],
    &[
        (0, 5.616_750_228_304_795_4e-2),
        (6, 2.535_002_102_166_248e-1),
        (7, -2.462_390_374_708_025e-1),
        (8, -1.241_914_232_638_163_7e-1),
        (9, 1.532_917_982_787_656_8e-1),
        (10, 8.201_052_295_634_69e-3),
        (11, 7.567_897_660_545_699e-3),
        (12, -8.298e-3),
    ],
    &[
        (0, 3.183_464_816_350_214e-2),
        (5, 2.830_090_967_236_677_6e-2),
        (6, 5.354_198_830_743_856_6e-2),
        (7, -5.492_374_857_139_099e-2),
        (10, -1.083_473_286_972_493_2e-4),
        (11, 3.825_710_908_356_584e-4),
        (12, -3.404_650_086_874_045_6e-4),
        (13, 1.413_124_436_746_325e-1),
    ],
    &[
        (0, -4.288_963_015_837_919_4e-1),
        (5, -4.697_621_415_361_164),
        (6, 7.683_421_196_062_599),
        (7, 4.068_989_818_397_11),
        (8, 3.567_271_874_552_811e-1),
        (12, -1.399_024_165_159_014_5e-3),
        (13, 2.947_514_789_152_772_4),
        (14, -9.150_958_472_179_87),
    ],
];

/// The slopes that the solution and the errors are made of.
pub(super) const USED: [usize; 8] = [0, 5, 6, 7, 8, 9, 10, 11];

/// Weights of the solution.
const SOLUTION: [f64; 8] = [
    5.429_373_411_656_876_5e-2,
    4.450_312_892_752_409,
    1.891_517_899_314_500_3,
    -5.801_203_960_010_585,
    3.111_643_669_578_199e-1,
    -1.521_609_496_625_161e-1,
    2.013_654_008_040_303_4e-1,
    4.471_061_572_777_259e-2,
];

/// Weights of the error of order 5.
pub(super) const FIFTH: [f64; 8] = [
    1.312_004_499_419_488e-2,
    -1.225_156_446_376_204_4,
    -4.957_589_496_572_502e-1,
    1.664_377_182_454_986_4,
    -3.503_288_487_499_736_6e-1,
    3.341_791_187_130_175e-1,
    8.192_320_648_511_571e-2,
    -2.235_530_786_388_629_4e-2,
];

/// Weights of the error of order 3.
pub(super) const THIRD: [f64; 8] = [
    SOLUTION[0] - 0.244_094_488_188_976_4,
    SOLUTION[1],
    SOLUTION[2],
    SOLUTION[3],
    SOLUTION[4] - 0.733_846_688_281_611_8,
    SOLUTION[5],
    SOLUTION[6],
    SOLUTION[7] - 2.205_882_352_941_176_6e-2,
];

/// Hairer's d: of the slopes 0, 5 to 15.
const EXTENSION: [[f64; 12]; 4] = [
    [
        -8.428_938_276_109_013,
        5.667_149_535_193_777e-1,
        -3.068_949_945_949_891_7,
        2.384_667_656_512_07,
        2.117_034_582_445_028,
        -8.713_915_837_779_73e-1,
        2.240_437_430_260_788_3,
        6.315_787_787_694_688e-1,
        -8.899_033_645_133_331e-2,
        1.814_850_552_085_472_7e1,
        -9.194_632_392_478_356,
        -4.436_036_387_594_894,
    ],
    [
        1.042_750_864_257_913_4e1,
        2.422_834_917_752_581_7e2,
        1.652_004_517_172_702_8e2,
        -3.745_467_547_226_902e2,
        -2.211_366_685_312_530_6e1,
        7.733_432_668_472_264,
        -3.067_408_473_108_939_8e1,
        -9.332_130_526_430_229,
        1.569_723_812_177_084_4e1,
        -3.113_940_321_956_517_8e1,
        -9.352_924_358_844_48,
        3.581_684_148_639_408e1,
    ],
    [
        1.998_505_324_200_243_3e1,
        -3.870_373_087_493_518e2,
        -1.891_781_381_951_675_8e2,
        5.278_081_592_054_236e2,
        -1.157_390_253_995_963e1,
        6.881_232_694_696_3,
        -1.000_605_096_691_083_8,
        7.777_137_798_053_443e-1,
        -2.778_205_752_353_508,
        -6.019_669_523_126_412e1,
        8.432_040_550_667_716e1,
        1.199_229_113_618_279e1,
    ],
    [
        -2.569_393_346_270_375e1,
        -1.541_897_486_902_364_3e2,
        -2.315_293_791_760_455e2,
        3.576_391_179_106_141e2,
        9.340_532_418_362_432e1,
        -3.745_832_313_645_163e1,
        1.040_996_495_089_623e2,
        2.984_029_342_666_05e1,
        -4.353_345_659_001_114e1,
        9.632_455_395_918_828e1,
        -3.917_726_167_561_544e1,
        -1.497_268_362_579_856_4e2,
    ],
];

/// Weights of the slopes at the fraction θ of a step.
pub(super) fn weights(theta: f64) -> [f64; SLOPES] {
    let rest = 1.0 - theta;
    std::array::from_fn(|slope| {
        let solution = USED.iter().position(|used| *used == slope).map_or(0.0, |k| SOLUTION[k]);
        let at = |other: usize| if slope == other { 1.0 } else { 0.0 };
        let d = |k: usize| match slope {
            0 => EXTENSION[k][0],
            5.. => EXTENSION[k][slope - 4],
            _ => 0.0,
        };
        let high = d(0) + theta * (d(1) + rest * (d(2) + theta * d(3)));
        let low = 2.0 * solution - at(0) - at(12) + rest * high;
        theta * (solution + rest * (at(0) - solution + theta * low))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum over the slopes of weight times node to a power.
    fn moment(weights: &[f64], power: i32) -> f64 {
        weights.iter().zip(NODES).map(|(w, c)| w * (0..power).map(|_| c).product::<f64>()).sum()
    }

    fn spread(weights: [f64; 8]) -> [f64; SLOPES] {
        let mut all = [0.0; SLOPES];
        USED.iter().zip(weights).for_each(|(used, weight)| all[*used] = weight);
        all
    }

    #[test]
    fn rows_lead_to_their_nodes() {
        for (s, row) in ROWS.iter().enumerate() {
            let sum: f64 = row.iter().map(|(_, weight)| weight).sum();
            assert!((sum - NODES[s]).abs() < 2e-14, "row {s}: {sum}");
            // Every stage but the second has order 2 at least.
            let first: f64 = row.iter().map(|(slope, weight)| weight * NODES[*slope]).sum();
            assert!(s == 1 || (first - 0.5 * NODES[s] * NODES[s]).abs() < 2e-14, "row {s}: {first}");
        }
    }

    #[test]
    fn solution_and_errors_integrate_powers() {
        for power in 0..8 {
            let exact = 1.0 / f64::from(power + 1);
            assert!((moment(&spread(SOLUTION), power) - exact).abs() < 1e-14, "{power}");
            assert!(power > 4 || moment(&spread(FIFTH), power).abs() < 1e-14, "fifth, {power}");
            assert!(power > 2 || moment(&spread(THIRD), power).abs() < 1e-14, "third, {power}");
        }
    }

    #[test]
    fn the_extension_integrates_powers_and_meets_the_solution() {
        for theta in [0.0, 0.1, 0.37, 0.5, 0.9, 1.0] {
            for power in 0..7 {
                let exact = (0..=power).map(|_| theta).product::<f64>() / f64::from(power + 1);
                let found = moment(&weights(theta), power);
                assert!((found - exact).abs() < 1e-13, "{theta}, {power}: {found} {exact}");
            }
        }
        for (found, solution) in weights(1.0).iter().zip(spread(SOLUTION)) {
            assert!((found - solution).abs() < 1e-14);
        }
    }
}
