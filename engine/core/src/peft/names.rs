//! Which module of transformers is which tensor of a GGUF file.
//!
//! As llama.cpp's converter maps them (gguf-py/gguf/tensor_mapping.py), for matrices that LoRA can change.

use super::ModelShape;
use std::collections::BTreeMap;

/// Modules of a layer, and tensors of a block.
type Names = &'static [(&'static str, &'static str)];

const ATTENTION: Names = &[
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
];
const LATENT_ATTENTION: Names = &[
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.q_a_proj", "attn_q_a"),
    ("self_attn.q_b_proj", "attn_q_b"),
    ("self_attn.kv_a_proj_with_mqa", "attn_kv_a_mqa"),
    ("self_attn.kv_b_proj", "attn_kv_b"),
    ("self_attn.o_proj", "attn_output"),
];
const DENSE: Names = &[("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down")];
const SHARED: Names = &[
    ("mlp.shared_experts.gate_proj", "ffn_gate_shexp"),
    ("mlp.shared_experts.up_proj", "ffn_up_shexp"),
    ("mlp.shared_experts.down_proj", "ffn_down_shexp"),
];
/// In transformers each expert is a module: its number stands between the two parts of the name.
const EXPERTS: Names = &[("gate_proj", "ffn_gate_exps"), ("up_proj", "ffn_up_exps"), ("down_proj", "ffn_down_exps")];
const ROUTER: Names = &[("mlp.gate", "ffn_gate_inp")];
const GPT_OSS_ROUTER: Names = &[("mlp.router", "ffn_gate_inp")];

const EXPERT: &str = "mlp.experts.";
const OUTPUT: (&str, &str) = ("lm_head", "output.weight");
/// The weight in which rows are looked up.
pub(super) const EMBEDDINGS: (&str, &str) = ("model.embed_tokens", "token_embd.weight");
/// Where a model's layers are; the first is what is written. Models that also see images have theirs elsewhere.
const LAYERS: [&str; 3] = ["model.layers.", "model.language_model.layers.", "language_model.model.layers."];

/// The names that an architecture has: of plain matrices, and whether there are experts.
fn names(architecture: &str) -> Option<(&'static [Names], bool)> {
    match architecture {
        "llama" | "qwen2" | "qwen3" | "gemma3" => Some((&[ATTENTION, DENSE], false)),
        "qwen3moe" => Some((&[ATTENTION, DENSE, ROUTER], true)),
        "gpt-oss" => Some((&[ATTENTION, GPT_OSS_ROUTER], false)),
        "deepseek2" => Some((&[LATENT_ATTENTION, DENSE, SHARED, ROUTER], true)),
        _ => None,
    }
}

/// Why nothing of an architecture can be placed, if it is so.
pub(super) fn unknown(architecture: &str) -> Option<String> {
    names(architecture).is_none().then(|| {
        format!(
            "the names of `{architecture}` in transformers are not known; they are of llama, qwen2, qwen3, qwen3moe, gemma3, \
             gpt-oss and deepseek2"
        )
    })
}

/// A tensor, or one expert of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) tensor: String,
    pub(super) expert: Option<usize>,
    /// Heads by which its rows are reordered.
    pub(super) heads: Option<usize>,
}

/// Where a module's change belongs; or why it belongs nowhere.
pub(super) fn place(module: &str, shape: &ModelShape) -> Result<Place, String> {
    let top = |tensor: &str| Place { tensor: tensor.to_owned(), expert: None, heads: None };
    for (known, tensor) in [OUTPUT, EMBEDDINGS] {
        if module == known {
            let tied = !shape.tensors.contains_key(OUTPUT.1);
            return if tied { Err(TIED.to_owned()) } else { has(top(tensor), shape) };
        }
    }
    let layer = LAYERS.iter().find_map(|layers| module.strip_prefix(layers)).and_then(|rest| rest.split_once('.'));
    let Some((layer, name)) = layer.and_then(|(layer, name)| Some((layer.parse::<usize>().ok()?, name))) else {
        return Err("no module of this architecture has this name".to_owned());
    };
    let (plain, experts) = names(&shape.architecture).unwrap_or_default();
    if let Some((_, stem)) = plain.iter().copied().flatten().find(|(known, _)| *known == name) {
        let tensor = format!("blk.{layer}.{stem}.weight");
        if *stem == "attn_kv_b" && shape.tensors.contains_key(&format!("blk.{layer}.attn_k_b.weight")) {
            return Err(SPLIT.to_owned());
        }
        return has(Place { heads: heads(shape, stem, layer)?, expert: None, tensor }, shape);
    }
    let Some(rest) = name.strip_prefix(EXPERT).or_else(|| (name == "mlp.experts").then_some("")) else {
        return Err("no module of this architecture has this name".to_owned());
    };
    let expert = rest.split_once('.').and_then(|(number, name)| Some((number.parse::<usize>().ok()?, name)));
    match expert.and_then(|(number, name)| Some((number, EXPERTS.iter().find(|(known, _)| *known == name)?))) {
        Some((number, (_, stem))) if experts => {
            has(Place { tensor: format!("blk.{layer}.{stem}.weight"), expert: Some(number), heads: None }, shape)
        }
        _ => Err(FUSED.to_owned()),
    }
}

const TIED: &str =
    "the model's output is tied to its embeddings, so that one cannot change without the other; train without both";
const SPLIT: &str = "the model's file has this weight split into `attn_k_b` and `attn_v_b`, which llama.cpp multiplies without \
                     adapters; train without `kv_b_proj`";
const FUSED: &str = "it changes all experts at once in a tensor that the model's file has in other pieces; train without the \
                     experts, or with a module for each";

fn has(place: Place, shape: &ModelShape) -> Result<Place, String> {
    let Place { tensor, expert, .. } = &place;
    match (shape.tensors.get(tensor), expert) {
        (None, _) => Err(format!("the model has no tensor `{tensor}`")),
        (Some([_, _, experts]), Some(expert)) if expert >= experts => {
            Err(format!("the model's `{tensor}` has {experts} experts"))
        }
        _ => Ok(place),
    }
}

/// Heads by which the rows of a weight are reordered, if they are.
fn heads(shape: &ModelShape, stem: &str, layer: usize) -> Result<Option<usize>, String> {
    let heads = match (shape.architecture.as_str(), stem) {
        ("llama", "attn_q") => shape.heads(layer),
        ("llama", "attn_k") => shape.kv_heads(layer),
        _ => return Ok(None),
    };
    heads.map(Some).ok_or_else(|| "the model's file does not say how many attention heads there are".to_owned())
}

/// A module, or one of which there is one for each expert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    /// Its name, up to the expert's number.
    before: String,
    /// What follows the expert's number.
    after: Option<&'static str>,
    /// Heads by which its rows are reordered.
    pub(super) heads: Option<usize>,
}

impl Module {
    /// Its name; of the expert with that number, where there are experts.
    pub(super) fn name(&self, expert: usize) -> String {
        match self.after {
            Some(after) => format!("{}{expert}.{after}", self.before),
            None => self.before.clone(),
        }
    }
}

/// Which module a tensor is; or why it is none.
pub(super) fn module(tensor: &str, shape: &ModelShape) -> Result<Module, String> {
    let plain = |before: String, heads| Module { before, after: None, heads };
    for (module, known) in [OUTPUT, EMBEDDINGS] {
        if tensor == known {
            return Ok(plain(module.to_owned(), None));
        }
    }
    let (known, experts) = names(&shape.architecture).unwrap_or_default();
    let none = || "no module of this architecture is this tensor alone".to_owned();
    let (layer, stem) = block(tensor).ok_or_else(none)?;
    if let Some((name, _)) = known.iter().copied().flatten().find(|(_, known)| *known == stem) {
        return Ok(plain(format!("{}{layer}.{name}", LAYERS[0]), heads(shape, stem, layer)?));
    }
    match EXPERTS.iter().find(|(_, known)| *known == stem) {
        Some((name, _)) if experts => {
            Ok(Module { before: format!("{}{layer}.{EXPERT}", LAYERS[0]), after: Some(name), heads: None })
        }
        _ => Err(none()),
    }
}

/// The modules that each matrix of a model is, by tensor: one, or one for each expert. `None` where the names of the architecture
/// in transformers are not known.
#[must_use]
pub fn modules(shape: &ModelShape) -> Option<BTreeMap<String, Vec<String>>> {
    names(&shape.architecture)?;
    let named = shape.tensors.iter().filter_map(|(tensor, [_, _, experts])| {
        let module = module(tensor, shape).ok()?;
        Some((tensor.clone(), (0..*experts).map(|expert| module.name(expert)).collect()))
    });
    Some(named.collect())
}

/// Layer and stem of a tensor's name: of `blk.3.attn_q.weight` 3 and `attn_q`.
fn block(tensor: &str) -> Option<(usize, &str)> {
    let (layer, stem) = tensor.strip_prefix("blk.")?.strip_suffix(".weight")?.split_once('.')?;
    Some((layer.parse().ok()?, stem))
}

/// Sorts tensors by layer and name, those of no layer last.
pub(super) fn order(tensor: &str) -> (usize, &str) {
    block(tensor).unwrap_or((usize::MAX, tensor))
}
