//! Any text as a model file: read, and where it is one, its equations made ready for solving.
#![no_main]

use exposim::diagnostic::Source;
use exposim::kinetics::subject::Prepared;
use exposim::model::{Choices, Model};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Model::read(&Source::new("fuzz.toml", text), &Choices::default()) {
        Ok((model, _)) => {
            let _ = Prepared::new(&model, model.solver());
        }
        Err(problems) => {
            let _ = problems.to_string();
        }
    }
});
