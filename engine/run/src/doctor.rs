//! What this xlt can use here: facts, and what is wrong with them. Reaches for no network and waits for nothing long.

#[cfg(feature = "llama")]
use crate::gpus::{self, Gpus, Unused};
use crate::machine::Machine;
use rustix::fs::statvfs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use xlt_cache::{Cache, Tally};
use xlt_fetch::Settings;

/// How long a disk, a driver or a program may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// With less than this free on the cache's disk, a model is unlikely to fit.
const LITTLE: u64 = 2_000_000_000;

/// What was found.
#[derive(Debug)]
pub struct Findings {
    /// llama.cpp; `None` where this build has none.
    pub llama: Option<Llama>,
    /// Cores and memory.
    pub machine: Machine,
    /// Memory in bytes that is not in use.
    pub memory_available: Option<u64>,
    /// The cache.
    pub cache: CacheFindings,
    /// The folder of ledgers, and what is wrong with it.
    pub state: (PathBuf, Option<Trouble>),
    /// pip, or why there is none.
    pub pip: Result<Pip, Trouble>,
    /// Address of the model hub, without a login that may stand in it.
    pub hub: String,
    /// Whether there is a login at the hub.
    pub hub_token: bool,
}

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Sentences.
    pub what: String,
    /// Whether nothing can be run before it is put right.
    pub fatal: bool,
}

/// llama.cpp.
#[derive(Debug)]
pub struct Llama {
    /// Its version.
    pub version: &'static str,
    /// The folder in which backends are looked for.
    pub backends: PathBuf,
    /// Libraries in it.
    pub libraries: Vec<String>,
    /// What it computes with, or why it cannot.
    pub compute: Result<Compute, Trouble>,
}

/// What llama.cpp computes with.
#[derive(Debug)]
pub struct Compute {
    /// Class of machines whose results are the same bytes.
    pub kernel_class: String,
    /// Features of the CPU that its kernels use, with their values.
    pub cpu_features: Vec<(String, String)>,
    /// The devices.
    pub devices: Vec<Device>,
    /// Modules for GPUs that found none, by name, each with why.
    pub idle: Vec<(String, String)>,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// llama.cpp's name.
    pub name: String,
    /// The maker's name.
    pub description: String,
    /// `cpu`, `gpu`, `integrated-gpu`, `accelerator`, ...
    pub kind: &'static str,
    /// Bytes of its memory that are free.
    pub memory_free: u64,
    /// Bytes of its memory.
    pub memory_total: u64,
    /// Of a GPU that is not used: why.
    pub unused: Option<String>,
}

/// The cache.
#[derive(Debug)]
pub struct CacheFindings {
    /// Its folder.
    pub folder: PathBuf,
    /// What is wrong with it: it cannot be made, written or locked; little space.
    pub trouble: Option<Trouble>,
    /// Its artifacts; `None` where they could not be counted, or not in time.
    pub artifacts: Option<Tally>,
    /// Bytes that this user may still write on its disk.
    pub free: Option<u64>,
    /// Whether locks work there; `None` where that could not be tried.
    pub locks: Option<bool>,
}

/// pip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pip {
    /// The command that calls it.
    pub command: String,
    /// Its version.
    pub version: String,
}

impl Trouble {
    fn fatal(what: impl Into<String>) -> Self {
        Self { what: what.into(), fatal: true }
    }

    fn minor(what: impl Into<String>) -> Self {
        Self { what: what.into(), fatal: false }
    }
}

impl Findings {
    /// Looks around.
    #[must_use]
    pub fn gather(cache: &Path, state: &Path) -> Self {
        let settings = Settings::from_env();
        Self {
            llama: llama(),
            machine: Machine::look(None),
            memory_available: memory_available(),
            cache: look_at_cache(cache),
            state: (state.to_owned(), look_at_state(state)),
            pip: pip(&settings),
            hub: without_login(&settings.hub),
            hub_token: settings.token.is_some(),
        }
    }

    /// Everything that is wrong.
    pub fn troubles(&self) -> impl Iterator<Item = &Trouble> {
        let llama = self.llama.as_ref().and_then(|llama| llama.compute.as_ref().err());
        let cache = self.cache.trouble.as_ref();
        llama.into_iter().chain(cache).chain(self.state.1.as_ref()).chain(self.pip.as_ref().err())
    }
}

#[cfg(not(feature = "llama"))]
fn llama() -> Option<Llama> {
    None
}

#[cfg(feature = "llama")]
fn llama() -> Option<Llama> {
    let backends = xlt_llama::backends_folder();
    let compute = in_time(|| xlt_llama::Backend::silent().map(|backend| compute(&backend)));
    Some(Llama {
        version: xlt_llama::build_info(),
        libraries: libraries(&backends),
        backends,
        compute: match compute {
            Some(Ok(compute)) => Ok(compute),
            Some(Err(error)) => Err(Trouble::fatal(error.to_string())),
            None => Err(Trouble::fatal(
                "llama.cpp does not start: a driver does not answer; look at the GPUs of this machine, or restart it",
            )),
        },
    })
}

#[cfg(feature = "llama")]
fn compute(backend: &xlt_llama::Backend) -> Compute {
    use xlt_llama::DeviceKind;
    let devices = xlt_llama::devices(backend);
    let gpus = Gpus::new(devices.iter().cloned().filter_map(gpus::of_llama).collect());
    let unused = |name: &str| gpus.all().find(|(gpu, _)| gpu.name == name).and_then(|(_, why)| why).map(why_unused);
    let idle = idle(backend, &devices);
    let device = |device: xlt_llama::Device| Device {
        unused: unused(&device.name),
        name: device.name,
        description: device.description,
        kind: match device.kind {
            DeviceKind::Cpu => "cpu",
            DeviceKind::Gpu => "gpu",
            DeviceKind::IntegratedGpu => "integrated-gpu",
            DeviceKind::Accelerator => "accelerator",
            DeviceKind::Meta => "meta",
            _ => "other",
        },
        memory_free: device.free,
        memory_total: device.total,
    };
    Compute {
        kernel_class: xlt_llama::kernel_class(backend),
        cpu_features: xlt_llama::cpu_features(backend).into_iter().collect(),
        devices: devices.into_iter().map(device).collect(),
        idle,
    }
}

#[cfg(feature = "llama")]
fn why_unused(why: Unused) -> String {
    match why {
        Unused::Same { name } => format!("it is {name}, driven by another module"),
        Unused::Integrated => "it shares the processor's memory, and there is one that does not".to_owned(),
    }
}

/// Modules by which llama.cpp found no GPU.
#[cfg(feature = "llama")]
fn idle(backend: &xlt_llama::Backend, devices: &[xlt_llama::Device]) -> Vec<(String, String)> {
    let drives = |name: &str| {
        let called = if name == "hip" { "ROCm" } else { name };
        devices.iter().any(|device| device.backend.eq_ignore_ascii_case(called))
    };
    let modules = xlt_llama::gpu_modules().into_iter().filter(|(name, _)| !drives(name));
    let idle = modules.map(|(name, path)| {
        let said = xlt_llama::why_not_loaded(backend, &path);
        (name.to_owned(), no_gpu(name, &said, |variable| std::env::var(variable).ok()))
    });
    idle.collect()
}

/// Why a module found no GPU. `said`: what llama.cpp said of it. `now`: the environment.
#[cfg(feature = "llama")]
fn no_gpu(module: &str, said: &[String], now: impl Fn(&str) -> Option<String>) -> String {
    let hidden = gpus::variable(module).and_then(|name| Some((name, now(name)?)));
    if let Some((name, value)) = hidden {
        return format!("it sees no GPU, and {name} is set to `{value}`; unset it to see all");
    }
    let fault = said.iter().rev().find_map(|line| {
        let line = line.rsplit_once("failed to ").map(|(_, what)| what)?;
        Some(format!("llama.cpp failed to {}", line.trim()))
    });
    fault.unwrap_or_else(|| "its driver sees no GPU on this machine".to_owned())
}

/// Names of the files in the folder of backends.
#[cfg(feature = "llama")]
fn libraries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.contains("ggml"));
    names.sort();
    names
}

fn look_at_cache(folder: &Path) -> CacheFindings {
    let own = folder.to_owned();
    let opened = in_time(move || Cache::open(&own));
    let mut found =
        CacheFindings { folder: folder.to_owned(), trouble: None, artifacts: None, free: None, locks: None };
    let cache = match opened {
        None => {
            found.trouble = Some(Trouble::fatal(format!(
                "the disk of the cache {} does not answer; look whether it is mounted, or set $XLT_CACHE to another folder",
                folder.display()
            )));
            return found;
        }
        Some(opened) => opened,
    };
    let own = folder.to_owned();
    found.free = in_time(move || free(&own)).flatten();
    match cache {
        Err(error) => {
            found.locks = matches!(error, xlt_cache::CacheError::NoLocks { .. }).then_some(false);
            found.trouble = Some(Trouble::fatal(format!("failed to {error}")));
        }
        Ok(cache) => {
            found.locks = Some(true);
            found.artifacts = in_time(move || cache.usage().ok()).flatten().map(|usage| usage.objects);
            found.trouble = found.free.filter(|&free| free < LITTLE).map(|_| {
                Trouble::minor(
                    "little space is left on the cache's disk: `xlt cache gc` removes what no record needs, or set $XLT_CACHE \
                     to a folder on a larger disk",
                )
            });
        }
    }
    found
}

/// Bytes that this user may still write where the folder is or would be.
pub(crate) fn free(folder: &Path) -> Option<u64> {
    let found = folder.ancestors().find_map(|folder| statvfs(folder).ok())?;
    found.f_bavail.checked_mul(found.f_frsize)
}

/// Whether history can be kept there: without, everything works but is told less of.
fn look_at_state(folder: &Path) -> Option<Trouble> {
    let own = folder.to_owned();
    let kept = in_time(move || {
        std::fs::create_dir_all(&own)?;
        tempfile::tempfile_in(&own).map(drop)
    });
    let why = match kept {
        Some(Ok(())) => return None,
        Some(Err(error)) => error.to_string(),
        None => "its disk does not answer".to_owned(),
    };
    Some(Trouble::minor(format!(
        "the folder {} cannot be written ({why}), so xlt reads all records at every start and keeps no history; make it \
         writable, or set $XLT_STATE to another folder",
        folder.display()
    )))
}

fn pip(settings: &Settings) -> Result<Pip, Trouble> {
    let calls = settings.pip_calls();
    let tried: Vec<String> = calls.iter().map(|call| format!("`{}`", command_line(call))).collect();
    calls.into_iter().find_map(version).ok_or_else(|| {
        Trouble::minor(format!(
            "{} does not work; `pypi:` files need pip: install it (`apt install python3-pip`), or set $XLT_PIP to its program",
            tried.join(", ")
        ))
    })
}

/// pip as this command calls it, if it does.
fn version(mut command: Command) -> Option<Pip> {
    let line = command_line(&command);
    let child = command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.ok()?;
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            Ok(Some(status)) => break status.success(),
            Ok(None) | Err(_) => {
                // It may have ended in this moment.
                let _ = child.kill().and_then(|()| child.wait().map(drop));
                break false;
            }
        }
    };
    let output = child.stdout.take()?;
    // What it left running may hold the pipe open: no more is read than a version needs.
    let said = status.then(|| in_time(move || first_line(output))).flatten().flatten()?;
    let version = said.strip_prefix("pip ").and_then(|rest| rest.split(' ').next()).unwrap_or(&said);
    Some(Pip { command: line, version: version.to_owned() })
}

fn first_line(output: impl Read) -> Option<String> {
    let mut line = Vec::new();
    BufReader::new(output.take(200)).read_until(b'\n', &mut line).ok()?;
    let line = String::from_utf8_lossy(&line).trim().to_owned();
    (!line.is_empty()).then_some(line)
}

fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// An address without `user:password@`.
fn without_login(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let host = rest.find('/').unwrap_or(rest.len());
    match rest[..host].rfind('@') {
        Some(at) => format!("{scheme}://…{}", &rest[at..]),
        None => address.to_owned(),
    }
}

/// Memory in bytes that programs may still have.
fn memory_available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// What `work` says, if it says it soon. A disk that is gone may keep it forever; its thread ends with the process.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, answer) = mpsc::channel();
    // A thread that cannot be started does not answer.
    thread::Builder::new().spawn(move || drop(sender.send(work()))).ok()?;
    answer.recv_timeout(PATIENCE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "llama")]
    #[test]
    fn why_a_module_found_no_gpu_is_said_in_words() {
        let none = |_: &str| None;
        let said =
            ["ggml_backend_load: failed to load /x/libggml-cuda.so: libcudart.so.13: cannot open shared object file"
                .to_owned()];
        let library = "llama.cpp failed to load /x/libggml-cuda.so: libcudart.so.13: cannot open shared object file";
        assert_eq!(no_gpu("cuda", &said, none), library);
        let said = ["ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected".to_owned()];
        assert_eq!(
            no_gpu("cuda", &said, none),
            "llama.cpp failed to initialize CUDA: no CUDA-capable device is detected"
        );
        assert_eq!(no_gpu("vulkan", &[], none), "its driver sees no GPU on this machine");
        let hidden = |name: &str| (name == "CUDA_VISIBLE_DEVICES").then(|| "-1".to_owned());
        assert_eq!(
            no_gpu("cuda", &[], hidden),
            "it sees no GPU, and CUDA_VISIBLE_DEVICES is set to `-1`; unset it to see all"
        );
    }

    #[test]
    fn a_login_in_the_address_is_not_shown() {
        assert_eq!(without_login("https://me:secret@mirror.example/hf"), "https://…@mirror.example/hf");
        assert_eq!(without_login("https://a:b@c@d"), "https://…@d");
        assert_eq!(without_login("https://mirror.example/a@b"), "https://mirror.example/a@b");
        assert_eq!(without_login("mirror"), "mirror");
    }

    #[test]
    fn of_what_a_program_says_one_line_is_read() {
        assert_eq!(first_line(&b"pip 23.2.1 from /x\nmore"[..]).as_deref(), Some("pip 23.2.1 from /x"));
        assert_eq!(first_line(&b"\nmore"[..]), None);
        assert_eq!(first_line(std::io::repeat(b'a')).map(|line| line.len()), Some(200));
    }

    #[test]
    fn space_is_that_of_the_nearest_folder_that_is_there() {
        assert!(free(Path::new("/not/yet/there")).is_some());
    }
}
