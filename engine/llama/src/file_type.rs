//! Names of the kinds of GGUF files: as what their tensors are written.

use std::path::Path;

use llama_cpp_sys_2 as sys;

use crate::{LlamaError, gguf};

/// Names as `llama-quantize` and published files write them, with llama.cpp's numbers.
const NAMES: [(&str, sys::llama_ftype); 36] = [
    ("F32", sys::LLAMA_FTYPE_ALL_F32),
    ("F16", sys::LLAMA_FTYPE_MOSTLY_F16),
    ("BF16", sys::LLAMA_FTYPE_MOSTLY_BF16),
    ("Q8_0", sys::LLAMA_FTYPE_MOSTLY_Q8_0),
    ("Q6_K", sys::LLAMA_FTYPE_MOSTLY_Q6_K),
    ("Q5_K_M", sys::LLAMA_FTYPE_MOSTLY_Q5_K_M),
    ("Q5_K_S", sys::LLAMA_FTYPE_MOSTLY_Q5_K_S),
    ("Q5_1", sys::LLAMA_FTYPE_MOSTLY_Q5_1),
    ("Q5_0", sys::LLAMA_FTYPE_MOSTLY_Q5_0),
    ("Q4_K_M", sys::LLAMA_FTYPE_MOSTLY_Q4_K_M),
    ("Q4_K_S", sys::LLAMA_FTYPE_MOSTLY_Q4_K_S),
    ("Q4_1", sys::LLAMA_FTYPE_MOSTLY_Q4_1),
    ("Q4_0", sys::LLAMA_FTYPE_MOSTLY_Q4_0),
    ("Q3_K_L", sys::LLAMA_FTYPE_MOSTLY_Q3_K_L),
    ("Q3_K_M", sys::LLAMA_FTYPE_MOSTLY_Q3_K_M),
    ("Q3_K_S", sys::LLAMA_FTYPE_MOSTLY_Q3_K_S),
    ("Q2_K", sys::LLAMA_FTYPE_MOSTLY_Q2_K),
    ("Q2_K_S", sys::LLAMA_FTYPE_MOSTLY_Q2_K_S),
    ("Q2_0", sys::LLAMA_FTYPE_MOSTLY_Q2_0),
    ("Q1_0", sys::LLAMA_FTYPE_MOSTLY_Q1_0),
    ("IQ4_NL", sys::LLAMA_FTYPE_MOSTLY_IQ4_NL),
    ("IQ4_XS", sys::LLAMA_FTYPE_MOSTLY_IQ4_XS),
    ("IQ3_M", sys::LLAMA_FTYPE_MOSTLY_IQ3_M),
    ("IQ3_S", sys::LLAMA_FTYPE_MOSTLY_IQ3_S),
    ("IQ3_XS", sys::LLAMA_FTYPE_MOSTLY_IQ3_XS),
    ("IQ3_XXS", sys::LLAMA_FTYPE_MOSTLY_IQ3_XXS),
    ("IQ2_M", sys::LLAMA_FTYPE_MOSTLY_IQ2_M),
    ("IQ2_S", sys::LLAMA_FTYPE_MOSTLY_IQ2_S),
    ("IQ2_XS", sys::LLAMA_FTYPE_MOSTLY_IQ2_XS),
    ("IQ2_XXS", sys::LLAMA_FTYPE_MOSTLY_IQ2_XXS),
    ("IQ1_M", sys::LLAMA_FTYPE_MOSTLY_IQ1_M),
    ("IQ1_S", sys::LLAMA_FTYPE_MOSTLY_IQ1_S),
    ("TQ1_0", sys::LLAMA_FTYPE_MOSTLY_TQ1_0),
    ("TQ2_0", sys::LLAMA_FTYPE_MOSTLY_TQ2_0),
    ("MXFP4_MOE", sys::LLAMA_FTYPE_MOSTLY_MXFP4_MOE),
    ("NVFP4", sys::LLAMA_FTYPE_MOSTLY_NVFP4),
];

/// A kind of GGUF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileType {
    pub(crate) name: &'static str,
    pub(crate) number: sys::llama_ftype,
}

impl FileType {
    /// The type with this name that llama.cpp quantizes to.
    pub(crate) fn target(name: &str) -> Result<Self, LlamaError> {
        targets()
            .find(|file_type| file_type.name == name)
            .ok_or_else(|| LlamaError::UnknownType { to: name.to_owned() })
    }
}

/// The name of what the GGUF file at `path` says that it is: `Q4_K_M`, ... None where it says nothing, or names what
/// llama.cpp no longer knows.
pub fn file_type_name(path: &Path) -> Result<Option<&'static str>, LlamaError> {
    Ok(gguf::check_file(path)?.file_type.and_then(name))
}

/// Names of the types that llama.cpp quantizes to.
pub fn quantizes_to() -> impl Iterator<Item = &'static str> {
    targets().map(|file_type| file_type.name)
}

/// The name of llama.cpp's number.
pub(crate) fn name(number: sys::llama_ftype) -> Option<&'static str> {
    NAMES.into_iter().find(|(_, named)| *named == number).map(|(name, _)| name)
}

fn targets() -> impl Iterator<Item = FileType> {
    // llama.cpp reads NVFP4 and does not write it.
    NAMES
        .into_iter()
        .filter(|(_, number)| *number != sys::LLAMA_FTYPE_MOSTLY_NVFP4)
        .map(|(name, number)| FileType { name, number })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn names_are_those_of_specs() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/src/spec/quantization.rs");
        let source = std::fs::read_to_string(path).unwrap();
        let (_, list) = source.split_once("TYPES: &[&str] = &[").unwrap();
        let (list, _) = list.split_once(']').unwrap();
        let of_specs: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
        assert_eq!(of_specs, NAMES.map(|(name, _)| name));
    }

    #[test]
    fn numbers_are_those_of_the_names() {
        let plain = |name: &str| name.to_lowercase().replace([' ', '-', '_'], "");
        for (name, number) in NAMES {
            // SAFETY: the name of every number is a C string that lives as long as the program.
            let theirs = unsafe { CStr::from_ptr(sys::llama_ftype_name(number)) }.to_str().unwrap();
            // llama.cpp says "Q4_K - Medium", "all F32", "IQ3_XXS - 3.0625 bpw", and "IQ3_S mix" for IQ3_M.
            let short = plain(name);
            let theirs = plain(theirs)
                .replace("medium", "m")
                .replace("small", "s")
                .replace("large", "l")
                .replace("iq3smix", "iq3m");
            assert!(theirs.starts_with(&short) || theirs == format!("all{short}"), "{name} is {theirs}");
        }
    }
}
