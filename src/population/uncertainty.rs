//! Draws of the uncertain parameters of a model. Draw 0 is the published values.

use std::borrow::Cow;

use crate::math::exp;
use crate::model::{Model, OmegaBlock, Spread};
use crate::random::{Address, Stream};

use super::copula::correlate;

/// The typical values at a draw: a row of the model's table of estimates where it has one; else each parameter by its
/// spread, correlated as the model says. The parameter at place k takes the draw with index k.
pub(super) fn typical(model: &Model, base: Address, draw: u32) -> Vec<f64> {
    let mut values: Vec<f64> = model.parameters().iter().map(|p| p.value.coherent()).collect();
    if draw == 0 {
        return values;
    }
    let uncertainty = model.uncertainty();
    if let Some(estimates) = uncertainty.estimates() {
        estimates.parameters(draw).for_each(|(place, value)| values[place] = value);
        return values;
    }
    let mut stream = Stream::new(base.draw(draw));
    let mut deviates: Vec<f64> = values.iter().map(|_| stream.normal()).collect();
    correlate(uncertainty.root(), &mut deviates);
    for ((value, z), spread) in values.iter_mut().zip(deviates).zip(uncertainty.spreads()) {
        match spread {
            Spread::None => {}
            Spread::LogNormal(sd) => *value *= exp(sd * z),
            Spread::Normal(error) => *value += error * z,
        }
    }
    values
}

/// Whether the covariance of the random effects differs between draws.
pub(super) fn omega_varies(model: &Model) -> bool {
    match model.uncertainty().estimates() {
        Some(estimates) => estimates.root(1).is_some(),
        None => !model.uncertainty().omega().is_empty(),
    }
}

/// The root of the covariance of the random effects at a draw.
pub(super) fn omega_root(model: &Model, base: Address, draw: u32) -> Cow<'_, [f64]> {
    let published = model.effects().root();
    if draw == 0 || !omega_varies(model) {
        return Cow::Borrowed(published);
    }
    if let Some(estimates) = model.uncertainty().estimates() {
        return Cow::Borrowed(estimates.root(draw).unwrap_or(published));
    }
    let n = model.effects().list().len();
    let mut root = published.to_vec();
    for block in model.uncertainty().omega() {
        let names: Vec<&str> =
            block.effects.iter().map(|&i| model.effects().list()[i].name.as_str()).collect();
        let address = base.draw(draw).named(&names.join(","));
        let factor = inverse_wishart(block, &mut Stream::new(address));
        let s = names.len();
        // (root of Ω) × (root of an inverse Wishart matrix around the identity), both lower triangular.
        for (i, &row) in block.effects.iter().enumerate() {
            for (j, &column) in block.effects.iter().enumerate().take(i + 1) {
                root[row * n + column] =
                    (j..=i).map(|k| published[row * n + block.effects[k]] * factor[k * s + j]).sum();
            }
        }
    }
    Cow::Owned(root)
}

/// The lower triangular root of an inverse Wishart matrix of ν degrees of freedom with the scale matrix ν·identity.
///
/// Bartlett's decomposition: U Uᵀ is Wishart where U is upper triangular with standard normal entries above a
/// diagonal of roots of chi-squares with ν, ν - 1, … degrees of freedom, the last row first (Smith & Hocking 1972,
/// Appl Stat 21:341); then √ν·U⁻ᵀ is the root wanted.
fn inverse_wishart(block: &OmegaBlock, stream: &mut Stream) -> Vec<f64> {
    let s = block.effects.len();
    let degrees = block.degrees_of_freedom;
    let mut upper = vec![0.0; s * s];
    for i in 0..s {
        // Few effects share a block.
        #[allow(clippy::cast_precision_loss)]
        let below = (s - 1 - i) as f64;
        upper[i * s + i] = stream.chi_square(degrees - below).sqrt();
        for j in i + 1..s {
            upper[i * s + j] = stream.normal();
        }
    }
    // L = √ν U⁻ᵀ solves Uᵀ L = √ν·identity, column by column.
    let mut lower = vec![0.0; s * s];
    for j in 0..s {
        for i in j..s {
            let known: f64 = (j..i).map(|k| upper[k * s + i] * lower[k * s + j]).sum();
            let one = if i == j { degrees.sqrt() } else { 0.0 };
            lower[i * s + j] = (one - known) / upper[i * s + i];
        }
    }
    lower
}

/// What the standard deviation of the residual error of an output is multiplied by at a draw.
pub(super) fn residual_factor(model: &Model, base: Address, draw: u32, output: &str) -> f64 {
    match model.uncertainty().sigma() {
        Some(degrees) if draw > 0 && model.uncertainty().estimates().is_none() => {
            let address = base.draw(draw).named(&format!("sigma {output}"));
            (degrees / Stream::new(address).chi_square(degrees)).sqrt()
        }
        _ => 1.0,
    }
}
