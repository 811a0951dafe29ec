//! Words that mean that memory ran out, or room for threads, which are made of it: llama.cpp's, and those of the libraries of Rust, C,
//! C++ and OpenMP.

const WORDS: [&str; 11] = [
    "bad_alloc",
    "memory allocation of",
    "insufficient memory",
    "failed to allocate",
    "unable to allocate",
    "failed to mmap",
    "out of memory",
    "Cannot allocate memory",
    "Thread creation failed",
    "failed to spawn thread",
    "Resource temporarily unavailable",
];

/// What to try.
pub(crate) const ADVICE: &str = "the machine ran out of memory, or reached a limit on it (`[limits]` of the spec, a control group, `ulimit`): `--jobs 1` or a \
                                 smaller model needs less; run again to go on";

/// Whether a message speaks of such a shortage.
pub(crate) fn is_told_in(text: &str) -> bool {
    WORDS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_is_known_by_its_words() {
        for text in [
            "the graph of a training step failed: std::bad_alloc",
            "memory allocation of 4096 bytes failed",
            "libgomp: Thread creation failed: Resource temporarily unavailable",
            "ggml_aligned_malloc: insufficient memory (attempted to allocate   1.69 MB)",
        ] {
            assert!(is_told_in(text), "{text}");
        }
        assert!(!is_told_in("GGML_ASSERT(n_tokens > 0) failed"));
    }
}
