//! A PEFT adapter, `adapter_config.json` and `adapter_model.safetensors`: one that is taken over is sound, and comes back the same.

use std::collections::BTreeMap;
use xlt_core::peft::{ModelShape, PeftAdapter, from_peft, to_peft};

/// The input is the configuration's text, a byte 0, and the matrices' file.
pub fn check(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == 0).unwrap_or(input.len());
    let (config, weights) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let Ok(config) = std::str::from_utf8(config) else { return };
    let Ok(adapter) = PeftAdapter::read(config, weights) else { return };
    let same = |tensors: &PeftAdapter| {
        tensors.tensors.values().all(|tensor| tensor.values.iter().all(|value| value.is_finite()))
    };
    let bytes = adapter.weights_bytes().expect("what was read can be written");
    let again = PeftAdapter::read(config, &bytes).expect("what was written can be read");
    assert!(!same(&adapter) || again == adapter, "read, written and read again it is another");
    let model = model();
    let Ok(lora) = from_peft(&adapter, &model) else { return };
    assert_eq!(lora.faults(), Vec::<String>::new());
    let back = to_peft(&lora, &model, None).expect("an adapter of this model");
    assert_eq!(from_peft(&back, &model).expect("an adapter of this model"), lora);
}

/// A model of one layer.
fn model() -> ModelShape {
    let sizes = [
        ("token_embd.weight", [4, 3, 1]),
        ("output.weight", [4, 3, 1]),
        ("blk.0.attn_q.weight", [4, 4, 1]),
        ("blk.0.attn_k.weight", [4, 2, 1]),
        ("blk.0.ffn_up.weight", [4, 6, 1]),
        ("blk.0.ffn_down.weight", [6, 4, 1]),
    ];
    let tensors = sizes.map(|(name, sizes)| (name.to_owned(), sizes));
    ModelShape { architecture: "llama".to_owned(), heads: vec![2], kv_heads: vec![1], tensors: BTreeMap::from(tensors) }
}
