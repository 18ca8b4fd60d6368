//! `same-bits THREADS [BLOCK]...`: a line for the run of every study, and one for its values at every size of blocks.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u32>());
    let Some(Ok(threads)) = arguments.next() else {
        eprintln!("usage: same-bits THREADS [BLOCK]...");
        return ExitCode::from(2);
    };
    let blocks: Vec<u32> = arguments.filter_map(Result::ok).collect();
    let told = |hash: Result<String, String>| hash.unwrap_or_else(|error| format!("failed: {error}"));
    for (name, study) in same_bits::STUDIES {
        println!("{name} run {}", told(same_bits::run(study, threads as usize)));
        for block in &blocks {
            println!("{name} values {}", told(same_bits::values(study, *block)));
        }
    }
    ExitCode::SUCCESS
}
