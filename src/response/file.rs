//! Response models as they are written: parameters and what they rest on. Joint draws stand in a table beside the file.

use serde::{Deserialize, Serialize};

use super::{
    Basis, BiomarkerModel, Constant, CourseModel, Curve, Draws, Form, HazardLaw, Link, Metric,
    PersistenceBasis, PersistenceModel, ResponseModel, RiskFactor,
};
use crate::diagnostic::{Diagnostic, Problems};
use crate::units::Unit;

/// A model of any kind.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyModel {
    /// The probability of an event.
    Event(ResponseModel),
    /// The mean change of a biomarker.
    Biomarker(BiomarkerModel),
    /// The time until a patient stops.
    Persistence(PersistenceModel),
    /// The course of a biomarker in time.
    Course(CourseModel),
}

impl AnyModel {
    /// The joint draws of its parameters.
    pub fn draws(&self) -> &Draws {
        match self {
            AnyModel::Event(model) => model.curve().draws(),
            AnyModel::Biomarker(model) => model.curve().draws(),
            AnyModel::Persistence(model) => model.draws(),
            AnyModel::Course(model) => &model.draws,
        }
    }
}

/// A model as it is written: everything but its draws. Exposures in mg/L (mg h/L for an area), times in hours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModelFile {
    /// The names of the parameters: the columns of the table of draws.
    pub parameters: Vec<String>,
    /// Their central values.
    pub central: Vec<f64>,
    /// What the parameters mean.
    pub law: LawFile,
}

/// What the parameters of a model mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum LawFile {
    /// The probability of an event.
    #[serde(rename_all = "kebab-case")]
    Event {
        /// `logit` or `cloglog`.
        link: String,
        /// The time at risk (h) of `cloglog`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        follow_up: Option<f64>,
        /// The predictor.
        curve: CurveFile,
        /// What it rests on.
        basis: Basis,
    },
    /// The mean change of a biomarker.
    Biomarker {
        /// The unit of the change.
        unit: String,
        /// The time of the change (h).
        time: f64,
        /// The standard deviation of the change between subjects.
        spread: f64,
        /// The predictor.
        curve: CurveFile,
        /// What it rests on.
        basis: Basis,
    },
    /// The time until a patient stops.
    Persistence {
        /// The ends (h) of the intervals of a piecewise hazard; a Weibull law where there are none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ends: Vec<f64>,
        /// What multiplies the hazard.
        #[serde(default)]
        factors: Vec<FactorFile>,
        /// What it rests on.
        basis: PersistenceBasis,
    },
    /// The course of a biomarker in time.
    Course {
        /// The file of its equations: the name of a shipped one, or a path that counts from the response file.
        model: String,
        /// The exposure metric.
        metric: Metric,
        /// The unit of the biomarker.
        unit: String,
    },
}

/// The predictor a + b g(C) as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CurveFile {
    /// The parameter that is the intercept.
    pub intercept: String,
    /// The parameter that is the slope.
    pub slope: String,
    /// How the exposure enters.
    pub form: FormFile,
}

/// A risk factor as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FactorFile {
    /// The covariate.
    pub covariate: String,
    /// The unit of the limit.
    pub unit: String,
    /// The limit at and below which the hazard is multiplied, in the unit.
    pub at_most: f64,
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

impl ModelFile {
    /// The file of a model.
    pub fn new(model: &AnyModel) -> Self {
        let draws = model.draws();
        let law = match model {
            AnyModel::Event(model) => LawFile::Event {
                link: model.link().name().into(),
                follow_up: match model.link() {
                    Link::Logit => None,
                    Link::Cloglog { follow_up } => Some(follow_up),
                },
                curve: CurveFile::new(model.curve()),
                basis: model.basis().clone(),
            },
            AnyModel::Biomarker(model) => LawFile::Biomarker {
                unit: model.unit().text().into(),
                time: model.time(),
                spread: model.spread(),
                curve: CurveFile::new(model.curve()),
                basis: model.basis().clone(),
            },
            AnyModel::Persistence(model) => LawFile::Persistence {
                ends: match model.law() {
                    HazardLaw::Weibull => Vec::new(),
                    HazardLaw::Piecewise { ends } => ends.clone(),
                },
                factors: model.factors().iter().map(FactorFile::new).collect(),
                basis: model.basis().clone(),
            },
            AnyModel::Course(CourseModel { model, metric, unit, .. }) => {
                LawFile::Course { model: model.clone(), metric: *metric, unit: unit.text().into() }
            }
        };
        ModelFile { parameters: draws.names().to_vec(), central: draws.central().to_vec(), law }
    }

    /// The model of a file and its table of draws (row-major: draws x parameters).
    ///
    /// # Errors
    /// E0701 to E0705 as the models, and E0708 where the file names a link, unit or parameter that is not known.
    pub fn model(&self, rows: Vec<f64>) -> Result<AnyModel, Problems> {
        let draws = Draws::new(self.parameters.clone(), self.central.clone(), rows)?;
        Ok(match &self.law {
            LawFile::Event { link, follow_up, curve, basis } => {
                let link = match (link.as_str(), follow_up) {
                    ("logit", None) => Link::Logit,
                    ("cloglog", Some(follow_up)) => Link::Cloglog { follow_up: *follow_up },
                    _ => return Err(unknown("link (`cloglog` with its `follow-up`)", link)),
                };
                AnyModel::Event(ResponseModel::from_curve(basis.clone(), link, curve.curve(draws)?)?)
            }
            LawFile::Biomarker { unit, time, spread, curve, basis } => AnyModel::Biomarker(
                BiomarkerModel::new(basis.clone(), read_unit(unit)?, *time, *spread, curve.curve(draws)?)?,
            ),
            LawFile::Persistence { ends, factors, basis } => {
                let law = match ends.is_empty() {
                    true => HazardLaw::Weibull,
                    false => HazardLaw::Piecewise { ends: ends.clone() },
                };
                let factors = factors.iter().map(FactorFile::factor).collect::<Result<_, _>>()?;
                AnyModel::Persistence(PersistenceModel::new(basis.clone(), law, factors, draws)?)
            }
            LawFile::Course { model, metric, unit } => AnyModel::Course(CourseModel {
                model: model.clone(),
                metric: *metric,
                unit: read_unit(unit)?,
                draws,
            }),
        })
    }
}

impl CurveFile {
    fn new(curve: &Curve) -> Self {
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
        CurveFile { intercept: name(intercept), slope: name(slope), form }
    }

    fn curve(&self, draws: Draws) -> Result<Curve, Problems> {
        let column = |name: &str| draws.column(name).ok_or_else(|| unknown("parameter", name));
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
        let (intercept, slope) = (column(&self.intercept)?, column(&self.slope)?);
        Curve::with_columns(form, draws, intercept, slope)
    }
}

impl FactorFile {
    fn new(factor: &RiskFactor) -> Self {
        FactorFile {
            covariate: factor.covariate.clone(),
            unit: factor.unit.text().into(),
            at_most: factor.unit.from_coherent(factor.limit),
        }
    }

    fn factor(&self) -> Result<RiskFactor, Problems> {
        let unit = read_unit(&self.unit)?;
        Ok(RiskFactor { covariate: self.covariate.clone(), limit: unit.to_coherent(self.at_most), unit })
    }
}

fn read_unit(text: &str) -> Result<Unit, Problems> {
    text.parse().map_err(|_| unknown("unit", text))
}

fn unknown(what: &str, name: &str) -> Problems {
    Diagnostic::error("E0708", format!("`{name}` is no {what} of this response file")).into()
}

#[cfg(test)]
mod tests {
    use super::super::{Draw, Metric};
    use super::*;

    fn model() -> ResponseModel {
        let names = ["a[X]", "a[Y]", "b", "ln EC50"].map(String::from).to_vec();
        let draws = Draws::new(names, vec![-2.0, -1.0, 3.0, -3.6], vec![-2.1, -1.1, 2.9, -3.5]).unwrap();
        let form = Form::Emax { ec50: Constant::Fitted(3) };
        let mut basis = Basis::new("endoscopic response", Metric::Cavg, [0.0, 0.09]);
        basis.notes.push("a note".into());
        let curve = Curve::with_columns(form, draws, 1, 2).unwrap();
        ResponseModel::from_curve(basis, Link::Logit, curve).unwrap()
    }

    fn again(model: &AnyModel) -> AnyModel {
        let text = toml::to_string(&ModelFile::new(model)).unwrap();
        let file: ModelFile = toml::from_str(&text).unwrap();
        file.model(model.draws().rows().to_vec()).unwrap()
    }

    #[test]
    fn a_model_survives_its_file() {
        let event = model();
        let AnyModel::Event(read) = again(&AnyModel::Event(event.clone())) else { panic!() };
        assert_eq!(read, event);
        assert_eq!(read.probability(Draw::Number(0), 0.03), event.probability(Draw::Number(0), 0.03));
        let link = Link::Cloglog { follow_up: 8766.0 };
        let basis = event.basis().clone();
        let rate = ResponseModel::from_curve(basis.clone(), link, event.curve().clone()).unwrap();
        let change =
            BiomarkerModel::new(basis, "g/L".parse().unwrap(), 4032.0, 9.4, event.curve().clone()).unwrap();
        let course = CourseModel {
            model: "haemoglobin-red-cells".into(),
            metric: Metric::Cavg,
            unit: "g/L".parse().unwrap(),
            draws: event.curve().draws().clone(),
        };
        for model in [AnyModel::Event(rate), AnyModel::Biomarker(change), AnyModel::Course(course)] {
            assert_eq!(again(&model), model);
        }
        for (law, wide) in
            [(HazardLaw::Weibull, 3), (HazardLaw::Piecewise { ends: vec![2000.0, 4000.0, 8766.0] }, 4)]
        {
            let basis = PersistenceBasis {
                outcome: "discontinuation".into(),
                horizon: 8766.0,
                source: "s".into(),
                method: "m".into(),
                patients: 108,
                notes: vec!["a note".into()],
            };
            let factor =
                RiskFactor { covariate: "BMI".into(), unit: "kg/m^2".parse().unwrap(), limit: 185_000.0 };
            let names = (0..wide).map(|i| format!("p{i}")).collect();
            let draws = Draws::new(names, vec![0.5; wide], vec![0.25; 2 * wide]).unwrap();
            let model =
                AnyModel::Persistence(PersistenceModel::new(basis, law, vec![factor], draws).unwrap());
            assert_eq!(again(&model), model);
        }
    }

    #[test]
    fn files_that_name_what_is_not_there_are_refused() {
        let file = ModelFile::new(&AnyModel::Event(model()));
        let code = |change: &dyn Fn(&mut ModelFile)| {
            let mut file = file.clone();
            change(&mut file);
            file.model(Vec::new()).unwrap_err().list()[0].code
        };
        let event = |file: &mut ModelFile, change: &dyn Fn(&mut String, &mut CurveFile, &mut Basis)| {
            let LawFile::Event { link, curve, basis, .. } = &mut file.law else { panic!() };
            change(link, curve, basis);
        };
        assert_eq!(code(&|file| event(file, &|link, _, _| *link = "cloglog".into())), "E0708");
        assert_eq!(code(&|file| event(file, &|_, curve, _| curve.slope = "c".into())), "E0708");
        assert_eq!(code(&|file| event(file, &|_, _, basis| basis.range = [1.0, 0.0])), "E0703");
        assert_eq!(code(&|file| file.central = vec![1.0]), "E0701");
        let text = toml::to_string(&file).unwrap().replace("Cavg", "Cmin");
        assert!(toml::from_str::<ModelFile>(&text).is_err());
    }
}
