use super::Contrast;
use super::contrast::two_sided;

/// The rank-sum test of Wilcoxon, Mann and Whitney of (arm, reference), over strata as van Elteren weighs them (1960, Bull
/// Int Stat Inst 37:351), with its normal law, the variance that ties leave and no correction for continuity. The estimate is
/// the net benefit: the probability that a patient of the arm has a greater value than one of the reference of his
/// stratum, less that he has a smaller one; its interval rests on the variance of DeLong, DeLong and Clarke-Pearson 1988
/// (Biometrics 44:837). Against a null value of 0 the p-value is that of the test, else Wald's. Nothing is a number, and p is
/// 1, where no stratum has two arms and two values.
pub fn wilcoxon(strata: &[(Vec<f64>, Vec<f64>)], null: f64, confidence: f64) -> Contrast {
    let (mut excess, mut spread) = (0.0, 0.0);
    let (mut benefit, mut variance, mut weights) = (0.0, 0.0, 0.0);
    for ranks in strata.iter().filter_map(|(arm, reference)| Ranks::new(arm, reference)) {
        let Ranks { arm, reference, net, placement_variance, tied } = ranks;
        let (pairs, total) = (arm * reference, arm + reference);
        let weight = 1.0 / (total + 1.0);
        // The rank sum of the arm exceeds its mean by half of the net number of pairs that it wins.
        excess += weight * 0.5 * pairs * net;
        spread += weight * weight * pairs / 12.0 * (total + 1.0 - tied / (total * (total - 1.0)));
        benefit += weight * pairs * net;
        variance += weight * weight * pairs * pairs * placement_variance;
        weights += weight * pairs;
    }
    if spread <= 0.0 {
        return Contrast { estimate: f64::NAN, interval: [f64::NAN; 2], p: 1.0 };
    }
    let wald = Contrast::normal(benefit / weights, variance.sqrt() / weights, null, confidence);
    if null == 0.0 { Contrast { p: two_sided(excess / spread.sqrt()), ..wald } } else { wald }
}

/// Two samples among each other.
struct Ranks {
    /// Sizes of the samples.
    arm: f64,
    reference: f64,
    /// The share of pairs that the arm wins, less that which it loses.
    net: f64,
    /// The variance of that.
    placement_variance: f64,
    /// Over groups of equal values, the sum of size cubed less size.
    tied: f64,
}

impl Ranks {
    /// `None` where a sample is empty or all there is, is one value.
    fn new(arm: &[f64], reference: &[f64]) -> Option<Self> {
        if arm.is_empty() || reference.is_empty() || arm.len() + reference.len() < 3 {
            return None;
        }
        let (own, other) = (sorted(arm), sorted(reference));
        let (m, n) = (count(own.len()), count(other.len()));
        let net: Vec<f64> = own.iter().map(|v| placement(*v, &other)).collect();
        let lost: Vec<f64> = other.iter().map(|v| placement(*v, &own)).collect();
        let mut all = [own, other].concat();
        all.sort_by(f64::total_cmp);
        let tied =
            all.chunk_by(|a, b| a == b).map(|group| count(group.len()).powi(3) - count(group.len())).sum();
        Some(Ranks {
            arm: m,
            reference: n,
            net: net.iter().sum::<f64>() / m,
            placement_variance: variance(&net) / m + variance(&lost) / n,
            tied,
        })
    }
}

/// The share of a sorted sample below a value, less the share above it.
fn placement(value: f64, others: &[f64]) -> f64 {
    let below = others.partition_point(|v| *v < value);
    let above = others.len() - others.partition_point(|v| *v <= value);
    (count(below) - count(above)) / count(others.len())
}

/// The variance of a sample; 0 of a single value.
fn variance(values: &[f64]) -> f64 {
    let n = count(values.len());
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0).max(1.0)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn count(n: usize) -> f64 {
    // Counts of patients are far below 2^53.
    #[allow(clippy::cast_precision_loss)]
    let n = n as f64;
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grades 0 to 3 of two arms, so many patients each.
    fn grades(counts: [usize; 4]) -> Vec<f64> {
        (0_u8..).zip(counts).flat_map(|(grade, count)| vec![f64::from(grade); count]).collect()
    }

    #[test]
    fn tied_grades_agree_with_reference_figures() {
        let strata = [(grades([3, 5, 8, 4]), grades([9, 6, 4, 2]))];
        let found = wilcoxon(&strata, 0.0, 0.95);
        // scipy's mannwhitneyu(asymptotic, without continuity); net benefit and DeLong's error by numpy.
        assert!((found.p - 0.031_357_885_444_573_665).abs() < 1e-12, "{found:?}");
        assert!((found.estimate - 0.378_571_428_571_428_56).abs() < 1e-14, "{found:?}");
        assert!((found.interval[0] - 0.058_756_225_992_525_17).abs() < 1e-12, "{found:?}");
        assert!((found.interval[1] - 0.698_386_631_150_332_2).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn strata_are_weighed_as_van_elteren_does() {
        let second = (vec![1.0, 2.0, 2.0, 3.5, 4.0], vec![0.5, 1.0, 1.0, 2.0, 3.0, 0.0]);
        let strata = [(grades([3, 5, 8, 4]), grades([9, 6, 4, 2])), second];
        let found = wilcoxon(&strata, 0.0, 0.95);
        // By numpy, with the exact permutation variance of the rank sums.
        assert!((found.p - 0.007_410_346_255_829_682).abs() < 1e-12, "{found:?}");
        assert!((found.estimate - 0.422_857_142_857_142_8).abs() < 1e-14, "{found:?}");
        let error = (found.interval[1] - found.interval[0]) / 2.0 / 1.959_963_984_540_054;
        assert!((error - 0.141_564_426_787_292_7).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn arms_that_change_places_change_the_sign() {
        let (a, b) = (grades([3, 5, 8, 4]), grades([9, 6, 4, 2]));
        let (there, back) = (wilcoxon(&[(a.clone(), b.clone())], 0.0, 0.9), wilcoxon(&[(b, a)], 0.0, 0.9));
        assert!((there.p - back.p).abs() < 1e-14 * there.p);
        assert!((there.estimate + back.estimate).abs() < 1e-15);
    }

    #[test]
    fn one_value_tells_nothing() {
        let same = wilcoxon(&[(vec![1.0; 5], vec![1.0; 4])], 0.0, 0.95);
        assert!(same.estimate.is_nan() && same.p == 1.0);
        assert!(wilcoxon(&[(vec![1.0; 5], Vec::new())], 0.0, 0.95).estimate.is_nan());
    }
}
