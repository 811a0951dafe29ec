//! What this machine has for stages to share.

use std::num::NonZero;
use xlt_core::plan::Resources;
use xlt_core::slurm::Class;

/// Downloads under way at once.
const DOWNLOADS: u32 = 4;

/// What this machine has.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// Resources that stages share.
    pub resources: Resources,
}

impl Machine {
    /// Looks at this machine. `jobs` limits the cores, if given.
    #[must_use]
    pub fn look(jobs: Option<u32>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get) as u32;
        let cores = jobs.unwrap_or(cores).max(1);
        let memory = memory().unwrap_or(u64::MAX);
        Self { resources: Resources { cores, memory, gpus: 0, downloads: DOWNLOADS } }
    }

    /// What a job of a cluster has. It fetches nothing.
    #[must_use]
    pub fn of_job(class: Class) -> Self {
        let Class { gpus, cores, memory, .. } = class;
        Self { resources: Resources { cores, memory, gpus, downloads: 0 } }
    }
}

/// Physical memory in bytes.
#[cfg(target_os = "linux")]
fn memory() -> Option<u64> {
    let info = rustix::system::sysinfo();
    u64::from(info.totalram as u32).max(info.totalram as u64).checked_mul(u64::from(info.mem_unit))
}

#[cfg(not(target_os = "linux"))]
fn memory() -> Option<u64> {
    None
}
