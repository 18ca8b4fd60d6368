//! Any rows of dosing events, with lag, bioavailability and duration of their own: resolved in order, and solved.
#![no_main]

use std::sync::LazyLock;

use exposim::diagnostic::Source;
use exposim::dosing::dataset::DataSet;
use exposim::dosing::timeline::{Change, Entry, Timeline, ZeroOrder};
use exposim::model::{Choices, Model};
use exposim::run::simulate::{Request, Rows, simulate};
use libfuzzer_sys::fuzz_target;

const HEADER: &str = "ID,TIME,EVID,AMT,CMT,RATE,II,ADDL,SS,F,LAG,D\n";

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let text = r#"
[model]
title = "one compartment and a depot"
[covariates]
F = { unit = "1", reference = 1 }
LAG = { unit = "h", reference = 0 }
D = { unit = "h", reference = 1 }
[doses]
central = { F = "F", lag = "LAG", duration = "D", rate = "5 mg/h" }
depot = { lag = "LAG" }
[equations]
depot = "-0.7 1/h*depot"
central = "0.7 1/h*depot - 0.1 1/h*central"
[outputs]
A = { value = "central", unit = "mg" }
"#;
    Model::read(&Source::new("m.toml", text), &Choices::default()).unwrap().0
});

/// The first four numbers of a record's index make its attributes.
fn entry(index: usize) -> Entry {
    #[allow(clippy::cast_precision_loss)]
    let part = |of: usize| (index / of % 4) as f64;
    let zero_order = match index % 3 {
        0 => ZeroOrder::None,
        1 => ZeroOrder::OnRequest { duration: Some(part(1) + 0.5), rate: Some(3.0) },
        _ => ZeroOrder::Always { duration: 1.5 },
    };
    Entry { compartment: index % 2, bioavailability: 0.25 * (part(1) + 1.0), lag: 0.5 * part(4), zero_order }
}

fuzz_target!(|rows: &str| {
    let Ok((data, _)) = DataSet::read(&Source::new("fuzz.csv", format!("{HEADER}{rows}"))) else { return };
    for subject in data.subjects() {
        let records = &data.records()[subject.rows.clone()];
        let resolved = Timeline::resolve(records, |index, _, entries| {
            entries.push(entry(index));
            Ok(())
        });
        let Ok(timeline) = resolved else { continue };
        for pair in timeline.events().windows(2) {
            assert!(pair[0].time <= pair[1].time || pair[1].change == Change::Reset, "time goes back");
        }
    }
    let _ = simulate(&MODEL, &data, &Request { rows: Rows::All, ..Request::default() });
});
