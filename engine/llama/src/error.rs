//! Everything that can go wrong between a path and its logits.

use std::path::{Path, PathBuf};

/// Why llama.cpp could not be started, or a model not loaded or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LlamaError {
    /// llama.cpp has nothing to compute with.
    #[error(
        "no llama.cpp backend for this CPU in {}{}; install xlt with its folder `lib/xlt`, or build it again; where the modules \
         are there, memory to load them was not",
        folder.display(), instead_of(folder, installed.as_deref())
    )]
    NoBackend {
        /// The folder in which backends were looked for.
        folder: PathBuf,
        /// The folder in which an installed program has them.
        installed: Option<PathBuf>,
    },

    /// A variable is set by which llama.cpp picks other kernels: results would depend on something that no key holds.
    #[error("the environment variable {variable} changes what llama.cpp computes; unset it")]
    Environment {
        /// The variable's name.
        variable: &'static str,
    },

    /// A GPU that is not there, or not seen.
    #[error("GPU {number} was asked for, and llama.cpp sees {seen}; `xlt doctor` says which and why")]
    NoGpu {
        /// Its number, from 0.
        number: u32,
        /// How many are seen.
        seen: usize,
    },

    /// No such file.
    #[error("model file {} does not exist", path.display())]
    Missing {
        /// The file asked for.
        path: PathBuf,
    },

    /// The file cannot be read.
    #[error("model file {} cannot be read", path.display())]
    Unreadable {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// The file is something else.
    #[error("{} is not a GGUF file: it starts with \"{start}\"; name a file in llama.cpp's GGUF format", path.display())]
    NotGguf {
        /// The file asked for.
        path: PathBuf,
        /// Its first bytes, escaped.
        start: String,
    },

    /// The file ends too early.
    #[error("{} is cut: it holds {found} bytes and needs at least {expected}; fetch it again", path.display())]
    Truncated {
        /// The file asked for.
        path: PathBuf,
        /// Bytes that its header promises. Where the header itself is cut, the bytes needed to read on.
        expected: u64,
        /// Bytes that it holds.
        found: u64,
    },

    /// The header contradicts the format, or comes from a newer version of it.
    #[error("the header of {} cannot be understood: {what}; fetch the file again or convert it anew", path.display())]
    Malformed {
        /// The file asked for.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },

    /// A tokenizer without a model.
    #[error("{} holds a vocabulary and no weights; name a file with the whole model", path.display())]
    VocabularyOnly {
        /// The file asked for.
        path: PathBuf,
    },

    /// The file is whole, and this llama.cpp does not load it, or not as a text model that answers prompts.
    #[error(
        "this llama.cpp ({}) cannot use {} (architecture `{architecture}`): {}",
        crate::build_info(), path.display(), reason(log)
    )]
    Unsupported {
        /// The file asked for.
        path: PathBuf,
        /// The architecture that its header names.
        architecture: String,
        /// The reason, in llama.cpp's own last error lines where it gave any.
        log: Vec<String>,
    },

    /// The file is no adapter for the model that is loaded.
    #[error(
        "{} cannot be attached to the model (architecture `{architecture}`): {}; name a LoRA adapter in GGUF that was made for \
         this model, as llama.cpp's convert_lora_to_gguf.py makes it from PEFT's",
        path.display(), reason(log)
    )]
    Adapter {
        /// The file asked for.
        path: PathBuf,
        /// The model's architecture.
        architecture: String,
        /// The reason, in llama.cpp's own last error lines where it gave any.
        log: Vec<String>,
    },

    /// A part of what the adapter learned would have no effect.
    #[error(
        "llama.cpp leaves out {} of the {of} tensors of {} when it computes with `{architecture}`, without a word: {}; merge \
         the adapter into the model, or train it without them",
        unused.len(), path.display(), first_of(unused)
    )]
    AdapterUnused {
        /// The adapter.
        path: PathBuf,
        /// The model's architecture.
        architecture: String,
        /// Names of the tensors that nothing is computed from.
        unused: Vec<String>,
        /// How many tensors there are.
        of: usize,
    },

    /// An architecture whose gradients nobody has checked.
    #[error(
        "a model of architecture `{architecture}` cannot be fine-tuned here; those that can: {}. An adapter that was trained \
         elsewhere can be named as `file` of `[adapters.NAME]`, or made by a stage of `[stages]`",
        trainable.join(", ")
    )]
    Untrainable {
        /// The architecture.
        architecture: String,
        /// Those that can be trained.
        trainable: &'static [&'static str],
    },

    /// The graph has an operation that no rule can take back.
    #[error(
        "there is no rule for the gradient of {operation} (`{node}`), which this model's graph has; no step was made"
    )]
    NoGradient {
        /// ggml's name of the operation.
        operation: String,
        /// llama.cpp's name of the node.
        node: String,
    },

    /// The graph of a training step could not be made or computed.
    #[error("the graph of a training step failed: {why}")]
    TrainingGraph {
        /// The reason, in llama.cpp's words or ours.
        why: String,
    },

    /// Training does not fit, however little is kept.
    #[error(
        "training needs {} of memory beside the model even where nothing is kept, and {} are free; shorter examples, a lower \
         rank or fewer targets need less",
        mebibytes(needed.iter().copied().min().unwrap_or(0)), mebibytes(*given)
    )]
    TrainingMemory {
        /// Bytes that each layout needs, the fastest first.
        needed: Vec<u64>,
        /// Bytes that there are.
        given: u64,
    },

    /// The file is no LoRA adapter, or an adapter cannot be one.
    #[error("{} is not a sound LoRA adapter: {}; make the adapter anew", path.display(), faults.join("; "))]
    NotLora {
        /// The adapter's file.
        path: PathBuf,
        /// Everything that is wrong.
        faults: Vec<String>,
    },

    /// An adapter that is not for this model.
    #[error(
        "the adapter cannot be merged into {}: {}; name the model that it was trained on, in F32, F16, BF16 or a type that \
         llama.cpp quantizes to without an importance matrix",
        path.display(), faults.join("; ")
    )]
    Merge {
        /// The model's file.
        path: PathBuf,
        /// Everything that is wrong.
        faults: Vec<String>,
    },

    /// A model's header lacks something.
    #[error("{} says nothing of `{key}` in its header; convert the model again", path.display())]
    NoKey {
        /// The model's file.
        path: PathBuf,
        /// The key.
        key: String,
    },

    /// Only the vocabulary of a model is in memory, and something is to be computed.
    #[error("the model was loaded without its weights, and nothing can be computed")]
    NoWeights,

    /// No context could be made, mostly for want of memory.
    #[error(
        "no context of {n_ctx} tokens could be made: {}; less memory is needed with `unit` smaller or `kv = \"F16\"` in `[evaluate]`, or with `--jobs 1`",
        reason(log)
    )]
    NoContext {
        /// Tokens asked for.
        n_ctx: u32,
        /// llama.cpp's last error lines.
        log: Vec<String>,
    },

    /// An option is zero that must not be.
    #[error("the option `{option}` is 0; give at least 1")]
    Zero {
        /// The option's name.
        option: &'static str,
    },

    /// Nothing to decode.
    #[error("the prompt holds no tokens")]
    EmptyPrompt,

    /// A prompt is never truncated.
    #[error(
        "the prompt has {needed} tokens and the context holds {context}; this is an error of the planning of units, not of the data: please report it"
    )]
    TooLong {
        /// Tokens in the prompt.
        needed: usize,
        /// Tokens that fit.
        context: usize,
    },

    /// More logits than were asked for when the context was made.
    #[error("{needed} rows of logits are wanted at once, and the context was made for {outputs}")]
    TooManyRows {
        /// Rows wanted.
        needed: usize,
        /// Rows that fit.
        outputs: usize,
    },

    /// A sequence that cannot be used so.
    #[error("sequence {sequence} {what}")]
    Sequence {
        /// Its number.
        sequence: usize,
        /// What is wrong.
        what: &'static str,
    },

    /// A decoding failed, and what it left has not been cleared.
    #[error("an earlier decoding failed, and the context has not been cleared since")]
    Soiled,

    /// A text is longer than llama.cpp's tokenizer can count.
    #[error("a text of {bytes} bytes is more than the tokenizer can take (2 GiB)")]
    TextTooLong {
        /// Bytes of the text.
        bytes: usize,
    },

    /// A token of another model.
    #[error("token {id} is not in this model's vocabulary of {vocabulary} tokens")]
    ForeignToken {
        /// The token's number.
        id: u32,
        /// The vocabulary's size.
        vocabulary: usize,
    },

    /// llama.cpp refused or failed to decode.
    #[error("llama.cpp could not decode the prompt (code {code}): {}", reason(log))]
    Decode {
        /// What `llama_decode` returned.
        code: i32,
        /// llama.cpp's last error lines.
        log: Vec<String>,
    },

    /// The logits hold NaN or positive infinity: damaged weights, or numbers beyond what the model's type can hold.
    #[error("the model's output after {tokens} tokens is not a number; verify the file, or try another quantization")]
    NotANumber {
        /// Tokens decoded.
        tokens: usize,
    },

    /// Nothing that llama.cpp quantizes to.
    #[error("llama.cpp does not quantize to `{to}`; it does to {}", crate::quantizes_to().collect::<Vec<_>>().join(", "))]
    UnknownType {
        /// The type asked for.
        to: String,
    },

    /// The file has the type already.
    #[error("{} is of type {to} already, so quantizing it to that is pointless; leave out `quantize`", path.display())]
    Pointless {
        /// The file to quantize.
        path: PathBuf,
        /// Its type.
        to: &'static str,
    },

    /// What quantizing loses is lost twice.
    #[error(
        "{} is quantized already{}, and quantizing it again loses more than once from the original would; name a file of \
         F16, BF16 or F32, or allow it with `requantize = true`",
        path.display(), from.map(|from| format!(" (to {from})")).unwrap_or_default()
    )]
    AlreadyQuantized {
        /// The file to quantize.
        path: PathBuf,
        /// Its type, where its header names one that is known.
        from: Option<&'static str>,
    },

    /// The output cannot be made, or is there already: nothing is written over.
    #[error("{} cannot be written ({source}); name a new file in a folder that may be written", path.display())]
    Unwritable {
        /// The output.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// llama.cpp did not finish. Nothing was left behind.
    #[error("llama.cpp could not quantize {} to {to}: {}", path.display(), reason(log))]
    Quantize {
        /// The file to quantize.
        path: PathBuf,
        /// The type asked for.
        to: &'static str,
        /// llama.cpp's last error lines.
        log: Vec<String>,
    },
}

/// The folder that was not there, so that the other was looked in.
fn instead_of(folder: &Path, installed: Option<&Path>) -> String {
    match installed.filter(|installed| *installed != folder) {
        Some(installed) => format!(", and there is no folder {}", installed.display()),
        None => String::new(),
    }
}

/// The first few names, and how many there are besides.
fn first_of(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Bytes, rounded up.
fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

/// llama.cpp's own words on one line.
fn reason(log: &[String]) -> String {
    if log.is_empty() { "it gave no reason".to_owned() } else { log.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_without_a_backend_are_named() {
        let text = |folder: &str| {
            let installed = Some("/opt/lib/xlt/backends".into());
            LlamaError::NoBackend { folder: folder.into(), installed }.to_string()
        };
        assert!(
            text("/target/backends").contains("in /target/backends, and there is no folder /opt/lib/xlt/backends;")
        );
        assert!(text("/opt/lib/xlt/backends").contains("in /opt/lib/xlt/backends; install"));
    }
}
