use nalgebra::DMatrix;

use super::choices::{self, Choice};
use super::parameters::Provenance;
use crate::diagnostic::Diagnostic;
use crate::document::{Item, Spanned, Table};

/// A random effect (eta): normal with mean 0; the individual parameters say how it acts.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Its name; expressions use it as `eta.NAME`.
    pub name: String,
    /// Its standard deviation.
    pub sd: f64,
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
    correlations: Vec<(usize, usize, f64)>,
    /// Lower triangular root of the covariance matrix, row by row.
    root: Vec<f64>,
}

impl Effects {
    /// The effects, in file order.
    pub fn list(&self) -> &[Effect] {
        &self.list
    }

    /// The correlations that are not zero: places of two effects and their correlation.
    pub fn correlations(&self) -> &[(usize, usize, f64)] {
        &self.correlations
    }

    /// The lower triangular Cholesky root L of the covariance matrix omega = L Lᵀ, row-major n × n.
    pub fn root(&self) -> &[f64] {
        &self.root
    }
}

pub(super) fn read(root: &Table<'_>, choices: &[Choice], model: &Provenance) -> Effects {
    let Some(table) = root.table("random-effects") else { return Effects::default() };
    let correlations = table.table("correlations");
    let list: Vec<Effect> = table
        .entries()
        .iter()
        .filter(|(name, _)| name.value != "correlations")
        .filter_map(|(name, item)| effect(name, item, choices, model))
        .collect();
    let correlations = correlations
        .map_or_else(Vec::new, |c| c.entries().iter().filter_map(|(n, i)| pair(&c, n, i, &list)).collect());
    let n = list.len();
    let mut covariance = DMatrix::from_fn(n, n, |i, j| if i == j { list[i].sd * list[i].sd } else { 0.0 });
    for &(i, j, r) in &correlations {
        covariance[(i, j)] = r * list[i].sd * list[j].sd;
        covariance[(j, i)] = covariance[(i, j)];
    }
    let matrix_root = if correlations.is_empty() {
        Some(DMatrix::from_fn(n, n, |i, j| if i == j { list[i].sd } else { 0.0 }))
    } else {
        covariance.clone().cholesky().map(|c| c.l())
    };
    let Some(matrix_root) = matrix_root else {
        refuse(&table, &covariance, &list);
        return Effects { list, correlations, root: vec![0.0; n * n] };
    };
    let root = (0..n * n).map(|k| matrix_root[(k / n, k % n)]).collect();
    Effects { list, correlations, root }
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
    let by_occasion = table.boolean("by-occasion").is_some_and(|b| b.value);
    let description = table.string("description").map_or_else(String::new, |s| s.value);
    let provenance = Provenance::read(&table, model);
    table.finish();
    Some(Effect { name: name.value.clone(), sd: sd.value, by_occasion, description, provenance })
}

/// A correlation written as `"CL, V2" = -0.62`.
fn pair(
    table: &Table<'_>,
    name: &Spanned<String>,
    item: &Item<'_>,
    list: &[Effect],
) -> Option<(usize, usize, f64)> {
    let r = item.number()?;
    let names: Vec<&str> = name.value.split(',').map(str::trim).collect();
    let [a, b] = names[..] else {
        table.error("E0405", name.span.clone(), "name two random effects, as in \"CL, V2\"");
        return None;
    };
    let find = |effect: &str| {
        let place = list.iter().position(|e| e.name == effect);
        if place.is_none() {
            table.error("E0405", name.span.clone(), format!("there is no random effect `{effect}`"));
        }
        place
    };
    let (i, j) = (find(a)?, find(b)?);
    if i == j || r.value.abs() > 1.0 {
        table.error("E0405", r.span, "a correlation is between two effects and lies between -1 and 1");
        return None;
    }
    Some((i.max(j), i.min(j), r.value))
}

/// Says that the matrix is no covariance, and offers the nearest correlations that are: the eigenvalues of the
/// correlation matrix are lifted to 1e-3 and the diagonal is scaled back to 1.
fn refuse(table: &Table<'_>, covariance: &DMatrix<f64>, list: &[Effect]) {
    let n = list.len();
    let scale = |i: usize, j: usize| list[i].sd * list[j].sd;
    let correlation = DMatrix::from_fn(n, n, |i, j| {
        if i == j {
            1.0
        } else if scale(i, j) > 0.0 {
            covariance[(i, j)] / scale(i, j)
        } else {
            0.0
        }
    });
    let mut eigen = correlation.clone().symmetric_eigen();
    eigen.eigenvalues.apply(|v| *v = v.max(1e-3));
    let near = eigen.recompose();
    let offers: Vec<String> = (0..n)
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .filter(|&(i, j)| correlation[(i, j)] != 0.0)
        .map(|(i, j)| {
            let r = near[(i, j)] / (near[(i, i)] * near[(j, j)]).sqrt();
            format!("\"{}, {}\" = {r:.3}", list[j].name, list[i].name)
        })
        .collect();
    table.report(
        Diagnostic::error(
            "E0405",
            "the random effects have no such covariance: the matrix is not positive definite",
        )
        .help(format!("the nearest correlations that are possible: {}", offers.join(", "))),
        table.span(),
    );
}
