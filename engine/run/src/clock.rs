//! A clock beside work on what others wrote. A thread cannot be ended from outside, so one that is given up runs on until its process
//! ends: a worker ends when it has told that its stage failed.

use std::io::Error;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// What a program's first thread has on Linux.
const STACK: usize = 8 << 20;

/// Whether this process has given up on a thread.
static RUNAWAY: AtomicBool = AtomicBool::new(false);

/// Why work has not been done.
#[derive(Debug)]
pub(crate) enum NotDone {
    /// Its time is over.
    Late,
    /// It could not begin.
    NoThread(Error),
}

/// What `work` returns, if it does within that time. Its panics are the caller's.
pub(crate) fn within<T: Send + 'static>(
    time: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotDone> {
    let (send, receive) = channel();
    // Nobody listens any more once the time is over.
    let run = move || drop(send.send(work()));
    let thread = thread::Builder::new().stack_size(STACK).spawn(run).map_err(NotDone::NoThread)?;
    match receive.recv_timeout(time) {
        Ok(done) => return Ok(done),
        Err(RecvTimeoutError::Timeout) => RUNAWAY.store(true, Ordering::Relaxed),
        Err(RecvTimeoutError::Disconnected) => {
            if let Err(panic) = thread.join() {
                resume_unwind(panic);
            }
        }
    }
    Err(NotDone::Late)
}

/// Whether something runs on in this process that nobody waits for.
pub(crate) fn runs_on() -> bool {
    RUNAWAY.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_in_time_comes_back_and_what_is_not_is_given_up() {
        assert_eq!(within(Duration::from_secs(600), || 7).ok(), Some(7));
        let (hold, wait) = channel::<()>();
        assert!(matches!(within(Duration::ZERO, move || _ = wait.recv()), Err(NotDone::Late)));
        assert!(runs_on());
        drop(hold);
    }
}
