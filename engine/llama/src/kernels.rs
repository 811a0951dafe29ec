//! The kernels that compute, and the class of machines whose results are the same bytes.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::mem;

use llama_cpp_sys_2 as sys;

use crate::devices::text;
use crate::{Backend, Model, backend};
use xlt_core::offload::Fit;

/// Names of llama.cpp's features that make a class's first word, the widest first.
const WIDEST: [(&str, &str); 9] = [
    ("AVX512", "avx512"),
    ("AVX2", "avx2"),
    ("AVX", "avx"),
    ("SSSE3", "ssse3"),
    ("NEON", "neon"),
    ("RISCV_V", "rvv"),
    ("VSX", "vsx"),
    ("VXE", "vxe"),
    ("WASM_SIMD", "wasm-simd"),
];

/// What is used on top of it.
const EXTRAS: [(&str, &str); 8] = [
    ("AVX512_VBMI", "-vbmi"),
    ("AVX512_VNNI", "-vnni"),
    ("AVX_VNNI", "-vnni"),
    ("AVX512_BF16", "-bf16"),
    ("AMX_INT8", "-amx"),
    ("FP16_VA", "-fp16"),
    ("DOTPROD", "-dotprod"),
    ("MATMUL_INT8", "-i8mm"),
];

/// The features of the CPU's kernels, by llama.cpp's names, with their values: `AVX2` is `1`, `SVE_CNT` is `16`. One that
/// is not there is not in use.
#[must_use]
pub fn cpu_features(_: &Backend) -> BTreeMap<String, String> {
    let mut features = BTreeMap::new();
    // SAFETY: a device for the CPU is there, as `Backend` proves, and lives as long as the program, as does what drives
    // it. What it gives under this name is null or a function of this type, which returns an array that ends with a
    // null name and lives as long as the program.
    unsafe {
        let cpu = sys::ggml_backend_dev_by_type(sys::GGML_BACKEND_DEVICE_TYPE_CPU);
        let driver = sys::ggml_backend_dev_backend_reg(cpu);
        let address = sys::ggml_backend_reg_get_proc_address(driver, c"ggml_backend_get_features".as_ptr());
        let Some(list) = mem::transmute::<*mut c_void, sys::ggml_backend_get_features_t>(address) else {
            return features;
        };
        let mut at = list(driver);
        while !at.is_null() && !(*at).name.is_null() {
            features.insert(text((*at).name), text((*at).value));
            at = at.add(1);
        }
    }
    features
}

/// The kernels of the CPU, for records: results are promised to be the same bytes within one class only.
///
/// Their instruction set: `cpu-avx2`, `cpu-avx512-vnni`, `cpu-neon-dotprod`.
#[must_use]
pub fn kernel_class(backend: &Backend) -> String {
    format!("cpu-{}", instruction_set(&cpu_features(backend)))
}

impl Model {
    /// The kernels that compute with this model, for records: those of the CPU, and each GPU that holds layers; where that is not
    /// all of them, how many. `cpu-avx512+NVIDIA GH200 sm_90`, `cpu-avx2+NVIDIA A10 sm_86 (20 of 37 layers)`.
    #[must_use]
    pub fn kernel_class(&self, backend: &Backend) -> String {
        let mut class = kernel_class(backend);
        if self.on_gpus.layers == 0 {
            return class;
        }
        for device in self.gpus() {
            // SAFETY: devices live as long as the program, and so do their names.
            let [name, maker] = unsafe {
                [text(sys::ggml_backend_dev_name(*device)), text(sys::ggml_backend_dev_description(*device))]
            };
            class.push('+');
            class.push_str(maker.trim());
            if let Some(architecture) = architecture(&name, &backend::start_log()) {
                class.push(' ');
                class.push_str(&architecture);
            }
        }
        let Fit { layers, of } = self.on_gpus;
        if layers < of {
            class.push_str(&format!(" ({layers} of {of} layers)"));
        }
        class
    }
}

/// The architecture of a GPU of CUDA or ROCm, which llama.cpp tells only its log when it starts: `sm_90`, `gfx942`.
fn architecture(name: &str, log: &[String]) -> Option<String> {
    let number = name.strip_prefix("CUDA").or_else(|| name.strip_prefix("ROCm"))?;
    let begins = format!("Device {number}: ");
    let line = log.iter().find_map(|line| line.trim_start().strip_prefix(&begins))?;
    let mut words = line.split(", ").skip(1);
    words.find_map(|word| match word.strip_prefix("compute capability ") {
        Some(capability) => Some(format!("sm_{}", capability.replace('.', ""))),
        None => word.split([' ', ':']).next().filter(|word| word.starts_with("gfx")).map(str::to_owned),
    })
}

/// The widest instruction set in use and what is used on top of it.
fn instruction_set(features: &BTreeMap<String, String>) -> String {
    let has = |name: &str| features.contains_key(name);
    let widest = WIDEST.into_iter().find(|(name, _)| has(name)).map_or(std::env::consts::ARCH, |(_, word)| word);
    let mut set = widest.to_owned();
    // With AVX2 comes FMA, before it there is none; kernels of the exceptions round otherwise.
    match (has("AVX2"), has("FMA")) {
        (true, false) => set.push_str("-nofma"),
        (false, true) => set.push_str("-fma"),
        _ => {}
    }
    let mut extras: Vec<&str> = EXTRAS.into_iter().filter(|(name, _)| has(name)).map(|(_, word)| word).collect();
    extras.dedup();
    set.extend(extras);
    if let Some(bytes) = features.get("SVE_CNT").and_then(|bytes| bytes.parse::<u32>().ok()) {
        set.push_str(&format!("-sve{}", 8 * bytes));
    }
    if has("SME") {
        set.push_str("-sme");
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_architecture_of_a_gpu_is_read_in_the_log() {
        let log = [
            "ggml_cuda_init: found 2 CUDA devices (Total VRAM: 2 MiB):",
            "  Device 0: NVIDIA H200, compute capability 9.0, VMM: no, VRAM: 1 MiB",
            "  Device 1: AMD Instinct MI300X, gfx942:sramecc+ (0x942), VMM: no, Wave Size: 64, VRAM: 1 MiB",
        ];
        let log = log.map(str::to_owned);
        assert_eq!(architecture("CUDA0", &log).as_deref(), Some("sm_90"));
        assert_eq!(architecture("ROCm1", &log).as_deref(), Some("gfx942"));
        assert_eq!((architecture("CUDA2", &log), architecture("Vulkan0", &log)), (None, None));
    }

    #[track_caller]
    fn check(features: &str, expected: &str) {
        let features = features.split(' ').map(|feature| {
            let (name, value) = feature.split_once('=').unwrap_or((feature, "1"));
            (name.to_owned(), value.to_owned())
        });
        assert_eq!(instruction_set(&features.collect()), expected);
    }

    #[test]
    fn classes_of_the_backends() {
        check("LLAMAFILE", std::env::consts::ARCH);
        check("SSE3 SSSE3", "ssse3");
        check("SSE3 SSSE3 AVX F16C", "avx");
        check("SSE3 SSSE3 AVX F16C FMA", "avx-fma");
        check("SSE3 SSSE3 AVX AVX2 F16C FMA BMI2", "avx2");
        check("SSE3 SSSE3 AVX AVX2 F16C BMI2", "avx2-nofma");
        check("SSSE3 AVX AVX2 AVX_VNNI FMA", "avx2-vnni");
        check("AVX AVX2 FMA AVX512 AVX512_VBMI AVX512_VNNI AVX512_BF16 AMX_INT8", "avx512-vbmi-vnni-bf16-amx");
        check("NEON ARM_FMA FP16_VA MATMUL_INT8 SVE DOTPROD SVE_CNT=16 SME", "neon-fp16-dotprod-i8mm-sve128-sme");
    }

    #[test]
    fn class_is_that_of_the_features() {
        let backend = Backend::silent().unwrap();
        let features = cpu_features(&backend);
        assert!(!features.is_empty());
        let class = kernel_class(&backend);
        assert!(class.starts_with(&format!("cpu-{}", instruction_set(&features))), "{class}");
    }
}
