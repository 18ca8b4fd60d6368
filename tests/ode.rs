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

/// The promise behind the table: what comes out is right, and only stiffness is ever refused.
#[test]
fn errors_follow_the_tolerance() {
    for problem in corpus() {
        for method in METHODS {
            for relative in [1e-4, 1e-7, 1e-10] {
                match solve(&problem, Settings::new(method, tolerance(relative))) {
                    Ok((_, found)) => {
                        // Van der Pol's jumps turn an error of phase into one of state.
                        let allowed = if problem.name == "van der pol" { 300.0 } else { 50.0 } * relative;
                        let error = problem.error(&found);
                        assert!(error < allowed, "{} {method:?} {relative:e}: {error:e}", problem.name);
                    }
                    Err(OdeError::Stiff { .. } | OdeError::TooManySteps { .. }) => {
                        let explicit = matches!(method, Method::Tsitouras | Method::DormandPrince);
                        assert!(problem.stiff && explicit, "{} {method:?}", problem.name);
                    }
                    Err(error) => panic!("{} {method:?} {relative:e}: {error}", problem.name),
                }
            }
        }
    }
}

#[test]
fn differences_serve_where_derivatives_are_not_written() {
    for problem in corpus() {
        let problem = problem.without_derivatives();
        for method in [Method::Rosenbrock, Method::Automatic] {
            let (_, found) = solve(&problem, Settings::new(method, tolerance(1e-6))).unwrap();
            let allowed = if problem.name == "van der pol" { 3e-4 } else { 2e-5 };
            assert!(
                problem.error(&found) < allowed,
                "{} {method:?}: {:e}",
                problem.name,
                problem.error(&found)
            );
        }
    }
}

/// With the tolerance out of the way the step is what is given, and halving it shows the order.
#[test]
fn order_of_convergence_at_the_end_and_in_between() {
    for (name, steps) in [
        ("michaelis-menten", [0.125, 0.0625, 0.03125]),
        ("friberg", [2.0, 1.0, 0.5]),
        ("forced and smooth", [0.25, 0.125, 0.0625]),
    ] {
        for method in [Method::Tsitouras, Method::DormandPrince, Method::Rosenbrock] {
            let errors: Vec<(f64, f64)> = steps.map(|h| error_of_step(name, method, h)).to_vec();
            for pair in errors.windows(2) {
                let (end, between) = ((pair[0].0 / pair[1].0).log2(), (pair[0].1 / pair[1].1).log2());
                assert!(
                    (4.3..6.6).contains(&end),
                    "{name} {method:?}: order {end} at the end of steps {errors:?}"
                );
                assert!(between > 3.8, "{name} {method:?}: order {between} between {errors:?}");
            }
        }
    }
}

/// A system from a closure.
struct From<F>(usize, F);

impl<F: FnMut(f64, &[f64], &mut [f64])> System for From<F> {
    fn dimension(&self) -> usize {
        self.0
    }

    fn rhs(&mut self, t: f64, x: &[f64], dx: &mut [f64]) {
        (self.1)(t, x, dx);
    }
}

/// Largest errors at the ends of steps and in the middle of them, against the same problem at 1e-13.
fn error_of_step(name: &str, method: Method, h: f64) -> (f64, f64) {
    let problems = corpus();
    let mut forced =
        From(1, |t: f64, x: &[f64], dx: &mut [f64]| dx[0] = -x[0] * x[0] + 1.0 + libm::sin(2.0 * t));
    let mut run = |settings: Settings, asked: &[f64]| {
        let mut seen = Vec::new();
        let mut integrator = Integrator::new(settings);
        let visit = |_: usize, _: f64, x: &[f64]| seen.push(x.to_vec());
        match problems.iter().find(|p| p.name == name) {
            Some(mut p) => {
                let mut x = p.begin.to_vec();
                integrator.integrate(&mut p, 0.0, &mut x, 8.0, asked, visit)
            }
            None => integrator.integrate(&mut forced, 0.0, &mut [0.5], 8.0, asked, visit),
        }
        .unwrap();
        seen
    };
    let times: Vec<f64> = (1..=(16.0 / h) as usize).map(|i| i as f64 * h / 2.0).collect();
    let fixed = Settings::new(method, Tolerances::uniform(0.999, 10.0).unwrap())
        .first_step(FirstStep::Given(h))
        .unwrap()
        .longest_step(h)
        .unwrap();
    let exact = run(Settings::new(Method::DormandPrince, Tolerances::uniform(1e-13, 1e-13).unwrap()), &times);
    let mut worst = (0.0f64, 0.0f64);
    for (i, (a, b)) in run(fixed, &times).iter().zip(&exact).enumerate() {
        let error = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if i % 2 == 1 { worst.0 = worst.0.max(error) } else { worst.1 = worst.1.max(error) }
    }
    worst
}

#[test]
fn no_evaluation_outside_the_interval() {
    for method in METHODS {
        for stiffness in [0.3, 500.0] {
            let mut seen = (f64::MAX, f64::MIN);
            let mut system = From(1, |t: f64, x: &[f64], dx: &mut [f64]| {
                seen = (seen.0.min(t), seen.1.max(t));
                dx[0] = -stiffness * (x[0] - libm::sin(t));
            });
            let mut integrator = Integrator::new(Settings::new(method, tolerance(1e-6)));
            let mut x = [1.0];
            let result = integrator.integrate(&mut system, 1.0, &mut x, 1.7, &[], |_, _, _| ());
            assert!(result.is_ok() || matches!(result, Err(OdeError::Stiff { .. })));
            assert!(seen.0 >= 1.0 && seen.1 <= 1.7, "{method:?}: {seen:?}");
        }
    }
}

/// A pulse of input that stops within the time of interest: solved in two intervals, restarted at the end of the pulse.
#[test]
fn restarts_at_discontinuities_are_exact() {
    for method in METHODS {
        for first in [FirstStep::Estimated, FirstStep::Carried, FirstStep::Given(0.1)] {
            let settings = Settings::new(method, tolerance(1e-9)).first_step(first).unwrap();
            let mut integrator = Integrator::new(settings);
            let mut x = [0.0];
            let system =
                |rate: f64| From(1, move |_: f64, x: &[f64], dx: &mut [f64]| dx[0] = rate - 0.2 * x[0]);
            integrator.integrate(&mut system(10.0), 0.0, &mut x, 2.0, &[], |_, _, _| ()).unwrap();
            integrator.integrate(&mut system(0.0), 2.0, &mut x, 12.0, &[], |_, _, _| ()).unwrap();
            let expected = 50.0 * (1.0 - (-0.4f64).exp()) * (-2.0f64).exp();
            assert!((x[0] - expected).abs() < 1e-7, "{method:?} {first:?}: {} {expected}", x[0]);
        }
    }
}

#[test]
fn forgetting_makes_subjects_independent() {
    let problems = corpus();
    let mut stiff = problems.iter().find(|p| p.name == "tmdd").unwrap();
    let mut other = problems.iter().find(|p| p.name == "friberg").unwrap();
    let settings = Settings::new(Method::Automatic, tolerance(1e-6)).first_step(FirstStep::Carried).unwrap();
    let mut alone = other.begin.to_vec();
    Integrator::new(settings.clone())
        .integrate(&mut other, 0.0, &mut alone, 48.0, &[], |_, _, _| ())
        .unwrap();
    let mut integrator = Integrator::new(settings);
    let mut x = stiff.begin.to_vec();
    integrator.integrate(&mut stiff, 0.0, &mut x, 48.0, &[], |_, _, _| ()).unwrap();
    assert!(integrator.is_stiff());
    integrator.forget();
    let mut after = other.begin.to_vec();
    integrator.integrate(&mut other, 0.0, &mut after, 48.0, &[], |_, _, _| ()).unwrap();
    assert_eq!(alone, after);
}

#[test]
fn troubles_have_names() {
    let settings = || Settings::new(Method::Automatic, tolerance(1e-6));
    let run = |settings: Settings, n: usize, f: fn(f64, &[f64], &mut [f64]), to: f64, asked: &[f64]| {
        Integrator::new(settings).integrate(&mut From(n, f), 0.0, &mut [1.0], to, asked, |_, _, _| ())
    };
    let decay = |_: f64, x: &[f64], dx: &mut [f64]| dx[0] = -x[0];
    let wall = |t: f64, _: &[f64], dx: &mut [f64]| dx[0] = if t < 2.0 { 1.0 } else { f64::NAN };
    let blow_up = |_: f64, x: &[f64], dx: &mut [f64]| dx[0] = x[0] * x[0];
    match run(settings(), 1, wall, 5.0, &[]) {
        Err(OdeError::NonFinite { time, .. }) => assert!((time - 2.0).abs() < 1e-9, "{time}"),
        other => panic!("{other:?}"),
    }
    for method in METHODS {
        match run(Settings::new(method, tolerance(1e-6)), 1, blow_up, 5.0, &[]) {
            Err(
                OdeError::NonFinite { time, .. }
                | OdeError::StepUnderflow { time, .. }
                | OdeError::Singular { time, .. },
            ) => assert!((time - 1.0).abs() < 1e-5, "{time}"),
            other => panic!("{other:?}"),
        }
    }
    let few = run(settings().most_steps(3), 1, decay, 100.0, &[]);
    assert!(matches!(few, Err(OdeError::TooManySteps { steps: 3, .. })), "{few:?}");
    assert!(matches!(run(settings(), 1, decay, -1.0, &[]), Err(OdeError::Interval { .. })));
    assert!(matches!(run(settings(), 1, decay, f64::NAN, &[]), Err(OdeError::Interval { .. })));
    assert!(matches!(run(settings(), 2, decay, 1.0, &[]), Err(OdeError::Dimension { expected: 2, .. })));
    for asked in [[-0.5, 0.2], [0.5, 0.2], [0.5, 1.2], [0.5, f64::NAN]] {
        assert!(matches!(run(settings(), 1, decay, 1.0, &asked), Err(OdeError::AskedTime { .. })));
    }
    let three = Settings::new(Method::Automatic, Tolerances::per_state(1e-6, vec![1e-6; 3]).unwrap());
    assert!(matches!(run(three, 1, decay, 1.0, &[]), Err(OdeError::Dimension { found: 3, .. })));
    assert!(Tolerances::uniform(0.0, 1.0).is_err() && Tolerances::uniform(1e-6, 0.0).is_err());
    assert!(Tolerances::per_state(1e-6, vec![]).is_err() && settings().longest_step(0.0).is_err());
    assert!(settings().first_step(FirstStep::Given(f64::NAN)).is_err());
}

#[test]
fn empty_intervals_and_the_ends_are_served() {
    let decay = |_: f64, x: &[f64], dx: &mut [f64]| dx[0] = -x[0];
    let mut integrator = Integrator::new(Settings::new(Method::Automatic, tolerance(1e-6)));
    let mut seen = Vec::new();
    let mut x = [1.0];
    let none = integrator
        .integrate(&mut From(1, decay), 3.0, &mut x, 3.0, &[3.0, 3.0], |i, t, x| seen.push((i, t, x[0])))
        .unwrap();
    assert_eq!(
        (none, x, seen.as_slice()),
        (Statistics::default(), [1.0], &[(0, 3.0, 1.0), (1, 3.0, 1.0)][..])
    );
    seen.clear();
    integrator
        .integrate(&mut From(1, decay), 3.0, &mut x, 4.0, &[3.0, 3.0, 4.0, 4.0], |i, t, x| {
            seen.push((i, t, x[0]))
        })
        .unwrap();
    assert_eq!(seen[..2], [(0, 3.0, 1.0), (1, 3.0, 1.0)]);
    assert_eq!(seen[2..], [(2, 4.0, x[0]), (3, 4.0, x[0])]);
}

/// An oracle by somebody else: `ode_solvers`' eighth-order method, by the rules under which it is sound (time from
/// zero, end reached as one of its own steps, fixed-size vectors).
struct Oracle(f64, f64, f64);

impl ode_solvers::System<f64, ode_solvers::SVector<f64, 3>> for Oracle {
    fn system(&self, _: f64, x: &ode_solvers::SVector<f64, 3>, dx: &mut ode_solvers::SVector<f64, 3>) {
        let mut slope = [0.0; 3];
        nonlinear(self, &[x[0], x[1], x[2]], &mut slope);
        dx.copy_from_slice(&slope);
    }
}

/// Absorption, saturable elimination and a turnover that it stimulates.
fn nonlinear(p: &Oracle, x: &[f64], dx: &mut [f64]) {
    dx[0] = -p.0 * x[0];
    dx[1] = p.0 * x[0] - p.1 * x[1] / (p.2 + x[1]);
    dx[2] = 1.0 + x[1] / (5.0 + x[1]) - 0.4 * x[2];
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn agrees_with_dop853(ka in 0.1f64..3.0, vmax in 1.0f64..20.0, km in 0.5f64..10.0, dose in 1.0f64..100.0, to in 0.1f64..48.0) {
        let begin = ode_solvers::SVector::<f64, 3>::new(dose, 0.0, 2.5);
        let mut oracle = ode_solvers::Dop853::new(Oracle(ka, vmax, km), 0.0, to, to, begin, 1e-12, 1e-12);
        oracle.set_output(ode_solvers::OutputType::Sparse);
        oracle.integrate().unwrap();
        let expected = oracle.y_out().last().unwrap();
        for method in METHODS {
            let p = Oracle(ka, vmax, km);
            let mut x = [dose, 0.0, 2.5];
            let mut system = From(3, |_: f64, x: &[f64], dx: &mut [f64]| nonlinear(&p, x, dx));
            let mut integrator = Integrator::new(Settings::new(method, tolerance(1e-9)));
            integrator.integrate(&mut system, 0.0, &mut x, to, &[], |_, _, _| ()).unwrap();
            for (x, e) in x.iter().zip(expected.iter()) {
                prop_assert!((x - e).abs() <= 1e-7 * dose.max(5.0), "{method:?} {x} {e}");
            }
        }
    }

    /// Times asked for change neither the steps nor the end, and they lie on the solution.
    #[test]
    fn asked_times_do_not_disturb(mut asked in proptest::collection::vec(0.0f64..24.0, 0..20), stiff in any::<bool>()) {
        asked.sort_by(f64::total_cmp);
        let rate = if stiff { 300.0 } else { 0.4 };
        let exact = |t: f64| rate / (rate - 0.1) * ((-0.1 * t).exp() - (-rate * t).exp());
        let mut system = From(2, move |_: f64, x: &[f64], dx: &mut [f64]| {
            dx[0] = -rate * x[0];
            dx[1] = rate * x[0] - 0.1 * x[1];
        });
        let mut integrator = Integrator::new(Settings::new(Method::Automatic, tolerance(1e-7)));
        let (mut plain, mut x) = ([1.0, 0.0], [1.0, 0.0]);
        let work = integrator.integrate(&mut system, 0.0, &mut plain, 24.0, &[], |_, _, _| ()).unwrap();
        integrator.forget();
        let mut seen = Vec::new();
        let again = integrator.integrate(&mut system, 0.0, &mut x, 24.0, &asked, |i, t, x| seen.push((i, t, x[1]))).unwrap();
        prop_assert_eq!(work, again);
        prop_assert_eq!(plain, x);
        prop_assert_eq!(seen.len(), asked.len());
        for (place, (i, t, x)) in seen.into_iter().enumerate() {
            prop_assert_eq!(place, i);
            prop_assert!((x - exact(t)).abs() < 2e-6, "{} {} {}", t, x, exact(t));
        }
    }
}
