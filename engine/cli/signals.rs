//! The signals that stop a run: Ctrl-C, a polite `kill`, a terminal that goes away.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Calls `stop` at every such signal from now on. Where that cannot be had, the system's own way stays: everything ends at once, which
/// a run survives.
pub(crate) fn on_stop(stop: impl Fn() + Send + 'static) {
    // Whoever was told to ignore the terminal's end (`nohup`) outlives it.
    let hang_up = (!is_ignored(SIGHUP)).then_some(SIGHUP);
    if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM].into_iter().chain(hang_up)) {
        std::thread::spawn(move || signals.forever().for_each(|_| stop()));
    }
}

/// Whether this process was started with the signal ignored, where the system says so.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}
