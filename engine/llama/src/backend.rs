//! llama.cpp as a whole: started once, and what it is made of.

use std::ffi::CStr;
use std::sync::{Arc, Once};

use llama_cpp_sys_2 as sys;

use crate::{LlamaError, log};

/// Variables by which llama.cpp picks other kernels at run time.
const CHANGES_NUMBERS: [&str; 4] =
    ["GGML_CPU_TILED_MM", "GGML_CPU_TILED_MM_FORCE", "GGML_CPU_DISABLE_FUSION", "LLAMA_ATTN_ROT_DISABLE"];

/// Proof that llama.cpp is initialised. It stays so until the process ends.
#[derive(Debug, Clone, Copy)]
pub struct Backend(());

impl Backend {
    /// Initialises llama.cpp, on the first call, and has `log` called with each line of its log, debugging output
    /// left out. Nothing is printed. The listener of the latest call is the one that hears; it may be called from
    /// any thread, and its last line is the reason if llama.cpp aborts the process.
    pub fn start(log: impl Fn(&str) + Send + Sync + 'static) -> Result<Self, LlamaError> {
        static STARTED: Once = Once::new();
        if let Some(instructions) = missing_instructions() {
            return Err(LlamaError::Processor { instructions });
        }
        if let Some(variable) = CHANGES_NUMBERS.into_iter().find(|name| std::env::var_os(name).is_some()) {
            return Err(LlamaError::Environment { variable });
        }
        log::route(Arc::new(log));
        // SAFETY: no precondition. Never undone, so that no model can outlive it.
        STARTED.call_once(|| unsafe { sys::llama_backend_init() });
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

/// The kernels that compute, for records: results are promised to be the same bytes within one class only.
///
/// The CPU's instruction set as compiled, and the GPUs that llama.cpp sees: even with no layer on a GPU it hands large
/// products to one. `cpu-avx2`, `cpu-avx512-vnni`, `cpu-neon-dotprod+NVIDIA GH200`.
#[must_use]
pub fn kernel_class() -> String {
    let mut class = format!("cpu-{}", instruction_set());
    // SAFETY: indices are below the count; devices and their descriptions live as long as the program.
    unsafe {
        for index in 0..sys::ggml_backend_dev_count() {
            let device = sys::ggml_backend_dev_get(index);
            let kind = sys::ggml_backend_dev_type(device);
            if kind == sys::GGML_BACKEND_DEVICE_TYPE_GPU || kind == sys::GGML_BACKEND_DEVICE_TYPE_IGPU {
                class.push('+');
                class.push_str(&CStr::from_ptr(sys::ggml_backend_dev_description(device)).to_string_lossy());
            }
        }
    }
    class
}

/// The widest instruction set in use and what is used on top of it.
fn instruction_set() -> String {
    // SAFETY: no precondition; each tells how the CPU kernels were compiled, on ARM what the processor can do.
    let (widest, extras) = unsafe {
        let widest = [
            (sys::ggml_cpu_has_avx512(), "avx512"),
            (sys::ggml_cpu_has_avx2(), "avx2"),
            (sys::ggml_cpu_has_avx(), "avx"),
            (sys::ggml_cpu_has_ssse3(), "ssse3"),
            (sys::ggml_cpu_has_neon(), "neon"),
            (sys::ggml_cpu_has_riscv_v(), "rvv"),
            (sys::ggml_cpu_has_vsx(), "vsx"),
            (sys::ggml_cpu_has_vxe(), "vxe"),
            (sys::ggml_cpu_has_wasm_simd(), "wasm-simd"),
            (1, std::env::consts::ARCH),
        ];
        let sve = format!("-sve{}", 8 * sys::ggml_cpu_get_sve_cnt());
        let extras = [
            (i32::from(sys::ggml_cpu_has_avx2() != 0 && sys::ggml_cpu_has_fma() == 0), "-nofma".to_owned()),
            (sys::ggml_cpu_has_avx512_vbmi(), "-vbmi".to_owned()),
            (sys::ggml_cpu_has_avx512_vnni() | sys::ggml_cpu_has_avx_vnni(), "-vnni".to_owned()),
            (sys::ggml_cpu_has_avx512_bf16(), "-bf16".to_owned()),
            (sys::ggml_cpu_has_amx_int8(), "-amx".to_owned()),
            (sys::ggml_cpu_has_fp16_va(), "-fp16".to_owned()),
            (sys::ggml_cpu_has_dotprod(), "-dotprod".to_owned()),
            (sys::ggml_cpu_has_matmul_int8(), "-i8mm".to_owned()),
            (sys::ggml_cpu_has_sve(), sve),
            (sys::ggml_cpu_has_sme(), "-sme".to_owned()),
        ];
        (widest, extras)
    };
    let widest = widest.into_iter().filter(|(has, _)| *has != 0).map(|(_, name)| name.to_owned()).take(1);
    widest.chain(extras.into_iter().filter(|(has, _)| *has != 0).map(|(_, name)| name)).collect()
}

/// The first instruction set that the kernels use and the processor lacks.
#[cfg(target_arch = "x86_64")]
fn missing_instructions() -> Option<&'static str> {
    // SAFETY: no precondition; each tells how the CPU kernels were compiled and runs none of them.
    let compiled = unsafe {
        [
            ("AVX", sys::ggml_cpu_has_avx(), is_x86_feature_detected!("avx")),
            ("AVX2", sys::ggml_cpu_has_avx2(), is_x86_feature_detected!("avx2")),
            ("FMA", sys::ggml_cpu_has_fma(), is_x86_feature_detected!("fma")),
            ("F16C", sys::ggml_cpu_has_f16c(), is_x86_feature_detected!("f16c")),
            ("BMI2", sys::ggml_cpu_has_bmi2(), is_x86_feature_detected!("bmi2")),
            ("AVX-VNNI", sys::ggml_cpu_has_avx_vnni(), is_x86_feature_detected!("avxvnni")),
            ("AVX-512", sys::ggml_cpu_has_avx512(), is_x86_feature_detected!("avx512f")),
            ("AVX-512 VBMI", sys::ggml_cpu_has_avx512_vbmi(), is_x86_feature_detected!("avx512vbmi")),
            ("AVX-512 VNNI", sys::ggml_cpu_has_avx512_vnni(), is_x86_feature_detected!("avx512vnni")),
            ("AVX-512 BF16", sys::ggml_cpu_has_avx512_bf16(), is_x86_feature_detected!("avx512bf16")),
        ]
    };
    compiled.into_iter().find(|(_, used, present)| *used != 0 && !present).map(|(name, ..)| name)
}

/// Elsewhere llama.cpp is compiled for the architecture's baseline, or asks the processor itself.
#[cfg(not(target_arch = "x86_64"))]
fn missing_instructions() -> Option<&'static str> {
    None
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

    #[test]
    fn kernel_class_names_a_cpu() {
        let class = kernel_class();
        assert!(class.starts_with("cpu-") && class.len() > 6, "{class}");
    }
}
