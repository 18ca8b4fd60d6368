//! The results of several scenarios as one.

use super::results::Results;

/// Joins the results of scenarios, each with its name, in order. Estimates, figures of simulated trials and warnings are
/// those of all; what shows one scenario only (profiles, curves, distributions, courses, patients) is left out; design, parameters and
/// provenance are those of the first. `None` where there are none.
pub fn join(parts: Vec<(String, Results)>) -> Option<Results> {
    let mut joined: Option<Results> = None;
    for (name, mut own) in parts {
        let trials = own.trials.iter_mut().flat_map(|trials| &mut trials.figures);
        own.summary.iter_mut().chain(trials).for_each(|estimate| estimate.scenario.clone_from(&name));
        let Some(all) = &mut joined else {
            own.contrast_draws.clear();
            own.distributions.clear();
            own.profiles.clear();
            own.curves.clear();
            own.courses.clear();
            own.persistence.clear();
            own.patients.clear();
            own.dependences.clear();
            joined = Some(own);
            continue;
        };
        all.summary.extend(own.summary);
        if let (Some(all), Some(own)) = (&mut all.trials, own.trials) {
            all.figures.extend(own.figures);
        }
        all.warnings.extend(own.warnings);
        all.warnings.sort();
        all.warnings.dedup();
        all.design.failures.extend(own.design.failures);
    }
    joined
}
