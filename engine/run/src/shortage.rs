//! Words that mean that something ran out: llama.cpp's, and those of the libraries of Rust, C, C++ and OpenMP.

/// Memory, or room for threads, which are made of it.
const MEMORY: [&str; 11] = [
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
/// Space on the disk. The last is all that C++ says of a file that cannot be written.
const DISK: [&str; 3] = ["No space left on device", "Disk quota exceeded", "iostream error"];

/// What to try where memory ran out.
pub(crate) const MEMORY_ADVICE: &str = "the machine ran out of memory, or reached a limit on it (`[limits]`, a control group, `ulimit`): `--jobs 1` \
                                        or a smaller model needs less; run again to go on";
const DISK_ADVICE: &str =
    "the disk is full, it seems: free some space (`xlt cache gc`), or set $XLT_CACHE to a larger disk";

/// Whether a message speaks of want of memory.
pub(crate) fn is_of_memory(text: &str) -> bool {
    MEMORY.iter().any(|word| text.contains(word))
}

/// The message, with what to try where it speaks of a shortage.
pub(crate) fn advised(text: String) -> String {
    let advice = match () {
        () if is_of_memory(&text) => MEMORY_ADVICE,
        () if DISK.iter().any(|word| text.contains(word)) => DISK_ADVICE,
        () => return text,
    };
    format!("{text}\n  {advice}")
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
            assert!(advised(text.to_owned()).ends_with(MEMORY_ADVICE), "{text}");
        }
        assert!(advised("failed to quantize: basic_ios::clear: iostream error".to_owned()).ends_with(DISK_ADVICE));
        assert_eq!(advised("GGML_ASSERT(n_tokens > 0) failed".to_owned()), "GGML_ASSERT(n_tokens > 0) failed");
    }
}
