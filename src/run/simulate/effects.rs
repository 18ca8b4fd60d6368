//! The random effects over the rows of a data set: those of subjects, and those of their occasions.

use std::collections::BTreeSet;

use super::{BetweenSubjects, Request};
use crate::diagnostic::Problems;
use crate::dosing::dataset::DataSet;
use crate::dosing::record::Carry;
use crate::model::Model;
use crate::population::{FIRST_OCCASION, Individuals};

/// The column of a data set that numbers occasions.
const OCCASION: &str = "OCC";

/// The random effects over the rows: one column an effect.
pub(super) fn over_rows(model: &Model, data: &DataSet, request: &Request) -> Result<Vec<Vec<f64>>, Problems> {
    let effects = model.effects().list();
    let mut columns = vec![vec![0.0; data.records().len()]; effects.len()];
    if request.between == BetweenSubjects::Typical {
        return Ok(columns);
    }
    let individuals = Individuals::new(model, Vec::new(), request.seed);
    let subjects = data.subjects();
    let all = (0..subjects.len() as u64).into();
    let occasions = if model.effects().by_occasion() {
        occasions(data, request.carry)?
    } else {
        vec![FIRST_OCCASION; data.records().len()]
    };
    for occasion in occasions.iter().copied().collect::<BTreeSet<u32>>() {
        for (column, etas) in columns.iter_mut().zip(individuals.effects(&all, occasion, request.draw)) {
            for (subject, eta) in subjects.iter().zip(etas) {
                for row in subject.rows.clone().filter(|row| occasions.get(*row) == Some(&occasion)) {
                    column[row] = eta;
                }
            }
        }
    }
    Ok(columns)
}

/// The occasion of each row: the number in the column OCC, carried as a covariate is; without one, each dose record
/// begins an occasion, and what stands before the first belongs to it.
fn occasions(data: &DataSet, carry: Carry) -> Result<Vec<u32>, Problems> {
    if data.column(OCCASION).is_none() {
        return Ok(by_dose(data));
    }
    let numbers = data.covariate(OCCASION, carry)?;
    let mut occasions = Vec::with_capacity(numbers.len());
    for (row, number) in numbers.into_iter().enumerate() {
        if number.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&number) {
            let message = format!("{number} is no occasion: occasions are whole numbers from 0");
            return Err(data.problem("E0213", row, OCCASION, &message).into());
        }
        // Whole and within range.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        occasions.push(number as u32);
    }
    Ok(occasions)
}

fn by_dose(data: &DataSet) -> Vec<u32> {
    let mut occasions = Vec::with_capacity(data.records().len());
    for subject in data.subjects() {
        let mut doses = 0;
        for record in data.records().get(subject.rows.clone()).unwrap_or_default() {
            doses += u32::from(record.dose().is_some());
            occasions.push(doses.max(FIRST_OCCASION));
        }
    }
    occasions
}
