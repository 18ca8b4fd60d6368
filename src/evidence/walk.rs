use rayon::prelude::*;

use super::convergence::{bulk_ess, split_r_hat};
use super::discriminant::type7;
use crate::diagnostic::{Diagnostic, Problems};
use crate::math::Cholesky;
use crate::random::{Address, Purpose, Stream};
use crate::response::Draws;

/// Chains of the sampler, sweeps before recording, and steps between recorded states.
const CHAINS: u32 = 4;
const BURN_IN: usize = 2000;
const THINNING: usize = 10;

/// Random-walk Metropolis over a few parameters: where it starts and the shape of its steps.
pub(super) struct Walk<'a> {
    /// The names of the parameters.
    pub names: Vec<String>,
    /// Where the chains start, such as the mode.
    pub start: &'a [f64],
    /// The covariance of the steps up to a factor, row-major: that of the estimate.
    pub covariance: &'a [f64],
}

impl Walk<'_> {
    /// Joint draws from a density given by its logarithm; they depend on seed and number of draws only. The chains'
    /// medians are the central values.
    ///
    /// # Errors
    /// E0753 where the covariance has no root, E0744 where the chains have not converged.
    pub(super) fn draws(
        self,
        log_density: impl Fn(&[f64]) -> f64 + Sync,
        seed: u64,
        draws: u32,
    ) -> Result<Draws, Problems> {
        let width = self.names.len();
        let root = Cholesky::new(self.covariance, width)
            .ok_or_else(|| Diagnostic::error("E0753", "the predictors are linearly dependent"))?;
        let each = (draws / CHAINS) as usize + 1000;
        let chains: Vec<Vec<Vec<f64>>> = (0..CHAINS)
            .into_par_iter()
            .map(|chain| {
                let mut stream = Stream::new(Address::new(seed, Purpose::Evidence).replicate(3).draw(chain));
                self.chain(&root, &log_density, &mut stream, each)
            })
            .collect();
        let mut central = Vec::with_capacity(width);
        for (j, name) in self.names.iter().enumerate() {
            let columns: Vec<Vec<f64>> =
                chains.iter().map(|chain| chain.iter().map(|state| state[j]).collect()).collect();
            let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let (r_hat, ess) = (split_r_hat(&views), bulk_ess(&views));
            if !(r_hat <= 1.01 && ess >= 400.0) {
                return Err(Diagnostic::error(
                    "E0744",
                    format!("`{name}` has not converged: R-hat {r_hat:.3}, ESS {ess:.0}"),
                )
                .help("ask for more draws")
                .into());
            }
            let mut all = columns.concat();
            all.sort_by(f64::total_cmp);
            central.push(type7(&all, 0.5));
        }
        let all: Vec<&Vec<f64>> = chains.iter().flatten().collect();
        let count = (draws as usize).min(all.len());
        let rows = (0..count).flat_map(|i| all[i * all.len() / count].iter().copied()).collect();
        Draws::new(self.names, central, rows)
    }

    fn chain(
        &self,
        root: &Cholesky,
        log_density: &(impl Fn(&[f64]) -> f64 + Sync),
        stream: &mut Stream,
        each: usize,
    ) -> Vec<Vec<f64>> {
        let width = self.start.len();
        let mut state = self.start.to_vec();
        let mut now = log_density(&state);
        let step = 2.38 / (width as f64).sqrt();
        let mut kept = Vec::with_capacity(each);
        for sweep in 0..BURN_IN + each * THINNING {
            let noise: Vec<f64> = (0..width).map(|_| step * stream.normal()).collect();
            let moved = root.transform(&noise);
            let trial: Vec<f64> = state.iter().zip(&moved).map(|(b, m)| b + m).collect();
            let then = log_density(&trial);
            if then >= now || stream.uniform() < crate::math::exp(then - now) {
                (state, now) = (trial, then);
            }
            if sweep >= BURN_IN && (sweep - BURN_IN).is_multiple_of(THINNING) {
                kept.push(state.clone());
            }
        }
        kept
    }
}
