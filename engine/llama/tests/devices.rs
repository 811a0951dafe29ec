//! What llama.cpp computes on and with.

use xlt_llama::{Backend, DeviceKind, cpu_features, devices, kernel_class};

#[test]
fn cpu_is_among_the_devices() {
    let backend = Backend::silent().unwrap();
    let devices = devices(&backend);
    let cpus: Vec<_> = devices.iter().filter(|device| device.kind == DeviceKind::Cpu).collect();
    let [cpu] = cpus[..] else { panic!("{devices:?}") };
    assert_eq!((cpu.name.as_str(), cpu.backend.as_str()), ("CPU", "CPU"));
    assert!(!cpu.description.is_empty() && cpu.total > 1 << 20 && cpu.free <= cpu.total, "{cpu:?}");
}

#[test]
fn best_instructions_of_the_processor_are_used() {
    let backend = Backend::silent().unwrap();
    let (features, class) = (cpu_features(&backend), kernel_class(&backend));
    assert!(class.starts_with("cpu-") && class.len() > 6, "{class}");
    #[cfg(target_arch = "x86_64")]
    for (name, present) in [
        ("SSSE3", is_x86_feature_detected!("ssse3")),
        ("AVX", is_x86_feature_detected!("avx")),
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("AVX512", is_x86_feature_detected!("avx512bw")),
    ] {
        assert_eq!(features.contains_key(name), present, "{name}: {features:?}");
    }
    assert_eq!(features.get("OPENMP").map(String::as_str), Some("1"), "{features:?}");
}
