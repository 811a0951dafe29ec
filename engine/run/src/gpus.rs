//! The GPUs of this machine, as a child process finds them, and how a worker is made to see some of them.
//!
//! The engine itself loads no driver: it would hold memory of every GPU, and a driver that crashes would take the run along.

mod visible;

#[cfg(feature = "llama")]
pub(crate) use visible::variable;

use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;
use xlt_core::schedule::Gpu;

/// How long drivers may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A GPU as llama.cpp sees it: a line of what `xlt worker --devices` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// llama.cpp's name: `CUDA0`.
    pub name: String,
    /// The maker's name.
    pub description: String,
    /// What drives it: `CUDA`, `ROCm`, `Vulkan`, ...
    pub backend: String,
    /// Where it is on the bus, if that is known.
    pub id: Option<String>,
    /// Whether its memory is the processor's.
    pub integrated: bool,
    /// Bytes of its memory that are free.
    pub free: u64,
    /// Bytes of its memory.
    pub total: u64,
}

/// The GPUs that llama.cpp sees, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gpus(Vec<Device>);

/// Why a GPU is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unused {
    /// It is another's second name: two backends drive it.
    Same {
        /// The first name.
        name: String,
    },
    /// It shares the processor's memory, and there are others that do not.
    Integrated,
}

impl Gpus {
    /// These.
    #[must_use]
    pub fn new(devices: Vec<Device>) -> Self {
        Self(devices)
    }

    /// Those of this machine, of which `program` is asked: xlt itself. None where this xlt has no module for any, and then nothing
    /// is started.
    ///
    /// # Errors
    /// A sentence.
    pub fn ask(program: &Path) -> Result<Self, String> {
        if !have_module() {
            return Ok(Self::default());
        }
        let failed = |why: String| format!("the GPUs of this machine are not used: {why}; see `xlt doctor`");
        let mut command = Command::new(program);
        command.args(["worker", "--devices"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
        let (sender, text) = channel();
        if let Some(mut pipe) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut text = String::new();
                let _ = pipe.read_to_string(&mut text);
                let _ = sender.send(text);
            });
        }
        let text = text.recv_timeout(PATIENCE);
        let _ = child.kill();
        let status = child.wait();
        let text = text.map_err(|_| failed("a driver does not answer".to_owned()))?;
        let ended = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        serde_json::from_str(&text)
            .map(Self)
            .map_err(|_| failed(format!("the process that looks for them ended with {ended}")))
    }

    /// The GPUs as stages share them.
    #[must_use]
    pub fn shared(&self) -> Vec<Gpu> {
        let memory = |device: &Device| if device.free > 0 { device.free } else { device.total };
        self.used().map(|(_, device)| Gpu { memory: memory(device) }).collect()
    }

    /// All, and why those are not used that are not.
    pub fn all(&self) -> impl Iterator<Item = (&Device, Option<Unused>)> {
        self.0.iter().enumerate().map(|(at, device)| (device, self.unused(at)))
    }

    /// The GPUs that are used, with their places among all. Their order gives the numbers by which stages get them.
    fn used(&self) -> impl Iterator<Item = (usize, &Device)> {
        self.0.iter().enumerate().filter(|(at, _)| self.unused(*at).is_none())
    }

    fn unused(&self, at: usize) -> Option<Unused> {
        let device = &self.0[at];
        let same = |other: &&Device| other.id.is_some() && other.id == device.id;
        if let Some(first) = self.0[..at].iter().find(same) {
            return Some(Unused::Same { name: first.name.clone() });
        }
        (device.integrated && self.0.iter().any(|other| !other.integrated)).then_some(Unused::Integrated)
    }
}

/// Whether there is a module by which llama.cpp could use a GPU.
fn have_module() -> bool {
    #[cfg(feature = "llama")]
    return !xlt_llama::gpu_modules().is_empty();
    #[cfg(not(feature = "llama"))]
    false
}

/// The GPUs that llama.cpp sees in this process, whose drivers it starts.
///
/// # Errors
/// A sentence.
#[cfg(feature = "llama")]
pub fn seen() -> Result<Vec<Device>, String> {
    let backend = xlt_llama::Backend::silent().map_err(|error| error.to_string())?;
    Ok(xlt_llama::devices(&backend).into_iter().filter_map(of_llama).collect())
}

/// Without llama.cpp there are none.
///
/// # Errors
/// None.
#[cfg(not(feature = "llama"))]
pub fn seen() -> Result<Vec<Device>, String> {
    Ok(Vec::new())
}

#[cfg(feature = "llama")]
pub(crate) fn of_llama(device: xlt_llama::Device) -> Option<Device> {
    let integrated = match device.kind {
        xlt_llama::DeviceKind::Gpu => false,
        xlt_llama::DeviceKind::IntegratedGpu => true,
        _ => return None,
    };
    let xlt_llama::Device { name, description, backend, id, free, total, .. } = device;
    Some(Device { name, description, backend, id, integrated, free, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn device(backend: &str, number: usize, id: &str, integrated: bool) -> Device {
        Device {
            name: format!("{backend}{number}"),
            description: "a GPU".to_owned(),
            backend: backend.to_owned(),
            id: (!id.is_empty()).then(|| id.to_owned()),
            integrated,
            free: 10 + number as u64,
            total: 20,
        }
    }

    #[test]
    fn a_gpu_that_two_backends_drive_is_one() {
        let gpus = Gpus::new(vec![
            device("CUDA", 0, "1:0", false),
            device("CUDA", 1, "2:0", false),
            device("Vulkan", 0, "2:0", false),
        ]);
        let why: Vec<_> = gpus.all().map(|(_, why)| why).collect();
        assert_eq!(why, [None, None, Some(Unused::Same { name: "CUDA1".to_owned() })]);
        assert_eq!(gpus.shared(), [Gpu { memory: 10 }, Gpu { memory: 11 }]);
    }

    #[test]
    fn a_gpu_in_the_processor_is_used_where_there_is_no_other() {
        let alone = Gpus::new(vec![device("Vulkan", 0, "", true)]);
        assert_eq!(alone.shared(), [Gpu { memory: 10 }]);
        let beside = Gpus::new(vec![device("Vulkan", 0, "", true), device("Vulkan", 1, "", false)]);
        assert_eq!(beside.shared(), [Gpu { memory: 11 }]);
    }

    #[test]
    fn of_one_that_says_nothing_of_free_memory_all_is_shared() {
        let silent = Device { free: 0, ..device("Metal", 0, "", false) };
        assert_eq!(Gpus::new(vec![silent]).shared(), [Gpu { memory: 20 }]);
    }
}
