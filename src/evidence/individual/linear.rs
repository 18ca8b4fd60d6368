//! The change of a biomarker by least squares.

use super::super::fit::{Fit, Inputs, Named, basis};
use super::super::paper::{Evidence, IndividualPaper};
use super::super::summary::Summary;
use super::data::Columns;
use crate::diagnostic::{Diagnostic, Problems};
use crate::math::Cholesky;
use crate::random::{Address, Purpose, Stream};
use crate::response::{BiomarkerModel, Curve, Draws};
use crate::statistics::{least_squares, student_quantile};
use crate::units::Unit;

/// The regression of a change on the exposure's form and centred covariates. The draws are those of the flat prior:
/// the residual variance is scaled inverse chi-square, the coefficients normal given it (Gelman et al. 2013, Bayesian
/// Data Analysis, section 14.2).
///
/// # Errors
/// E0753 where predictors depend on one another or rows are too few.
pub(super) fn linear(
    evidence: &Evidence,
    paper: &IndividualPaper,
    columns: &Columns,
    (unit, time): (&Unit, f64),
    inputs: &Inputs<'_>,
) -> Result<Fit, Problems> {
    let shape = paper.form.checked(0)?.shape(&[]);
    let g = columns.exposure.iter().map(|&c| shape.apply(c)).collect();
    let predictors = columns.predictors(paper, g);
    let ones = vec![1.0; columns.outcome.len()];
    let views: Vec<&[f64]> = std::iter::once(&ones)
        .chain(predictors.iter().map(|(_, column)| column))
        .map(Vec::as_slice)
        .collect();
    let dependent = || {
        Diagnostic::error("E0753", "the predictors are linearly dependent, or the rows too few")
            .help("leave out a predictor that the others determine")
    };
    let estimate = least_squares(&views, &columns.outcome).ok_or_else(dependent)?;
    let mut summary = Summary::new(evidence);
    let mut names = vec!["a".to_string(), "b".to_string()];
    names.extend(paper.covariates.iter().cloned());
    let t = student_quantile(0.95, estimate.freedom);
    for ((name, b), error) in names.iter().zip(&estimate.coefficients).zip(&estimate.errors) {
        summary.add(&format!("{name} ({unit})"), *b, Some([b - t * error, b + t * error]));
    }
    summary.add(&format!("residual standard deviation ({unit})"), estimate.deviation, None);
    let root = Cholesky::new(&estimate.covariance, names.len()).ok_or_else(dependent)?;
    let rows = (0..inputs.draws)
        .flat_map(|draw| {
            let mut stream = Stream::new(Address::new(inputs.seed, Purpose::Evidence).draw(draw));
            let noise: Vec<f64> = (0..names.len()).map(|_| stream.normal()).collect();
            // A sum of as many squares as there are degrees of freedom: chi-square.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let squares: f64 = (0..estimate.freedom as u64).map(|_| stream.normal()).map(|z| z * z).sum();
            let scale = (estimate.freedom / squares).sqrt();
            let moved = root.transform(&noise);
            estimate.coefficients.iter().zip(moved).map(move |(b, m)| b + scale * m).collect::<Vec<_>>()
        })
        .collect();
    let draws = Draws::new(names, estimate.coefficients.clone(), rows)?;
    let method = format!("least squares, {}", paper.form.name());
    let basis = basis(evidence, paper.exposure.metric, columns.range(), method, columns.outcome.len() as f64);
    let curve = Curve::new(paper.form, draws)?;
    let model = BiomarkerModel::new(basis, unit.clone(), time, estimate.deviation, curve)?;
    let named = Named { name: paper.form.name().to_string(), model };
    Ok(Fit { biomarkers: vec![named], ..Fit::of(summary) })
}
