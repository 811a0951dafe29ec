//! Reads models' headers.

use xlt_llama::tiny::{TinyAdapter, TinyModel};
use xlt_llama::{LlamaError, model_shape};

#[test]
fn the_tiny_model_is_described() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    TinyModel::default().write(&path).unwrap();
    let shape = model_shape(&path).unwrap();
    assert_eq!((shape.architecture.as_str(), &shape.heads[..], &shape.kv_heads[..]), ("llama", &[4][..], &[2][..]));
    assert_eq!(shape.tensors["blk.1.attn_k.weight"], [64, 32, 1]);
    assert_eq!(shape.tensors["output_norm.weight"], [64, 1, 1]);
    assert_eq!(shape.tensors.len(), 2 * 9 + 3);
    let names = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"].map(|name| folder.path().join(name));
    for (name, bytes) in names.iter().zip(TinyModel::default().shards()) {
        std::fs::write(name, bytes).unwrap();
    }
    assert_eq!(model_shape(&names[0]).unwrap(), shape);
}

#[test]
fn what_is_no_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    TinyModel { weights: false, ..TinyModel::default() }.write(&path).unwrap();
    assert!(matches!(model_shape(&path), Err(LlamaError::VocabularyOnly { .. })));
    TinyAdapter::default().write(&path).unwrap();
    assert_eq!(model_shape(&path).unwrap().heads, [0; 0]);
    assert!(matches!(model_shape(&folder.path().join("nothing")), Err(LlamaError::Missing { .. })));
}
