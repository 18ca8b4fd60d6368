//! Whether chains have converged, and how precise their figures are.

use crate::math::normal_quantile;

/// Split R-hat of chains of equal length on their ranks, the larger of location and spread (Vehtari, Gelman, Simpson,
/// Carpenter and Bürkner 2021, Bayesian Analysis 16:667). NaN for a constant.
pub fn split_r_hat(chains: &[&[f64]]) -> f64 {
    let split = halves(chains);
    let all: Vec<f64> = split.iter().flatten().copied().collect();
    let middle = median(&all);
    let folded: Vec<Vec<f64>> =
        split.iter().map(|chain| chain.iter().map(|x| (x - middle).abs()).collect()).collect();
    let location = r_hat(&rank_normalised(&split));
    let spread = r_hat(&rank_normalised(&folded));
    // A 0/1 quantity has no spread of its own.
    if spread.is_nan() { location } else { location.max(spread) }
}

/// Bulk effective sample size on ranks (Vehtari et al. 2021). NaN for a constant.
pub fn bulk_ess(chains: &[&[f64]]) -> f64 {
    ess(&rank_normalised(&halves(chains)))
}

/// Effective sample size for the mean of 0/1 or other plain values.
pub fn plain_ess(chains: &[&[f64]]) -> f64 {
    ess(&halves(chains))
}

/// The Monte-Carlo standard error of a quantile: half the distance between the quantiles one standard error of the
/// cumulative probability below and above (Vehtari et al. 2021, section 4.3).
pub fn quantile_error(chains: &[&[f64]], p: f64) -> f64 {
    let mut sorted: Vec<f64> = chains.iter().flat_map(|chain| chain.iter().copied()).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |p: f64| super::discriminant::type7(&sorted, p.clamp(0.0, 1.0));
    let cut = at(p);
    let below: Vec<Vec<f64>> =
        chains.iter().map(|chain| chain.iter().map(|x| f64::from(u8::from(*x <= cut))).collect()).collect();
    let views: Vec<&[f64]> = below.iter().map(Vec::as_slice).collect();
    let error = (p * (1.0 - p) / plain_ess(&views)).sqrt();
    0.5 * (at(p + error) - at(p - error))
}

fn halves(chains: &[&[f64]]) -> Vec<Vec<f64>> {
    chains
        .iter()
        .flat_map(|chain| {
            let half = chain.len() / 2;
            [chain[..half].to_vec(), chain[chain.len() - half..].to_vec()]
        })
        .collect()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    super::discriminant::type7(&sorted, 0.5)
}

/// Values replaced by the normal quantiles of their ranks over all chains; ties share their mean rank.
fn rank_normalised(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let total: usize = chains.iter().map(Vec::len).sum();
    let mut places: Vec<(f64, usize, usize)> = Vec::with_capacity(total);
    for (c, chain) in chains.iter().enumerate() {
        places.extend(chain.iter().enumerate().map(|(i, x)| (*x, c, i)));
    }
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out: Vec<Vec<f64>> = chains.iter().map(|chain| vec![0.0; chain.len()]).collect();
    let mut from = 0;
    while from < total {
        let mut to = from + 1;
        while to < total && places[to].0 == places[from].0 {
            to += 1;
        }
        // Ranks from 1; Blom's offset.
        let rank = (from + 1 + to) as f64 / 2.0;
        let z = normal_quantile((rank - 0.375) / (total as f64 + 0.25));
        for (_, c, i) in &places[from..to] {
            out[*c][*i] = z;
        }
        from = to;
    }
    out
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    values.iter().map(|x| (x - centre) * (x - centre)).sum::<f64>() / (values.len() as f64 - 1.0)
}

/// Within-chain variance and the pooled one that the chains' means add to.
fn variances(chains: &[Vec<f64>]) -> (f64, f64) {
    let n = chains[0].len() as f64;
    let within = mean(&chains.iter().map(|chain| variance(chain)).collect::<Vec<_>>());
    let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
    (within, within * (n - 1.0) / n + variance(&means))
}

fn r_hat(chains: &[Vec<f64>]) -> f64 {
    let (within, pooled) = variances(chains);
    (pooled / within).sqrt()
}

/// Geyer's initial monotone sequence over the chains' mean autocovariance.
fn ess(chains: &[Vec<f64>]) -> f64 {
    let (m, n) = (chains.len(), chains[0].len());
    if n < 4 {
        return f64::NAN;
    }
    let (within, pooled) = variances(chains);
    if pooled <= 0.0 || !pooled.is_finite() {
        return f64::NAN;
    }
    let centred: Vec<Vec<f64>> = chains
        .iter()
        .map(|chain| {
            let centre = mean(chain);
            chain.iter().map(|x| x - centre).collect()
        })
        .collect();
    let covariance = |lag: usize| -> f64 {
        let of =
            |chain: &Vec<f64>| chain.iter().zip(&chain[lag..]).map(|(a, b)| a * b).sum::<f64>() / n as f64;
        centred.iter().map(of).sum::<f64>() / m as f64
    };
    let correlation = |lag: usize| 1.0 - (within * (n as f64 - 1.0) / n as f64 - covariance(lag)) / pooled;
    let mut sum = -1.0;
    let mut smallest = f64::INFINITY;
    let mut lag = 0;
    while lag + 1 < n {
        let first = if lag == 0 { 1.0 } else { correlation(lag) };
        let pair = first + correlation(lag + 1);
        if pair <= 0.0 {
            break;
        }
        smallest = smallest.min(pair);
        sum += 2.0 * smallest;
        lag += 2;
    }
    let total = (m * n) as f64;
    // Antithetic chains may be better than independent ones, but not without limit.
    (total / sum.max(1.0 / libm::log10(total))).min(total * libm::log10(total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Address, Purpose, Stream};

    fn chains(correlation: f64, shift: f64) -> Vec<Vec<f64>> {
        (0..4)
            .map(|c| {
                let mut stream = Stream::new(Address::new(9, Purpose::Evidence).draw(c));
                let mut x = stream.normal();
                (0..4000)
                    .map(|_| {
                        x = correlation * x + (1.0 - correlation * correlation).sqrt() * stream.normal();
                        x + shift * f64::from(c)
                    })
                    .collect()
            })
            .collect()
    }

    fn views(chains: &[Vec<f64>]) -> Vec<&[f64]> {
        chains.iter().map(Vec::as_slice).collect()
    }

    #[test]
    fn chains_of_one_place_and_two_spreads_have_not_converged() {
        let mut chains = chains(0.0, 0.0);
        assert!(split_r_hat(&views(&chains)) < 1.01);
        chains[3].iter_mut().for_each(|x| *x *= 4.0);
        assert!(split_r_hat(&views(&chains)) > 1.1);
    }

    #[test]
    fn effective_sizes_are_those_of_an_autoregression() {
        for (correlation, share) in [(0.0, 1.0), (0.5, 1.0 / 3.0), (0.9, 0.1 / 1.9)] {
            let chains = chains(correlation, 0.0);
            let ess = bulk_ess(&views(&chains)) / 16_000.0;
            assert!((ess / share - 1.0).abs() < 0.15, "{correlation}: {ess} is not {share}");
            assert!(split_r_hat(&views(&chains)) < 1.01 + 0.02 * correlation);
        }
    }

    #[test]
    fn chains_that_differ_have_a_large_r_hat() {
        assert!(split_r_hat(&views(&chains(0.0, 0.5))) > 1.1);
        assert!(bulk_ess(&views(&chains(0.0, 0.5))) < 100.0);
        assert!(split_r_hat(&[&[1.0; 100], &[1.0; 100]]).is_nan());
    }

    #[test]
    fn the_error_of_a_median_is_that_of_theory() {
        let chains = chains(0.0, 0.0);
        // sqrt(pi/2/N) for a normal law.
        let expected = (std::f64::consts::PI / 2.0 / 16_000.0f64).sqrt();
        let got = quantile_error(&views(&chains), 0.5);
        assert!((got / expected - 1.0).abs() < 0.2, "{got} {expected}");
    }
}
