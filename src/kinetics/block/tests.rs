//! Blocks against exact answers, and against themselves.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::kinetics::linear::{LinearSystem, Shape};
use crate::math::dispatch::at_every_level;

/// Columns for a block whose subjects differ: subject 0 is typical, the others drift away from it.
fn drifting(value: f64, subjects: usize, step: f64) -> Vec<f64> {
    (0..subjects).map(|i| value * (1.0 + step * i as f64)).collect()
}

#[derive(Debug)]
struct Block {
    system: LinearSystem,
    formulation: Formulation,
    output: Output,
    cl: Vec<f64>,
}

/// Two compartments with one depot; routes as depot fraction and lag, central fraction, lag and duration.
#[allow(clippy::too_many_arguments)]
fn block(
    cl: &[f64],
    vc: &[f64],
    q: f64,
    vp: f64,
    ka: f64,
    depot: (f64, f64),
    central: (f64, f64, f64),
    scale: f64,
) -> Block {
    let n = cl.len();
    let column = |f: &dyn Fn(usize) -> f64| (0..n).map(f).collect::<Vec<f64>>();
    let rates = [
        column(&|_| ka),
        column(&|_| 0.0),
        column(&|i| cl[i] / vc[i]),
        column(&|i| q / vc[i]),
        column(&|_| q / vp),
    ];
    let columns: Vec<&[f64]> = rates.iter().map(Vec::as_slice).collect();
    let system = LinearSystem::closed(Shape::new(1, 1).unwrap(), &columns, n).unwrap();
    let mut routes = vec![Route {
        compartment: 0,
        fraction: vec![depot.0; n],
        lag: vec![depot.1; n],
        entry: Entry::Bolus,
    }];
    if central.0 > 0.0 {
        let entry = Entry::ZeroOrder { duration: vec![central.2; n] };
        routes.push(Route { compartment: 1, fraction: vec![central.0; n], lag: vec![central.1; n], entry });
    }
    let formulation = Formulation::new(&system, &routes).unwrap();
    let output = Output::new(&system, 1, &column(&|i| scale / vc[i])).unwrap();
    Block { system, formulation, output, cl: cl.to_vec() }
}

/// Upadacitinib extended release in a typical patient (Klunder 2019, Table 3), ng/mL; further subjects drift.
fn upadacitinib(subjects: usize) -> Block {
    let cl = drifting(40.9 * 0.754, subjects, 0.013);
    let vc = drifting(156.0, subjects, 0.007);
    block(&cl, &vc, 3.22, 68.0, 0.0523, (0.762 * 0.255, 0.154), (0.762 * 0.745, 0.154, 3.29), 1000.0)
}

#[test]
fn the_typical_patient_has_the_published_exposure() {
    // Cross-check of two programs (closed form, LSODA) for 15 mg once daily: Cmax 44.5, Tmax 3.44, AUC 371, C24 4.12.
    let Block { system, formulation, output, .. } = upadacitinib(1);
    let interval = DosingInterval::new(&system, &formulation, 24.0.into());
    for (dose, cmax, auc, c24) in
        [(15.0, 44.5, 371.0, 4.12), (30.0, 89.0, 741.0, 8.24), (45.0, 133.5, 1112.0, 12.4)]
    {
        let state = interval.steady_state(&[dose]).unwrap();
        let exposure = interval.exposure(&state, &[dose], &output);
        let near = |got: f64, expected: f64| {
            assert!((got / expected - 1.0).abs() < 0.005, "{got} is not {expected}")
        };
        near(exposure.peak[0], cmax);
        near(exposure.area[0], auc);
        near(state.amounts(1)[0] * 1000.0 / 156.0, c24);
        // The peak is where the zero-order input ends; the area is dose over clearance.
        assert!((exposure.peak_time[0] - 3.444).abs() < 1e-12);
        assert!((exposure.area[0] / (dose * 0.762 / (40.9 * 0.754) * 1000.0) - 1.0).abs() < 1e-13);
    }
}

/// Amounts put out at times after the start of 84 doses of 45 mg and 280 of 30 mg, by intervals and by leaps.
fn course(block: &Block, times: &[f64], leaping: bool) -> Vec<f64> {
    let Block { system, formulation, output, .. } = block;
    let interval = DosingInterval::new(system, formulation, 24.0.into());
    times
        .iter()
        .map(|&time| {
            let mut state = State::empty(system);
            let doses = ((time / 24.0).ceil() - 1.0).max(0.0) as usize;
            let first = doses.min(84);
            for (dose, count) in [(45.0, first), (30.0, doses - first)] {
                if leaping {
                    interval.leap(&mut state, &[dose], count);
                } else {
                    interval.advance(&mut state, Doses::Same(&[dose]), count, None, &mut Nothing);
                }
            }
            let dose = if doses < 84 { 45.0 } else { 30.0 };
            // The times are decimals, and so are their differences.
            let rest = ((time - 24.0 * doses as f64) * 1e6).round() / 1e6;
            interval.profile(&state, &[dose], 1, &[rest])[0] * output.scale()[0]
        })
        .collect()
}

#[test]
fn a_year_of_dosing_equals_the_forty_digit_reference() {
    // Concentrations of two workloads in 40 digits; the files are not part of this project.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/exact");
    let cases = [
        ("exact_A.csv", block(&[40.9], &[156.0], 3.22, 68.0, 1.6, (1.0, 0.2), (0.0, 0.0, 0.0), 1.0)),
        ("exact_C.csv", block(&[40.9], &[156.0], 3.22, 68.0, 1.6, (0.8, 0.2), (0.2, 0.0, 3.5), 1.0)),
    ];
    for (name, block) in cases {
        let Ok(text) = std::fs::read_to_string(folder.join(name)) else {
            println!("skipped: no reference data");
            return;
        };
        let rows: Vec<(f64, f64)> = text
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(','))
            .map(|(time, value)| (time.parse().unwrap(), value.parse().unwrap()))
            .collect();
        assert!(rows.len() > 40);
        let times: Vec<f64> = rows.iter().map(|row| row.0).collect();
        let cmax = rows.iter().fold(0.0f64, |m, row| m.max(row.1));
        for leaping in [false, true] {
            let worst = course(&block, &times, leaping).iter().zip(&rows).fold(
                (0.0, 0.0),
                |worst: (f64, f64), (got, row)| {
                    let d = (got - row.1).abs() / cmax;
                    if d > worst.0 { (d, row.0) } else { worst }
                },
            );
            println!("{name}: {:e} of Cmax at {} h", worst.0, worst.1);
            assert!(worst.0 < 1e-13, "{name}: {worst:?}");
        }
    }
}

#[test]
fn concentrations_of_a_few_days_equal_known_digits() {
    // mpmath, 40 digits: workload A after 24 h, 48 h and at the end of the 84th day; the same with parallel absorption.
    let a = block(&[40.9], &[156.0], 3.22, 68.0, 1.6, (1.0, 0.2), (0.0, 0.0, 0.0), 1.0);
    let c = block(&[40.9], &[156.0], 3.22, 68.0, 1.6, (0.8, 0.2), (0.2, 0.0, 3.5), 1.0);
    let times = [24.0, 48.0, 2016.0, 2018.0, 8736.0];
    let of_a = [
        0.002_147_080_946_975_503,
        0.002_775_007_519_925_075,
        0.003_118_848_262_423_008_7,
        0.130_139_763_916_313_3,
        0.002_079_232_174_948_672_4,
    ];
    let of_c = [
        0.002_186_830_230_065_306_4,
        0.002_819_984_286_472_476,
        0.003_166_675_233_881_709_5,
        0.121_488_521_618_205_08,
        0.002_111_116_822_587_806,
    ];
    for (block, expected) in [(&a, of_a), (&c, of_c)] {
        for (got, expected) in course(block, &times, false).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-13 * 0.2, "{got} is not {expected}");
        }
    }
}

/// The output at the end of each of 30 days, with doses that differ between subjects and days.
fn troughs(subjects: std::ops::Range<usize>, missed: bool) -> Vec<Vec<u64>> {
    let all = upadacitinib(1000);
    let n = subjects.len();
    let part = |column: &[f64]| column[subjects.clone()].to_vec();
    let cl = part(&drifting(40.9 * 0.754, 1000, 0.013));
    let vc = part(&drifting(156.0, 1000, 0.007));
    let block =
        block(&cl, &vc, 3.22, 68.0, 0.0523, (0.762 * 0.255, 0.154), (0.762 * 0.745, 0.154, 3.29), 1000.0);
    assert_eq!(all.system.subjects(), 1000);
    let interval = DosingInterval::new(&block.system, &block.formulation, 24.0.into());
    let dose = |day: usize, i: usize| {
        if missed && (day * 7 + i).is_multiple_of(5) { 0.0 } else { 15.0 + (i % 3) as f64 }
    };
    let doses: Vec<f64> = (0..30).flat_map(|day| subjects.clone().map(move |i| dose(day, i))).collect();
    let mut state = State::empty(&block.system);
    let mut values = vec![0.0; 30 * n];
    let mut sink = Store { values: &mut values, subjects: n };
    interval.advance(&mut state, Doses::Each(&doses), 30, Some(&block.output), &mut sink);
    (0..n).map(|l| (0..30).map(|day| values[day * n + l].to_bits()).collect()).collect()
}

#[test]
fn bits_do_not_depend_on_block_size_or_instructions() {
    let whole = troughs(0..1000, true);
    at_every_level(|level| {
        for size in [1, 8, 64, 1000] {
            for from in (0..1000).step_by(size).take(20) {
                let to = (from + size).min(1000);
                assert_eq!(troughs(from..to, true), whole[from..to], "{level:?} {size}");
            }
        }
    });
}

#[test]
fn moments_have_the_same_bits_for_blocks_of_eights() {
    let rows = troughs(0..1000, false);
    let moments = |size: usize| {
        let mut moments = Moments::new(30);
        for (number, block) in rows.chunks(size).enumerate() {
            for (chunk, lanes) in block.chunks(16).enumerate() {
                for day in 0..30 {
                    let mut values = [f64::NAN; 16];
                    for (value, lane) in values.iter_mut().zip(lanes) {
                        *value = f64::from_bits(lane[day]);
                    }
                    moments.take(day, number * size + chunk * 16, lanes.len(), &values);
                }
            }
            moments.count(block.len());
        }
        moments
    };
    let whole = moments(1000);
    assert_eq!(moments(8), whole);
    assert_eq!(moments(64), whole);
    let last: Vec<f64> = rows.iter().map(|row| f64::from_bits(row[29])).collect();
    let mean = last.iter().sum::<f64>() / 1000.0;
    let variance = last.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 999.0;
    assert!((whole.mean(29) / mean - 1.0).abs() < 1e-13);
    assert!((whole.variance(29) / variance - 1.0).abs() < 1e-10);
    let mut joined = moments(8);
    joined.join(&whole);
    assert!((joined.mean(3) / whole.mean(3) - 1.0).abs() < 1e-14);
    // Everybody twice: the same squares about the same mean, over 1999 instead of 2 times 999.
    assert!((joined.variance(3) / whole.variance(3) * 1999.0 / 1998.0 - 1.0).abs() < 1e-10);
}

/// Numbers in (0, 1) that a script in another language repeats to the bit.
struct Congruential(u64);

impl Iterator for Congruential {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some(((self.0 >> 12) as f64 + 0.5) / (1u64 << 52) as f64)
    }
}

#[test]
fn a_thousand_random_subjects_equal_forty_digit_values() {
    // mpmath 1.3 with 40 digits, by partial fractions: scripts/reference/extended_release.py.
    let table = include_str!("../../../scripts/reference/extended_release.csv");
    let rows: Vec<[f64; 4]> = table
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',').map(|cell| cell.parse().unwrap());
            std::array::from_fn(|_| cells.next().unwrap())
        })
        .collect();
    let n = rows.len();
    assert_eq!(n, 1000);
    let mut uniform = Congruential(20_260_101);
    let mut columns: [Vec<f64>; 6] = Default::default();
    for _ in 0..n {
        for (column, (low, width)) in columns.iter_mut().zip([
            (5.0, 95.0),
            (30.0, 500.0),
            (0.01, 0.2),
            (0.0, 1.0),
            (1.0, 5.0),
            (0.1, 0.8),
        ]) {
            column.push(low + width * uniform.next().unwrap());
        }
    }
    let [cl, vc, ka, lag, duration, fraction] = columns;
    let column = |f: &dyn Fn(usize) -> f64| (0..n).map(f).collect::<Vec<f64>>();
    let k10 = column(&|i| cl[i] / vc[i]);
    let (k12, k21) = (column(&|i| 3.22 / vc[i]), vec![3.22 / 68.0; n]);
    let system =
        LinearSystem::closed(Shape::new(1, 1).unwrap(), &[&ka, &vec![0.0; n], &k10, &k12, &k21], n).unwrap();
    let entry = Entry::ZeroOrder { duration };
    let routes = [
        Route {
            compartment: 0,
            fraction: column(&|i| 1.0 - fraction[i]),
            lag: lag.clone(),
            entry: Entry::Bolus,
        },
        Route { compartment: 1, fraction, lag, entry },
    ];
    let formulation = Formulation::new(&system, &routes).unwrap();
    let interval = DosingInterval::new(&system, &formulation, 24.0.into());
    let mut state = State::empty(&system);
    interval.advance(&mut state, Doses::Same(&vec![45.0; n]), 1, None, &mut Nothing);
    let first = state.amounts(1)[..n].to_vec();
    interval.advance(&mut state, Doses::Same(&vec![45.0; n]), 83, None, &mut Nothing);
    interval.advance(&mut state, Doses::Same(&vec![30.0; n]), 280, None, &mut Nothing);
    let last = state.amounts(1)[..n].to_vec();
    let peaks = interval.profile(&state, &vec![30.0; n], 1, &[5.0, 12.0]);
    let mut worst = 0.0f64;
    for (l, row) in rows.iter().enumerate() {
        let scale = row.iter().fold(0.0f64, |m, x| m.max(*x));
        for (got, expected) in [first[l], last[l], peaks[l], peaks[n + l]].iter().zip(row) {
            worst = worst.max((got - expected).abs() / scale);
        }
    }
    println!("largest difference {worst:e} of the peak");
    assert!(worst < 1e-13, "{worst:e}");
}

/// A block of random two-compartment subjects and one of its formulations.
fn random_block() -> impl Strategy<Value = Block> {
    let positive = |low: f64, high: f64| (low.ln()..high.ln()).prop_map(f64::exp);
    (
        prop::collection::vec((positive(2.0, 80.0), positive(10.0, 300.0)), 1..20),
        prop_oneof![Just(0.0), positive(0.1, 20.0)],
        positive(20.0, 200.0),
        positive(0.02, 5.0),
        (0.1..1.0f64, 0.0..2.0f64),
        (prop_oneof![Just(0.0), 0.1..1.0f64], 0.0..2.0f64, prop_oneof![Just(0.0), 0.5..6.0f64]),
    )
        .prop_map(|(subjects, q, vp, ka, depot, central)| {
            let (cl, vc): (Vec<f64>, Vec<f64>) = subjects.into_iter().unzip();
            block(&cl, &vc, q, vp, ka, depot, central, 1.0)
        })
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> Result<(), TestCaseError> {
    let scale = b.iter().fold(1e-300f64, |m, x| m.max(x.abs()));
    for (a, b) in a.iter().zip(b) {
        prop_assert!((a - b).abs() <= tolerance * scale, "{a} is not {b}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn doses_scale_and_add(block in random_block(), dose in 1.0..100.0f64, more in 1.0..100.0f64) {
        let Block { system, formulation, .. } = &block;
        let n = system.subjects();
        let interval = DosingInterval::new(system, formulation, 12.0.into());
        let after = |doses: [f64; 3]| {
            let doses: Vec<f64> = doses.iter().flat_map(|dose| vec![*dose; n]).collect();
            let mut state = State::empty(system);
            interval.advance(&mut state, Doses::Each(&doses), 3, None, &mut Nothing);
            (0..3).flat_map(|i| state.amounts(i)[..n].to_vec()).collect::<Vec<f64>>()
        };
        let (one, other) = (after([dose, 0.0, dose]), after([0.0, more, more]));
        let sum: Vec<f64> = one.iter().zip(&other).map(|(a, b)| a + b).collect();
        close(&sum, &after([dose, more, dose + more]), 1e-14)?;
        let thrice: Vec<f64> = one.iter().map(|x| 3.0 * x).collect();
        close(&thrice, &after([3.0 * dose, 0.0, 3.0 * dose]), 1e-14)?;
    }

    #[test]
    fn spans_may_be_cut_and_inputs_carried(block in random_block(), cuts in prop::collection::vec(0.05..5.0f64, 1..6)) {
        // A dose followed by many short waits is a dose followed by one long one, also where lag and duration reach
        // beyond the cuts.
        let Block { system, formulation, .. } = &block;
        let doses = vec![10.0; system.subjects()];
        let mut cut = State::empty(system);
        DosingInterval::new(system, formulation, cuts[0].into())
            .advance(&mut cut, Doses::Same(&doses), 1, None, &mut Nothing);
        for &span in &cuts[1..] {
            cut.wait(system, span.into());
        }
        let mut whole = State::empty(system);
        DosingInterval::new(system, formulation, cuts.iter().sum::<f64>().into())
            .advance(&mut whole, Doses::Same(&doses), 1, None, &mut Nothing);
        let all = |state: &State| (0..3).flat_map(|i| state.amounts(i).to_vec()).collect::<Vec<f64>>();
        close(&all(&cut), &all(&whole), 1e-13)?;
    }

    #[test]
    fn leaps_and_steady_states_are_what_intervals_lead_to(block in random_block(), count in 0usize..400) {
        let Block { system, formulation, output, cl } = &block;
        let doses = drifting(10.0, system.subjects(), 0.1);
        // The shortest intervals make inputs overlap.
        for span in [1.0, 24.0] {
            let interval = DosingInterval::new(system, formulation, span.into());
            let all = |state: &State| (0..3).flat_map(|i| state.amounts(i).to_vec()).collect::<Vec<f64>>();
            let (mut by_step, mut at_once) = (State::empty(system), State::empty(system));
            interval.advance(&mut by_step, Doses::Same(&doses), count, None, &mut Nothing);
            interval.leap(&mut at_once, &doses, count);
            close(&all(&at_once), &all(&by_step), 1e-12)?;
            let steady = interval.steady_state(&doses).unwrap();
            let mut next = steady.clone();
            interval.advance(&mut next, Doses::Same(&doses), 1, None, &mut Nothing);
            close(&all(&next), &all(&steady), 1e-12)?;
            // What an interval brings leaves in an interval: the area is the dose over the clearance.
            let exposure = interval.exposure(&steady, &doses, output);
            for l in 0..system.subjects() {
                let fraction: f64 = formulation.inputs.iter().map(|input| input.amount[l]).sum();
                prop_assert!((exposure.area[l] * cl[l] / (doses[l] * fraction) - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn peaks_and_areas_are_those_of_a_fine_profile(block in random_block(), interval_h in 1.0..24.0f64) {
        let Block { system, formulation, output, .. } = &block;
        let doses = vec![10.0; system.subjects()];
        let interval = DosingInterval::new(system, formulation, interval_h.into());
        let mut state = State::empty(system);
        interval.advance(&mut state, Doses::Same(&doses), 2, None, &mut Nothing);
        let exposure = interval.exposure(&state, &doses, output);
        let points = 400usize;
        let times: Vec<f64> = (0..=points).map(|i| interval_h * i as f64 / points as f64).collect();
        let n = system.subjects();
        let rows = interval.profile(&state, &doses, 1, &times);
        for l in 0..n {
            let values: Vec<f64> = (0..=points).map(|i| rows[i * n + l] * output.scale()[l]).collect();
            let top = values.iter().fold(0.0f64, |m, x| m.max(*x));
            prop_assert!(exposure.peak[l] >= top * (1.0 - 1e-13), "{} {}", exposure.peak[l], top);
            // Just after its time, because a dose that comes at once counts from then on.
            let there = interval.profile(&state, &doses, 1, &[exposure.peak_time[l] + 1e-11])[l] * output.scale()[l];
            prop_assert!((there / exposure.peak[l] - 1.0).abs() < 1e-9, "{} {}", there, exposure.peak[l]);
            // The trapezoidal rule knows nothing of jumps.
            let jumps = formulation.inputs.iter().any(|input| input.compartment == 1 && input.duration.is_none());
            let sum: f64 = values.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).sum();
            prop_assert!(jumps || (sum * interval_h / points as f64 / exposure.area[l] - 1.0).abs() < 0.02);
        }
    }
}

#[test]
fn any_system_goes_the_way_of_the_closed_ones() {
    // The same subjects as matrices: states, leaps, steady state and exposure agree; and the output of another
    // compartment leaves the bits of the state alone.
    let block = upadacitinib(21);
    let n = 21;
    let vc = drifting(156.0, n, 0.007);
    let k10: Vec<f64> = block.cl.iter().zip(&vc).map(|(cl, vc)| cl / vc).collect();
    let of = |f: &dyn Fn(usize) -> f64| (0..n).map(f).collect::<Vec<f64>>();
    let (zero, ka, k12, k21) = (vec![0.0; n], vec![0.0523; n], of(&|l| 3.22 / vc[l]), vec![3.22 / 68.0; n]);
    let minus = |column: &[f64]| column.iter().map(|x| -x).collect::<Vec<f64>>();
    let (no_depot, no_central, no_peripheral) = (minus(&ka), of(&|l| -(k10[l] + k12[l])), minus(&k21));
    let entries: [&[f64]; 9] = [&no_depot, &zero, &zero, &ka, &no_central, &k21, &zero, &k12, &no_peripheral];
    let system = LinearSystem::any(3, &entries, n).unwrap();
    let doses = drifting(15.0, n, 0.1);
    let run = |system: &LinearSystem, compartment: usize, span: f64| {
        let output = Output::new(system, compartment, &vec![1.0; n]).unwrap();
        let interval = DosingInterval::new(system, &block.formulation, span.into());
        let mut state = State::empty(system);
        interval.advance(&mut state, Doses::Same(&doses), 20, Some(&output), &mut Nothing);
        interval.leap(&mut state, &doses, 9);
        let steady = interval.steady_state(&doses).unwrap();
        let exposure = interval.exposure(&steady, &doses, &output);
        let mut all: Vec<f64> =
            [state, steady].iter().flat_map(|s| (0..3).flat_map(|i| s.amounts(i)[..n].to_vec())).collect();
        all.extend(exposure.peak.iter().chain(&exposure.area).chain(&exposure.peak_time));
        all
    };
    for span in [24.0, 2.0] {
        let (closed, any) = (run(&block.system, 1, span), run(&system, 1, span));
        for (a, b) in closed.iter().zip(&any) {
            assert!((a / b - 1.0).abs() < 1e-10, "{a} is not {b}");
        }
        let beside = run(&block.system, 2, span);
        assert_eq!(beside[..6 * n], closed[..6 * n]);
    }
}

#[test]
fn the_peak_after_first_order_absorption_is_the_textbook_one() {
    // One compartment: tmax = ln(ka / ke) / (ka - ke), and the area of a single dose is F D / CL.
    let rates = [[1.3, 0.2], [0.0, 0.0], [0.13, 0.19]];
    let columns: Vec<&[f64]> = rates.iter().map(|rate| rate.as_slice()).collect();
    let system = LinearSystem::closed(Shape::new(1, 0).unwrap(), &columns, 2).unwrap();
    let route = Route { compartment: 0, fraction: vec![1.0; 2], lag: vec![0.25; 2], entry: Entry::Bolus };
    let formulation = Formulation::new(&system, &[route]).unwrap();
    let output = Output::new(&system, 1, &[1.0; 2]).unwrap();
    let interval = DosingInterval::new(&system, &formulation, 2000.0.into());
    let exposure = interval.exposure(&State::empty(&system), &[1.0; 2], &output);
    for l in 0..2 {
        let (ka, ke): (f64, f64) = (rates[0][l], rates[2][l]);
        let tmax = (ka / ke).ln() / (ka - ke);
        assert!((exposure.peak_time[l] - 0.25 - tmax).abs() < 1e-10 * tmax, "{}", exposure.peak_time[l]);
        let peak = ka / (ka - ke) * ((-ke * tmax).exp() - (-ka * tmax).exp());
        assert!((exposure.peak[l] / peak - 1.0).abs() < 1e-12);
        assert!((exposure.area[l] * ke - 1.0).abs() < 1e-13);
    }
}

#[test]
fn without_elimination_there_is_no_steady_state_and_the_others_go_on() {
    let rates = [[0.1, 0.0, 0.1], [0.3, 0.3, 0.0], [0.2, 0.2, 0.0]];
    let columns: Vec<&[f64]> = rates.iter().map(|rate| rate.as_slice()).collect();
    let system = LinearSystem::closed(Shape::new(0, 1).unwrap(), &columns, 3).unwrap();
    let route = Route { compartment: 0, fraction: vec![1.0; 3], lag: vec![0.0; 3], entry: Entry::Bolus };
    let formulation = Formulation::new(&system, &[route]).unwrap();
    let interval = DosingInterval::new(&system, &formulation, 24.0.into());
    let (state, error) = interval.steady_state(&[1.0; 3]).unwrap_err();
    assert_eq!(error.subjects, [1]);
    assert!(error.to_string().contains("the first is number 2 of the block"));
    let decay = (-2.4f64).exp();
    assert!((state.amounts(0)[2] / (decay / (1.0 - decay)) - 1.0).abs() < 1e-14);
    assert_eq!(state.amounts(1)[2], 0.0);
}

#[test]
fn slow_elimination_keeps_its_digits_at_steady_state() {
    // One compartment of half-life 80 years: exp(-k t) / (1 - exp(-k t)).
    let k = 1e-6;
    let system = LinearSystem::closed(Shape::new(0, 0).unwrap(), &[&[k]], 1).unwrap();
    let route = Route { compartment: 0, fraction: vec![1.0], lag: vec![0.0], entry: Entry::Bolus };
    let formulation = Formulation::new(&system, &[route]).unwrap();
    let state = DosingInterval::new(&system, &formulation, 1.0.into()).steady_state(&[1.0]).unwrap();
    assert!((state.amounts(0)[0] * (k.exp() - 1.0).abs() - 1.0).abs() < 1e-9);
    assert!((state.amounts(0)[0] / (1.0 / crate::math::expm1(k)) - 1.0).abs() < 1e-14);
}

#[test]
fn impossible_routes_are_refused_or_named() {
    let system = LinearSystem::closed(Shape::new(0, 0).unwrap(), &[&[0.1, 0.1]], 2).unwrap();
    let route =
        |compartment, lag: Vec<f64>| Route { compartment, fraction: vec![1.0; 2], lag, entry: Entry::Bolus };
    assert!(Formulation::new(&system, &[route(1, vec![0.0; 2])]).is_err());
    assert!(Formulation::new(&system, &[route(0, vec![0.0])]).is_err());
    assert!(Output::new(&system, 1, &[1.0; 2]).is_err() && Output::new(&system, 0, &[1.0]).is_err());
    let formulation = Formulation::new(&system, &[route(0, vec![-1.0, 0.0])]).unwrap();
    assert_eq!(
        formulation.faults()[0].to_string(),
        "subject 1 of the block: lag of route 1 is -1; expected a number from 0 on"
    );
    let mut state = State::empty(&system);
    let interval = DosingInterval::new(&system, &formulation, 24.0.into());
    interval.advance(&mut state, Doses::Same(&[1.0; 2]), 5, None, &mut Nothing);
    assert!(state.amounts(0)[0].is_nan() && state.amounts(0)[1] > 0.0);
}
