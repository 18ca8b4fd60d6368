//! A reference case: a model in numbers and formulas, run over a data set.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use exposim::dosing::dataset::DataSet;
use exposim::dosing::record::{Carry, Target};
use exposim::dosing::timeline::{Entry, Timeline, ZeroOrder};
use exposim::expr::{Expression, Program, Scope, Scratch, Symbol};
use exposim::kinetics::subject::{Equations, Linear, LinearSystem, Ode, Reason, walk};
use exposim::ode::{Method, Settings, Tolerances};
use exposim::units::Unit;

/// Formulas over the names of a case, evaluated together.
pub struct Formulas {
    program: Program,
    scratch: Scratch,
    inputs: Vec<f64>,
    outputs: Vec<f64>,
}

impl Formulas {
    fn new(names: &[String], texts: &[String]) -> Self {
        let mut scope = Scope::unchecked();
        for (slot, name) in names.iter().enumerate() {
            let symbol = Symbol { slot, unit: Unit::one(), levels: None };
            scope.symbol(name, symbol).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        }
        let checked: Vec<_> = texts
            .iter()
            .map(|text| {
                let text = text.replace("**", "^");
                let parsed = Expression::parse(&text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
                parsed.check(&scope).unwrap_or_else(|e| panic!("{text}: {e:?}"))
            })
            .collect();
        let program = Program::compile(&checked.iter().collect::<Vec<_>>());
        Formulas {
            program,
            scratch: Scratch::new(),
            inputs: vec![0.0; names.len()],
            outputs: vec![0.0; texts.len()],
        }
    }

    fn run(&mut self) -> &[f64] {
        self.program.run(&self.inputs, &mut self.outputs, &mut self.scratch);
        &self.outputs
    }
}

/// Dose attributes of one compartment, as formulas.
#[derive(Default, Clone)]
pub struct Attributes {
    pub fraction: Option<String>,
    pub lag: Option<String>,
    pub duration: Option<String>,
    pub rate: Option<String>,
}

/// A model as the reference files give it.
#[derive(Default)]
pub struct Model {
    pub states: usize,
    pub parameters: Vec<(String, String)>,
    /// From, to (0 is outside), rate constant.
    pub flows: Vec<(usize, usize, String)>,
    pub ode: Vec<String>,
    pub initial: BTreeMap<usize, String>,
    pub attributes: BTreeMap<usize, Attributes>,
    pub default_dose: usize,
    pub observe: Vec<(String, String)>,
}

/// Individual parameters, one row of values a record.
struct Individual {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
    record: usize,
}

impl Individual {
    fn values(&self) -> &[f64] {
        &self.rows[self.record]
    }
}

struct Coefficients {
    individual: Rc<RefCell<Individual>>,
    flows: Vec<(usize, usize)>,
    rates: Formulas,
    states: usize,
}

impl LinearSystem for Coefficients {
    fn states(&self) -> usize {
        self.states
    }

    fn coefficients(
        &mut self,
        record: usize,
        matrix: &mut [f64],
        _: &mut [f64],
        _: &mut [f64],
    ) -> Result<(), Reason> {
        let individual = self.individual.borrow();
        self.rates.inputs[..individual.names.len()].copy_from_slice(&individual.rows[record]);
        let rates = self.rates.run();
        for ((from, to), k) in self.flows.iter().zip(rates) {
            matrix[(from - 1) * self.states + from - 1] -= k;
            if *to > 0 {
                matrix[(to - 1) * self.states + from - 1] += k;
            }
        }
        Ok(())
    }
}

struct RightHandSide {
    individual: Rc<RefCell<Individual>>,
    formulas: Formulas,
    initial: Formulas,
    initial_of: Vec<usize>,
    states: usize,
}

impl Equations for RightHandSide {
    fn states(&self) -> usize {
        self.states
    }

    fn hold(&mut self, record: usize) -> Result<(), Reason> {
        let mut individual = self.individual.borrow_mut();
        individual.record = record;
        let n = individual.names.len();
        self.formulas.inputs[..n].copy_from_slice(individual.values());
        self.initial.inputs[..n].copy_from_slice(individual.values());
        Ok(())
    }

    fn initial(&mut self, _: f64, state: &mut [f64]) -> Result<(), Reason> {
        for (value, at) in self.initial.run().iter().zip(&self.initial_of) {
            state[at - 1] = *value;
        }
        Ok(())
    }

    fn rhs(&mut self, t: f64, x: &[f64], dx: &mut [f64]) {
        let n = self.formulas.inputs.len() - self.states - 1;
        self.formulas.inputs[n] = t;
        self.formulas.inputs[n + 1..].copy_from_slice(x);
        dx.copy_from_slice(self.formulas.run());
    }
}

/// How the model is to be solved.
#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    Exact,
    Integrated,
}

impl Model {
    /// Predictions of the observed quantities at all rows: `[row][quantity]`.
    pub fn predict(&self, data: &DataSet, way: Way) -> Vec<Vec<f64>> {
        let covariates: Vec<String> =
            data.columns().iter().filter(|c| !RESERVED.contains(&c.as_str())).cloned().collect();
        let values: Vec<Vec<f64>> =
            covariates.iter().map(|name| data.covariate(name, Carry::Backward).unwrap()).collect();
        let mut names = covariates.clone();
        names.retain(|n| !self.parameters.iter().any(|(p, _)| p == n));
        let kept: Vec<usize> =
            names.iter().map(|n| covariates.iter().position(|c| c == n).unwrap()).collect();
        let mut programs = Vec::new();
        for (name, text) in &self.parameters {
            // A parameter that is a column of the data set takes the column's value.
            match covariates.iter().position(|c| c == name) {
                Some(column) => programs.push(Err(column)),
                None => programs.push(Ok(Formulas::new(&names, &[text.clone()]))),
            }
            names.push(name.clone());
        }
        let mut all = Vec::new();
        for row in 0..data.records().len() {
            let mut known: Vec<f64> = kept.iter().map(|c| values[*c][row]).collect();
            for program in &mut programs {
                match program {
                    Ok(program) => {
                        let n = program.inputs.len();
                        program.inputs.copy_from_slice(&known[..n]);
                        let value = program.run()[0];
                        known.push(value);
                    }
                    Err(column) => known.push(values[*column][row]),
                }
            }
            all.push(known);
        }
        let mut predictions = Vec::new();
        for subject in data.subjects() {
            let rows = all[subject.rows.clone()].to_vec();
            let records = &data.records()[subject.rows.clone()];
            let individual = Rc::new(RefCell::new(Individual { names: names.clone(), rows, record: 0 }));
            let timeline = self.timeline(records, &individual);
            predictions.extend(self.subject(&timeline, &individual, way));
        }
        predictions
    }

    fn timeline(
        &self,
        records: &[exposim::dosing::record::Record],
        individual: &Rc<RefCell<Individual>>,
    ) -> Timeline {
        let names = individual.borrow().names.clone();
        let formula = |text: &Option<String>| text.clone().unwrap_or_else(|| "0".into());
        let mut programs: BTreeMap<usize, Formulas> = self
            .attributes
            .iter()
            .map(|(cmt, a)| {
                let texts = [
                    a.fraction.clone().unwrap_or_else(|| "1".into()),
                    formula(&a.lag),
                    formula(&a.duration),
                    formula(&a.rate),
                ];
                (*cmt, Formulas::new(&names, &texts))
            })
            .collect();
        let resolved = Timeline::resolve(records, |record, dose, out| {
            let cmt = match dose.target() {
                Target::Default => self.default_dose,
                Target::Number(number) => *number,
                Target::Named(name) => return Err(format!("no compartment {name}")),
            };
            let mut entry = Entry::plain(cmt - 1);
            if let Some(program) = programs.get_mut(&cmt) {
                let individual = individual.borrow();
                program.inputs.copy_from_slice(&individual.rows[record]);
                let values = program.run();
                let given = &self.attributes[&cmt];
                entry.bioavailability = values[0];
                entry.lag = values[1];
                entry.zero_order = ZeroOrder::OnRequest {
                    duration: given.duration.as_ref().map(|_| values[2]),
                    rate: given.rate.as_ref().map(|_| values[3]),
                };
            }
            out.push(entry);
            Ok(())
        });
        resolved.unwrap_or_else(|e| panic!("{e}"))
    }

    fn subject(&self, timeline: &Timeline, individual: &Rc<RefCell<Individual>>, way: Way) -> Vec<Vec<f64>> {
        let mut names = individual.borrow().names.clone();
        let known = names.len();
        names.push("T".into());
        names.extend((1..=self.states).map(|i| format!("A{i}")));
        let texts: Vec<String> = self.observe.iter().map(|(_, text)| text.clone()).collect();
        let mut observed = Formulas::new(&names, &texts);
        let mut out = Vec::new();
        let rows = individual.borrow().rows.clone();
        let look = |record: usize, time: f64, state: &[f64]| {
            observed.inputs[..known].copy_from_slice(&rows[record]);
            observed.inputs[known] = time;
            observed.inputs[known + 1..].copy_from_slice(&state[..names.len() - known - 1]);
            out.push(observed.run().to_vec());
        };
        let result = if self.ode.is_empty() && way == Way::Exact {
            let rates: Vec<String> = self.flows.iter().map(|(_, _, k)| k.clone()).collect();
            let system = Coefficients {
                individual: Rc::clone(individual),
                flows: self.flows.iter().map(|(from, to, _)| (*from, *to)).collect(),
                rates: Formulas::new(&names[..known], &rates),
                states: self.states,
            };
            walk(timeline, &mut Linear::new(system), Carry::Backward, look)
        } else {
            let texts = if self.ode.is_empty() { self.equations() } else { self.ode.clone() };
            let initial: Vec<String> = self.initial.values().cloned().collect();
            let system = RightHandSide {
                individual: Rc::clone(individual),
                formulas: Formulas::new(&names, &texts),
                initial: Formulas::new(&names[..known], &initial),
                initial_of: self.initial.keys().copied().collect(),
                states: self.states,
            };
            let settings = Settings::new(Method::Automatic, Tolerances::uniform(1e-12, 1e-16).unwrap());
            walk(timeline, &mut Ode::new(system, settings), Carry::Backward, look)
        };
        result.unwrap_or_else(|e| panic!("{e}"));
        out
    }

    /// The flows as equations.
    fn equations(&self) -> Vec<String> {
        (1..=self.states)
            .map(|state| {
                let mut text = String::from("0");
                for (from, to, k) in &self.flows {
                    if *from == state {
                        text += &format!(" - ({k})*A{from}");
                    }
                    if *to == state {
                        text += &format!(" + ({k})*A{from}");
                    }
                }
                text
            })
            .collect()
    }
}

const RESERVED: [&str; 15] = [
    "ID",
    "TIME",
    "EVID",
    "AMT",
    "CMT",
    "RATE",
    "II",
    "ADDL",
    "SS",
    "DV",
    "MDV",
    "pred_closed",
    "pred_ode",
    "MODE",
    "T",
];
