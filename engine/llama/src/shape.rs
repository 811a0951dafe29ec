//! What a model's header says of its shape.

use std::path::Path;

use xlt_core::peft::ModelShape;

use crate::{LlamaError, gguf};

/// Architecture, attention heads and the tensors' sizes of the model at `path`, of a split model its first part. No weights
/// are read.
///
/// # Errors
/// Where the file is no whole model.
pub fn model_shape(path: &Path) -> Result<ModelShape, LlamaError> {
    let header = gguf::check(path)?;
    let heads = |key: &str| header.numbers(key).iter().map(|number| *number as usize).collect();
    let (heads, kv_heads) = (heads("attention.head_count"), heads("attention.head_count_kv"));
    let size = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
    let tensors = header.tensors.into_iter().map(|tensor| {
        let [inputs, outputs, experts, _] = tensor.shape;
        (tensor.name, [inputs, outputs, experts].map(size))
    });
    Ok(ModelShape { heads, kv_heads, tensors: tensors.collect(), architecture: header.architecture })
}

/// Longest context that the model at `path` was trained on, as its header says.
///
/// # Errors
/// Where the file is no whole model, or does not say.
pub fn trained_context(path: &Path) -> Result<u32, LlamaError> {
    const KEY: &str = "context_length";
    let header = gguf::check(path)?;
    let key = || format!("{}.{KEY}", header.architecture);
    header.numbers(KEY).first().copied().ok_or_else(|| LlamaError::NoKey { path: path.to_owned(), key: key() })
}
