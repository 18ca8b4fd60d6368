//! Visual predictive checks: percentiles of what was observed beside those of data sets simulated with the same design
//! (Holford 2005, PAGE 14, abstract 738; Bergstrand et al. 2011, AAPS J 13:143).

use serde::{Deserialize, Serialize};

use super::simulate::{Request, Residual, Rows, simulate};
use crate::diagnostic::{Diagnostic, Problems};
use crate::dosing::dataset::DataSet;
use crate::exposure::quantile;
use crate::model::Model;

/// The percentiles that are compared.
const PERCENTILES: [f64; 3] = [0.05, 0.5, 0.95];
/// The interval over the simulated data sets, with its middle.
const INTERVAL: [f64; 3] = [0.025, 0.5, 0.975];
/// Times of observation that stand each for itself; more of them are gathered.
const TIMES: usize = 16;
/// Bins into which more times are gathered.
const BINS: usize = 12;

/// A visual predictive check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vpc {
    /// The model.
    pub model: String,
    /// The output that was observed.
    pub output: String,
    /// The unit of observations and output.
    pub unit: String,
    /// Whether residual error was simulated.
    pub residual: bool,
    /// Data sets simulated.
    pub replicates: u32,
    /// What was observed: time (h) and value.
    pub observed: Vec<(f64, f64)>,
    /// Bins of time, ascending.
    pub bins: Vec<VpcBin>,
}

/// Observations near one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpcBin {
    /// The median time (h).
    pub time: f64,
    /// Observations.
    pub count: usize,
    /// 5th, 50th and 95th percentile of the observations.
    pub observed: [f64; 3],
    /// For each of these percentiles its 2.5th, 50th and 97.5th percentile over the simulated data sets.
    pub simulated: [[f64; 3]; 3],
}

/// Simulates a data set again and again with its own doses, times and covariates, and compares percentiles.
///
/// # Errors
/// As [`simulate`]; E0907 where nothing was observed.
pub fn vpc(model: &Model, data: &DataSet, request: &Request, replicates: u32) -> Result<Vpc, Problems> {
    let request = Request { residual: Residual::Drawn, rows: Rows::Observations, ..request.clone() };
    let first = simulate(model, data, &request)?;
    // The first output with its residual error, or without where it has none.
    let column = first.columns.iter().position(|c| c.name.ends_with("_DV")).unwrap_or(0);
    let shown = first.columns.get(column);
    let rows: Vec<Observation> = first
        .rows
        .iter()
        .enumerate()
        .filter_map(|(place, predicted)| {
            let time = data.records().get(predicted.row)?.time;
            let value = data.observed(predicted.row).filter(|v| v.is_finite())?;
            Some(Observation { place, time, value })
        })
        .collect();
    if rows.is_empty() {
        let told = Diagnostic::error("E0907", format!("{} holds no observation", data.source().name()));
        return Err(told.help("a visual predictive check needs a column DV with values").into());
    }
    let bins = binned(&rows);
    let mut simulated: Vec<Vec<[f64; 3]>> = vec![Vec::new(); bins.len()];
    for replicate in 0..replicates {
        let seed = request.seed.wrapping_add(u64::from(replicate));
        let one = simulate(model, data, &Request { seed, ..request.clone() })?;
        for (bin, kept) in bins.iter().zip(&mut simulated) {
            let value = |own: &Observation| one.rows.get(own.place)?.values.as_ref()?.get(column).copied();
            kept.push(percentiles(bin.iter().filter_map(value), PERCENTILES));
        }
    }
    let compared = bins.iter().zip(&simulated).map(|(bin, simulated)| VpcBin {
        time: percentiles(bin.iter().map(|own| own.time), PERCENTILES)[1],
        count: bin.len(),
        observed: percentiles(bin.iter().map(|own| own.value), PERCENTILES),
        simulated: [0, 1, 2].map(|p| percentiles(simulated.iter().map(|own| own[p]), INTERVAL)),
    });
    let name = shown.map_or("", |c| c.name.as_str());
    Ok(Vpc {
        model: model.name().to_string(),
        output: name.strip_suffix("_DV").unwrap_or(name).to_string(),
        unit: shown.map_or_else(String::new, |c| c.unit.text().to_string()),
        residual: name.ends_with("_DV"),
        replicates,
        observed: rows.iter().map(|own| (own.time, own.value)).collect(),
        // Where every subject failed there is nothing to compare with.
        bins: compared.filter(|bin| bin.simulated[1][1].is_finite()).collect(),
    })
}

/// What was observed, and its place among the rows of a simulation.
#[derive(Clone, Copy, Debug)]
struct Observation {
    place: usize,
    time: f64,
    value: f64,
}

/// Observations by time: each time for itself, or so many of about the same size.
fn binned(rows: &[Observation]) -> Vec<Vec<Observation>> {
    let mut sorted = rows.to_vec();
    sorted.sort_by(|a, b| a.time.total_cmp(&b.time));
    let mut bins: Vec<Vec<Observation>> = Vec::new();
    for row in &sorted {
        match bins.last_mut() {
            Some(bin) if bin.last().is_some_and(|last| last.time == row.time) => bin.push(*row),
            _ => bins.push(vec![*row]),
        }
    }
    if bins.len() <= TIMES {
        return bins;
    }
    // What was observed at one time stays together.
    let size = sorted.len().div_ceil(BINS);
    let mut gathered: Vec<Vec<Observation>> = Vec::new();
    for bin in bins {
        match gathered.last_mut() {
            Some(last) if last.len() + bin.len() <= size => last.extend(bin),
            _ => gathered.push(bin),
        }
    }
    gathered
}

fn percentiles(values: impl Iterator<Item = f64>, at: [f64; 3]) -> [f64; 3] {
    let mut sorted: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    at.map(|p| quantile(&sorted, p).unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_times_stand_for_themselves_and_many_are_gathered() {
        let rows = |times: u32| -> Vec<Observation> {
            let one = |i: u32| Observation { place: 0, time: f64::from(i % times), value: f64::from(i) };
            (0..300).map(one).collect()
        };
        let few = binned(&rows(6));
        assert_eq!((few.len(), few[5].len(), few[5][0].time), (6, 50, 5.0));
        let many = binned(&rows(150));
        assert!(many.len() <= BINS + 1 && many.iter().map(Vec::len).sum::<usize>() == 300);
        assert!(many.windows(2).all(|pair| pair[0].last().unwrap().time < pair[1][0].time));
    }
}
