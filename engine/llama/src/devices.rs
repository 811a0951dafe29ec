//! What llama.cpp can compute on: the CPU, and the GPUs that it sees.

use std::ffi::{CStr, c_char};

use llama_cpp_sys_2 as sys;

use crate::Backend;

/// A processor that llama.cpp can compute on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// llama.cpp's name: `CPU`, `CUDA0`, ...
    pub name: String,
    /// The maker's name: `Intel(R) Xeon(R) Platinum 8481C`, `NVIDIA GH200`, ...
    pub description: String,
    /// What it is.
    pub kind: DeviceKind,
    /// The backend that drives it: `CPU`, `CUDA`, `ROCm`, `Vulkan`, ...
    pub backend: String,
    /// Where it is on the bus, if that is known: two backends may drive one device.
    pub id: Option<String>,
    /// Bytes of its memory that are free. For the CPU llama.cpp gives all there are.
    pub free: u64,
    /// Bytes of its memory.
    pub total: u64,
}

/// Kinds of devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceKind {
    /// The CPU.
    Cpu,
    /// A GPU with its own memory.
    Gpu,
    /// A GPU that shares the CPU's memory.
    IntegratedGpu,
    /// A library or unit that helps the CPU, such as BLAS.
    Accelerator,
    /// Several devices as one.
    Meta,
    /// A kind that this version does not know.
    Other,
}

/// The devices that llama.cpp sees.
#[must_use]
pub fn devices(_: &Backend) -> Vec<Device> {
    // SAFETY: the backends are loaded, as `Backend` proves, and none are loaded or unloaded any more.
    let count = unsafe { sys::ggml_backend_dev_count() };
    (0..count).map(device).collect()
}

/// The devices that are GPUs, in llama.cpp's order.
pub(crate) fn gpus() -> Vec<sys::ggml_backend_dev_t> {
    // SAFETY: a device is asked for by a number below their count; devices live as long as the program.
    let all = (0..unsafe { sys::ggml_backend_dev_count() }).map(|at| unsafe { sys::ggml_backend_dev_get(at) });
    // SAFETY: as above.
    let is_gpu = |device: &sys::ggml_backend_dev_t| match kind(unsafe { sys::ggml_backend_dev_type(*device) }) {
        DeviceKind::Gpu | DeviceKind::IntegratedGpu => true,
        DeviceKind::Cpu | DeviceKind::Accelerator | DeviceKind::Meta | DeviceKind::Other => false,
    };
    all.filter(is_gpu).collect()
}

/// Where a device is on the bus.
///
/// # Safety
/// It is a device.
unsafe fn id(device: sys::ggml_backend_dev_t) -> Option<String> {
    // SAFETY: a struct of numbers and pointers, which null fits.
    let mut props: sys::ggml_backend_dev_props = unsafe { std::mem::zeroed() };
    // SAFETY: a device by this function's contract; its texts live as long as it.
    let id = unsafe {
        sys::ggml_backend_dev_get_props(device, &raw mut props);
        text(props.device_id)
    };
    (!id.is_empty()).then_some(id)
}

/// The device with this index, which is below the count.
fn device(index: usize) -> Device {
    let (mut free, mut total) = (0, 0);
    // SAFETY: the index is below the count; devices live as long as the program, and so do their names.
    unsafe {
        let device = sys::ggml_backend_dev_get(index);
        sys::ggml_backend_dev_memory(device, &raw mut free, &raw mut total);
        Device {
            name: text(sys::ggml_backend_dev_name(device)),
            description: text(sys::ggml_backend_dev_description(device)),
            kind: kind(sys::ggml_backend_dev_type(device)),
            backend: text(sys::ggml_backend_reg_name(sys::ggml_backend_dev_backend_reg(device))),
            id: id(device),
            free: free as u64,
            total: total as u64,
        }
    }
}

fn kind(kind: sys::ggml_backend_dev_type) -> DeviceKind {
    match kind {
        sys::GGML_BACKEND_DEVICE_TYPE_CPU => DeviceKind::Cpu,
        sys::GGML_BACKEND_DEVICE_TYPE_GPU => DeviceKind::Gpu,
        sys::GGML_BACKEND_DEVICE_TYPE_IGPU => DeviceKind::IntegratedGpu,
        sys::GGML_BACKEND_DEVICE_TYPE_ACCEL => DeviceKind::Accelerator,
        sys::GGML_BACKEND_DEVICE_TYPE_META => DeviceKind::Meta,
        _ => DeviceKind::Other,
    }
}

/// A copy of a C string, empty for null.
///
/// # Safety
/// `text` is null or a C string that lives until this function returns.
pub(crate) unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null, so a C string by this function's contract.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
