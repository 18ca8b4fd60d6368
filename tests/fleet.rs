//! Systems side by side: as exact as one by one, and the same bits in any company.

use exposim::math::Level;
use exposim::ode::{
    Ended, Fleet, FleetIntegrator, Integrator, Leg, Method, OdeError, Settings, Start, System, Tolerances,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One patient of a made-up trial: absorption, saturable elimination, a turnover that the drug stimulates.
#[derive(Clone, Copy, Debug)]
struct Patient {
    ka: f64,
    vmax: f64,
    km: f64,
    dose: f64,
    interval: f64,
    doses: usize,
}

const STATES: usize = 3;

#[inline(always)]
fn equations(p: &Patient, t: f64, x: [f64; STATES]) -> [f64; STATES] {
    let rhythm = 1.0 + 0.1 * libm::sin(t / 4.0);
    [
        -p.ka * x[0],
        p.ka * x[0] - p.vmax * x[1] / (p.km + x[1]),
        rhythm * (1.0 + x[1] / (5.0 + x[1])) - 0.4 * x[2],
    ]
}

impl System for Patient {
    fn dimension(&self) -> usize {
        STATES
    }

    fn rhs(&mut self, t: f64, x: &[f64], dx: &mut [f64]) {
        dx.copy_from_slice(&equations(self, t, [x[0], x[1], x[2]]));
    }
}

/// All patients, boarded by whichever lane is free.
struct Trial<'a> {
    patients: &'a [Patient],
    boarded: usize,
    /// Which patient is in a lane, and how many doses are given.
    lanes: Vec<Option<(usize, usize)>>,
    /// Troughs and the states asked for in between, by patient.
    seen: BTreeMap<usize, Vec<[f64; STATES]>>,
    failures: BTreeMap<usize, OdeError>,
    /// Times asked for within each interval.
    ask: Vec<f64>,
}

impl<'a> Trial<'a> {
    fn new(patients: &'a [Patient], ask: &[f64]) -> Self {
        Trial {
            patients,
            boarded: 0,
            lanes: Vec::new(),
            seen: BTreeMap::new(),
            failures: BTreeMap::new(),
            ask: ask.to_vec(),
        }
    }

    fn run(patients: &'a [Patient], width: usize, settings: Settings, ask: &[f64]) -> Self {
        let mut trial = Trial::new(patients, ask);
        trial.lanes = vec![None; width];
        FleetIntegrator::new(settings, width).run(&mut trial).unwrap();
        trial
    }

    fn next_ask(&self, begin: f64, after: f64) -> f64 {
        self.ask.iter().map(|a| begin + a).find(|a| *a > after).unwrap_or(f64::INFINITY)
    }
}

impl Fleet for Trial<'_> {
    fn dimension(&self) -> usize {
        STATES
    }

    fn rhs(&mut self, t: &[f64], x: &[f64], dx: &mut [f64]) {
        let width = t.len();
        for (lane, patient) in self.lanes.iter().enumerate() {
            let at = |row: usize| row * width + lane;
            let Some((patient, _)) = patient else { continue };
            let found = equations(&self.patients[*patient], t[lane], [x[at(0)], x[at(1)], x[at(2)]]);
            (0..STATES).for_each(|row| dx[at(row)] = found[row]);
        }
    }

    fn next_leg(&mut self, lane: usize, ended: Ended, x: &mut [f64]) -> Option<Leg> {
        let mut start = Start::Onward;
        match (ended, self.lanes[lane]) {
            (Ended::Arrived, Some((patient, given))) => {
                self.seen.entry(patient).or_default().push([x[0], x[1], x[2]]);
                let more = given < self.patients[patient].doses;
                self.lanes[lane] = more.then_some((patient, given));
            }
            (Ended::Failed(error), Some((patient, _))) => {
                self.failures.insert(patient, error);
                self.lanes[lane] = None;
            }
            _ => (),
        }
        if self.lanes[lane].is_none() {
            start = Start::Anew;
            let next = self.boarded;
            self.patients.get(next)?;
            self.boarded += 1;
            self.lanes[lane] = Some((next, 0));
            x.copy_from_slice(&[0.0, 0.0, 2.5]);
        }
        let (patient, given) = self.lanes[lane]?;
        let p = self.patients[patient];
        self.lanes[lane] = Some((patient, given + 1));
        x[0] += p.dose;
        let from = given as f64 * p.interval;
        Some(Leg { from, to: from + p.interval, ask: self.next_ask(from, from), start })
    }

    fn visit(&mut self, lane: usize, t: f64, x: &[f64]) -> f64 {
        let Some((patient, given)) = self.lanes[lane] else { return f64::INFINITY };
        self.seen.entry(patient).or_default().push([x[0], x[1], x[2]]);
        self.next_ask((given - 1) as f64 * self.patients[patient].interval, t)
    }
}

/// The same by the integrator of one system.
fn alone(patient: Patient, settings: Settings, ask: &[f64]) -> Vec<[f64; STATES]> {
    let mut integrator = Integrator::new(settings);
    let (mut x, mut seen) = ([0.0, 0.0, 2.5], Vec::new());
    for given in 0..patient.doses {
        x[0] += patient.dose;
        let from = given as f64 * patient.interval;
        let times: Vec<f64> =
            ask.iter().map(|a| from + a).filter(|t| *t <= from + patient.interval).collect();
        integrator
            .integrate(&mut patient.clone(), from, &mut x, from + patient.interval, &times, |_, _, x| {
                seen.push([x[0], x[1], x[2]]);
            })
            .unwrap();
        seen.push(x);
    }
    seen
}

fn settings(relative: f64) -> Settings {
    Settings::new(Method::Tsitouras, Tolerances::uniform(relative, relative).unwrap())
}

fn patients() -> impl Strategy<Value = Vec<Patient>> {
    let one = (0.2f64..2.0, 1.0f64..10.0, 0.5f64..10.0, 0.0f64..50.0, 1.0f64..24.0, 1usize..6)
        .prop_map(|(ka, vmax, km, dose, interval, doses)| Patient { ka, vmax, km, dose, interval, doses });
    proptest::collection::vec(one, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Each patient as exact as one by one, at the ends and in between.
    #[test]
    fn side_by_side_as_one_by_one(patients in patients()) {
        let ask = [0.7, 3.3, 11.0];
        let trial = Trial::run(&patients, 8, settings(1e-8), &ask);
        prop_assert!(trial.failures.is_empty(), "{:?}", trial.failures);
        for (i, patient) in patients.iter().enumerate() {
            let exact = alone(*patient, settings(1e-11), &ask);
            prop_assert_eq!(trial.seen[&i].len(), exact.len());
            for (a, b) in trial.seen[&i].iter().flatten().zip(exact.iter().flatten()) {
                prop_assert!((a - b).abs() < 3e-6, "patient {i}: {a} {b}");
            }
        }
    }

    /// Neither width nor order nor company changes a bit.
    #[test]
    fn company_does_not_matter(patients in patients()) {
        let ask = [0.7, 3.3];
        let seen = |patients: &[Patient], width| Trial::run(patients, width, settings(1e-5), &ask).seen;
        let first = seen(&patients, 8);
        for width in [1, 3, 64] {
            prop_assert_eq!(&first, &seen(&patients, width), "width {}", width);
        }
        let backwards: Vec<Patient> = patients.iter().rev().copied().collect();
        let reversed = seen(&backwards, 16);
        for i in 0..patients.len() {
            prop_assert_eq!(&first[&i], &reversed[&(patients.len() - 1 - i)]);
        }
    }
}

fn typical() -> Patient {
    Patient { ka: 0.9, vmax: 5.0, km: 2.0, dose: 20.0, interval: 12.0, doses: 5 }
}

#[test]
fn every_level_of_instructions_gives_the_same_bits() {
    let patients: Vec<Patient> =
        (0..50).map(|i| Patient { vmax: 3.0 + 0.1 * f64::from(i), ..typical() }).collect();
    let before = Level::in_force();
    let mut results = Vec::new();
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        Level::force(level).unwrap();
        results.push(Trial::run(&patients, 16, settings(1e-6), &[1.0]).seen);
    }
    Level::force(before).unwrap();
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_bad_patient_ends_with_a_reason_and_the_others_go_on() {
    let mut patients = vec![typical(); 12];
    patients[2].dose = f64::NAN;
    patients[5].interval = -1.0;
    patients[7].ka = 1e4; // stiff
    patients[7].interval = 240.0;
    patients[9].interval = f64::NAN;
    let trial = Trial::run(&patients, 4, settings(1e-6), &[]);
    assert!(matches!(trial.failures[&2], OdeError::NonFinite { time: 0.0, .. }));
    assert!(matches!(trial.failures[&5], OdeError::Interval { .. }));
    assert!(matches!(trial.failures[&7], OdeError::Stiff { .. }));
    assert!(matches!(trial.failures[&9], OdeError::Interval { .. }));
    assert_eq!(trial.failures.len(), 4);
    let good = Trial::run(&[typical()], 4, settings(1e-6), &[]).seen.remove(&0);
    for i in [0, 1, 3, 4, 6, 8, 10, 11] {
        assert_eq!(trial.seen.get(&i), good.as_ref(), "patient {i}");
    }
}

#[test]
fn budgets_and_sizes_are_minded() {
    let two = [typical(), typical()];
    let trial = Trial::run(&two, 2, settings(1e-9).most_steps(5), &[]);
    assert!(matches!(trial.failures[&0], OdeError::TooManySteps { steps: 5, .. }));
    let three = Settings::new(Method::Tsitouras, Tolerances::per_state(1e-6, vec![1e-6; 2]).unwrap());
    let mut trial = Trial::new(&[], &[]);
    let error = FleetIntegrator::new(three, 2).run(&mut trial);
    assert!(matches!(error, Err(OdeError::Dimension { expected: 3, found: 2, .. })), "{error:?}");
}
