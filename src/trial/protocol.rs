//! Arms and their phases, as the engine needs them.

use super::condition::Condition;
use super::factor::Factor;

/// A treatment group.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Its name.
    pub name: String,
    /// Its phases, one after the other, the first from time 0.
    pub phases: Vec<Phase>,
}

/// A part of an arm that begins with at most one decision.
#[derive(Clone, Debug)]
pub struct Phase {
    /// When it begins (h since the first dose).
    pub start: f64,
    /// When it ends (h).
    pub end: f64,
    /// What may be given in it: at least one.
    pub options: Vec<Dosing>,
    /// Who gets which.
    pub choice: Choice,
}

/// Who gets which of a phase's options.
#[derive(Clone, Debug)]
pub enum Choice {
    /// All the first.
    None,
    /// The first where the conditions hold when the phase begins.
    Test(Vec<Condition>, Otherwise),
    /// One of the first options by chance, where the conditions hold when the phase begins (all where there are none).
    Randomise(Randomisation, Vec<Condition>, Otherwise),
}

/// What becomes of those for whom the conditions of a phase do not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// They get the option at this place.
    Option(usize),
    /// They get no doses any more.
    Stop,
}

/// How subjects are spread by chance.
#[derive(Clone, Debug, PartialEq)]
pub struct Randomisation {
    /// The weight of each group.
    pub ratio: Vec<u32>,
    /// What makes strata.
    pub strata: Vec<Factor>,
    /// The size of permuted blocks; without them each subject is drawn for itself.
    pub block: Option<u32>,
    /// What names its draws.
    pub name: String,
}

/// What a regimen without the drug is called.
pub(super) const PLACEBO: &str = "placebo";

/// A regimen as the engine needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Dosing {
    /// Its name in the study.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The dose (mg, or mol); 0 in a washout or of placebo.
    pub amount: f64,
    /// The dosing interval (h).
    pub interval: f64,
    /// The place of its formulation in the model.
    pub formulation: usize,
}

impl Dosing {
    /// What the engine must prepare: formulation and interval (h). Regimens that share it differ in amounts alone.
    pub fn rhythm(&self) -> (usize, f64) {
        (self.formulation, self.interval)
    }

    /// Whether it looks like a regimen and has no drug in it.
    pub(super) fn is_placebo(&self) -> bool {
        self.amount == 0.0 && self.name == PLACEBO
    }

    /// The dose in words, without how long it goes on.
    pub fn words(&self) -> &str {
        self.text.split(" for ").next().unwrap_or(&self.text)
    }
}

impl Phase {
    /// What is given to those that no decision turns elsewhere.
    pub fn dosing(&self) -> &Dosing {
        &self.options[0]
    }

    /// The conditions of its decision.
    pub fn conditions(&self) -> &[Condition] {
        match &self.choice {
            Choice::None => &[],
            Choice::Test(conditions, _) | Choice::Randomise(_, conditions, _) => conditions,
        }
    }

    fn words(&self) -> String {
        let doses = |options: &[Dosing]| options.iter().map(Dosing::words).collect::<Vec<_>>().join(" or ");
        let test = |conditions: &[Condition]| {
            conditions.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join(" and ")
        };
        let otherwise = |otherwise: &Otherwise| match otherwise {
            Otherwise::Option(place) => self.options[*place].words().to_string(),
            Otherwise::Stop => "stop".to_string(),
        };
        match &self.choice {
            Choice::None => doses(&self.options),
            Choice::Test(conditions, other) => {
                format!("if {}: {}, else {}", test(conditions), self.options[0].words(), otherwise(other))
            }
            Choice::Randomise(randomisation, conditions, other) => {
                let groups = doses(&self.options[..randomisation.ratio.len()]);
                let groups = format!("{groups}, randomised {}", randomisation.words());
                if conditions.is_empty() {
                    groups
                } else {
                    format!("if {}: {groups}, else {}", test(conditions), otherwise(other))
                }
            }
        }
    }
}

impl Randomisation {
    /// The ratio in words, such as `2:1`.
    pub fn words(&self) -> String {
        self.ratio.iter().map(u32::to_string).collect::<Vec<_>>().join(":")
    }
}

impl Arm {
    /// When the last phase ends (h).
    pub fn end(&self) -> f64 {
        self.phases.last().map_or(0.0, |p| p.end)
    }

    /// When its dose with a number from 1 on is due (h), as planned; `None` where it has not so many doses.
    pub fn dose_time(&self, number: u32) -> Option<f64> {
        let mut before = 0.0;
        for phase in self.phases.iter().filter(|p| p.dosing().amount > 0.0) {
            let interval = phase.dosing().interval;
            let doses = ((phase.end - phase.start) / interval).round();
            let within = f64::from(number) - 1.0 - before;
            if within < doses {
                return (within >= 0.0).then_some(phase.start + within * interval);
            }
            before += doses;
        }
        None
    }

    /// The phases in words.
    pub fn words(&self) -> Vec<String> {
        let phase = |p: &Phase| format!("{}, {} to {}", p.words(), weeks(p.start), weeks(p.end));
        self.phases.iter().map(phase).collect()
    }
}

/// A time (h since the first dose) in words: in weeks where they are whole, else in days or hours.
pub fn weeks(hours: f64) -> String {
    match (hours % 168.0 == 0.0, hours % 24.0 == 0.0) {
        (true, _) => format!("week {}", hours / 168.0),
        (false, true) => format!("day {}", hours / 24.0),
        (false, false) => format!("hour {hours}"),
    }
}
