//! `[uncertainty]`: how precisely the parameters of a model are known, beyond the standard errors beside them.

use super::correlations::{Named, Pair};
use super::effects::Effects;
use super::estimates::Estimates;
use super::{Parameter, Provenance};
use crate::diagnostic::Problems;
use crate::document::{Files, Sheet, Table};

/// How the estimate of a parameter varies over the draws of the uncertain parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    /// It does not.
    None,
    /// Log-normal around the estimate; the standard deviation of the logarithm.
    LogNormal(f64),
    /// Normal around the estimate; the standard error in coherent units.
    Normal(f64),
}

/// Random effects whose covariance is uncertain, as a block: an inverse Wishart distribution of ν degrees of freedom
/// around the estimate Ω, that is with the scale matrix νΩ (for one effect: νω²/χ², the scaled inverse chi-square).
#[derive(Clone, Debug, PartialEq)]
pub struct OmegaBlock {
    /// The places of the effects, ascending.
    pub effects: Vec<usize>,
    /// ν: given, or 2/RSE² of the least precise variance in the block.
    pub degrees_of_freedom: f64,
}

/// How precisely the parameters of a model are known.
#[derive(Clone, Debug, Default)]
pub struct Uncertainty {
    spreads: Vec<Spread>,
    correlations: Vec<Pair>,
    root: Vec<f64>,
    omega: Vec<OmegaBlock>,
    sigma: Option<f64>,
    estimates: Option<Estimates>,
}

impl Uncertainty {
    /// How each parameter varies, in the order of the parameters.
    pub fn spreads(&self) -> &[Spread] {
        &self.spreads
    }

    /// The correlations between estimates that are not zero: of the logarithms of those that are log-normal.
    pub fn correlations(&self) -> &[Pair] {
        &self.correlations
    }

    /// The lower triangular root of their correlation matrix, row by row; empty where nothing is correlated.
    pub fn root(&self) -> &[f64] {
        &self.root
    }

    /// The blocks of random effects whose covariance is uncertain.
    pub fn omega(&self) -> &[OmegaBlock] {
        &self.omega
    }

    /// The degrees of freedom of the residual variances, where these are uncertain.
    pub fn sigma(&self) -> Option<f64> {
        self.sigma
    }

    /// The table of estimates that takes the place of all the rest, where there is one.
    pub fn estimates(&self) -> Option<&Estimates> {
        self.estimates.as_ref()
    }

    /// The same model with a table of estimates.
    #[must_use]
    pub fn with_estimates(self, estimates: Estimates) -> Self {
        Uncertainty { estimates: Some(estimates), ..self }
    }

    /// In a sentence, for readers of results; empty where nothing is uncertain.
    pub fn words(&self) -> String {
        if let Some(estimates) = &self.estimates {
            return format!(
                "Uncertain parameters are the {} rows of {}, in their order and from the first again where more are drawn.",
                estimates.rows(),
                estimates.name()
            );
        }
        let mut text = String::new();
        if self.spreads.iter().any(|s| *s != Spread::None) {
            text += match self.correlations.len() {
                0 => {
                    "Uncertain typical values are log-normal with the published standard errors and independent of one another: no covariance matrix is published."
                }
                _ => "Uncertain typical values have the standard errors and correlations of the model file.",
            };
        }
        if !self.omega.is_empty() {
            text += " Covariances of random effects are inverse Wishart around the estimates.";
        }
        if self.sigma.is_some() {
            text += " Residual variances are scaled inverse chi-square around the estimates.";
        }
        text.trim_start().to_string()
    }
}

const CODE: &str = "E0411";

/// Reads `[uncertainty]`.
pub(super) fn read(
    root: &Table<'_>,
    (parameters, effects): (&[Parameter], &Effects),
    files: &dyn Files,
) -> Uncertainty {
    let table = root.table("uncertainty");
    let mut spreads: Vec<Spread> =
        parameters.iter().map(|p| p.rse.map_or(Spread::None, log_normal)).collect();
    let Some(table) = table else {
        return Uncertainty { spreads, omega: blocks(effects, None), ..Uncertainty::default() };
    };
    // Provenance of the matrix; its place in the report is the model's.
    let _ = Provenance::read(&table, &Provenance::default());
    let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
    let named = Named { names: &names, what: "parameter", code: CODE };
    let mut correlations = covariance(&table, &named, parameters, &mut spreads).unwrap_or_default();
    if let Some(inner) = table.table("correlations") {
        correlations.extend(named.correlations(&inner));
        let uncertain = |place: &usize| spreads[*place] == Spread::None;
        for place in correlations.iter().flat_map(|(i, j, _)| [*i, *j]).filter(uncertain) {
            table.error(CODE, inner.span(), format!("`{}` has no `rse` to be correlated", names[place]));
        }
    }
    let matrix = if correlations.is_empty() {
        Vec::new()
    } else {
        named.root(&table, &vec![1.0; parameters.len()], &correlations).unwrap_or_default()
    };
    let degrees = |key: &str| {
        let number = table.number(key)?;
        if number.value >= 1.0 {
            return Some(number.value);
        }
        table.error(CODE, number.span, "degrees of freedom are 1 or more");
        None
    };
    let omega = blocks(effects, degrees("omega-degrees-of-freedom"));
    for block in omega.iter().filter(|b| b.degrees_of_freedom < 1.0 + b.effects.len() as f64) {
        let message = format!(
            "{:.1} degrees of freedom are too few for a block of {} effects",
            block.degrees_of_freedom,
            block.effects.len()
        );
        table.error(CODE, table.span(), message);
    }
    let sigma = degrees("sigma-degrees-of-freedom");
    let estimates = table.string("draws").and_then(|file| {
        let read = files
            .open(&file.value)
            .map_err(Problems::from)
            .and_then(|source| Sheet::read(&source))
            .and_then(|sheet| Estimates::read(&sheet, parameters, effects));
        match read {
            Ok((estimates, warnings)) => {
                warnings.into_iter().for_each(|w| table.problems().push(w));
                Some(estimates)
            }
            Err(problems) => {
                table.error(CODE, file.span, format!("the draws in `{}` are of no use", file.value));
                table.problems().extend(problems);
                None
            }
        }
    });
    table.finish();
    Uncertainty { spreads, correlations, root: matrix, omega, sigma, estimates }
}

/// The log-normal distribution with the estimate as median and a relative standard error as CV.
fn log_normal(rse: f64) -> Spread {
    Spread::LogNormal(libm::log1p(rse * rse).sqrt())
}

/// `parameters`, `covariance` and `scale`: the lower triangle of the covariance matrix of the estimates, in the units
/// of the parameters.
fn covariance(
    table: &Table<'_>,
    named: &Named<'_>,
    parameters: &[Parameter],
    spreads: &mut [Spread],
) -> Option<Vec<Pair>> {
    let (members, triangle, scale) =
        (table.array("parameters"), table.array("covariance"), table.string("scale"));
    let natural = match scale.as_ref().map(|s| s.value.as_str()) {
        None | Some("log") => false,
        Some("normal") => true,
        Some(_) => {
            table.error(CODE, scale.map_or(0..0, |s| s.span), "the scale is `log` or `normal`");
            return None;
        }
    };
    let (members, triangle) = match (members, triangle) {
        (None, None) => return None,
        (Some(members), Some(triangle)) => (members, triangle),
        _ => {
            let message =
                "`parameters` and `covariance` go together: names, and the lower triangle of their matrix";
            table.error(CODE, table.span(), message);
            return None;
        }
    };
    let mut places = Vec::new();
    for member in &members.value {
        let name = member.string()?;
        let place = named.places(table, &name)?;
        places.extend(place);
    }
    let numbers: Vec<f64> = triangle.value.iter().map(|n| Some(n.number()?.value)).collect::<Option<_>>()?;
    let n = places.len();
    if numbers.len() != n * (n + 1) / 2 {
        let message = format!(
            "the lower triangle for {n} parameters has {} numbers, not {}",
            n * (n + 1) / 2,
            numbers.len()
        );
        table.error(CODE, triangle.span, message);
        return None;
    }
    let entry = |i: usize, j: usize| numbers[i * (i + 1) / 2 + j];
    let mut pairs = Vec::new();
    for (i, &place) in places.iter().enumerate() {
        let estimate = parameters[place].value.value();
        let variance = entry(i, i);
        if variance <= 0.0 {
            table.error(
                CODE,
                triangle.span,
                format!("the variance of `{}` is not positive", parameters[place].name),
            );
            return None;
        }
        let error = variance.sqrt();
        spreads[place] = if natural || estimate <= 0.0 {
            Spread::Normal(parameters[place].value.unit().scale() * error)
        } else {
            log_normal(error / estimate)
        };
        for (j, &other) in places.iter().enumerate().take(i) {
            let r = entry(i, j) / (error * entry(j, j).sqrt());
            if r.abs() > 1.0 {
                let (a, b) = (&parameters[other].name, &parameters[place].name);
                table.error(
                    CODE,
                    triangle.span,
                    format!("`{a}` and `{b}` would have a correlation of {r:.3}"),
                );
                return None;
            }
            if r != 0.0 {
                pairs.push((place.max(other), place.min(other), r));
            }
        }
    }
    Some(pairs)
}

/// The blocks of effects that are correlated with one another and whose covariance is uncertain.
fn blocks(effects: &Effects, degrees_of_freedom: Option<f64>) -> Vec<OmegaBlock> {
    let n = effects.list().len();
    let mut first: Vec<usize> = (0..n).collect();
    for &(i, j, _) in effects.correlations() {
        let (from, to) = (first[i].max(first[j]), first[i].min(first[j]));
        first.iter_mut().filter(|f| **f == from).for_each(|f| *f = to);
    }
    let degrees = |place: usize| effects.list()[place].rse.map(|rse| 2.0 / (rse * rse));
    (0..n)
        .filter_map(|block| {
            let members: Vec<usize> =
                (0..n).filter(|&i| first[i] == block && effects.list()[i].sd > 0.0).collect();
            let own = members.iter().filter_map(|&i| degrees(i)).reduce(f64::min);
            let degrees_of_freedom = degrees_of_freedom.or(own)?;
            (!members.is_empty()).then_some(OmegaBlock { effects: members, degrees_of_freedom })
        })
        .collect()
}
