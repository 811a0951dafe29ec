//! Dropout (Srivastava et al. 2014) on what the adapter reads, as PEFT has it: every pair loses inputs of its own, and the rest
//! is scaled up, so that the expected sum stays.

use xlt_core::training::even_bits;

use super::tensor::Tensor;

/// The masks of a graph, one for each pair.
#[derive(Debug)]
pub(super) struct Dropout {
    /// In the shape of what the pair reads.
    pub(super) masks: Vec<Tensor>,
    /// How likely an input is lost.
    pub(super) share: f32,
}

impl Dropout {
    /// Keeps everything.
    pub(super) fn keep_all(&self) {
        for mask in &self.masks {
            mask.write(&vec![1.0_f32; mask.count()]);
        }
    }

    /// Draws what is lost, by the seed and a number that no other draw of the training has.
    pub(super) fn draw(&self, seed: u64, number: u64) {
        let kept = 1.0 / (1.0 - self.share);
        let below = (f64::from(self.share) * f64::from(1_u32 << 16)).round() as u32;
        for (at, mask) in self.masks.iter().enumerate() {
            let bits = even_bits(seed, number, at as u64, mask.count());
            let values: Vec<f32> = bits.map(|bits| if u32::from(bits) < below { 0.0 } else { kept }).collect();
            mask.write(&values);
        }
    }
}
