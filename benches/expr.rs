//! Compiled expressions over a block against the loop that somebody would write by hand, with the same elementary
//! functions: the individual parameters of Klünder 2019 and the right-hand side of Friberg 2002.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use exposim::expr::{Checked, Column, Expression, Program, Scope, Scratch, Symbol};
use exposim::math::dispatch::{Kernel, dispatch};
use exposim::math::{exp_slice, pow_all_slice, pow_slice};

const SUBJECTS: usize = 1024;

fn scope(symbols: &[(&str, &str)]) -> Scope {
    let mut scope = Scope::new();
    for (slot, (name, unit)) in symbols.iter().enumerate() {
        let levels = (*name == "PATIENT").then(|| vec!["healthy".to_string(), "patient".to_string()]);
        scope.symbol(name, Symbol { slot, unit: unit.parse().unwrap(), levels }).unwrap();
    }
    scope
}

fn compile(scope: &Scope, texts: &[&str]) -> Program {
    let checked: Vec<Checked> = texts
        .iter()
        .map(|text| Expression::parse(text).unwrap().check(scope).unwrap_or_else(|e| panic!("{}", e[0])))
        .collect();
    Program::compile(&checked.iter().collect::<Vec<_>>())
}

/// Values around `centre`, another for each subject and input.
fn values(centre: f64, seed: u32) -> Vec<f64> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    (0..SUBJECTS)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            centre * (0.5 + f64::from(state >> 8) / f64::from(1u32 << 24))
        })
        .collect()
}

fn klunder(c: &mut Criterion) {
    let symbols = [
        ("TVCL", "L/h"),
        ("TVV2", "L"),
        ("CRCL", "mL/min"),
        ("WT", "kg"),
        ("PATIENT", "1"),
        ("eta.CL", "1"),
        ("eta.V2", "1"),
    ];
    let program = compile(
        &scope(&symbols),
        &[
            "TVCL*(CRCL/108.7 mL/min)^0.256*(WT/74 kg)^0.132*(if PATIENT == patient then 0.754 else 1)*exp(eta.CL)",
            "TVV2*(WT/74 kg)^0.804*exp(eta.V2)",
        ],
    );
    let (crcl, wt) = (values(6.5, 1), values(74e6, 2));
    let patient: Vec<f64> = values(1.0, 3).iter().map(|x| f64::from(u8::from(*x > 1.0))).collect();
    let (eta_cl, eta_v2) = (values(0.2, 4), values(0.3, 5));
    let (mut cl, mut v2) = (vec![0.0; SUBJECTS], vec![0.0; SUBJECTS]);
    let mut group = c.benchmark_group("individual parameters");
    group.throughput(Throughput::Elements(SUBJECTS as u64));
    group.bench_function("by hand, slices", |b| {
        let (mut p, mut q, mut e) = (vec![0.0; SUBJECTS], vec![0.0; SUBJECTS], vec![0.0; SUBJECTS]);
        let (mut crcl_ratio, mut wt_ratio) = (vec![0.0; SUBJECTS], vec![0.0; SUBJECTS]);
        b.iter(|| {
            for i in 0..SUBJECTS {
                crcl_ratio[i] = crcl[i] / 6.522;
                wt_ratio[i] = wt[i] / 74e6;
            }
            pow_all_slice(&crcl_ratio, 0.256, &mut p);
            pow_all_slice(&wt_ratio, 0.132, &mut q);
            exp_slice(&eta_cl, &mut e);
            for i in 0..SUBJECTS {
                cl[i] = 40.9 * p[i] * q[i] * (if patient[i] == 1.0 { 0.754 } else { 1.0 }) * e[i];
            }
            pow_all_slice(&wt_ratio, 0.804, &mut p);
            exp_slice(&eta_v2, &mut e);
            for i in 0..SUBJECTS {
                v2[i] = 156.0 * p[i] * e[i];
            }
            black_box((&mut cl, &mut v2));
        });
    });
    group.bench_function("program, block", |b| {
        let inputs = [
            Column::Scalar(40.9),
            Column::Scalar(156.0),
            Column::Slice(&crcl),
            Column::Slice(&wt),
            Column::Slice(&patient),
            Column::Slice(&eta_cl),
            Column::Slice(&eta_v2),
        ];
        let mut scratch = Scratch::new();
        b.iter(|| {
            program.run_block(black_box(&inputs), &mut [&mut cl, &mut v2], &mut scratch);
        });
    });
    group.finish();
}

const FRIBERG: [&str; 5] = [
    "KTR*PROL*(1 - SLOPE*CP)*(CIRC0/CIRC)^POWER - KTR*PROL",
    "KTR*PROL - KTR*T1",
    "KTR*T1 - KTR*T2",
    "KTR*T2 - KTR*T3",
    "KTR*T3 - KTR*CIRC",
];

/// The same equations by hand, for one subject.
#[inline(always)]
fn friberg_by_hand([ktr, slope, cp]: [f64; 3], power: f64, [prol, t1, t2, t3, circ]: [f64; 5]) -> [f64; 5] {
    let (into, first, second, third) = (ktr * prol, ktr * t1, ktr * t2, ktr * t3);
    [
        into * (1.0 - slope * cp) * power - into,
        into - first,
        first - second,
        second - third,
        third - ktr * circ,
    ]
}

/// The same equations over a block, compiled for the widest instructions as the program's loops are.
struct FribergByHand<'a> {
    columns: [&'a [f64]; 10],
    power: &'a mut [f64],
    slopes: &'a mut [Vec<f64>],
}

impl Kernel for FribergByHand<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let [ktr, slope, circ0, gamma, cp, prol, t1, t2, t3, circ] = self.columns.map(|c| &c[..SUBJECTS]);
        let [d_prol, d_t1, d_t2, d_t3, d_circ] = self.slopes else { return };
        let (d_prol, d_t1, d_t2) = (&mut d_prol[..SUBJECTS], &mut d_t1[..SUBJECTS], &mut d_t2[..SUBJECTS]);
        let (d_t3, d_circ, power) =
            (&mut d_t3[..SUBJECTS], &mut d_circ[..SUBJECTS], &mut self.power[..SUBJECTS]);
        for i in 0..SUBJECTS {
            d_prol[i] = circ0[i] / circ[i];
        }
        pow_slice(d_prol, gamma, power);
        for i in 0..SUBJECTS {
            let states = [prol[i], t1[i], t2[i], t3[i], circ[i]];
            let d = friberg_by_hand([ktr[i], slope[i], cp[i]], power[i], states);
            (d_prol[i], d_t1[i], d_t2[i], d_t3[i], d_circ[i]) = (d[0], d[1], d[2], d[3], d[4]);
        }
    }
}

fn friberg(c: &mut Criterion) {
    let symbols = [
        ("KTR", "1/h"),
        ("SLOPE", "L/mg"),
        ("CIRC0", "10^9/L"),
        ("POWER", "1"),
        ("CP", "mg/L"),
        ("PROL", "10^9/L"),
        ("T1", "10^9/L"),
        ("T2", "10^9/L"),
        ("T3", "10^9/L"),
        ("CIRC", "10^9/L"),
    ];
    let program = compile(&scope(&symbols), &FRIBERG);
    let columns: Vec<Vec<f64>> = [0.045, 0.2, 5.0, 0.17, 0.5, 5.0, 4.0, 4.5, 5.5, 3.0]
        .into_iter()
        .zip(1..)
        .map(|(centre, seed)| values(centre, seed))
        .collect();
    let mut slopes: Vec<Vec<f64>> = vec![vec![0.0; SUBJECTS]; 5];
    let mut group = c.benchmark_group("right-hand side");
    group.throughput(Throughput::Elements(SUBJECTS as u64));
    group.bench_function("by hand, slices", |b| {
        let mut power = vec![0.0; SUBJECTS];
        b.iter(|| {
            let columns = std::array::from_fn(|i| columns[i].as_slice());
            dispatch(FribergByHand { columns, power: &mut power, slopes: &mut slopes });
            black_box(&mut slopes);
        });
    });
    group.bench_function("program, block", |b| {
        let inputs: Vec<Column<'_>> = columns.iter().map(|column| Column::Slice(column)).collect();
        let mut scratch = Scratch::new();
        let mut outputs: Vec<&mut [f64]> = slopes.iter_mut().map(Vec::as_mut_slice).collect();
        b.iter(|| program.run_block(black_box(&inputs), &mut outputs, &mut scratch));
    });
    group.finish();

    let inputs: Vec<f64> = columns.iter().map(|column| column[0]).collect();
    let mut group = c.benchmark_group("right-hand side, one subject");
    group.bench_function("by hand", |b| {
        b.iter(|| {
            let i: [f64; 10] = black_box(&inputs[..10]).try_into().unwrap();
            let power = exposim::math::pow(i[2] / i[9], i[3]);
            friberg_by_hand([i[0], i[1], i[4]], power, [i[5], i[6], i[7], i[8], i[9]])
        });
    });
    group.bench_function("program", |b| {
        let (mut outputs, mut scratch) = ([0.0; 5], Scratch::new());
        b.iter(|| {
            program.run(black_box(&inputs), &mut outputs, &mut scratch);
            black_box(&outputs);
        });
    });
    group.finish();
}

criterion_group!(benches, klunder, friberg);
criterion_main!(benches);
