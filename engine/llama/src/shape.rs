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
