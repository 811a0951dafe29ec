//! Models of random weights in the shapes of published ones: as slow to compute and as large in memory, and knowing nothing.
//!
//! Written as fast as a disk takes them: a tensor's numbers are one short random sequence over and over, whose length is a prime so
//! that rows differ.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use llama_cpp_sys_2 as sys;

use super::{CONTROL, NORMAL, Random, SPECIALS, VOCABULARY};
use crate::gguf::writer::Writer;

/// Numbers of the sequence of a matrix in BF16.
const NUMBERS: usize = 1_048_573;
/// Blocks of that of a matrix in Q8_0.
const BLOCKS: usize = 32_749;
/// Numbers of a block, and its bytes: a scale of 16 bits, then a byte for each number.
const BLOCK: usize = 32;
/// The epsilon of norms, and the base of rotations, of Qwen 3.
const EPSILON: f32 = 1e-6;
const BASE: f32 = 1_000_000.0;

/// A shape of Qwen 3, with experts or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifeSize {
    /// Its name.
    pub name: &'static str,
    /// Layers.
    pub layers: usize,
    /// Numbers of a token between layers.
    pub width: usize,
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and values.
    pub kv_heads: usize,
    /// Numbers of a head.
    pub head: usize,
    /// Inner numbers of the feed-forward part, with experts of each.
    pub hidden: usize,
    /// Experts, and how many of them a token meets; without any, the feed-forward part is one.
    pub experts: Option<(usize, usize)>,
    /// Words.
    pub vocabulary: usize,
    /// Whether it multiplies by its embedding in the end.
    pub tied: bool,
}

/// Type of the matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matrices {
    /// 16 bits.
    Bf16,
    /// 8.5 bits.
    Q8_0,
}

/// A tensor: name, shape with the fastest dimension first, and inputs that a product sums over; none: a norm.
type Described = (String, Vec<usize>, Option<usize>);

impl LifeSize {
    /// Qwen3-4B, by the `config.json` that is published with it.
    pub const QWEN3_4B: Self = Self {
        name: "qwen3-4b",
        layers: 36,
        width: 2560,
        heads: 32,
        kv_heads: 8,
        head: 128,
        hidden: 9728,
        experts: None,
        vocabulary: 151_936,
        tied: true,
    };
    /// Qwen3-30B-A3B, by the same.
    pub const QWEN3_30B_A3B: Self = Self {
        name: "qwen3-30b-a3b",
        layers: 48,
        width: 2048,
        heads: 32,
        kv_heads: 4,
        head: 128,
        hidden: 768,
        experts: Some((128, 8)),
        vocabulary: 151_936,
        tied: false,
    };
    /// The first, small enough for a processor.
    pub const SMALL: Self = Self {
        name: "small",
        layers: 2,
        width: 256,
        heads: 4,
        kv_heads: 2,
        head: 64,
        hidden: 512,
        vocabulary: 2048,
        ..Self::QWEN3_4B
    };
    /// The second, small enough for a processor.
    pub const SMALL_EXPERTS: Self = Self {
        name: "small-experts",
        layers: 2,
        width: 256,
        heads: 4,
        kv_heads: 2,
        head: 64,
        hidden: 128,
        experts: Some((8, 2)),
        vocabulary: 2048,
        ..Self::QWEN3_30B_A3B
    };

    /// Writes the model to a file.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, path: &Path, matrices: Matrices) -> io::Result<()> {
        let mut writer = Writer::new();
        self.describe(&mut writer);
        self.vocabulary(&mut writer);
        let tensors = self.tensors();
        for (name, shape, inputs) in &tensors {
            writer.announce(name, shape, inputs.map_or(sys::GGML_TYPE_F32, |_| matrices.kind()));
        }
        let mut file = File::create(path)?;
        file.write_all(&writer.header())?;
        let mut random = Random(1);
        for (_, shape, inputs) in &tensors {
            let count: usize = shape.iter().product();
            let (sequence, bytes) = match inputs {
                None => (1.0_f32.to_le_bytes().to_vec(), 4 * count),
                Some(inputs) => (matrices.sequence(*inputs, &mut random), matrices.bytes(count)),
            };
            write_repeated(&mut file, &sequence, bytes)?;
            file.write_all(&vec![0; bytes.next_multiple_of(writer.alignment()) - bytes])?;
        }
        file.flush()
    }

    /// Operations of a forward pass: two for each weight that a token meets, its word's look-up aside, and for each answer two for each
    /// that makes it a word again.
    #[must_use]
    pub fn operations(&self, tokens: usize, answers: usize) -> f64 {
        let met = |name: &str| match self.experts {
            Some((count, used)) if name.contains("_exps") => used as f64 / count as f64,
            _ => f64::from(u8::from(name.starts_with("blk."))),
        };
        let of = |(name, shape, _): &Described| shape.iter().product::<usize>() as f64 * met(name);
        let layers: f64 = self.tensors().iter().filter(|(_, shape, _)| shape.len() > 1).map(of).sum();
        2.0 * (layers * tokens as f64 + (self.vocabulary * self.width * answers) as f64)
    }

    fn architecture(&self) -> &'static str {
        if self.experts.is_some() { "qwen3moe" } else { "qwen3" }
    }

    fn describe(&self, writer: &mut Writer) {
        let key = |name: &str| format!("{}.{name}", self.architecture());
        writer.text("general.architecture", self.architecture());
        writer.text("general.name", self.name);
        let mut number = |name: &str, value: usize| writer.number(&key(name), value as u32);
        number("context_length", 40_960);
        number("block_count", self.layers);
        number("embedding_length", self.width);
        number("feed_forward_length", self.hidden);
        number("attention.head_count", self.heads);
        number("attention.head_count_kv", self.kv_heads);
        number("attention.key_length", self.head);
        number("attention.value_length", self.head);
        if let Some((count, used)) = self.experts {
            number("expert_count", count);
            number("expert_used_count", used);
            number("expert_feed_forward_length", self.hidden);
        }
        writer.real(&key("rope.freq_base"), BASE);
        writer.real(&key("attention.layer_norm_rms_epsilon"), EPSILON);
    }

    /// The tiny models' words, filled up.
    fn vocabulary(&self, writer: &mut Writer) {
        let own = self.vocabulary - SPECIALS.len();
        let filling = (0..).map(|number| format!("<{number}>"));
        let words: Vec<String> = VOCABULARY.tokens.iter().cloned().chain(filling).take(own).collect();
        let words: Vec<String> = words.into_iter().chain(SPECIALS.map(str::to_owned)).collect();
        let mut kinds = vec![NORMAL; own];
        kinds.resize(words.len(), CONTROL);
        writer.texts("tokenizer.ggml.tokens", &words);
        writer.integers("tokenizer.ggml.token_type", &kinds);
        writer.text("tokenizer.ggml.model", "gpt2");
        writer.text("tokenizer.ggml.pre", "gpt-2");
        writer.texts("tokenizer.ggml.merges", &VOCABULARY.merges);
        writer.number("tokenizer.ggml.bos_token_id", own as u32);
        writer.number("tokenizer.ggml.eos_token_id", own as u32 + 2);
        writer.flag("tokenizer.ggml.add_bos_token", false);
    }

    fn tensors(&self) -> Vec<Described> {
        let Self { width, heads, kv_heads, head, hidden, .. } = *self;
        let mut tensors = vec![("token_embd.weight".to_owned(), vec![width, self.vocabulary], Some(1))];
        for layer in 0..self.layers {
            let mut add = |part: &str, shape: &[usize]| {
                let inputs = (shape.len() > 1).then(|| shape[0]);
                tensors.push((format!("blk.{layer}.{part}.weight"), shape.to_vec(), inputs));
            };
            add("attn_norm", &[width]);
            add("attn_q", &[width, heads * head]);
            add("attn_k", &[width, kv_heads * head]);
            add("attn_v", &[width, kv_heads * head]);
            add("attn_q_norm", &[head]);
            add("attn_k_norm", &[head]);
            add("attn_output", &[heads * head, width]);
            add("ffn_norm", &[width]);
            match self.experts {
                None => {
                    add("ffn_gate", &[width, hidden]);
                    add("ffn_up", &[width, hidden]);
                    add("ffn_down", &[hidden, width]);
                }
                Some((count, _)) => {
                    add("ffn_gate_inp", &[width, count]);
                    add("ffn_gate_exps", &[width, hidden, count]);
                    add("ffn_up_exps", &[width, hidden, count]);
                    add("ffn_down_exps", &[hidden, width, count]);
                }
            }
        }
        tensors.push(("output_norm.weight".to_owned(), vec![width], None));
        if !self.tied {
            tensors.push(("output.weight".to_owned(), vec![width, self.vocabulary], Some(width)));
        }
        tensors
    }
}

impl Matrices {
    fn kind(self) -> sys::ggml_type {
        match self {
            Self::Bf16 => sys::GGML_TYPE_BF16,
            Self::Q8_0 => sys::GGML_TYPE_Q8_0,
        }
    }

    fn bytes(self, count: usize) -> usize {
        match self {
            Self::Bf16 => 2 * count,
            Self::Q8_0 => count / BLOCK * (BLOCK + 2),
        }
    }

    /// Random numbers such that a product of so many of them with numbers of size one has size one.
    fn sequence(self, inputs: usize, random: &mut Random) -> Vec<u8> {
        match self {
            // The upper half of an F32 is a BF16.
            Self::Bf16 => {
                let numbers = random.spread(inputs).take(NUMBERS);
                numbers.flat_map(|number| ((number.to_bits() >> 16) as u16).to_le_bytes()).collect()
            }
            Self::Q8_0 => {
                let scale = half((3.0 / inputs as f32).sqrt() / 127.0).to_le_bytes();
                let mut block = |_| {
                    let bytes: Vec<u8> = (0..BLOCK / 8).flat_map(|_| random.next().to_le_bytes()).collect();
                    scale.into_iter().chain(bytes).collect::<Vec<u8>>()
                };
                (0..BLOCKS).flat_map(&mut block).collect()
            }
        }
    }
}

/// The 16 bits of a small positive number, rounded down: its exponent, and the first ten digits behind the first.
fn half(number: f32) -> u16 {
    let (exponent, digits) = ((number.to_bits() >> 23) as i32 - 127 + 15, (number.to_bits() >> 13) as u16 & 0x3ff);
    if exponent > 0 { (exponent as u16) << 10 | digits } else { 1 }
}

fn write_repeated(file: &mut File, sequence: &[u8], bytes: usize) -> io::Result<()> {
    let mut left = bytes;
    // A norm's sequence is one number.
    let long = if sequence.len() < 4096 { sequence.repeat(4096) } else { sequence.to_vec() };
    while left > 0 {
        let part = left.min(long.len());
        file.write_all(&long[..part])?;
        left -= part;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_the_standard() {
        assert_eq!([half(1.0), half(0.5), half(0.099_975_586)], [0x3c00, 0x3800, 0x2e66]);
    }

    #[test]
    fn shapes_have_as_many_weights_as_they_are_known_for() {
        let all = |shape: LifeSize| {
            shape.tensors().iter().map(|(_, shape, _)| shape.iter().product::<usize>()).sum::<usize>() as f64 / 1e9
        };
        assert!((all(LifeSize::QWEN3_4B) - 4.02).abs() < 0.01, "{}", all(LifeSize::QWEN3_4B));
        assert!((all(LifeSize::QWEN3_30B_A3B) - 30.53).abs() < 0.01, "{}", all(LifeSize::QWEN3_30B_A3B));
        // A3B: three billion with its output.
        let met = LifeSize::QWEN3_30B_A3B.operations(1, 1) / 2e9;
        assert!((met - 3.04).abs() < 0.02, "{met}");
    }
}
