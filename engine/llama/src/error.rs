//! Everything that can go wrong between a path and its logits.

use std::path::PathBuf;

/// Why llama.cpp could not be started, or a model not loaded or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LlamaError {
    /// The program uses instructions that this processor lacks; without this check it would die of `SIGILL`.
    #[error("llama.cpp was compiled for {instructions}, which this processor does not have; build xlt on this machine")]
    Processor {
        /// The first instruction set that is missing.
        instructions: &'static str,
    },

    /// A variable is set by which llama.cpp picks other kernels: results would depend on something that no key holds.
    #[error("the environment variable {variable} changes what llama.cpp computes; unset it")]
    Environment {
        /// The variable's name.
        variable: &'static str,
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

    /// No context could be made, mostly for want of memory.
    #[error("no context of {n_ctx} tokens could be made: {}; a smaller context needs less memory", reason(log))]
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
    #[error("the prompt has {needed} tokens and the context holds {context}; raise the context size")]
    TooLong {
        /// Tokens in the prompt.
        needed: usize,
        /// Tokens that fit.
        context: usize,
    },

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
}

/// llama.cpp's own words on one line.
fn reason(log: &[String]) -> String {
    if log.is_empty() { "it gave no reason".to_owned() } else { log.join("; ") }
}
