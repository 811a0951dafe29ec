//! There and back, and what cannot go.
#![expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]

use serde_json::json;

use super::*;
use crate::lora::{Lora, Pair, PairShape};

const WIDTH: usize = 8;
const VOCABULARY: usize = 11;

/// A model of two layers with these tensors in each: stem, inputs, outputs, experts.
fn model(architecture: &str, layer: &[(&str, [usize; 3])]) -> ModelShape {
    let mut tensors = BTreeMap::from([
        ("token_embd.weight".to_owned(), [WIDTH, VOCABULARY, 1]),
        ("output.weight".to_owned(), [WIDTH, VOCABULARY, 1]),
        ("output_norm.weight".to_owned(), [WIDTH, 1, 1]),
    ]);
    for number in 0..2 {
        tensors.extend(layer.iter().map(|(stem, shape)| (format!("blk.{number}.{stem}.weight"), *shape)));
    }
    ModelShape { architecture: architecture.to_owned(), heads: vec![2], kv_heads: vec![1], tensors }
}

const DENSE: [(&str, [usize; 3]); 8] = [
    ("attn_q", [WIDTH, 8, 1]),
    ("attn_k", [WIDTH, 4, 1]),
    ("attn_v", [WIDTH, 4, 1]),
    ("attn_output", [8, WIDTH, 1]),
    ("ffn_gate", [WIDTH, 6, 1]),
    ("ffn_up", [WIDTH, 6, 1]),
    ("ffn_down", [6, WIDTH, 1]),
    ("attn_norm", [WIDTH, 1, 1]),
];
const EXPERTS: [(&str, [usize; 3]); 5] = [
    ("attn_q", [WIDTH, 8, 1]),
    ("ffn_gate_inp", [WIDTH, 3, 1]),
    ("ffn_gate_exps", [WIDTH, 6, 3]),
    ("ffn_up_exps", [WIDTH, 6, 3]),
    ("ffn_down_exps", [6, WIDTH, 3]),
];
const LATENT: [(&str, [usize; 3]); 9] = [
    ("attn_q_a", [WIDTH, 4, 1]),
    ("attn_q_b", [4, 10, 1]),
    ("attn_kv_a_mqa", [WIDTH, 5, 1]),
    ("attn_k_b", [3, 4, 2]),
    ("attn_v_b", [4, 3, 2]),
    ("attn_output", [6, WIDTH, 1]),
    ("ffn_gate_shexp", [WIDTH, 6, 1]),
    ("ffn_down_exps", [6, WIDTH, 3]),
    ("ffn_up", [WIDTH, 6, 1]),
];

/// An adapter for those tensors of a model whose names hold one of the words, of another number everywhere.
fn adapter(model: &ModelShape, words: &[&str]) -> Lora {
    let mut next = 0.0;
    let mut numbers = |count: usize| -> Vec<f32> {
        std::iter::repeat_with(|| {
            next += 0.37;
            next
        })
        .take(count)
        .collect()
    };
    let mut tensors: Vec<_> =
        model.tensors.iter().filter(|(name, _)| words.iter().any(|word| name.contains(word))).collect();
    tensors.sort_by_key(|(name, _)| names::order(name).0);
    let pairs = tensors.into_iter().map(|(name, [inputs, outputs, experts])| {
        let shape = PairShape { experts: *experts, rank: 2, inputs: *inputs, outputs: *outputs };
        let (a, b) = (numbers(experts * 2 * inputs), numbers(experts * 2 * outputs));
        Pair { tensor: name.clone(), shape, a, b }
    });
    Lora { architecture: model.architecture.clone(), alpha: 3.5, pairs: pairs.collect() }
}

fn export(lora: &Lora, model: &ModelShape) -> PeftAdapter {
    to_peft(lora, model, Some("org/repo")).unwrap()
}

/// There and back by way of the two files.
#[track_caller]
fn check_round_trip(model: &ModelShape, words: &[&str]) -> PeftAdapter {
    let lora = adapter(model, words);
    assert!(!lora.pairs.is_empty());
    let there = export(&lora, model);
    let read = PeftAdapter::read(&there.config_text(), &there.weights_bytes().unwrap()).unwrap();
    assert_eq!(read, there);
    let back = from_peft(&read, model).unwrap();
    assert_eq!(back, lora);
    assert_eq!(export(&back, model), there);
    there
}

#[track_caller]
fn check_faults(result: Result<Lora, PeftError>, expected: &[&str]) {
    let faults = result.unwrap_err().faults;
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.contains(expected), "{fault}\nis not {expected}");
    }
}

fn shapes(adapter: &PeftAdapter, module: &str) -> [Vec<usize>; 2] {
    ["A", "B"].map(|side| adapter.tensors[&format!("base_model.model.{module}.lora_{side}.weight")].shape.clone())
}

#[test]
fn dense_models_go_there_and_back() {
    for architecture in ["llama", "qwen2", "qwen3", "gemma3"] {
        let there = check_round_trip(
            &model(architecture, &DENSE),
            &["attn_q.", "attn_k", "attn_v", "attn_o", "ffn", "output.w"],
        );
        assert_eq!(there.tensors.len(), 2 * (2 * 7 + 1));
        assert_eq!(shapes(&there, "model.layers.1.self_attn.k_proj"), [[2, WIDTH], [4, 2]]);
        assert_eq!(shapes(&there, "lm_head"), [[2, WIDTH], [VOCABULARY, 2]]);
        let AdapterConfig { r, lora_alpha, target_modules, base_model_name_or_path, .. } = &there.config;
        assert_eq!((*r, *lora_alpha, base_model_name_or_path.as_deref()), (2, 3.5, Some("org/repo")));
        let modules = ["down_proj", "gate_proj", "k_proj", "lm_head", "o_proj", "q_proj", "up_proj", "v_proj"];
        assert_eq!(*target_modules, json!(modules));
    }
}

#[test]
fn experts_are_modules_of_their_own() {
    let there = check_round_trip(&model("qwen3moe", &EXPERTS), &["ffn"]);
    assert_eq!(shapes(&there, "model.layers.1.mlp.experts.2.down_proj"), [[2, 6], [WIDTH, 2]]);
    assert_eq!(shapes(&there, "model.layers.0.mlp.gate"), [[2, WIDTH], [3, 2]]);
    assert_eq!(there.config.target_modules, json!(["down_proj", "gate", "gate_proj", "up_proj"]));
}

#[test]
fn other_kinds_of_layers_go_there_and_back() {
    let latent = ["attn_q_a", "attn_q_b", "kv_a", "attn_output", "ffn"];
    let there = check_round_trip(&model("deepseek2", &LATENT), &latent);
    assert_eq!(shapes(&there, "model.layers.0.self_attn.kv_a_proj_with_mqa"), [[2, WIDTH], [5, 2]]);
    assert_eq!(shapes(&there, "model.layers.0.mlp.shared_experts.gate_proj"), [[2, WIDTH], [6, 2]]);
    let whole = model("deepseek2", &[("attn_kv_b", [4, 6, 1])]);
    assert_eq!(shapes(&check_round_trip(&whole, &["kv_b"]), "model.layers.0.self_attn.kv_b_proj"), [[2, 4], [6, 2]]);
    let there = check_round_trip(&model("gpt-oss", &EXPERTS), &["attn_q", "gate_inp"]);
    assert_eq!(shapes(&there, "model.layers.0.mlp.router"), [[2, WIDTH], [3, 2]]);
}

#[test]
fn queries_and_keys_of_llama_alone_are_reordered() {
    let lora = |architecture| adapter(&model(architecture, &DENSE), &["0.attn_q", "0.attn_k", "0.attn_v"]);
    let b = |architecture, module: &str| {
        let there = export(&lora(architecture), &model(architecture, &DENSE));
        there.tensors[&format!("base_model.model.model.layers.0.self_attn.{module}.lora_B.weight")].values.clone()
    };
    let own = |tensor: &str| {
        let lora = lora("llama");
        lora.pairs.iter().find(|pair| pair.tensor.contains(tensor)).unwrap().b.clone()
    };
    let rows = |values: &[f32], order: [usize; 4]| {
        order.iter().flat_map(|row| values[row * 2..row * 2 + 2].to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(b("llama", "k_proj"), rows(&own("attn_k"), [0, 2, 1, 3]), "one head of four rows");
    assert_eq!(b("llama", "q_proj")[..8], rows(&own("attn_q"), [0, 2, 1, 3]), "the first of two heads");
    assert_eq!(b("llama", "v_proj"), own("attn_v"));
    assert_eq!(b("qwen3", "k_proj"), own("attn_k"));
}

#[test]
fn embeddings_have_their_own_names() {
    let model = model("llama", &DENSE);
    let there = check_round_trip(&model, &["token_embd"]);
    let shape =
        |side| there.tensors[&format!("base_model.model.model.embed_tokens.lora_embedding_{side}")].shape.clone();
    assert_eq!([shape("A"), shape("B")], [[2, VOCABULARY], [WIDTH, 2]]);
    let lora = adapter(&model, &["token_embd"]);
    let [a, b] = ["A", "B"]
        .map(|side| &there.tensors[&format!("base_model.model.model.embed_tokens.lora_embedding_{side}")].values);
    assert_eq!(a[..2], [lora.pairs[0].b[0], lora.pairs[0].b[2]]);
    assert_eq!(b[..2], [lora.pairs[0].a[0], lora.pairs[0].a[WIDTH]]);
}

#[test]
fn where_only_some_layers_are_changed_they_are_named() {
    let there = check_round_trip(&model("qwen3", &DENSE), &["0.attn_q", "ffn_up"]);
    assert_eq!(there.config.target_modules, json!(["model.layers.0.self_attn.q_proj", "up_proj"]));
}

#[test]
fn ranks_may_differ() {
    let model = model("qwen3", &DENSE);
    let mut lora = adapter(&model, &["0.attn_q", "ffn_up"]);
    let shape = PairShape { rank: 1, ..lora.pairs[0].shape };
    lora.pairs[0] = Pair { shape, a: vec![0.5; 8], b: vec![0.25; 8], ..lora.pairs[0].clone() };
    let there = export(&lora, &model);
    assert_eq!(
        (there.config.r, &there.config.rank_pattern),
        (2, &json!({ "model.layers.0.self_attn.q_proj": 1 }).as_object().cloned())
    );
    assert_eq!(from_peft(&there, &model).unwrap(), lora);
}

#[test]
fn scales_become_one_alpha() {
    let model = model("qwen3", &DENSE);
    let lora = adapter(&model, &["attn_q", "ffn_up"]);
    let mut there = export(&lora, &model);
    there.config.use_rslora = true;
    there.config.lora_alpha = 4.0;
    let back = from_peft(&there, &model).unwrap();
    assert!((back.alpha - 4.0 * 2.0_f32.sqrt()).abs() < 1e-6);
    assert_eq!(back.pairs, lora.pairs);
    there.config.use_rslora = false;
    there.config.alpha_pattern = json!({ "layers.1.mlp.up_proj": 8 }).as_object().cloned();
    let back = from_peft(&there, &model).unwrap();
    assert_eq!(back.alpha, 4.0);
    let double = |values: &[f32]| values.iter().map(|value| 2.0 * value).collect::<Vec<_>>();
    assert_eq!(back.pairs[..3], lora.pairs[..3]);
    assert_eq!((&back.pairs[3].a, &back.pairs[3].b), (&lora.pairs[3].a, &double(&lora.pairs[3].b)));
}

#[test]
fn models_that_see_have_their_layers_elsewhere() {
    let model = model("gemma3", &DENSE);
    let lora = adapter(&model, &["attn_q"]);
    let there = export(&lora, &model);
    for layers in ["model.language_model.layers", "language_model.model.layers"] {
        let rename = |name: &String| name.replace("model.model.layers", &format!("model.{layers}"));
        let tensors = there.tensors.iter().map(|(name, tensor)| (rename(name), tensor.clone())).collect();
        assert_eq!(from_peft(&PeftAdapter { tensors, ..there.clone() }, &model).unwrap(), lora);
    }
}

#[test]
fn settings_that_have_no_place_are_all_named() {
    let model = model("llama", &DENSE);
    let there = export(&adapter(&model, &["attn_q"]), &model);
    let config = json!({
        "peft_type": "LOHA", "r": 2, "lora_alpha": 0, "bias": "all", "use_dora": true, "lora_bias": false,
        "modules_to_save": ["lm_head"], "layer_replication": null, "fan_in_fan_out": true, "init_lora_weights": "pissa_niter_4",
        "alpha_pattern": { ".*q_proj": 4 },
    });
    let read = PeftAdapter::read(&config.to_string(), &there.weights_bytes().unwrap()).unwrap();
    check_faults(
        from_peft(&read, &model),
        &[
            "`use_dora` is true, which has no place",
            "`modules_to_save` is [\"lm_head\"]",
            "`init_lora_weights` is \"pissa_niter_4\"",
            "`peft_type` is \"LOHA\"",
            "`bias` is \"all\"",
            "`fan_in_fan_out` is true",
            "the alpha of `lora_alpha`",
            "`alpha_pattern` has the regular expression \".*q_proj\"",
        ],
    );
}

#[test]
fn tensors_that_have_no_place_are_all_named() {
    let model = model("deepseek2", &LATENT);
    let mut there = export(&adapter(&model, &["attn_q_a", "0.ffn_down_exps"]), &model);
    let tensor = |shape: [usize; 2]| PeftTensor { shape: shape.to_vec(), values: vec![1.0; shape[0] * shape[1]] };
    let mut add = |name: &str, shape| there.tensors.insert(format!("base_model.model.{name}"), tensor(shape));
    add("model.layers.0.self_attn.q_a_proj.lora_magnitude_vector", [1, 4]);
    for module in ["model.layers.0.self_attn.kv_b_proj", "model.layers.0.mlp.experts", "vision.q_proj", "model.norm"] {
        add(&format!("{module}.lora_A.weight"), [2, 4]);
        add(&format!("{module}.lora_B.weight"), [6, 2]);
    }
    add("model.layers.0.mlp.experts.7.down_proj.lora_A.weight", [2, 6]);
    add("model.layers.1.self_attn.q_b_proj.lora_A.weight", [2, 4]);
    add("model.layers.1.self_attn.q_a_proj.lora_A.weight", [2, 9]);
    add("model.layers.9.self_attn.q_a_proj.lora_A.weight", [2, 9]);
    there.tensors.remove("base_model.model.model.layers.0.mlp.experts.1.down_proj.lora_A.weight");
    there.tensors.remove("base_model.model.model.layers.0.mlp.experts.1.down_proj.lora_B.weight");
    check_faults(
        from_peft(&there, &model),
        &[
            "q_a_proj.lora_magnitude_vector` cannot be placed: it is no A or B",
            "`model.layers.0.mlp.experts` cannot be placed: it changes all experts at once",
            "`model.layers.0.mlp.experts.7.down_proj` cannot be placed: the model's `blk.0.ffn_down_exps.weight` has 3 experts",
            "`model.layers.0.self_attn.kv_b_proj` cannot be placed: the model's file has this weight split",
            "`model.layers.1.self_attn.q_a_proj` cannot be placed: it changes a weight of 4 x 9 and the model's `blk.1.attn_q_a.weight` is 4 x 8",
            "`model.layers.1.self_attn.q_b_proj` cannot be placed: it has no B",
            "`model.layers.9.self_attn.q_a_proj` cannot be placed: the model has no tensor `blk.9.attn_q_a.weight`",
            "`model.norm` cannot be placed: no module of this architecture",
            "`vision.q_proj` cannot be placed: no module of this architecture",
            "`blk.0.ffn_down_exps.weight` cannot be placed: it misses the experts 1;",
        ],
    );
}

#[test]
fn copies_of_the_models_own_weights_are_left_where_they_are() {
    let model = model("llama", &DENSE);
    let lora = adapter(&model, &["token_embd", "output.weight"]);
    let mut there = export(&lora, &model);
    let copy = |rows: usize| PeftTensor { shape: vec![rows, WIDTH], values: vec![1.0; rows * WIDTH] };
    for module in ["lm_head", "model.embed_tokens"] {
        there.tensors.insert(format!("base_model.model.{module}.base_layer.weight"), copy(VOCABULARY));
    }
    assert_eq!(from_peft(&there, &model).unwrap(), lora);
    there.tensors.insert("base_model.model.lm_head.base_layer.weight".to_owned(), copy(VOCABULARY + 1));
    there.tensors.insert("base_model.model.lm_head.weight".to_owned(), copy(VOCABULARY));
    check_faults(
        from_peft(&there, &model),
        &["lm_head.base_layer.weight` cannot be placed", "lm_head.weight` cannot be placed"],
    );
}

#[test]
fn tied_embeddings_are_refused() {
    let mut model = model("qwen3", &DENSE);
    let there = export(&adapter(&model, &["token_embd", "output.weight"]), &model);
    model.tensors.remove("output.weight");
    check_faults(
        from_peft(&there, &model),
        &["`lm_head` cannot be placed: the model's output is tied", "`model.embed_tokens` cannot"],
    );
}

#[test]
fn an_adapter_of_another_model_is_not_exported() {
    let model = model("qwen3", &LATENT);
    let faults = |lora: &Lora| to_peft(lora, &model, None).unwrap_err().faults;
    let other = adapter(&self::model("qwen3", &DENSE), &["0.attn_q", "0.attn_output"]);
    let found = faults(&other);
    assert!(
        found[0].contains("`blk.0.attn_output.weight` cannot be placed: it is of shape [6, 8, 1] in the model"),
        "{found:?}"
    );
    assert!(found[1].contains("`blk.0.attn_q.weight` cannot be placed: the model has no such tensor"), "{found:?}");
    assert!(faults(&Lora { architecture: "llama".to_owned(), ..other })[0].contains("for the architecture `llama`"));
    let split = adapter(&self::model("deepseek2", &LATENT), &["k_b"]);
    let found = to_peft(&split, &self::model("deepseek2", &LATENT), None).unwrap_err().faults;
    assert!(found[0].contains("no module of this architecture is this tensor alone"), "{found:?}");
    let unknown = self::model("mamba", &DENSE);
    let found = to_peft(&adapter(&unknown, &["attn_q"]), &unknown, None).unwrap_err().faults;
    assert!(found[0].contains("the names of `mamba` in transformers are not known"), "{found:?}");
}

#[test]
fn files_that_cannot_be_read_are_both_named() {
    let error = PeftAdapter::read("{", b"nothing").unwrap_err().to_string();
    assert!(error.contains("adapter_config.json cannot be read: EOF"), "{error}");
    assert!(error.contains("adapter_model.safetensors cannot be read"), "{error}");
}
