//! What recognising a structure costs: upadacitinib as its file has it, by equations, against the same model declared
//! in code as a two-compartment model with one depot. Both go from individual parameters of a block of subjects to a
//! year of daily troughs; the files have no form for declared structures, so the declared one stands here.

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use exposim::document::{Files, Shipped};
use exposim::expr::Scratch;
use exposim::kinetics::BlockModel;
use exposim::kinetics::block::{Doses, DosingInterval, Entry, Formulation, Moments, Output, Route, State};
use exposim::kinetics::linear::{LinearSystem, Shape};
use exposim::model::{Choices, Model};
use exposim::population::{FIRST_OCCASION, Individuals};

const SUBJECTS: usize = 512;
const PHASES: [(f64, usize); 2] = [(45.0, 84), (30.0, 280)];
const DAYS: usize = 364;

/// Covariates (WT in mg, CRCL in L/h, the place of `patient`) and individual parameters (CL, V2, Q, V3, KA) of a block.
struct Block<'m> {
    individuals: Individuals<'m>,
    typical: Vec<f64>,
    covariates: Vec<Vec<f64>>,
    effects: Vec<Vec<f64>>,
    own: Vec<Vec<f64>>,
}

impl<'m> Block<'m> {
    fn new(model: &'m Model) -> Self {
        let individuals = Individuals::new(model, Vec::new(), 1);
        let typical = individuals.typical(0);
        let spread =
            |centre: f64| (0..SUBJECTS).map(move |i| centre * (0.7 + 0.6 * i as f64 / SUBJECTS as f64));
        let covariates = vec![spread(74e6).collect(), spread(6.522).collect(), vec![1.0; SUBJECTS]];
        let effects = individuals.effects(&(0..SUBJECTS as u64).into(), FIRST_OCCASION, 0);
        let own = individuals.parameters(&typical, &covariates, &effects, SUBJECTS, &mut Scratch::new());
        Block { individuals, typical, covariates, effects, own }
    }

    fn by_equations(&self, kinetics: &BlockModel, scratch: &mut Scratch, troughs: &mut Moments) {
        let inputs = self.individuals.inputs(&self.typical, &self.covariates, &self.effects, &self.own);
        let block = kinetics.prepare(&inputs, SUBJECTS, scratch).unwrap();
        let formulation = kinetics.formulation(0, &block).unwrap();
        advance(block.system(), &formulation, block.output(), troughs);
    }

    fn declared(&self, troughs: &mut Moments) {
        let [cl, v2, q, v3, ka] = &self.own[..] else {
            unreachable!("the model has five individual parameters")
        };
        let ratio = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a / b).collect::<Vec<f64>>();
        let (k10, k12, k21, none) = (ratio(cl, v2), ratio(q, v2), ratio(q, v3), vec![0.0; SUBJECTS]);
        let system =
            LinearSystem::closed(Shape::new(1, 1).unwrap(), &[ka, &none, &k10, &k12, &k21], SUBJECTS)
                .unwrap();
        let all = |value: f64| vec![value; SUBJECTS];
        let (zero_order, first_order) = (0.762 * 0.745, 0.762 * (1.0 - 0.745));
        let routes = [
            Route {
                compartment: 1,
                fraction: all(zero_order),
                lag: all(0.154),
                entry: Entry::ZeroOrder { duration: all(3.29) },
            },
            Route { compartment: 0, fraction: all(first_order), lag: all(0.154), entry: Entry::Bolus },
        ];
        let formulation = Formulation::new(&system, &routes).unwrap();
        let scale: Vec<f64> = v2.iter().map(|v| 1.0 / v).collect();
        let output = Output::new(&system, 1, &scale).unwrap();
        advance(&system, &formulation, &output, troughs);
    }
}

fn advance(system: &LinearSystem, formulation: &Formulation, output: &Output, troughs: &mut Moments) {
    let interval = DosingInterval::new(system, formulation, 24.0.into());
    let mut state = State::empty(system);
    let mut day = 0;
    for (dose, count) in PHASES {
        let mut sink = std::mem::replace(troughs, Moments::new(0)).from_interval(day);
        interval.advance(&mut state, Doses::Same(&vec![dose; SUBJECTS]), count, Some(output), &mut sink);
        *troughs = sink;
        day += count;
    }
    troughs.count(SUBJECTS);
}

fn structure(c: &mut Criterion) {
    let source = Shipped.open("upadacitinib-klunder-2019").unwrap();
    let (model, _) = Model::read(&source, &Choices::default()).unwrap();
    let block = Block::new(&model);
    let kinetics = BlockModel::new(&model, &[0], 0).unwrap();
    assert_eq!(kinetics.shape(), Shape::new(1, 1), "the equations are not recognised");
    let (mut scratch, mut troughs) = (Scratch::new(), Moments::new(DAYS));
    // Side by side, so that both meet the same machine; the best of each.
    let (mut equations, mut declared) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..400 {
        let start = Instant::now();
        block.by_equations(black_box(&kinetics), &mut scratch, &mut troughs);
        equations = equations.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        black_box(&block).declared(&mut troughs);
        declared = declared.min(start.elapsed().as_secs_f64());
    }
    println!(
        "microseconds a subject and year: by equations {:.4}, declared {:.4}, ratio {:.3}",
        1e6 * equations / SUBJECTS as f64,
        1e6 * declared / SUBJECTS as f64,
        equations / declared,
    );
    let mut group = c.benchmark_group("year of daily troughs from individual parameters");
    group.throughput(Throughput::Elements(SUBJECTS as u64));
    group.bench_function("by equations", |b| {
        b.iter(|| block.by_equations(black_box(&kinetics), &mut scratch, &mut troughs));
    });
    group.bench_function("declared", |b| b.iter(|| black_box(&block).declared(&mut troughs)));
    group.finish();
}

criterion_group!(benches, structure);
criterion_main!(benches);
