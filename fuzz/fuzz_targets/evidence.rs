//! Any text as evidence: what was published, of every kind.
#![no_main]

use exposim::diagnostic::Source;
use exposim::evidence::Evidence;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(problems) = Evidence::read(&Source::new("fuzz.toml", text)) {
        let _ = problems.to_string();
    }
});
