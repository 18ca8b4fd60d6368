//! pharmsol, as its examples are written.

use pharmsol::prelude::*;
use pharmsol::{Analytical, Cache, ODE, Parameters};

use crate::workload::Workload;

/// The doses and the times of a workload.
fn subject(workload: Workload) -> Subject {
    let mut subject = Subject::builder("1");
    for (day, dose) in workload.doses().enumerate() {
        let time = 24.0 * day as f64;
        subject = match workload {
            Workload::A => subject.bolus(time + 0.2, dose, "oral"),
            Workload::C => {
                subject.bolus(time + 0.2, 0.8 * dose, "oral").infusion(time, 0.2 * dose, "direct", 3.5)
            }
            Workload::D | Workload::DVaried => subject.bolus(time, dose, "oral"),
            Workload::E => subject.bolus(time + 0.154, 0.19 * dose, "oral").infusion(
                time + 0.154,
                0.57 * dose,
                "direct",
                3.29,
            ),
        };
    }
    for time in workload.times() {
        let outputs: &[&str] =
            if workload == Workload::E { &["neutrophils", "haemoglobin"] } else { &["seen"] };
        for output in outputs {
            subject = subject.missing_observation(time, *output);
        }
    }
    subject.build()
}

/// The closed form, where there is one.
fn closed() -> Analytical {
    analytical! {
        name: "two_compartments",
        params: [ka, ke, kcp, kpc, v],
        states: [gut, central, peripheral],
        outputs: [seen],
        routes: [
            bolus(oral) -> gut,
            infusion(direct) -> central,
        ],
        structure: two_compartments_with_absorption,
        out: |x, _t, y| {
            y[seen] = x[central] / v;
        },
    }
    .disable_cache()
}

/// The equations.
fn equations(workload: Workload) -> ODE {
    match workload {
        Workload::A | Workload::C => ode! {
            name: "linear",
            params: [ka, ke, kcp, kpc, v],
            states: [gut, central, peripheral],
            outputs: [seen],
            diffeq: |x, _t, dx| {
                dx[gut] = bolus[oral] - ka * x[gut];
                dx[central] = infusion[direct] + ka * x[gut] - ke * x[central] - kcp * x[central] + kpc * x[peripheral];
                dx[peripheral] = kcp * x[central] - kpc * x[peripheral];
            },
            out: |x, _t, y| {
                y[seen] = x[central] / v;
            },
        },
        Workload::D | Workload::DVaried => ode! {
            name: "saturable",
            params: [vmax, v],
            states: [gut, central],
            outputs: [seen],
            diffeq: |x, _t, dx| {
                dx[gut] = bolus[oral] - x[gut];
                dx[central] = x[gut] - vmax * (x[central] / v) / (2.0 + x[central] / v);
            },
            out: |x, _t, y| {
                y[seen] = x[central] / v;
            },
        },
        Workload::E => ode! {
            name: "biomarkers",
            params: [ke, v],
            states: [gut, central, peripheral, dividing, first, second, third, circulating, cells],
            outputs: [neutrophils, haemoglobin],
            init: |_t, x| {
                x[dividing] = 5.22;
                x[first] = 5.22;
                x[second] = 5.22;
                x[third] = 5.22;
                x[circulating] = 5.22;
                x[cells] = 137.0;
            },
            diffeq: |x, _t, dx| {
                let c = x[central] / v;
                dx[gut] = bolus[oral] - 0.0523 * x[gut];
                dx[central] = infusion[direct] + 0.0523 * x[gut] - ke * x[central] - (3.22 / v) * x[central]
                    + (3.22 / 68.0) * x[peripheral];
                dx[peripheral] = (3.22 / v) * x[central] - (3.22 / 68.0) * x[peripheral];
                let feedback = (5.22 / x[circulating]).powf(0.1445);
                dx[dividing] = 0.0475 * x[dividing] * ((1.0 - 0.49 * c) * feedback - 1.0);
                dx[first] = 0.0475 * (x[dividing] - x[first]);
                dx[second] = 0.0475 * (x[first] - x[second]);
                dx[third] = 0.0475 * (x[second] - x[third]);
                dx[circulating] = 0.0475 * (x[third] - x[circulating]);
                dx[cells] = 0.0005 * 137.0 * (1.0 - 0.101 * c / (0.0586 + c)) - 0.0005 * x[cells];
            },
            out: |x, _t, y| {
                y[neutrophils] = x[circulating];
                y[haemoglobin] = x[cells];
            },
        },
    }
    .disable_cache()
}

/// Values for two parameters of each subject.
pub type Run = Box<dyn Fn(&[[f64; 2]]) -> Vec<f64>>;

/// By a model and its workload: the values of all subjects, subject by subject, kept.
macro_rules! run {
    ($model:expr, $workload:expr) => {{
        let (model, workload) = ($model, $workload);
        let subject = subject(workload);
        Box::new(move |own: &[[f64; 2]]| {
            let mut values = Vec::with_capacity(own.len() * workload.values());
            for own in own {
                let parameters = Parameters::with_model(&model, named(workload, *own)).unwrap();
                match model.estimate_predictions(&subject, &parameters) {
                    Ok(predictions) => values.extend(predictions.flat_predictions()),
                    // A solver that gives up is as far off as can be.
                    Err(_) => values.extend(std::iter::repeat_n(f64::INFINITY, workload.values())),
                }
            }
            values
        })
    }};
}

/// The parameters of a subject by their names.
fn named(workload: Workload, [first, v]: [f64; 2]) -> Vec<(&'static str, f64)> {
    match workload {
        Workload::A | Workload::C => {
            vec![("ka", 1.6), ("ke", first / v), ("kcp", 3.22 / v), ("kpc", 3.22 / 68.0), ("v", v)]
        }
        Workload::D | Workload::DVaried => vec![("vmax", first), ("v", v)],
        Workload::E => vec![("ke", first / v), ("v", v)],
    }
}

/// By the closed form.
pub fn by_closed_form(workload: Workload) -> Run {
    run!(closed(), workload)
}

/// By a solver at a relative tolerance.
pub fn by_solver(workload: Workload, solver: OdeSolver, relative: f64) -> Run {
    run!(equations(workload).with_solver(solver).with_tolerances(relative, 1e-3 * relative), workload)
}
