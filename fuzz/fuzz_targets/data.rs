//! Any text as a data set, and each of its columns as a covariate.
#![no_main]

use exposim::diagnostic::Source;
use exposim::dosing::dataset::DataSet;
use exposim::dosing::record::Carry;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match DataSet::read(&Source::new("fuzz.csv", text)) {
        Ok((data, _)) => {
            for column in data.columns() {
                for carry in [Carry::Forward, Carry::Backward] {
                    let _ = data.covariate(column, carry);
                }
            }
        }
        Err(problems) => {
            let _ = problems.to_string();
        }
    }
});
