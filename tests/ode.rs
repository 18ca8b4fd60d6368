//! Every problem of the corpus by every method: exact to its tolerance, with the work it is known to take.

use exposim::ode::{FirstStep, Integrator, Method, OdeError, Settings, Statistics, System, Tolerances};
use proptest::prelude::*;
use std::fmt::Write;

use crate::ode_problems::{Problem, corpus};

const METHODS: [Method; 4] =
    [Method::Tsitouras, Method::DormandPrince, Method::Rosenbrock, Method::Automatic];

fn solve(mut problem: &Problem, settings: Settings) -> Result<(Statistics, Vec<Vec<f64>>), OdeError> {
    let times = problem.times();
    let mut x = problem.begin.to_vec();
    let mut found = Vec::new();
    let statistics = Integrator::new(settings).integrate(
        &mut problem,
        0.0,
        &mut x,
        times[times.len() - 1],
        &times,
        |_, _, x| found.push(x.to_vec()),
    )?;
    assert_eq!(found.last(), Some(&x));
    Ok((statistics, found))
}

fn tolerance(relative: f64) -> Tolerances {
    Tolerances::uniform(relative, relative * 1e-3).unwrap()
}

/// A change of controller, tableau or initial step shows here as a change of counts.
#[test]
fn work_and_error_of_every_method_on_every_problem() {
    let mut table = String::new();
    for problem in corpus() {
        for method in METHODS {
            for relative in [1e-4, 1e-7, 1e-10] {
                let settings = Settings::new(method, tolerance(relative));
                write!(table, "{:18} {:14} {relative:5e}: ", problem.name, format!("{method:?}")).unwrap();
                match solve(&problem, settings) {
                    Ok((s, found)) => {
                        let error = problem.error(&found);
                        writeln!(
                            table,
                            "{:5} steps {:3} rejected {:6} rhs {:5} jacobians {} switches, error 1e{}",
                            s.steps,
                            s.rejected,
                            s.rhs,
                            s.jacobians,
                            s.switches,
                            error.log10().ceil()
                        )
                        .unwrap();
                    }
                    Err(error) => writeln!(table, "{error}").unwrap(),
                }
            }
        }
    }
    insta::assert_snapshot!(table);
}
