//! The response file: what a study names when it wants a fitted response.

use serde::{Deserialize, Serialize};

use super::{Basis, Constant, Curve, Draws, Form, Link, Metric, ResponseModel};
use crate::diagnostic::{Diagnostic, Problems};

/// A response model as it is written: parameters and what they rest on. The draws stand in a table beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResponseFile {
    /// The outcome.
    pub outcome: String,
    /// The exposure metric.
    pub metric: String,
    /// The range of exposures of the evidence (mg/L; mg h/L for an area).
    pub range: [f64; 2],
    /// `logit` or `cloglog`.
    pub link: String,
    /// The time at risk (h) of `cloglog`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<f64>,
    /// How the exposure enters.
    pub form: FormFile,
    /// The names of the parameters: the columns of the table of draws.
    pub parameters: Vec<String>,
    /// Their central values.
    pub central: Vec<f64>,
    /// The parameter that is the intercept.
    pub intercept: String,
    /// The parameter that is the slope.
    pub slope: String,
    /// Where the figures come from.
    pub source: String,
    /// How the parameters were estimated.
    pub method: String,
    /// Patients whom the evidence counts.
    pub patients: u32,
    /// What a reader must know.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A form as it is written. Exposures in mg/L (mg h/L for an area); a constant that was fitted is named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum FormFile {
    /// b log2(C/reference).
    Log2Ratio {
        /// The exposure at which the predictor is the intercept.
        reference: f64,
    },
    /// b C/scale.
    Linear {
        /// The exposure of one step.
        scale: f64,
    },
    /// b log2(1 + C/scale).
    Log2OnePlus {
        /// Where linear passes into logarithmic.
        scale: f64,
    },
    /// b C/(EC50 + C).
    Emax {
        /// The exposure of half the effect.
        ec50: ConstantFile,
    },
    /// b C^h/(EC50^h + C^h).
    SigmoidEmax {
        /// The exposure of half the effect.
        ec50: ConstantFile,
        /// The Hill exponent.
        hill: ConstantFile,
    },
}

/// A constant as it is written: its value, or the parameter whose exponential it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ConstantFile {
    /// Known.
    Known(f64),
    /// The name of a parameter that is its logarithm.
    Fitted(String),
}

impl ResponseFile {
    /// The file of a model.
    pub fn new(model: &ResponseModel) -> Self {
        let (basis, curve) = (model.basis(), model.curve());
        let names = curve.draws().names();
        let name = |column: usize| names.get(column).cloned().unwrap_or_default();
        let constant = |constant| match constant {
            Constant::Known(value) => ConstantFile::Known(value),
            Constant::Fitted(column) => ConstantFile::Fitted(name(column)),
        };
        let form = match curve.form() {
            Form::Log2Ratio { reference } => FormFile::Log2Ratio { reference },
            Form::Linear { scale } => FormFile::Linear { scale },
            Form::Log2OnePlus { scale } => FormFile::Log2OnePlus { scale },
            Form::Emax { ec50 } => FormFile::Emax { ec50: constant(ec50) },
            Form::SigmoidEmax { ec50, hill } => {
                FormFile::SigmoidEmax { ec50: constant(ec50), hill: constant(hill) }
            }
        };
        let (intercept, slope) = curve.columns();
        ResponseFile {
            outcome: basis.outcome.clone(),
            metric: basis.metric.name().into(),
            range: basis.range,
            link: model.link().name().into(),
            follow_up: match model.link() {
                Link::Logit => None,
                Link::Cloglog { follow_up } => Some(follow_up),
            },
            form,
            parameters: names.to_vec(),
            central: curve.draws().central().to_vec(),
            intercept: name(intercept),
            slope: name(slope),
            source: basis.source.clone(),
            method: basis.method.clone(),
            patients: basis.patients,
            notes: basis.notes.clone(),
        }
    }

    /// The model of a file and its table of draws (row-major: draws x parameters).
    ///
    /// # Errors
    /// E0701 to E0704 as the model, and E0708 where the file names a metric, link or parameter that is not known.
    pub fn model(&self, rows: Vec<f64>) -> Result<ResponseModel, Problems> {
        let unknown = |what: &str, name: &str| -> Problems {
            Diagnostic::error(
                "E0708",
                format!("the response file of {}: `{name}` is no {what}", self.outcome),
            )
            .into()
        };
        let metric = Metric::named(&self.metric).ok_or_else(|| unknown("exposure metric", &self.metric))?;
        let link = match (self.link.as_str(), self.follow_up) {
            ("logit", _) => Link::Logit,
            ("cloglog", Some(follow_up)) => Link::Cloglog { follow_up },
            (other, _) => return Err(unknown("link (`cloglog` with its `follow-up`)", other)),
        };
        let column = |name: &str| {
            self.parameters.iter().position(|known| known == name).ok_or_else(|| unknown("parameter", name))
        };
        let constant = |constant: &ConstantFile| match constant {
            ConstantFile::Known(value) => Ok(Constant::Known(*value)),
            ConstantFile::Fitted(name) => column(name).map(Constant::Fitted),
        };
        let form = match &self.form {
            FormFile::Log2Ratio { reference } => Form::Log2Ratio { reference: *reference },
            FormFile::Linear { scale } => Form::Linear { scale: *scale },
            FormFile::Log2OnePlus { scale } => Form::Log2OnePlus { scale: *scale },
            FormFile::Emax { ec50 } => Form::Emax { ec50: constant(ec50)? },
            FormFile::SigmoidEmax { ec50, hill } => {
                Form::SigmoidEmax { ec50: constant(ec50)?, hill: constant(hill)? }
            }
        };
        let draws = Draws::new(self.parameters.clone(), self.central.clone(), rows)?;
        let curve = Curve::with_columns(form, draws, column(&self.intercept)?, column(&self.slope)?)?;
        let basis = Basis {
            outcome: self.outcome.clone(),
            metric,
            range: self.range,
            source: self.source.clone(),
            method: self.method.clone(),
            patients: self.patients,
            notes: self.notes.clone(),
        };
        ResponseModel::from_curve(basis, link, curve)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Draw;
    use super::*;

    fn model() -> ResponseModel {
        let names = ["a[X]", "a[Y]", "b", "ln EC50"].map(String::from).to_vec();
        let draws = Draws::new(names, vec![-2.0, -1.0, 3.0, -3.6], vec![-2.1, -1.1, 2.9, -3.5]).unwrap();
        let form = Form::Emax { ec50: Constant::Fitted(3) };
        let mut basis = Basis::new("endoscopic response", Metric::Cavg, [0.0, 0.09]);
        basis.notes.push("a note".into());
        ResponseModel::from_curve(basis, Link::Logit, Curve::with_columns(form, draws, 1, 2).unwrap())
            .unwrap()
    }

    #[test]
    fn a_model_survives_its_file() {
        let model = model();
        let text = toml::to_string(&ResponseFile::new(&model)).unwrap();
        let file: ResponseFile = toml::from_str(&text).unwrap();
        let again = file.model(model.curve().draws().rows().to_vec()).unwrap();
        assert_eq!(again, model);
        assert_eq!(again.probability(Draw::Number(0), 0.03), model.probability(Draw::Number(0), 0.03));
    }

    #[test]
    fn files_that_name_what_is_not_there_are_refused() {
        let file = ResponseFile::new(&model());
        let code = |file: ResponseFile| file.model(Vec::new()).unwrap_err().list()[0].code;
        assert_eq!(code(ResponseFile { metric: "Cmin".into(), ..file.clone() }), "E0708");
        assert_eq!(code(ResponseFile { link: "cloglog".into(), ..file.clone() }), "E0708");
        assert_eq!(code(ResponseFile { slope: "c".into(), ..file.clone() }), "E0708");
        assert_eq!(code(ResponseFile { range: [1.0, 0.0], ..file.clone() }), "E0703");
        assert_eq!(code(ResponseFile { central: vec![1.0], ..file }), "E0701");
    }
}
