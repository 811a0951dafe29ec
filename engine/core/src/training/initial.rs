//! What an adapter is before its first step.

use crate::lora::{Lora, Pair, PairShape};

/// An adapter that changes nothing yet: `B` is zero, and `A` drawn evenly between `±1 / √inputs`, as PEFT does (Kaiming
/// initialization with `a = √5`). What is drawn for a tensor depends on the seed and its name alone.
#[must_use]
pub fn initial(architecture: &str, alpha: f32, targets: &[(String, PairShape)], seed: u64) -> Lora {
    let pairs = targets.iter().map(|(tensor, shape)| {
        let PairShape { experts, rank, inputs, outputs } = *shape;
        let bound = 1.0 / (inputs as f64).sqrt();
        let a = draws(seed, tensor).map(|draw| ((2.0 * draw - 1.0) * bound) as f32).take(experts * rank * inputs);
        Pair { tensor: tensor.clone(), shape: *shape, a: a.collect(), b: vec![0.0; experts * outputs * rank] }
    });
    Lora { architecture: architecture.to_owned(), alpha, pairs: pairs.collect() }
}

/// Numbers between 0 and 1, evenly spread: 53 bits of every 8 bytes of BLAKE3's output.
fn draws(seed: u64, tensor: &str) -> impl Iterator<Item = f64> {
    let mut hasher = blake3::Hasher::new_derive_key("xlt 2026-11 initial LoRA weights");
    hasher.update(&seed.to_le_bytes()).update(tensor.as_bytes());
    let mut stream = hasher.finalize_xof();
    std::iter::repeat_with(move || {
        let mut bytes = [0; 8];
        stream.fill(&mut bytes);
        (u64::from_le_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64
    })
}

/// Evenly spread bits, 16 at a time, for one of several parts of a numbered draw.
pub fn even_bits(seed: u64, number: u64, part: u64, count: usize) -> impl Iterator<Item = u16> {
    let mut hasher = blake3::Hasher::new_derive_key("xlt 2026-11 LoRA dropout");
    [seed, number, part].iter().for_each(|word| {
        hasher.update(&word.to_le_bytes());
    });
    let mut bytes = vec![0; 2 * count];
    hasher.finalize_xof().fill(&mut bytes);
    (0..count).map(move |at| u16::from_le_bytes([bytes[2 * at], bytes[2 * at + 1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets() -> Vec<(String, PairShape)> {
        let shape = PairShape { experts: 1, rank: 4, inputs: 64, outputs: 32 };
        ["blk.0.attn_q.weight", "blk.0.attn_k.weight"].map(|name| (name.to_owned(), shape)).to_vec()
    }

    #[test]
    fn it_changes_nothing_and_depends_on_seed_and_name_alone() {
        let lora = initial("llama", 8.0, &targets(), 1);
        assert!(lora.pairs.iter().all(|pair| pair.b.iter().all(|value| *value == 0.0) && pair.b.len() == 128));
        assert_ne!(lora.pairs[0].a, lora.pairs[1].a);
        assert_ne!(initial("llama", 8.0, &targets(), 2).pairs[0].a, lora.pairs[0].a);
        assert_eq!(initial("llama", 8.0, &targets()[1..], 1).pairs[0], lora.pairs[1]);
    }

    #[test]
    fn draws_fill_the_range_evenly() {
        let a = &initial("llama", 8.0, &targets(), 1).pairs[0].a;
        let mean = a.iter().sum::<f32>() / a.len() as f32;
        let variance = a.iter().map(|value| value * value).sum::<f32>() / a.len() as f32;
        assert!(a.len() == 256 && a.iter().all(|value| value.abs() <= 0.125), "±1 / √64");
        // The variance of an even spread is a third of the square of its bound.
        assert!(mean.abs() < 0.02 && (variance / (0.125 * 0.125 / 3.0) - 1.0).abs() < 0.2, "{mean} {variance}");
    }
}
