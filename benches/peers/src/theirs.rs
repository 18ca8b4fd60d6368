//! pharmsol, as its examples are written.

use pharmsol::prelude::*;
use pharmsol::{Analytical, Cache, ODE, Parameters};

use crate::workload::{DAYS, Workload};

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
            Workload::D => subject.bolus(time, dose, "oral"),
        };
    }
    for day in 1..=DAYS {
        // A dose that is given then has not reached what is seen.
        subject = subject.missing_observation(24.0 * day as f64, "seen");
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
        Workload::D => ode! {
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
            let mut values = Vec::with_capacity(own.len() * DAYS);
            for own in own {
                let parameters = Parameters::with_model(&model, named(workload, *own)).unwrap();
                values.extend(model.estimate_predictions(&subject, &parameters).unwrap().flat_predictions());
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
        Workload::D => vec![("vmax", first), ("v", v)],
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
