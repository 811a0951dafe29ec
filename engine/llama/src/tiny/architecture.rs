//! The shapes of tiny models, one for each architecture that can be fine-tuned.

use crate::gguf::writer::Writer;

const LAYERS: usize = 2;
const WIDTH: usize = 64;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const HEAD: usize = WIDTH / HEADS;
const HIDDEN: usize = 128;
/// Experts, how many of them a token has, and the inner width of each.
const EXPERTS: usize = 8;
const USED_EXPERTS: usize = 2;
const EXPERT_HIDDEN: usize = 32;
/// Tokens that a sliding window reaches back.
const SLIDING_WINDOW: usize = 32;
/// Latent attention (MLA): widths of the queries' and the keys' latents, and of a head's parts with and without position.
const QUERY_RANK: usize = 24;
const KEY_RANK: usize = 32;
const ROTATED: usize = 8;
const UNROTATED: usize = 16;

/// What kind of model a tiny model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// Llama, SmolLM.
    Llama,
    /// Qwen 2: biases on queries, keys and values.
    Qwen2,
    /// Qwen 3: norms on queries and keys.
    Qwen3,
    /// Qwen 3 with experts.
    Qwen3Moe,
    /// Gemma 3: sliding windows, GELU, norms behind the blocks.
    Gemma3,
    /// gpt-oss: experts with biases, attention sinks, sliding windows.
    GptOss,
    /// DeepSeek V2 and V3: latent attention, shared experts.
    Deepseek2,
}

/// How a tensor's numbers are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Draw {
    /// So that a product of so many of them with numbers of size one has size one.
    Matrix(usize),
    /// The same, a little smaller: embeddings that are scaled up afterwards.
    SmallMatrix,
    /// All one.
    Ones,
    /// Around one.
    Norm,
    /// Around zero.
    Bias,
}

/// A tensor: name, shape (fastest dimension first), and how its numbers are drawn.
pub(super) type Described = (String, Vec<usize>, Draw);

impl Architecture {
    /// All.
    pub const ALL: [Self; 7] =
        [Self::Llama, Self::Qwen2, Self::Qwen3, Self::Qwen3Moe, Self::Gemma3, Self::GptOss, Self::Deepseek2];

    /// The name that GGUF files give it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Qwen3Moe => "qwen3moe",
            Self::Gemma3 => "gemma3",
            Self::GptOss => "gpt-oss",
            Self::Deepseek2 => "deepseek2",
        }
    }

    /// Adds what llama.cpp wants to know of such a model.
    pub(super) fn describe(self, writer: &mut Writer) {
        let architecture = self.name();
        let key = |name: &str| format!("{architecture}.{name}");
        writer.text("general.architecture", architecture);
        writer.text("general.name", "tiny");
        writer.number("general.file_type", 0);
        writer.number(&key("context_length"), 8192);
        let mut number = |name: &str, value: usize| writer.number(&key(name), value as u32);
        number("block_count", LAYERS);
        number("embedding_length", WIDTH);
        number("feed_forward_length", HIDDEN);
        number("attention.head_count", HEADS);
        number("attention.head_count_kv", if self == Self::Deepseek2 { 1 } else { KV_HEADS });
        match self {
            Self::Llama => number("rope.dimension_count", HEAD),
            Self::Qwen2 => {}
            Self::Qwen3 | Self::Qwen3Moe | Self::Gemma3 | Self::GptOss => {
                number("attention.key_length", HEAD);
                number("attention.value_length", HEAD);
            }
            Self::Deepseek2 => {
                number("rope.dimension_count", ROTATED);
                number("attention.q_lora_rank", QUERY_RANK);
                number("attention.kv_lora_rank", KEY_RANK);
                number("attention.key_length", KEY_RANK + ROTATED);
                number("attention.value_length", KEY_RANK);
                number("attention.key_length_mla", UNROTATED + ROTATED);
                number("attention.value_length_mla", HEAD);
                number("leading_dense_block_count", 1);
                number("expert_shared_count", 1);
                number("expert_gating_func", 1);
            }
        }
        if matches!(self, Self::Gemma3 | Self::GptOss) {
            number("attention.sliding_window", SLIDING_WINDOW);
        }
        if matches!(self, Self::Qwen3Moe | Self::GptOss | Self::Deepseek2) {
            number("expert_count", EXPERTS);
            number("expert_used_count", USED_EXPERTS);
            number("expert_feed_forward_length", EXPERT_HIDDEN);
        }
        if self == Self::Deepseek2 {
            writer.real(&key("expert_weights_scale"), 1.0);
        }
        writer.real(&key("rope.freq_base"), 10_000.0);
        writer.real(&key("attention.layer_norm_rms_epsilon"), 1e-5);
    }

    /// The tensors, in the order of the file.
    pub(super) fn tensors(self, vocabulary: usize) -> Vec<Described> {
        let mut tensors = Vec::new();
        let embedding = if self == Self::Gemma3 { Draw::SmallMatrix } else { Draw::Matrix(1) };
        tensors.push(("token_embd.weight".to_owned(), vec![WIDTH, vocabulary], embedding));
        for layer in 0..LAYERS {
            let mut add = |part: &str, shape: &[usize], draw: Draw| {
                tensors.push((format!("blk.{layer}.{part}"), shape.to_vec(), draw));
            };
            self.attention(&mut add);
            if self.has_experts(layer) {
                self.experts(&mut add);
            } else {
                matrix(&mut add, "ffn_gate.weight", &[WIDTH, HIDDEN]);
                matrix(&mut add, "ffn_up.weight", &[WIDTH, HIDDEN]);
                matrix(&mut add, "ffn_down.weight", &[HIDDEN, WIDTH]);
            }
            for norm in self.norms() {
                add(norm, &[WIDTH], self.norm());
            }
        }
        tensors.push(("output_norm.weight".to_owned(), vec![WIDTH], self.norm()));
        if self != Self::Gemma3 {
            tensors.push(("output.weight".to_owned(), vec![WIDTH, vocabulary], Draw::Matrix(WIDTH)));
        }
        tensors
    }

    /// The first tiny model has norms of one, and keeps them: other tests know its answers.
    fn norm(self) -> Draw {
        if self == Self::Llama { Draw::Ones } else { Draw::Norm }
    }

    fn norms(self) -> &'static [&'static str] {
        match self {
            Self::Gemma3 => {
                &["attn_norm.weight", "post_attention_norm.weight", "ffn_norm.weight", "post_ffw_norm.weight"]
            }
            Self::GptOss => &["attn_norm.weight", "post_attention_norm.weight"],
            _ => &["attn_norm.weight", "ffn_norm.weight"],
        }
    }

    fn has_experts(self, layer: usize) -> bool {
        match self {
            Self::Qwen3Moe | Self::GptOss => true,
            Self::Deepseek2 => layer > 0,
            Self::Llama | Self::Qwen2 | Self::Qwen3 | Self::Gemma3 => false,
        }
    }

    fn attention(self, add: &mut dyn FnMut(&str, &[usize], Draw)) {
        if self == Self::Deepseek2 {
            matrix(add, "attn_q_a.weight", &[WIDTH, QUERY_RANK]);
            add("attn_q_a_norm.weight", &[QUERY_RANK], Draw::Norm);
            matrix(add, "attn_q_b.weight", &[QUERY_RANK, HEADS * (UNROTATED + ROTATED)]);
            matrix(add, "attn_kv_a_mqa.weight", &[WIDTH, KEY_RANK + ROTATED]);
            add("attn_kv_a_norm.weight", &[KEY_RANK], Draw::Norm);
            matrix(add, "attn_k_b.weight", &[UNROTATED, KEY_RANK, HEADS]);
            matrix(add, "attn_v_b.weight", &[KEY_RANK, HEAD, HEADS]);
            return matrix(add, "attn_output.weight", &[HEADS * HEAD, WIDTH]);
        }
        let sizes =
            [("attn_q", WIDTH), ("attn_k", KV_HEADS * HEAD), ("attn_v", KV_HEADS * HEAD), ("attn_output", WIDTH)];
        for (name, size) in sizes {
            matrix(add, &format!("{name}.weight"), &[WIDTH, size]);
            if self == Self::GptOss || self == Self::Qwen2 && name != "attn_output" {
                add(&format!("{name}.bias"), &[size], Draw::Bias);
            }
        }
        if matches!(self, Self::Qwen3 | Self::Qwen3Moe | Self::Gemma3) {
            add("attn_q_norm.weight", &[HEAD], Draw::Norm);
            add("attn_k_norm.weight", &[HEAD], Draw::Norm);
        }
        if self == Self::GptOss {
            add("attn_sinks.weight", &[HEADS], Draw::Bias);
        }
    }

    fn experts(self, add: &mut dyn FnMut(&str, &[usize], Draw)) {
        matrix(add, "ffn_gate_inp.weight", &[WIDTH, EXPERTS]);
        matrix(add, "ffn_gate_exps.weight", &[WIDTH, EXPERT_HIDDEN, EXPERTS]);
        matrix(add, "ffn_up_exps.weight", &[WIDTH, EXPERT_HIDDEN, EXPERTS]);
        matrix(add, "ffn_down_exps.weight", &[EXPERT_HIDDEN, WIDTH, EXPERTS]);
        match self {
            Self::GptOss => {
                add("ffn_gate_inp.bias", &[EXPERTS], Draw::Bias);
                add("ffn_gate_exps.bias", &[EXPERT_HIDDEN, EXPERTS], Draw::Bias);
                add("ffn_up_exps.bias", &[EXPERT_HIDDEN, EXPERTS], Draw::Bias);
                add("ffn_down_exps.bias", &[WIDTH, EXPERTS], Draw::Bias);
            }
            Self::Deepseek2 => {
                matrix(add, "ffn_gate_shexp.weight", &[WIDTH, EXPERT_HIDDEN]);
                matrix(add, "ffn_up_shexp.weight", &[WIDTH, EXPERT_HIDDEN]);
                matrix(add, "ffn_down_shexp.weight", &[EXPERT_HIDDEN, WIDTH]);
            }
            _ => {}
        }
    }
}

fn matrix(add: &mut dyn FnMut(&str, &[usize], Draw), name: &str, shape: &[usize]) {
    add(name, shape, Draw::Matrix(shape[0]));
}
