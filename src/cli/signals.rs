//! What SIGINT and SIGTERM do.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// A flag that is set by the first SIGINT or SIGTERM; the second one ends the process at once.
pub(super) fn stop() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Where signals cannot be caught, they end the process as if nothing had been asked.
        let _ = flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop));
        let _ = flag::register(signal, Arc::clone(&stop));
    }
    stop
}
