/// Where each value stands among the inputs of the model's programs: parameters, covariates, random effects,
/// individual parameters, compartments, time, time after dose and doses so far, then drivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    pub(super) parameters: usize,
    pub(super) covariates: usize,
    pub(super) effects: usize,
    pub(super) individual: usize,
    pub(super) compartments: usize,
    pub(super) drivers: usize,
}

impl Layout {
    /// The slot of a typical value.
    pub fn parameter(&self, place: usize) -> usize {
        place
    }

    /// The slot of a covariate.
    pub fn covariate(&self, place: usize) -> usize {
        self.parameters + place
    }

    /// The slot of a random effect.
    pub fn effect(&self, place: usize) -> usize {
        self.covariate(self.covariates) + place
    }

    /// The slot of an individual parameter.
    pub fn individual(&self, place: usize) -> usize {
        self.effect(self.effects) + place
    }

    /// The slot of a compartment's state.
    pub fn compartment(&self, place: usize) -> usize {
        self.individual(self.individual) + place
    }

    /// The slot of the time since the start (h).
    pub fn time(&self) -> usize {
        self.compartment(self.compartments)
    }

    /// The slot of the time since the last dose (h).
    pub fn time_after_dose(&self) -> usize {
        self.time() + 1
    }

    /// The slot of the number of doses given so far.
    pub fn doses_so_far(&self) -> usize {
        self.time_after_dose() + 1
    }

    /// What changes in time by itself, in words: the time since the start, that since the last dose, and how many doses
    /// were given.
    pub const CLOCKS: [&str; 3] = ["time", "time after dose", "the doses so far"];

    /// The slots of what changes in time by itself, with the words for it.
    pub fn clocks(&self) -> [(usize, &'static str); 3] {
        let [time, after, doses] = Layout::CLOCKS;
        [(self.time(), time), (self.time_after_dose(), after), (self.doses_so_far(), doses)]
    }

    /// The slot of a driver.
    pub fn driver(&self, place: usize) -> usize {
        self.doses_so_far() + 1 + place
    }

    /// How many slots there are.
    pub fn count(&self) -> usize {
        self.driver(self.drivers)
    }
}
