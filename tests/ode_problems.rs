//! The problem corpus of the integrators: equations here, reference solutions in `reference/ode_corpus.csv`
//! (SciPy, `scripts/reference/ode_corpus.py`). Times in hours where the problem is pharmacological.

use exposim::ode::{Derivative, System};

/// Writes Jacobian (row-major) and time derivative.
type Derivatives = fn(f64, &[f64], &mut [f64], &mut [f64]);

/// One problem with its reference solution.
pub struct Problem {
    pub name: &'static str,
    pub begin: &'static [f64],
    pub stiff: bool,
    rhs: fn(f64, &[f64], &mut [f64]),
    derivatives: Option<Derivatives>,
    /// Times and the states there.
    pub reference: Vec<(f64, Vec<f64>)>,
}

impl Problem {
    pub fn times(&self) -> Vec<f64> {
        self.reference.iter().map(|(t, _)| *t).collect()
    }

    /// The largest error of states at the reference times, relative to each state's maximum.
    pub fn error(&self, found: &[Vec<f64>]) -> f64 {
        let mut worst: f64 = 0.0;
        for state in 0..self.begin.len() {
            let size =
                self.reference.iter().map(|(_, x)| x[state].abs()).fold(self.begin[state].abs(), f64::max);
            for ((_, expected), found) in self.reference.iter().zip(found) {
                worst = worst.max((expected[state] - found[state]).abs() / size);
            }
        }
        worst
    }

    /// The same with derivatives by differences.
    pub fn without_derivatives(self) -> Self {
        Problem { derivatives: None, ..self }
    }
}

impl System for &Problem {
    fn dimension(&self) -> usize {
        self.begin.len()
    }

    fn rhs(&mut self, t: f64, x: &[f64], dx: &mut [f64]) {
        (self.rhs)(t, x, dx);
    }

    fn jacobian(&mut self, t: f64, x: &[f64], j: &mut [f64]) -> Derivative {
        let Some(f) = self.derivatives else { return Derivative::Unknown };
        f(t, x, j, &mut vec![0.0; x.len()]);
        Derivative::Written
    }

    fn time_derivative(&mut self, t: f64, x: &[f64], dt: &mut [f64]) -> Derivative {
        let Some(f) = self.derivatives else { return Derivative::Unknown };
        dt.fill(0.0);
        f(t, x, &mut vec![0.0; x.len() * x.len()], dt);
        Derivative::Written
    }
}

fn decay(_: f64, x: &[f64], dx: &mut [f64]) {
    dx[0] = -0.3 * x[0];
}

fn two_compartment(_: f64, x: &[f64], dx: &mut [f64]) {
    dx[0] = -1.1 * x[0];
    dx[1] = 1.1 * x[0] - (0.2 + 0.3) * x[1] + 0.1 * x[2];
    dx[2] = 0.3 * x[1] - 0.1 * x[2];
    dx[3] = x[1] / 30.0;
}

fn robertson(_: f64, x: &[f64], dx: &mut [f64]) {
    let (a, b, c) = (0.04 * x[0], 1e4 * x[1] * x[2], 3e7 * x[1] * x[1]);
    dx.copy_from_slice(&[-a + b, a - b - c, c]);
}

fn robertson_derivatives(_: f64, x: &[f64], j: &mut [f64], _: &mut [f64]) {
    let (by, cz, dy) = (1e4 * x[2], 1e4 * x[1], 6e7 * x[1]);
    j.copy_from_slice(&[-0.04, by, cz, 0.04, -by - dy, -cz, 0.0, dy, 0.0]);
}

fn van_der_pol(_: f64, x: &[f64], dx: &mut [f64]) {
    dx[0] = x[1];
    dx[1] = 1000.0 * (1.0 - x[0] * x[0]) * x[1] - x[0];
}

fn van_der_pol_derivatives(_: f64, x: &[f64], j: &mut [f64], _: &mut [f64]) {
    j.copy_from_slice(&[0.0, 1.0, -2000.0 * x[0] * x[1] - 1.0, 1000.0 * (1.0 - x[0] * x[0])]);
}

/// Full target-mediated disposition with kon = 1000 L/(nmol h).
fn tmdd(_: f64, x: &[f64], dx: &mut [f64]) {
    let v = 3.0;
    let bind = 1000.0 * (x[1] / v) * x[3] - x[4];
    dx[0] = -0.02 * x[0];
    dx[1] = 0.02 * x[0] - (0.005 + 0.01) * x[1] + 0.01 * x[2] - v * bind;
    dx[2] = 0.01 * x[1] - 0.01 * x[2];
    dx[3] = 0.2 - 0.02 * x[3] - bind;
    dx[4] = bind - 0.05 * x[4];
}

fn tmdd_derivatives(_: f64, x: &[f64], j: &mut [f64], _: &mut [f64]) {
    let v = 3.0;
    let (c, r) = (1000.0 * x[3] / v, 1000.0 * x[1] / v);
    j.copy_from_slice(&[
        -0.02,
        0.0,
        0.0,
        0.0,
        0.0, //
        0.02,
        -0.015 - v * c,
        0.01,
        -v * r,
        v, //
        0.0,
        0.01,
        -0.01,
        0.0,
        0.0, //
        0.0,
        -c,
        0.0,
        -0.02 - r,
        1.0, //
        0.0,
        c,
        0.0,
        r,
        -1.05,
    ]);
}

fn michaelis_menten(_: f64, x: &[f64], dx: &mut [f64]) {
    let c = x[1] / 50.0;
    dx[0] = -0.9 * x[0];
    dx[1] = 0.9 * x[0] - 12.0 * c / (0.8 + c);
}

fn friberg(_: f64, x: &[f64], dx: &mut [f64]) {
    let (ktr, base) = (4.0 / 125.0, 5.05);
    dx[0] = -0.06 * x[0];
    dx[1] = ktr * x[1] * ((1.0 - 0.012 * x[0]) * libm::pow(base / x[5], 0.161) - 1.0);
    for i in 2..6 {
        dx[i] = ktr * (x[i - 1] - x[i]);
    }
}

fn indirect_response(_: f64, x: &[f64], dx: &mut [f64]) {
    let c = x[1] / 20.0;
    dx[0] = -1.5 * x[0];
    dx[1] = 1.5 * x[0] - 0.15 * x[1];
    dx[2] = 10.0 * (1.0 - 0.95 * c / (0.3 + c)) - 0.5 * x[2];
}

/// Stiff and driven by the time: what a wrong time derivative would spoil.
fn forced(t: f64, x: &[f64], dx: &mut [f64]) {
    dx[0] = -200.0 * (x[0] - libm::cos(t));
}

fn forced_derivatives(t: f64, _: &[f64], j: &mut [f64], dt: &mut [f64]) {
    j[0] = -200.0;
    dt[0] = -200.0 * libm::sin(t);
}

/// All problems.
pub fn corpus() -> Vec<Problem> {
    let table = include_str!("reference/ode_corpus.csv");
    let problem = |name: &'static str, begin: &'static [f64], stiff, rhs, derivatives| {
        let mut reference: Vec<(f64, Vec<f64>)> = Vec::new();
        for line in table.lines() {
            let cells: Vec<&str> = line.split(',').collect();
            if cells[0] != name {
                continue;
            }
            let (time, value) = (cells[1].parse().unwrap(), cells[3].parse().unwrap());
            match reference.last_mut() {
                Some((last, states)) if *last == time => states.push(value),
                _ => reference.push((time, vec![value])),
            }
        }
        assert!(reference.iter().all(|(_, states)| states.len() == begin.len()), "{name}");
        Problem { name, begin, stiff, rhs, derivatives, reference }
    };
    vec![
        problem("decay", &[100.0], false, decay, None),
        problem("two-compartment", &[100.0, 0.0, 0.0, 0.0], false, two_compartment, None),
        problem("robertson", &[1.0, 0.0, 0.0], true, robertson, Some(robertson_derivatives)),
        problem("van der pol", &[2.0, 0.0], true, van_der_pol, Some(van_der_pol_derivatives)),
        problem("tmdd", &[100.0, 0.0, 0.0, 10.0, 0.0], true, tmdd, Some(tmdd_derivatives)),
        problem("michaelis-menten", &[300.0, 0.0], false, michaelis_menten, None),
        problem("friberg", &[60.0, 5.05, 5.05, 5.05, 5.05, 5.05], false, friberg, None),
        problem("indirect response", &[100.0, 0.0, 20.0], false, indirect_response, None),
        problem("forced", &[0.0], true, forced, Some(forced_derivatives)),
    ]
}
