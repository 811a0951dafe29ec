//! llama.cpp as a whole: started once, with the backends of one folder.
//!
//! A backend is a shared library that computes. Those for the CPU come in many, one for each set of vector instructions;
//! llama.cpp asks the processor and takes the best that it can run.

use std::env;
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
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

/// What a driver of GPUs is called in the name of its file, in llama.cpp's order.
const GPU_MODULES: [&str; 7] = ["cuda", "hip", "metal", "sycl", "vulkan", "opencl", "musa"];

/// What llama.cpp said while it loaded its backends.
static START_LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

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
            let (sender, lines) = channel();
            let loaded = log::copied_to(sender, || load(&backends_folder()));
            START_LOG.lock().unwrap_or_else(PoisonError::into_inner).extend(lines);
            loaded?;
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

/// What llama.cpp said while it loaded its backends.
pub(crate) fn start_log() -> Vec<String> {
    START_LOG.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The modules for GPUs that are beside those for the CPU, as `cuda`, and their files. Nothing is loaded. Without any, no GPU is used.
#[must_use]
pub fn gpu_modules() -> Vec<(&'static str, PathBuf)> {
    let folder = backends_folder();
    let file = |name: &&str| {
        let names = [("lib", "so"), ("lib", "dylib"), ("", "dll")];
        let mut paths = names.map(|(before, end)| folder.join(format!("{before}ggml-{name}.{end}"))).into_iter();
        paths.find(|path| path.is_file())
    };
    GPU_MODULES.iter().filter_map(|name| Some((*name, file(name)?))).collect()
}

/// What llama.cpp says of a module that gave no device: when it started, and, as it is silent then about one that cannot be loaded,
/// when it is asked to load it again.
#[must_use]
pub fn why_not_loaded(_: &Backend, module: &Path) -> Vec<String> {
    let Ok(path) = CString::new(module.as_os_str().as_encoded_bytes()) else { return Vec::new() };
    let (sender, lines) = channel();
    // SAFETY: the path is a C string that outlives the call.
    log::copied_to(sender, || unsafe { sys::ggml_backend_load(path.as_ptr()) });
    start_log().into_iter().chain(lines).collect()
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
