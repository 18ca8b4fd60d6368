use super::choices::{self, Choice};
use super::correlations::{Named, Pair};
use super::parameters::Provenance;
use crate::diagnostic::Diagnostic;
use crate::document::{Item, Spanned, Table};

/// A random effect (eta): normal with mean 0; the individual parameters say how it acts, as in `TVCL*exp(eta.CL)`
/// (log-normal), `TVCL + eta.CL*(1 L/h)` (normal), `expit(logit(TVF) + eta.F)` (logit-normal) or
/// `TVCL*exp(boxcox(exp(eta.CL), SHAPE))` (Box-Cox). One effect may act on several parameters.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Its name; expressions use it as `eta.NAME`.
    pub name: String,
    /// Its standard deviation.
    pub sd: f64,
    /// The relative standard error of its variance (a fraction), where published.
    pub rse: Option<f64>,
    /// Whether it is drawn anew on each occasion (between-occasion variability).
    pub by_occasion: bool,
    /// What it is.
    pub description: String,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// The random effects of a model and how they vary together.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    list: Vec<Effect>,
    correlations: Vec<Pair>,
    /// Lower triangular root of the covariance matrix, row by row.
    root: Vec<f64>,
}

impl Effects {
    /// The effects, in file order.
    pub fn list(&self) -> &[Effect] {
        &self.list
    }

    /// The correlations that are not zero: places of two effects and their correlation.
    pub fn correlations(&self) -> &[Pair] {
        &self.correlations
    }

    /// The lower triangular Cholesky root L of the covariance matrix omega = L Lᵀ, row-major n × n.
    pub fn root(&self) -> &[f64] {
        &self.root
    }

    /// Whether some effect is drawn anew on each occasion.
    pub fn by_occasion(&self) -> bool {
        self.list.iter().any(|effect| effect.by_occasion)
    }
}

/// The keys of `[random-effects]` that are no effects.
const MATRICES: [&str; 3] = ["blocks", "correlations", "covariances"];

/// Reads `[random-effects]`: effects one by one, and in it `[random-effects.blocks]`, where `"CL, V2" = [0.111,
/// -0.160, 0.593]` is the lower triangle of variances and covariances, row by row, as NONMEM prints it; then
/// `[random-effects.correlations]` and `[random-effects.covariances]` between effects, `"CL, V2" = -0.62`.
pub(super) fn read(root: &Table<'_>, choices: &[Choice], model: &Provenance) -> Effects {
    let Some(table) = root.table("random-effects") else { return Effects::default() };
    let matrices = MATRICES.map(|key| table.has(key).then(|| table.table(key)).flatten());
    let [blocks, correlations, covariances] = &matrices;
    let mut list: Vec<Effect> = table
        .entries()
        .iter()
        .filter(|(name, _)| !MATRICES.contains(&name.value.as_str()))
        .filter_map(|(name, item)| effect(name, item, choices, model))
        .collect();
    let mut pairs = Vec::new();
    for (name, item) in blocks.as_ref().map_or_else(Vec::new, Table::entries) {
        block(&table, &name, &item, model, &mut list, &mut pairs);
    }
    let names: Vec<&str> = list.iter().map(|effect| effect.name.as_str()).collect();
    let named = Named { names: &names, what: "random effect", code: "E0405" };
    pairs.extend(correlations.as_ref().map_or_else(Vec::new, |c| named.correlations(c)));
    for (name, item) in covariances.as_ref().map_or_else(Vec::new, Table::entries) {
        let Some((i, j, covariance)) = named.pair(&table, &name, &item) else { continue };
        let r = covariance / (list[i].sd * list[j].sd);
        if r.abs() <= 1.0 {
            pairs.push((i, j, r));
        } else {
            let message =
                format!("this covariance and these standard deviations give a correlation of {r:.3}");
            table.error("E0405", item.span(), message);
        }
    }
    for &(i, j, _) in pairs.iter().filter(|&&(i, j, _)| list[i].by_occasion != list[j].by_occasion) {
        let message = format!(
            "`{}` varies between occasions and `{}` does not, or the other way round",
            names[i], names[j]
        );
        table.error("E0405", table.span(), format!("{message}: they cannot be correlated"));
    }
    let sds: Vec<f64> = list.iter().map(|effect| effect.sd).collect();
    let matrix = named.root(&table, &sds, &pairs);
    let root = matrix.unwrap_or_else(|| vec![0.0; list.len() * list.len()]);
    Effects { list, correlations: pairs, root }
}

fn effect(name: &Spanned<String>, item: &Item<'_>, choices: &[Choice], model: &Provenance) -> Option<Effect> {
    let table = item.table()?;
    let value = |key| choices::resolve(&table.item(key)?, choices)?.number();
    let sd = match (value("sd"), value("variance"), value("cv")) {
        (Some(sd), None, None) => sd,
        (None, Some(variance), None) => variance.map(|v| if v < 0.0 { v } else { v.sqrt() }),
        // The usual reading of a coefficient of variation of a log-normal parameter: CV² = exp(omega²) - 1.
        (None, None, Some(cv)) => cv.map(|v| {
            let fraction = v / 100.0;
            if fraction < 0.0 { fraction } else { libm::log1p(fraction * fraction).sqrt() }
        }),
        _ => {
            table.error(
                "E0405",
                name.span.clone(),
                format!("`{}` needs one of sd, variance and cv", name.value),
            );
            return None;
        }
    };
    if sd.value < 0.0 {
        table.report(
            Diagnostic::error("E0405", format!("the spread of `{}` is negative", name.value)).help(
                "a standard deviation is 0 or more; the sign of a correlation stands under `correlations`",
            ),
            sd.span,
        );
        return None;
    }
    let rse = standard_error(&table).map(|rse| rse * variance_slope(&table, sd.value));
    let by_occasion = table.boolean("by-occasion").is_some_and(|b| b.value);
    let description = table.string("description").map_or_else(String::new, |s| s.value);
    let provenance = Provenance::read(&table, model);
    table.finish();
    Some(Effect { name: name.value.clone(), sd: sd.value, rse, by_occasion, description, provenance })
}

/// `rse`, as a fraction.
fn standard_error(table: &Table<'_>) -> Option<f64> {
    let rse = table.number("rse")?;
    if rse.value > 0.0 {
        return Some(rse.value / 100.0);
    }
    table.error("E0405", rse.span, "a relative standard error is positive");
    None
}

/// How many times the relative standard error of what is given (SD, variance or CV) that of the variance is, by the
/// delta method.
fn variance_slope(table: &Table<'_>, sd: f64) -> f64 {
    if table.has("variance") {
        return 1.0;
    }
    if table.has("cv") && sd > 0.0 {
        // CV² = exp(omega²) - 1
        let square = crate::math::expm1(sd * sd);
        return 2.0 * square / ((1.0 + square) * sd * sd);
    }
    2.0
}

/// Effects that are given together: `"CL, V2" = [0.111, -0.160, 0.593]`, or a table with `covariance` (that array)
/// or `correlation` (the same with standard deviations on the diagonal and correlations beside it) and the other
/// keys of an effect.
fn block(
    table: &Table<'_>,
    key: &Spanned<String>,
    item: &Item<'_>,
    model: &Provenance,
    list: &mut Vec<Effect>,
    pairs: &mut Vec<Pair>,
) -> Option<()> {
    let names: Vec<&str> = key.value.split(',').map(str::trim).collect();
    let (mut by_occasion, mut rse, mut description, mut provenance) =
        (false, None, String::new(), model.clone());
    let (array, correlated) = if item.is_table() {
        let inner = item.table()?;
        rse = standard_error(&inner).map(|rse| if inner.has("covariance") { rse } else { 2.0 * rse });
        by_occasion = inner.boolean("by-occasion").is_some_and(|b| b.value);
        description = inner.string("description").map_or_else(String::new, |s| s.value);
        provenance = Provenance::read(&inner, model);
        let found = match (inner.array("covariance"), inner.array("correlation")) {
            (Some(covariance), None) => (covariance, false),
            (None, Some(correlation)) => (correlation, true),
            _ => {
                inner.error("E0405", key.span.clone(), "a block needs one of covariance and correlation");
                return None;
            }
        };
        inner.finish();
        found
    } else {
        (item.array()?, false)
    };
    let triangle: Vec<f64> = array.value.iter().map(|n| Some(n.number()?.value)).collect::<Option<_>>()?;
    let n = names.len();
    if triangle.len() != n * (n + 1) / 2 {
        let message = format!(
            "the lower triangle for {n} effects has {} numbers, not {}: row by row, the diagonal last in each",
            n * (n + 1) / 2,
            triangle.len()
        );
        table.error("E0405", array.span, message);
        return None;
    }
    let entry = |i: usize, j: usize| triangle[i * (i + 1) / 2 + j];
    if (0..n).any(|i| entry(i, i) <= 0.0) {
        table.error("E0405", array.span, "the diagonal of a block is positive");
        return None;
    }
    let sd = |i: usize| if correlated { entry(i, i) } else { entry(i, i).sqrt() };
    let first = list.len();
    for (i, name) in names.iter().enumerate() {
        if list.iter().any(|effect| effect.name == *name) {
            table.error("E0405", key.span.clone(), format!("the random effect `{name}` is given twice"));
            return None;
        }
        for (j, before) in names.iter().enumerate().take(i) {
            let r = if correlated { entry(i, j) } else { entry(i, j) / (sd(i) * sd(j)) };
            if r.abs() > 1.0 {
                let message = format!("`{before}` and `{name}` would have a correlation of {r:.3}");
                table.error("E0405", array.span.clone(), message);
                return None;
            }
            pairs.push((first + i, first + j, r));
        }
        list.push(Effect {
            name: (*name).to_string(),
            sd: sd(i),
            rse,
            by_occasion,
            description: description.clone(),
            provenance: provenance.clone(),
        });
    }
    Some(())
}
