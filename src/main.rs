//! The binary: everything is in the library.

/// Threads that work on blocks of subjects free and take the same memory thousands of times a second. An allocator that
/// gives it back to the system each time makes them wait for one another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    exposim::cli::run()
}
