//! Whether data can have a paper's figures: with the larger exposures in which groups, under which quantile conventions,
//! and if not, what contradicts what.

use rayon::prelude::*;

use super::super::convention::Convention;
use super::super::paper::QuantilePaper;
use super::anneal::{Restarts, start};
use super::build::problem;
use super::fit::LatentOptions;
use super::problem::Problem;
use super::readings::{RankSumReading, directions, read_rank_sums};
use super::state::State;
use crate::diagnostic::{Diagnostic, Problems};
use crate::random::{Address, Purpose, Stream};

/// Annealed starts before a direction counts as impossible where another is possible, and before a paper counts as
/// contradictory; and for the search for what contradicts what. Where windows are narrow a start finds data with a chance of
/// about one in six, however long it is.
const RESTARTS: [Restarts; 2] = [Restarts::doubling(3), Restarts { count: 32, first: 120_000, growth: 1 }];
const SEARCH_RESTARTS: Restarts = Restarts::doubling(2);

/// A paper's problem, with the rank sums in the directions that its quantiles allow.
pub(super) struct Posed {
    pub(super) problem: Problem,
    /// What is left of the readings of the p-values.
    pub(super) readings: Vec<Option<RankSumReading>>,
    /// Data with the printed figures, some for each direction.
    pub(super) data: Vec<State>,
}

/// Poses the problem of a paper.
///
/// # Errors
/// E0741 where no data have the printed figures.
pub(super) fn pose(
    paper: &QuantilePaper,
    options: &LatentOptions,
    readings: &[Option<RankSumReading>],
    seed: u64,
) -> Result<Posed, Problems> {
    let (sides, problems) = sides(paper, options.convention, options, readings);
    let mut violated = Vec::new();
    for (stage, restarts) in (0..).zip(RESTARTS) {
        let starts: Vec<_> = problems
            .par_iter()
            .enumerate()
            .map(|(side, problem)| start(problem, &mut stream(seed, side, stage), restarts))
            .collect();
        let mut posed: Option<Posed> = None;
        for ((problem, side), found) in problems.iter().zip(&sides).zip(starts) {
            match (found, &mut posed) {
                (Ok(data), Some(posed)) => posed.add(problem, side, data),
                (Ok(data), none) => {
                    let (problem, readings) = (problem.clone(), side.clone());
                    *none = Some(Posed { problem, readings, data: vec![data] });
                }
                (Err(nearest), _) => violated = nearest,
            }
        }
        if let Some(posed) = posed {
            return Ok(posed);
        }
    }
    Err(contradiction(paper, options, readings, &problems, &violated))
}

impl Posed {
    /// Another direction that is possible as well.
    fn add(&mut self, problem: &Problem, side: &[Option<RankSumReading>], data: State) {
        self.problem.rank_sums.extend(&problem.rank_sums);
        for (known, new) in self.readings.iter_mut().zip(side) {
            if let (Some(known), Some(new)) = (known, new) {
                *known = known.joined(new);
            }
        }
        self.data.push(data);
    }
}

/// Which conventions data with the printed figures can have: by annealed starts for each.
pub fn possible_conventions(
    paper: &QuantilePaper,
    options: &LatentOptions,
    seed: u64,
) -> Vec<(Convention, bool)> {
    let readings = read(paper, options).0;
    Convention::ALL
        .into_par_iter()
        .map(|convention| {
            let problems = sides(paper, convention, options, &readings).1;
            (convention, any_data(&problems, seed, RESTARTS[1]))
        })
        .collect()
}

/// What the p-values say, where they are used, with warnings.
pub(super) fn read(
    paper: &QuantilePaper,
    options: &LatentOptions,
) -> (Vec<Option<RankSumReading>>, Vec<Diagnostic>) {
    if options.rank_sums { read_rank_sums(paper) } else { (vec![None; paper.splits.len()], Vec::new()) }
}

/// The readings in each direction, and the problem that each poses.
fn sides(
    paper: &QuantilePaper,
    convention: Convention,
    options: &LatentOptions,
    readings: &[Option<RankSumReading>],
) -> (Vec<Vec<Option<RankSumReading>>>, Vec<Problem>) {
    let parts = (options.model, options.priors, options.exposure);
    let sides = directions(readings);
    let problems = sides.iter().map(|side| problem(paper, convention, side, parts)).collect();
    (sides, problems)
}

/// The luck of the starts in one of the directions, of which there are at most four, at a stage of the search.
fn stream(seed: u64, side: usize, stage: u32) -> Stream {
    let side = u32::try_from(side).unwrap_or(0);
    Stream::new(Address::new(seed, Purpose::Evidence).replicate(2).draw(side).occasion(stage))
}

fn any_data(problems: &[Problem], seed: u64, restarts: Restarts) -> bool {
    problems
        .iter()
        .enumerate()
        .any(|(side, problem)| start(problem, &mut stream(seed, side, 0), restarts).is_ok())
}

/// What contradicts what: the figures without any one of which the rest agree, and the conventions that would do.
fn contradiction(
    paper: &QuantilePaper,
    options: &LatentOptions,
    readings: &[Option<RankSumReading>],
    problems: &[Problem],
    violated: &[usize],
) -> Problems {
    let names: Vec<&str> = problems[0].constraints.iter().map(|c| c.name.as_str()).collect();
    let agree = |problems: &[Problem]| any_data(problems, 1, SEARCH_RESTARTS);
    let mut culprits: Vec<&str> = (0..names.len())
        .into_par_iter()
        .filter(|&k| agree(&problems.iter().map(|problem| problem.without(k)).collect::<Vec<_>>()))
        .map(|k| names[k])
        .collect();
    if readings.iter().any(Option::is_some)
        && agree(&[Problem { rank_sums: Vec::new(), ..problems[0].clone() }])
    {
        culprits.push("the p-values");
    }
    let others: Vec<String> = Convention::ALL
        .into_par_iter()
        .filter(|&convention| convention != options.convention)
        .filter(|&convention| agree(&sides(paper, convention, options, readings).1))
        .map(|convention| convention.to_string())
        .collect();
    let message = format!(
        "no data of {} patients have the printed figures with {}",
        problems[0].grades.len(),
        options.convention
    );
    let named = if culprits.is_empty() {
        let nearest: Vec<&str> = violated.iter().map(|&k| names[k]).collect();
        format!("nearest data violate: {}", nearest.join("; "))
    } else {
        format!("without any one of these the rest agree: {}", culprits.join("; "))
    };
    let help = if others.is_empty() {
        format!("{named}; no other quantile convention helps")
    } else {
        format!("{named}; with `convention` {} the figures agree", others.join(", "))
    };
    Diagnostic::error("E0741", message).help(help).into()
}
