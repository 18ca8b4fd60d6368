//! `exposim endpoints`: endpoints from the rows of a finished run, without simulating again.

use std::path::PathBuf;

use clap::Args;

use super::sheet::table;
use super::{Stop, print};
use crate::diagnostic::Problems;
use crate::output::{Cell, Rows};
use crate::report::{figure, rough, signed};
use crate::statistics::{Count, wilson};
use crate::trial::Recomputed;

/// Arguments of `exposim endpoints`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The out folder of a run that wrote rows.
    run: PathBuf,
    /// Endpoints over the columns of its rows, such as "deep = remission_52 and hb_52 >= 110 g/L".
    #[arg(required = true, value_name = "NAME = WHAT")]
    endpoints: Vec<String>,
}

/// What is counted of an endpoint in an arm.
#[derive(Clone, Copy, Default)]
struct Tally {
    count: Count,
    /// Over the subjects of both arms: differences from the first arm, their squares, and how many.
    difference: [f64; 3],
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let rows = Rows::open(&arguments.run.join("subjects.parquet"))?;
    let units = rows.units().to_vec();
    let columns: Vec<(String, String)> = rows.names().iter().cloned().zip(units).collect();
    let known: Vec<(&str, &str)> =
        columns.iter().map(|(name, unit)| (name.as_str(), unit.as_str())).collect();
    let endpoints = arguments.endpoints.iter().map(|text| Recomputed::parse(text, &known));
    let endpoints = endpoints.collect::<Result<Vec<_>, _>>().map_err(Problems::from)?;
    let (id, arm) = (rows.place("ID").unwrap_or(0), rows.place("ARM").unwrap_or(1));
    let mut arms: Vec<String> = Vec::new();
    let mut tallies: Vec<Vec<Tally>> = Vec::new();
    // The subject whose rows are being read, and its values in the first arm.
    let (mut subject, mut first) = (Cell::Missing, vec![f64::NAN; endpoints.len()]);
    for row in rows {
        let row = row?;
        let name = if let Some(Cell::Text(name)) = row.get(arm) { name.as_str() } else { "" };
        let place = arms.iter().position(|known| known == name).unwrap_or_else(|| {
            arms.push(name.to_string());
            tallies.push(vec![Tally::default(); endpoints.len()]);
            arms.len() - 1
        });
        if row.get(id) != Some(&subject) {
            subject = row.get(id).cloned().unwrap_or(Cell::Missing);
            first.fill(f64::NAN);
        }
        let number = |column: usize| if let Some(Cell::Number(v)) = row.get(column) { *v } else { f64::NAN };
        for ((endpoint, tally), first) in endpoints.iter().zip(&mut tallies[place]).zip(&mut first) {
            let value = endpoint.of(number);
            if value.is_nan() {
                continue;
            }
            tally.count.events += value;
            tally.count.patients += 1.0;
            if place == 0 {
                *first = value;
            } else if !first.is_nan() {
                let own = value - *first;
                let [sum, squares, n] = tally.difference;
                tally.difference = [sum + own, squares + own * own, n + 1.0];
            }
        }
    }
    let mut lines = Vec::new();
    for (place, endpoint) in endpoints.iter().enumerate() {
        for (arm, tallies) in arms.iter().zip(&tallies) {
            lines.push(line(&endpoint.name, arm, tallies[place]));
        }
    }
    let head = ["Endpoint", "Arm", "n/N", "%", "95 %", "against the first arm, points"];
    print(&format!(
        "At the central parameters; intervals from the number of subjects alone.\n\n{}",
        table(&head, lines)
    ))
}

fn line(endpoint: &str, arm: &str, tally: Tally) -> Vec<String> {
    let Count { events, patients } = tally.count;
    let [low, high] = wilson(tally.count, 0.95).map(|v| figure(100.0 * v, "%"));
    let [sum, squares, n] = tally.difference;
    let difference = if n > 1.0 {
        let mean = sum / n;
        let error = ((squares / n - mean * mean).max(0.0) / (n - 1.0)).sqrt();
        format!("{} \u{b1}{}", signed(100.0 * mean, "%"), rough(100.0 * error, "%"))
    } else {
        String::new()
    };
    vec![
        endpoint.to_string(),
        arm.to_string(),
        format!("{events}/{patients}"),
        figure(100.0 * tally.count.share(), "%"),
        format!("{low} to {high}"),
        difference,
    ]
}
