//! Trials: arms, phases, visits, rules and endpoints; a block of subjects is carried through a protocol.
//!
//! | part | what it holds |
//! | --- | --- |
//! | [`Study`] | a study file, read and checked |
//! | [`Arm`], [`Phase`] | what is planned; decisions and randomisation at the beginning of phases |
//! | [`Visits`], [`Assay`], [`Rule`] | when subjects are seen, what is measured and how well, what follows from it |
//! | [`Adherence`], [`Discontinuation`] | which doses are taken, who discontinues and why |
//! | [`Replication`] | trials of a size, their analyses and the decision on them |
//! | [`Trial`] | a study whose responses are fitted: simulates blocks of subjects |
//! | [`Records`] | the ledger of doses and the log of decisions |
//!
//! Between two moments (visits, decisions, endpoints) dosing is regular, with an amount for each subject; a rule, a
//! hold or a stop changes the amounts of what comes next.

mod adherence;
mod alternatives;
mod anchor;
mod arms;
mod biomarker;
mod chance;
mod comparison;
mod condition;
mod conduct;
mod course;
mod discontinuation;
mod eligibility;
pub mod endpoint;
mod endpoints;
mod epoch;
mod factor;
mod followed;
mod giving;
mod history;
mod kinetics;
mod ledger;
mod measure;
mod method;
mod plan;
mod protocol;
mod protocol_file;
mod recomputed;
pub mod replication;
mod representatives;
mod responses;
mod rule;
mod ruleset;
mod scenarios;
mod schedule;
mod simulate;
mod steady;
mod study;
mod trace;
mod visits;
mod walk;

pub use adherence::Adherence;
pub use anchor::{Anchor, When};
pub use biomarker::TimeCourse;
pub use comparison::Side;
pub use condition::{Condition, Signal, Test};
pub use course::IntervalExposure;
pub use discontinuation::{Cause, Discontinuation, Hazard};
pub use endpoints::{Endpoint, Estimand};
pub use factor::Factor;
pub use followed::{Followed, FollowedBiomarker};
pub use ledger::{Decision, Entry, Reason, Records};
pub use protocol::{Arm, Choice, Dosing, Otherwise, Phase, Randomisation, weeks};
pub use protocol_file::check_protocol;
pub use recomputed::Recomputed;
pub use replication::Replication;
pub use representatives::Representatives;
pub use responses::{ResponseKind, ResponseUse};
pub use rule::{Action, Lowest, Rule};
pub use ruleset::Ladder;
pub use scenarios::{Scenario, read_scenarios};
pub use schedule::Schedule;
pub use simulate::{Block, Outcomes, Response, Trial};
pub use steady::steady_exposures;
pub use study::{Kinds, Study};
pub use trace::{EndpointTrace, Moment, RouteTrace, Trace};
pub use visits::{Assay, Visits};
