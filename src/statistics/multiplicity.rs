//! Several hypotheses at once: adjusted p-values, which are compared with the level of the whole family.

/// Each p-value times their number (Bonferroni), at most 1.
pub fn bonferroni(p: &[f64]) -> Vec<f64> {
    // A handful of hypotheses.
    #[allow(clippy::cast_precision_loss)]
    let count = p.len() as f64;
    p.iter().map(|p| (p * count).min(1.0)).collect()
}

/// The step-down method of Holm 1979 (Scand J Stat 6:65).
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 0.0_f64;
    for (rank, place) in order.into_iter().enumerate() {
        // A handful of hypotheses.
        #[allow(clippy::cast_precision_loss)]
        let left = (p.len() - rank) as f64;
        least = least.max((p[place] * left).min(1.0));
        adjusted[place] = least;
    }
    adjusted
}

/// A fixed sequence: each hypothesis is tested at the full level, if all before it were rejected (Maurer 1995). The
/// adjusted p-value is the largest so far.
pub fn fixed_sequence(p: &[f64]) -> Vec<f64> {
    let mut least = 0.0_f64;
    p.iter()
        .map(|p| {
            least = least.max(*p);
            least
        })
        .collect()
}
