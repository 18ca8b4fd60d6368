use serde::{Deserialize, Serialize};

use super::calibration::Bin;
use super::observed::EvidencePoint;
use super::paper::{Class, Evidence};
use crate::diagnostic::Diagnostic;
use crate::response::{Draw, Draws, ResponseModel};
use crate::units::Unit;

/// One figure of a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// What it is.
    pub quantity: String,
    /// The estimate or posterior median.
    pub estimate: f64,
    /// Its 95 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
}

/// A curve with its bands, for a table and a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// The unit of the exposures.
    pub unit: Unit,
    /// Exposures, in the unit.
    pub exposures: Vec<f64>,
    /// Quantiles 2.5, 25, 50, 75 and 97.5 % of the probability over the draws, one row an exposure.
    pub quantiles: Vec<[f64; 5]>,
}

/// What a fit gave, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The title of the evidence.
    pub title: String,
    /// The outcome.
    pub outcome: String,
    /// Where the figures of the evidence were printed.
    pub source: String,
    /// How far they are from that.
    pub class: Class,
    /// The unit in which exposures are shown, where the evidence has exposures.
    pub unit: Option<Unit>,
    /// What was observed, in that unit.
    pub points: Vec<EvidencePoint>,
    /// The figures.
    pub figures: Vec<Figure>,
    /// The exposure-response curves, one for each response model.
    pub curves: Vec<Band>,
    /// Observed shares by quarters of the exposure (coherent units), where there are individual data.
    pub bins: Vec<Bin>,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
    /// What must be known to read the figures.
    pub notes: Vec<String>,
}

/// Points of a curve.
const POINTS: usize = 41;

impl Summary {
    pub(super) fn new(evidence: &Evidence) -> Self {
        Summary {
            title: evidence.title.clone(),
            outcome: evidence.outcome.clone(),
            source: evidence.source.clone(),
            class: evidence.class,
            unit: evidence.unit().cloned(),
            points: evidence.points(),
            figures: Vec::new(),
            curves: Vec::new(),
            bins: Vec::new(),
            warnings: Vec::new(),
            notes: evidence.notes.clone(),
        }
    }

    pub(super) fn add(&mut self, quantity: &str, estimate: f64, interval: Option<[f64; 2]>) {
        self.figures.push(Figure { quantity: quantity.to_string(), estimate, interval });
    }

    /// Median and 95 % interval of one parameter's draws.
    pub(super) fn add_draws(&mut self, quantity: &str, draws: &Draws, column: usize) {
        let [low, _, median, _, high] = quantiles(draws.values(column).collect());
        self.add(quantity, median, Some([low, high]));
    }

    pub(super) fn note(&mut self, note: &str) {
        self.notes.push(note.to_string());
    }

    pub(super) fn warn(&mut self, warning: Diagnostic) {
        self.warnings.push(warning);
    }

    /// The curve of a model over the range of its evidence and a half beyond.
    pub(super) fn add_curve(&mut self, model: &ResponseModel, unit: Unit) {
        let [low, high] = model.basis().range;
        let (low, high) = (low / 1.5, high * 1.5);
        let exposures: Vec<f64> =
            (0..POINTS).map(|i| low + (high - low) * i as f64 / (POINTS - 1) as f64).collect();
        let draws = model.curve().draws().len().max(1);
        let mut columns = vec![Vec::new(); POINTS];
        let mut row = vec![0.0; POINTS];
        for draw in 0..draws {
            model.probability_slice(Draw::Number(draw), &exposures, &mut row);
            for (column, p) in columns.iter_mut().zip(&row) {
                column.push(*p);
            }
        }
        self.curves.push(Band {
            exposures: exposures.iter().map(|&c| unit.from_coherent(c)).collect(),
            unit,
            quantiles: columns.into_iter().map(quantiles).collect(),
        });
    }
}

/// Quantiles 2.5, 25, 50, 75 and 97.5 % (type 7) of values; NaN where there are none.
fn quantiles(mut values: Vec<f64>) -> [f64; 5] {
    values.sort_by(f64::total_cmp);
    [0.025, 0.25, 0.5, 0.75, 0.975].map(|p| super::discriminant::type7(&values, p))
}
