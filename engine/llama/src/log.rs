//! llama.cpp's log: whole lines to one listener, and a thread's last errors to whoever asked for them.
//!
//! llama.cpp logs in fragments, from the thread that called it. So lines are put together per thread.

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError, RwLock};

use llama_cpp_sys_2 as sys;

type Listener = Arc<dyn Fn(&str) + Send + Sync>;

/// How many error lines are kept for an error's text.
const KEPT: usize = 4;

static LISTENER: RwLock<Option<Listener>> = RwLock::new(None);

#[derive(Default)]
struct Thread {
    line: String,
    level: sys::ggml_log_level,
    errors: Vec<String>,
    copies: Option<Sender<String>>,
}

thread_local! {
    static THREAD: RefCell<Thread> = RefCell::default();
}

/// From now on `listener` hears llama.cpp's log, and nothing is printed.
pub(crate) fn route(listener: Listener) {
    *LISTENER.write().unwrap_or_else(PoisonError::into_inner) = Some(listener);
    // SAFETY: both callbacks are functions that live as long as the program and need no user data.
    unsafe {
        sys::llama_log_set(Some(on_log), std::ptr::null_mut());
        sys::ggml_set_abort_callback(Some(on_abort));
    }
}

/// Runs `work` and returns with its result the last error lines that llama.cpp logged meanwhile on this thread.
pub(crate) fn errors_of<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    THREAD.with_borrow_mut(|thread| thread.errors.clear());
    let result = work();
    (result, THREAD.with_borrow_mut(|thread| std::mem::take(&mut thread.errors)))
}

/// Runs `work` and sends to `copies` every line that llama.cpp logs meanwhile on this thread. The listener hears it too.
pub(crate) fn copied_to<T>(copies: Sender<String>, work: impl FnOnce() -> T) -> T {
    THREAD.with_borrow_mut(|thread| thread.copies = Some(copies));
    let result = work();
    THREAD.with_borrow_mut(|thread| thread.copies = None);
    result
}

/// Called by llama.cpp with a fragment of its log.
unsafe extern "C" fn on_log(level: sys::ggml_log_level, text: *const c_char, _: *mut c_void) {
    if text.is_null() {
        return;
    }
    // SAFETY: llama.cpp passes a string that ends in NUL and lives until this function returns.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    // A thread may log while it ends, when its storage is gone: then there is nobody to tell.
    let lines = THREAD.try_with(|thread| thread.try_borrow_mut().map(|mut thread| thread.take_lines(level, &text)));
    if let Ok(Ok(lines)) = lines {
        lines.iter().for_each(|line| tell(line));
    }
}

/// Called by llama.cpp before it ends the process.
unsafe extern "C" fn on_abort(message: *const c_char) {
    if !message.is_null() {
        // SAFETY: llama.cpp passes a string that ends in NUL and lives until this function returns.
        tell(&format!("llama.cpp gives up: {}", unsafe { CStr::from_ptr(message) }.to_string_lossy()));
    }
}

/// Tells the listener. The lock is not held meanwhile, and a panic does not reach C++.
fn tell(line: &str) {
    let listener = LISTENER.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(listener) = listener {
        let _ = catch_unwind(AssertUnwindSafe(|| listener(line)));
    }
}

impl Thread {
    /// Adds a fragment and returns the lines that it completes, without debugging output, progress dots and rulers.
    fn take_lines(&mut self, level: sys::ggml_log_level, text: &str) -> Vec<String> {
        if level != sys::GGML_LOG_LEVEL_CONT {
            self.level = level;
        }
        self.line.push_str(text);
        let Some(end) = self.line.rfind('\n') else { return Vec::new() };
        let rest = self.line.split_off(end + 1);
        let whole = std::mem::replace(&mut self.line, rest);
        if self.level == sys::GGML_LOG_LEVEL_DEBUG {
            return Vec::new();
        }
        let lines: Vec<String> =
            whole.lines().filter(|line| !line.trim_matches(['.', '=', ' ']).is_empty()).map(str::to_owned).collect();
        if let Some(copies) = &self.copies {
            // Whoever wanted them may have gone.
            lines.iter().for_each(|line| drop(copies.send(line.clone())));
        }
        if self.level == sys::GGML_LOG_LEVEL_ERROR {
            self.errors.extend_from_slice(&lines);
            let surplus = self.errors.len().saturating_sub(KEPT);
            self.errors.drain(..surplus);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_become_lines() {
        let mut thread = Thread::default();
        assert!(thread.take_lines(sys::GGML_LOG_LEVEL_ERROR, "half ").is_empty());
        assert_eq!(thread.take_lines(sys::GGML_LOG_LEVEL_CONT, "a line\n...\n=====\nand"), ["half a line"]);
        assert_eq!(thread.take_lines(sys::GGML_LOG_LEVEL_CONT, " more\n"), ["and more"]);
        assert_eq!(thread.errors, ["half a line", "and more"]);
    }

    #[test]
    fn only_the_last_errors_are_kept() {
        let mut thread = Thread::default();
        for number in 0..9 {
            thread.take_lines(sys::GGML_LOG_LEVEL_ERROR, &format!("{number}\n"));
        }
        thread.take_lines(sys::GGML_LOG_LEVEL_INFO, "no error\n");
        assert_eq!(thread.errors, ["5", "6", "7", "8"]);
    }

    #[test]
    fn debugging_output_is_dropped() {
        assert!(Thread::default().take_lines(sys::GGML_LOG_LEVEL_DEBUG, "noise\n").is_empty());
    }
}
