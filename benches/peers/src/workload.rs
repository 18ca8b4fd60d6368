//! What is simulated, the same for every simulator.

/// Doses (mg) with the number of days on which they are given.
pub const PHASES: [(f64, usize); 2] = [(45.0, 84), (30.0, 280)];
/// Days of dosing.
pub const DAYS: usize = 364;

/// A workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Two compartments, oral.
    A,
    /// The same with a part of the dose at a constant rate.
    C,
    /// Saturable elimination; ten times the doses.
    D,
    /// The same with doses that alternate by one unit in the last place: no day is dosed like the one before, and none
    /// can be left out.
    DVaried,
    /// Extended release that drives neutrophils and haemoglobin, seen once a week.
    E,
}

impl Workload {
    /// The model file.
    pub fn model(self) -> &'static str {
        match self {
            Workload::A | Workload::C => include_str!("../models/linear.toml"),
            Workload::D | Workload::DVaried => include_str!("../models/saturable.toml"),
            Workload::E => include_str!("../models/biomarkers.toml"),
        }
    }

    /// The place of the formulation in the file.
    pub fn formulation(self) -> usize {
        usize::from(self == Workload::C)
    }

    /// How many outputs are seen.
    pub fn outputs(self) -> usize {
        if self == Workload::E { 2 } else { 1 }
    }

    /// The times (h) at which they are seen; a dose that is given then has not reached them.
    pub fn times(self) -> Vec<f64> {
        let days = if self == Workload::E { 7 } else { 1 };
        (1..=DAYS / days).map(|k| 24.0 * (k * days) as f64).collect()
    }

    /// How many values a subject has.
    pub fn values(self) -> usize {
        self.outputs() * self.times().len()
    }

    /// The doses (mg) of the days.
    pub fn doses(self) -> impl Iterator<Item = f64> {
        let times = if matches!(self, Workload::D | Workload::DVaried) { 10.0 } else { 1.0 };
        let varied = move |day: usize| self == Workload::DVaried && day % 2 == 1;
        PHASES
            .into_iter()
            .flat_map(|(dose, days)| std::iter::repeat_n(dose, days))
            .enumerate()
            .map(move |(day, dose)| if varied(day) { (dose * times).next_up() } else { dose * times })
    }
}
