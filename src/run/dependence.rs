//! What the differences between arms depend on: how they go with each uncertain quantity over the draws.

use super::results::{ContrastDraws, Dependence};
use crate::exposure::quantile;
use crate::population::Individuals;
use crate::response::{Draw, Draws, PersistenceModel};
use crate::trial::{Response, Trial};
use crate::units::Unit;

/// Fewer draws show nothing but chance.
const DRAWS: usize = 50;
/// Quantities told for each difference.
const TOLD: usize = 8;

/// An uncertain quantity and its value in each draw.
struct Quantity {
    name: String,
    unit: String,
    values: Vec<f64>,
}

/// Every difference in percent or in units with the quantities that it clearly goes with.
///
/// Of n draws without any connection, a correlation beyond 3 / √n is one of three in a thousand; weaker ones are not
/// told. Quantities that were estimated together are drawn together, so that each shows what goes with it.
pub(super) fn dependences(
    trial: &Trial<'_>,
    persistence: Option<&PersistenceModel>,
    contrasts: &[ContrastDraws],
) -> Vec<Dependence> {
    let count = contrasts.first().map_or(0, |c| c.draws.len());
    if count < DRAWS {
        return Vec::new();
    }
    let quantities = quantities(trial, persistence, count);
    let mut all = Vec::new();
    for contrast in contrasts {
        let mut own: Vec<Dependence> =
            quantities.iter().filter_map(|quantity| dependence(contrast, quantity)).collect();
        own.sort_by(|a, b| b.explained.total_cmp(&a.explained));
        own.truncate(TOLD);
        all.extend(own);
    }
    all
}

/// What varies between the draws, each under the name that a reader knows.
fn quantities(trial: &Trial<'_>, persistence: Option<&PersistenceModel>, count: usize) -> Vec<Quantity> {
    let study = trial.study();
    let mut list = Vec::new();
    if study.model_uncertainty {
        let individuals = Individuals::new(&study.model, study.covariates.clone(), study.seed);
        // Draws are at most a few hundred.
        let rows: Vec<Vec<f64>> =
            (1..=u32::try_from(count).unwrap_or(0)).map(|d| individuals.typical(d)).collect();
        list.extend(study.model.parameters().iter().enumerate().map(|(place, parameter)| {
            let unit = parameter.value.unit();
            let values = rows.iter().map(|row| unit.from_coherent(row[place])).collect();
            let shown = if *unit == Unit::one() { "" } else { unit.text() };
            Quantity { name: parameter.name.clone(), unit: shown.to_string(), values }
        }));
    }
    for (used, response) in study.responses.iter().zip(trial.responses()) {
        let draws = match response {
            Response::Event(model) => Some(model.curve().draws()),
            Response::Biomarker(model) => Some(model.curve().draws()),
            Response::Course(draws) => draws.as_ref(),
        };
        list.extend(draws.into_iter().flat_map(|draws| of_draws(&used.name, draws, count)));
    }
    list.extend(persistence.into_iter().flat_map(|model| of_draws("persistence", model.draws(), count)));
    list
}

fn of_draws(name: &str, draws: &Draws, count: usize) -> Vec<Quantity> {
    let quantity = |(column, own): (usize, &String)| Quantity {
        name: format!("{name}: {own}"),
        unit: String::new(),
        values: (0..count).map(|d| draws.get(Draw::Number(d))[column]).collect(),
    };
    draws.names().iter().enumerate().map(quantity).collect()
}

/// A least-squares line of the difference on the quantity; `None` where chance alone may give it.
fn dependence(contrast: &ContrastDraws, quantity: &Quantity) -> Option<Dependence> {
    let pairs: Vec<(f64, f64)> =
        quantity.values.iter().copied().zip(contrast.draws.iter().copied()).collect();
    // Draws are at most a few hundred.
    #[allow(clippy::cast_precision_loss)]
    let n = pairs.len() as f64;
    let (mx, my) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let sum = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|(x, y)| of(x - mx, y - my)).sum::<f64>();
    let (xx, yy, xy) = (sum(&|x, _| x * x), sum(&|_, y| y * y), sum(&|x, y| x * y));
    let explained = xy * xy / (xx * yy);
    // Not a number where nothing varies.
    if explained.is_nan() || explained < 9.0 / n {
        return None;
    }
    let mut sorted = quantity.values.clone();
    sorted.sort_by(f64::total_cmp);
    let ends = [quantile(&sorted, 0.025)?, quantile(&sorted, 0.975)?];
    Some(Dependence {
        endpoint: contrast.endpoint.clone(),
        arm: contrast.arm.clone(),
        reference: contrast.reference.clone(),
        unit: contrast.unit.clone(),
        quantity: quantity.name.clone(),
        range: ends,
        range_unit: quantity.unit.clone(),
        at: ends.map(|end| my + xy / xx * (end - mx)),
        centre: my,
        explained,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(draws: Vec<f64>) -> ContrastDraws {
        ContrastDraws {
            arm: "a".into(),
            reference: "b".into(),
            endpoint: "e".into(),
            unit: "%".into(),
            draws,
        }
    }

    #[test]
    fn a_line_is_found_again_and_what_goes_with_nothing_is_not_told() {
        let x: Vec<f64> = (0..101).map(f64::from).collect();
        let line = contrast(x.iter().map(|x| 3.0 - 0.02 * x).collect());
        let quantity = Quantity { name: "Q".into(), unit: "L/h".into(), values: x.clone() };
        let found = dependence(&line, &quantity).unwrap();
        assert!((found.explained - 1.0).abs() < 1e-12 && (found.centre - 2.0).abs() < 1e-12);
        assert!((found.at[0] - 2.95).abs() < 1e-9 && (found.at[1] - 1.05).abs() < 1e-9, "{found:?}");
        assert_eq!((found.range, found.range_unit.as_str()), ([2.5, 97.5], "L/h"));
        // Symmetric around the middle: no line.
        let bowl = contrast(x.iter().map(|x| (x - 50.0) * (x - 50.0)).collect());
        assert!(dependence(&bowl, &quantity).is_none());
        assert!(dependence(&contrast(vec![1.0; 101]), &quantity).is_none());
    }
}
