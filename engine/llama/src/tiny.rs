//! A tiny model with random weights, for tests that evaluate without the network.
//!
//! It is a real model to llama.cpp: architecture `llama`, a vocabulary learnt from a few sentences in several scripts, a
//! chat template with special tokens. It knows nothing; its answers are arbitrary, and the same for the same seed on every
//! machine of one kernel class.

mod adapter;
mod architecture;
mod life_size;
mod merges;

use std::io;
use std::path::Path;

pub use adapter::TinyAdapter;
pub use architecture::Architecture;
use architecture::Draw;
pub use life_size::{LifeSize, Matrices};
use merges::VOCABULARY;

use crate::gguf::writer::Writer;

/// The special tokens, which are the last of the vocabulary: start of a text, of a turn, end of a turn.
const SPECIALS: [&str; 3] = ["<|begin|>", "<|im_start|>", "<|im_end|>"];

/// Kinds of tokens, as llama.cpp numbers them.
const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const BYTE: i32 = 6;

const CHAT_TEMPLATE: &str = "{% for message in messages %}\
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}\
{% endfor %}\
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/// What the tiny model is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TinyModel {
    /// What kind of model it is.
    pub architecture: Architecture,
    /// Decides the weights.
    pub seed: u64,
    /// Whether there are weights at all, or the vocabulary alone.
    pub weights: bool,
    /// Whether the model asks for the token that starts a text.
    pub add_bos: bool,
    /// Whether one weight is no number, so that no answer is either.
    pub nan: bool,
    /// Whether the vocabulary is as SentencePiece makes it: a space is a part of a word, written `▁`, and one is put in
    /// front of a text and after a special token.
    pub sentence_piece: bool,
    /// Its chat template; turns are ChatML's.
    pub chat_template: &'static str,
    /// How texts are cut before they are tokens, by llama.cpp's name; `qwen2` makes each digit a token, as today's models do.
    pub pre: &'static str,
    /// Further special tokens.
    pub more_specials: &'static [&'static str],
}

impl Default for TinyModel {
    fn default() -> Self {
        Self {
            architecture: Architecture::Llama,
            seed: 0,
            weights: true,
            add_bos: true,
            nan: false,
            sentence_piece: false,
            chat_template: CHAT_TEMPLATE,
            pre: "gpt-2",
            more_specials: &[],
        }
    }
}

impl TinyModel {
    /// Writes the model to a file, some 600 kB.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, self.bytes())
    }

    /// How its vocabulary writes its tokens, in order; the last three are special.
    #[must_use]
    pub fn tokens(&self) -> Vec<String> {
        self.words().0
    }

    /// Pairs of tokens that merge, in order of preference, with a space between the two; SentencePiece has none, but prefers
    /// words of smaller numbers.
    #[must_use]
    pub fn merges(&self) -> &'static [String] {
        if self.sentence_piece { &[] } else { &VOCABULARY.merges }
    }

    /// The model as a GGUF file in memory.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes_with(|_, _, values| values)
    }

    /// The same with other weights: `change` takes a tensor's name, shape (fastest dimension first) and values.
    fn bytes_with(&self, change: impl Fn(&str, &[usize], Vec<f32>) -> Vec<f32>) -> Vec<u8> {
        let mut writer = Writer::new();
        self.architecture.describe(&mut writer);
        let vocabulary = self.vocabulary(&mut writer);
        if self.weights {
            weights(self.architecture, vocabulary, &mut Random(self.seed), &mut |name, shape, values| {
                writer.tensor(name, shape, change(name, shape, values));
            });
        }
        let mut bytes = writer.into_bytes();
        if let (true, Some(last)) = (self.weights && self.nan, bytes.last_chunk_mut()) {
            *last = f32::NAN.to_le_bytes();
        }
        bytes
    }

    /// The same model split over two files, as `llama-gguf-split` splits: to be named `NAME-00001-of-00002.gguf` and
    /// `NAME-00002-of-00002.gguf`.
    #[must_use]
    pub fn shards(&self) -> [Vec<u8>; 2] {
        let mut writers = [Writer::new(), Writer::new()];
        self.architecture.describe(&mut writers[0]);
        let vocabulary = self.vocabulary(&mut writers[0]);
        let mut tensors = 0;
        weights(self.architecture, vocabulary, &mut Random(self.seed), &mut |name, shape, values| {
            writers[tensors % 2].tensor(name, shape, values);
            tensors += 1;
        });
        for (number, writer) in (0_u16..).zip(&mut writers) {
            writer.short("split.no", number);
            writer.short("split.count", 2);
            writer.count("split.tensors.count", tensors as i32);
        }
        writers.map(Writer::into_bytes)
    }

    /// The tokens and their kinds.
    fn words(&self) -> (Vec<String>, Vec<i32>) {
        let (mut tokens, mut kinds) = if self.sentence_piece {
            VOCABULARY.as_sentence_piece()
        } else {
            (VOCABULARY.tokens.clone(), vec![NORMAL; VOCABULARY.tokens.len()])
        };
        tokens.extend(self.more_specials.iter().copied().chain(SPECIALS).map(str::to_owned));
        kinds.resize(tokens.len(), CONTROL);
        (tokens, kinds)
    }

    /// Adds the vocabulary and returns its size.
    fn vocabulary(&self, writer: &mut Writer) -> usize {
        let (tokens, kinds) = self.words();
        let bos = (tokens.len() - SPECIALS.len()) as u32;
        writer.texts("tokenizer.ggml.tokens", &tokens);
        writer.integers("tokenizer.ggml.token_type", &kinds);
        if self.sentence_piece {
            writer.text("tokenizer.ggml.model", "llama");
            // Words learnt earlier are preferred.
            let scores: Vec<f32> = (0..tokens.len()).map(|number| -(number as f32)).collect();
            writer.reals("tokenizer.ggml.scores", &scores);
            writer.number("tokenizer.ggml.unknown_token_id", 0);
        } else {
            writer.text("tokenizer.ggml.model", "gpt2");
            writer.text("tokenizer.ggml.pre", self.pre);
            writer.texts("tokenizer.ggml.merges", self.merges());
        }
        writer.number("tokenizer.ggml.bos_token_id", bos);
        writer.number("tokenizer.ggml.eos_token_id", bos + 2);
        writer.flag("tokenizer.ggml.add_bos_token", self.add_bos);
        writer.text("tokenizer.chat_template", self.chat_template);
        tokens.len()
    }
}

/// Takes a tensor: name, shape (fastest dimension first), values.
type Add<'a> = dyn FnMut(&str, &[usize], Vec<f32>) + 'a;

/// Hands out the tensors.
fn weights(architecture: Architecture, vocabulary: usize, random: &mut Random, add: &mut Add) {
    for (name, shape, draw) in architecture.tensors(vocabulary) {
        let count = shape.iter().product();
        let mut spread =
            |reach, scale, middle| random.spread(reach).map(move |it| middle + scale * it).take(count).collect();
        let values = match draw {
            Draw::Matrix(reach) => spread(reach, 1.0, 0.0),
            Draw::SmallMatrix => spread(1, 0.15, 0.0),
            Draw::Ones => vec![1.0; count],
            Draw::Norm => spread(1, 0.1, 1.0),
            Draw::Bias => spread(1, 0.2, 0.0),
        };
        add(&name, &shape, values);
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): a few lines, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly spread numbers whose sum over `inputs` inputs of size one has size one.
    fn spread(&mut self, inputs: usize) -> impl Iterator<Item = f32> {
        let reach = (3.0 / inputs as f32).sqrt();
        std::iter::repeat_with(move || {
            let unit = (self.next() >> 40) as f32 / (1_u32 << 24) as f32;
            (2.0 * unit - 1.0) * reach
        })
    }
}
