use super::{Draw, Draws, Form, Shape};
use crate::diagnostic::{Diagnostic, Problems};

/// The predictor a + b g(C) with its draws: the part that response models have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    form: Form,
    draws: Draws,
    intercept: usize,
    slope: usize,
}

impl Curve {
    /// A curve from its form and draws; the first two parameters are the intercept a and the slope b.
    ///
    /// # Errors
    /// E0701 where there are fewer than two parameters, E0702 where the form's constants are wrong.
    pub fn new(form: Form, draws: Draws) -> Result<Self, Problems> {
        Curve::with_columns(form, draws, 0, 1)
    }

    /// A curve whose intercept and slope are in the given columns of the draws. Curves of several trials share their
    /// draws and differ in the column of the intercept.
    ///
    /// # Errors
    /// E0701 where a column is not there, E0702 where the form's constants are wrong.
    pub fn with_columns(form: Form, draws: Draws, intercept: usize, slope: usize) -> Result<Self, Problems> {
        let columns = draws.names().len();
        if intercept >= columns || slope >= columns {
            return Err(Diagnostic::error("E0701", "a curve has an intercept and a slope").into());
        }
        Ok(Curve { form: form.checked(columns)?, draws, intercept, slope })
    }

    /// How the exposure enters.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The parameters.
    pub fn draws(&self) -> &Draws {
        &self.draws
    }

    /// The columns of intercept and slope in the draws.
    pub fn columns(&self) -> (usize, usize) {
        (self.intercept, self.slope)
    }

    /// Intercept a, slope b and shape g of one draw.
    pub fn coefficients(&self, draw: Draw) -> (f64, f64, Shape) {
        let parameters = self.draws.get(draw);
        (parameters[self.intercept], parameters[self.slope], self.form.shape(parameters))
    }

    /// a + b g(C) of a block of exposures (coherent units) into `out`; nothing is allocated.
    pub fn predictor_slice(&self, draw: Draw, exposures: &[f64], out: &mut [f64]) {
        let (a, b, shape) = self.coefficients(draw);
        for (eta, &c) in out.iter_mut().zip(exposures) {
            *eta = a + b * shape.apply(c);
        }
    }
}
