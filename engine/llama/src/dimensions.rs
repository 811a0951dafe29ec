//! What a model's header says of its size.

use std::path::Path;

use xlt_core::cost::Dimensions;
use xlt_core::offload::Parts;

use crate::LlamaError;

/// Dimensions of the model at `path`, of a split model its first part. No weights are read, and llama.cpp reads nothing: whoever
/// plans asks for this, and must outlive any file.
///
/// # Errors
/// Where the file is no whole model.
pub fn dimensions(path: &Path) -> Result<Dimensions, LlamaError> {
    Ok(crate::gguf::check(path)?.dimensions())
}

/// What its parts take, and its dimensions, to see how much of it fits on a GPU.
///
/// # Errors
/// Where the file is no whole model.
pub fn parts(path: &Path) -> Result<(Parts, Dimensions), LlamaError> {
    let header = crate::gguf::check(path)?;
    Ok((Parts::of(&header), header.dimensions()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiny::{Architecture, TinyModel};

    fn of(architecture: Architecture) -> Dimensions {
        let file = tempfile::NamedTempFile::new().unwrap();
        TinyModel { architecture, ..TinyModel::default() }.write(file.path()).unwrap();
        dimensions(file.path()).unwrap()
    }

    #[test]
    fn a_header_says_how_large_a_model_is_and_how_much_of_it_a_token_meets() {
        for architecture in Architecture::ALL {
            let found = of(architecture);
            let mixture =
                matches!(architecture, Architecture::Qwen3Moe | Architecture::GptOss | Architecture::Deepseek2);
            assert_eq!(
                found.active.is_some_and(|active| active < found.parameters),
                mixture,
                "{architecture:?} {found:?}"
            );
            let numbers =
                [found.layers, found.width, found.attention, found.cache, found.feed_forward, found.vocabulary];
            assert!(numbers.iter().all(|number| *number > 0), "{architecture:?} {found:?}");
        }
    }

    #[test]
    fn parts_of_a_model_are_all_of_its_file_but_the_embedding() {
        for architecture in Architecture::ALL {
            let file = tempfile::NamedTempFile::new().unwrap();
            TinyModel { architecture, ..TinyModel::default() }.write(file.path()).unwrap();
            let header = crate::gguf::check(file.path()).unwrap();
            let (parts, dimensions) = parts(file.path()).unwrap();
            let all: u64 = header.tensors.iter().map(|tensor| tensor.bytes).sum();
            let embedding = header.tensors.iter().find(|tensor| tensor.name == "token_embd.weight").unwrap().bytes;
            let tied = !header.names().any(|name| name == "output.weight");
            let found = parts.layers.iter().sum::<u64>() + parts.output;
            assert_eq!(found, if tied { all } else { all - embedding }, "{architecture:?}");
            assert_eq!(parts.layers.len(), dimensions.layers as usize, "{architecture:?}");
        }
    }
}
