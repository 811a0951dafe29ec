//! How large a model is, as its header says it.

use super::Header;
use crate::cost::Dimensions;

impl Header {
    /// How large the model is. A header may say what is not so; the numbers are then as large as they can be, and no more.
    #[must_use]
    pub fn dimensions(&self) -> Dimensions {
        let (mut experts, mut others, mut vocabulary) = (0_u64, 0_u64, 0);
        for tensor in &self.tensors {
            let numbers = tensor.shape.iter().product();
            let sum = if tensor.name.contains("_exps.") { &mut experts } else { &mut others };
            *sum = sum.saturating_add(numbers);
            if tensor.name == "token_embd.weight" {
                vocabulary = u32::try_from(tensor.shape[1]).unwrap_or(u32::MAX);
            }
        }
        let (count, used) = (self.most("expert_count"), self.most("expert_used_count"));
        let active = (experts > 0 && count > 0).then(|| others.saturating_add(share(experts, used, count)));
        let inside = self.most("expert_feed_forward_length").saturating_mul(used);
        Dimensions {
            parameters: experts.saturating_add(others),
            active,
            layers: self.most("block_count"),
            width: self.most("embedding_length"),
            attention: self.most("attention.head_count").saturating_mul(self.head("attention.key_length")),
            cache: self.cache(),
            feed_forward: if inside > 0 { inside } else { self.most("feed_forward_length") },
            vocabulary,
        }
    }

    /// The greatest number that a key has for any layer; 0 where the model has no such key.
    fn most(&self, key: &str) -> u32 {
        self.numbers(key).iter().copied().max().unwrap_or_default()
    }

    /// Size of a head: as the key has it, else the width divided among the heads.
    fn head(&self, key: &str) -> u32 {
        match self.most(key) {
            0 => self.most("embedding_length") / self.most("attention.head_count").max(1),
            size => size,
        }
    }

    /// Numbers that the KV cache keeps of a token: with latent attention (MLA) the compressed ones, else keys and values.
    fn cache(&self) -> u32 {
        match self.most("attention.kv_lora_rank") {
            0 => {
                let heads = self.most("attention.head_count_kv").max(1);
                let [key, value] = ["attention.key_length", "attention.value_length"].map(|key| self.head(key));
                heads.saturating_mul(key.saturating_add(value))
            }
            latent => latent.saturating_add(self.most("rope.dimension_count")),
        }
    }
}

/// `number * used / count`.
fn share(number: u64, used: u32, count: u32) -> u64 {
    u64::try_from(u128::from(number) * u128::from(used) / u128::from(count)).unwrap_or(u64::MAX)
}
