//! Any text as a study of shipped models, populations and evidence.
#![no_main]

use exposim::diagnostic::Source;
use exposim::document::Shipped;
use exposim::run::kind;
use exposim::trial::{Study, Trial};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Study::read(&Source::new("fuzz.toml", text), &Shipped, &kind) {
        // Without responses, whose evidence takes seconds to fit, a study is ready to be simulated.
        Ok((study, _)) if study.responses.is_empty() => {
            let _ = Trial::new(&study, Vec::new());
        }
        Ok(_) => {}
        Err(problems) => {
            let _ = problems.to_string();
        }
    }
});
