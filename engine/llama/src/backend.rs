//! llama.cpp as a whole: started once, with the backends of one folder.
//!
//! A backend is a shared library that computes. Those for the CPU come in many, one for each set of vector instructions;
//! llama.cpp asks the processor and takes the best that it can run.

use std::env;
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use llama_cpp_sys_2 as sys;

use crate::{LlamaError, log};

/// Variables by which llama.cpp picks other kernels at run time.
const CHANGES_NUMBERS: [&str; 5] = [
    "GGML_BACKEND_PATH",
    "GGML_CPU_TILED_MM",
    "GGML_CPU_TILED_MM_FORCE",
    "GGML_CPU_DISABLE_FUSION",
    "LLAMA_ATTN_ROT_DISABLE",
];

/// Proof that llama.cpp is initialised and has a backend for the CPU. It stays so until the process ends.
#[derive(Debug, Clone, Copy)]
pub struct Backend(());

impl Backend {
    /// Initialises llama.cpp, on the first call, and has `log` called with each line of its log, debugging output
    /// left out. Nothing is printed. The listener of the latest call is the one that hears; it may be called from
    /// any thread, and its last line is the reason if llama.cpp aborts the process.
    pub fn start(log: impl Fn(&str) + Send + Sync + 'static) -> Result<Self, LlamaError> {
        static STARTED: Mutex<bool> = Mutex::new(false);
        if let Some(variable) = CHANGES_NUMBERS.into_iter().find(|name| env::var_os(name).is_some()) {
            return Err(LlamaError::Environment { variable });
        }
        log::route(Arc::new(log));
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if !*started {
            load(&backends_folder())?;
            // SAFETY: no precondition. Never undone, so that no model can outlive it.
            unsafe { sys::llama_backend_init() }
            *started = true;
        }
        Ok(Self(()))
    }

    /// [`Backend::start`] with nobody listening.
    pub fn silent() -> Result<Self, LlamaError> {
        Self::start(|_| {})
    }
}

/// The llama.cpp source that computes, for the keys of stages: the pinned version of the crate that carries it.
#[must_use]
pub fn build_info() -> &'static str {
    "llama-cpp-sys-2 0.1.161"
}

/// The one folder in which backends are looked for: `../lib/xlt/backends` from the program's own folder if there is such
/// a folder, as where xlt is installed, else where they were built.
#[must_use]
pub fn backends_folder() -> PathBuf {
    installed_backends().filter(|folder| folder.is_dir()).unwrap_or_else(|| env!("XLT_BUILT_BACKENDS").into())
}

/// Where an installed program has its backends.
fn installed_backends() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    Some(program.parent()?.parent()?.join("lib/xlt/backends"))
}

/// Loads the backends of one folder. Must come before `llama_backend_init`, which without any would search the current
/// folder too.
fn load(folder: &Path) -> Result<(), LlamaError> {
    let none = || LlamaError::NoBackend { folder: folder.to_owned(), installed: installed_backends() };
    let path = CString::new(folder.as_os_str().as_encoded_bytes()).map_err(|_| none())?;
    // SAFETY: the path is a C string that outlives the call. Only this function loads, and one thread at a time runs it.
    let cpu = unsafe {
        sys::ggml_backend_load_all_from_path(path.as_ptr());
        sys::ggml_backend_dev_by_type(sys::GGML_BACKEND_DEVICE_TYPE_CPU)
    };
    if cpu.is_null() { Err(none()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_info_is_the_locked_version() {
        let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock")).unwrap();
        let package = lock.split("[[package]]").find(|text| text.contains("name = \"llama-cpp-sys-2\"")).unwrap();
        let (_, version) = build_info().split_once(' ').unwrap();
        assert!(package.contains(&format!("version = \"{version}\"")), "{package}");
    }
}
