//! exposim: model files, as a user would write them.

use exposim::diagnostic::Source;
use exposim::expr::Scratch;
use exposim::kinetics::block::{Doses, DosingInterval, State, Store};
use exposim::kinetics::{BlockModel, DosedModel};
use exposim::model::{Choices, Model};
use exposim::population::{FIRST_OCCASION, Individuals};

use crate::workload::{PHASES, Workload};

/// Subjects computed side by side.
const BLOCK: usize = 512;

/// The workload's model, solved to a relative tolerance where it is integrated.
pub fn model(workload: Workload, relative: f64) -> Model {
    let text = format!(
        "{}\n[solver]\nrelative = {relative:e}\nabsolute = {:e}\n",
        workload.model(),
        1e-3 * relative
    );
    let read = Model::read(&Source::new("model.toml", text), &Choices::default());
    read.unwrap_or_else(|problems| panic!("{problems}")).0
}

/// Individual parameters and what they come from.
struct Drawn {
    typical: Vec<f64>,
    effects: Vec<Vec<f64>>,
    own: Vec<Vec<f64>>,
}

fn draw(individuals: &Individuals<'_>, first: usize, lanes: usize) -> Drawn {
    let typical = individuals.typical(0);
    let effects = individuals.effects(&(first as u64..(first + lanes) as u64).into(), FIRST_OCCASION, 0);
    let own = individuals.parameters(&typical, &[], &effects, lanes, &mut Scratch::new());
    Drawn { typical, effects, own }
}

/// The two individual parameters of each subject, for the others.
pub fn parameters(model: &Model, subjects: usize) -> Vec<[f64; 2]> {
    let own = draw(&Individuals::new(model, Vec::new(), 1), 0, subjects).own;
    (0..subjects).map(|i| [own[0][i], own[1][i]]).collect()
}

/// The values of all subjects as they are kept: a block of subjects after another, in each a row of all of them a time.
#[derive(Default)]
pub struct Kept {
    subjects: usize,
    values: Vec<f64>,
}

impl Kept {
    /// The values of each block.
    fn blocks(&self) -> impl Iterator<Item = (usize, &[f64])> {
        let each = self.values.len() / self.subjects.max(1);
        self.values.chunks(BLOCK * each.max(1)).map(move |rows| (rows.len() / each, rows))
    }

    /// The values subject by subject.
    pub fn by_subject(&self) -> Vec<f64> {
        let of = |(lanes, rows): (usize, &[f64])| -> Vec<f64> {
            (0..lanes).flat_map(|lane| rows.iter().skip(lane).step_by(lanes).copied()).collect()
        };
        self.blocks().flat_map(of).collect()
    }
}

/// The values of all subjects: drawn, computed and kept in fresh memory.
pub fn run(model: &Model, workload: Workload, subjects: usize) -> Kept {
    let mut kept = Kept::default();
    run_into(model, workload, subjects, &mut kept);
    kept
}

/// The same in the caller's memory, which is fresh at the first run only.
pub fn run_into(model: &Model, workload: Workload, subjects: usize, kept: &mut Kept) {
    let individuals = Individuals::new(model, Vec::new(), 1);
    if kept.subjects != subjects {
        *kept = Kept { subjects, values: vec![0.0; subjects * workload.values()] };
    }
    let exact = BlockModel::new(model, &[workload.formulation()], 0).ok();
    let integrated = exact.is_none().then(|| DosedModel::new(model, 0).unwrap());
    let units = model.outputs().iter().map(|output| &output.unit);
    let mut scratch = Scratch::new();
    let blocks = kept.values.chunks_mut(BLOCK * workload.values());
    for (rows, first) in blocks.zip((0..subjects).step_by(BLOCK)) {
        let lanes = BLOCK.min(subjects - first);
        let drawn = draw(&individuals, first, lanes);
        let inputs = individuals.inputs(&drawn.typical, &[], &drawn.effects, &drawn.own);
        if let Some(model) = &exact {
            let block = model.prepare(&inputs, lanes, &mut scratch).unwrap();
            let formulation = model.formulation(workload.formulation(), &block).unwrap();
            let interval = DosingInterval::new(block.system(), &formulation, 24.0.into());
            let mut state = State::empty(block.system());
            let mut day = 0;
            for (dose, count) in PHASES {
                let mut sink = Store { values: &mut rows[day * lanes..], subjects: lanes };
                let doses = vec![dose; lanes];
                interval.advance(&mut state, Doses::Same(&doses), count, Some(block.output()), &mut sink);
                day += count;
            }
        }
        if let Some(model) = &integrated {
            let block = model.prepare(&inputs, lanes, &mut scratch);
            let mut state = model.begin(&block);
            let doses: Vec<Vec<f64>> = workload.doses().map(|dose| vec![dose; lanes]).collect();
            let doses: Vec<&[f64]> = doses.iter().map(Vec::as_slice).collect();
            let rhythm = (workload.formulation(), 24.0);
            model.observe(&block, &mut state, rhythm, &doses, &workload.times(), rows);
            for (row, unit) in rows.chunks_exact_mut(lanes).zip(units.clone().cycle()) {
                row.iter_mut().for_each(|value| *value = unit.from_coherent(*value));
            }
        }
    }
}
