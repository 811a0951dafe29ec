//! What a model's header says of its shape.

use std::path::Path;

use xlt_core::peft::ModelShape;

use crate::LlamaError;
use crate::gguf::file::GgufFile;

/// Architecture, attention heads and the tensors' sizes of the model at `path`, of a split model its first part. No weights
/// are read.
///
/// # Errors
/// Where the file is no whole model.
pub fn model_shape(path: &Path) -> Result<ModelShape, LlamaError> {
    crate::gguf::check(path)?;
    let parts = GgufFile::open_all(path)?;
    let first = &parts[0];
    let architecture = first.text("general.architecture").unwrap_or_default();
    let heads = |key: &str| {
        let numbers = first.numbers(&format!("{architecture}.attention.{key}")).unwrap_or_default();
        numbers.into_iter().map(|number| number as usize).collect()
    };
    let tensors = parts.iter().flat_map(GgufFile::tensors).map(|tensor| {
        let [inputs, outputs, experts, _] = tensor.shape;
        (tensor.name, [inputs, outputs, experts])
    });
    Ok(ModelShape {
        heads: heads("head_count"),
        kv_heads: heads("head_count_kv"),
        tensors: tensors.collect(),
        architecture,
    })
}

/// Longest context that the model at `path` was trained on, as its header says.
///
/// # Errors
/// Where the file is no whole model, or does not say.
pub fn trained_context(path: &Path) -> Result<u32, LlamaError> {
    crate::gguf::check(path)?;
    let file = GgufFile::open(path)?;
    let key = format!("{}.context_length", file.text("general.architecture").unwrap_or_default());
    let length = file.numbers(&key).and_then(|lengths| lengths.first().copied());
    length.ok_or_else(|| LlamaError::NoKey { path: path.to_owned(), key })
}
