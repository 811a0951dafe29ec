//! What a model's header says of its size.

use std::path::Path;

use xlt_core::cost::Dimensions;

use crate::LlamaError;
use crate::gguf::file::GgufFile;

/// Dimensions of the model at `path`, of a split model its first part. No weights are read.
///
/// # Errors
/// Where the file is no whole model.
pub fn dimensions(path: &Path) -> Result<Dimensions, LlamaError> {
    crate::gguf::check(path)?;
    let parts = GgufFile::open_all(path)?;
    let header = Header { first: &parts[0], architecture: parts[0].text("general.architecture").unwrap_or_default() };
    let (mut experts, mut others, mut vocabulary) = (0, 0, 0);
    for tensor in parts.iter().flat_map(GgufFile::tensors) {
        let numbers = tensor.shape.iter().map(|size| *size as u64).product::<u64>();
        *(if tensor.name.contains("_exps.") { &mut experts } else { &mut others }) += numbers;
        if tensor.name == "token_embd.weight" {
            vocabulary = tensor.shape[1] as u32;
        }
    }
    let (count, used) = (header.most("expert_count"), header.most("expert_used_count"));
    let active = (experts > 0 && count > 0).then(|| others + experts * u64::from(used) / u64::from(count));
    let inside = header.most("expert_feed_forward_length") * used;
    Ok(Dimensions {
        parameters: experts + others,
        active,
        layers: header.most("block_count"),
        width: header.most("embedding_length"),
        attention: header.most("attention.head_count") * header.head("attention.key_length"),
        cache: header.cache(),
        feed_forward: if inside > 0 { inside } else { header.most("feed_forward_length") },
        vocabulary,
    })
}

struct Header<'a> {
    first: &'a GgufFile,
    architecture: String,
}

impl Header<'_> {
    /// The greatest number that a key has for any layer; 0 where the model has no such key.
    fn most(&self, key: &str) -> u32 {
        let key = format!("{}.{key}", self.architecture);
        self.first.numbers(&key).unwrap_or_default().into_iter().max().unwrap_or_default()
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
                heads * (self.head("attention.key_length") + self.head("attention.value_length"))
            }
            latent => latent + self.most("rope.dimension_count"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiny::{Architecture, TinyModel};

    fn of(architecture: Architecture) -> Dimensions {
        let file = tempfile::NamedTempFile::new().unwrap();
        TinyModel { architecture, ..TinyModel::default() }.write(file.path()).unwrap();
        dimensions(file.path()).unwrap()
    }

    #[test]
    fn a_header_says_how_large_a_model_is_and_how_much_of_it_a_token_meets() {
        for architecture in Architecture::ALL {
            let found = of(architecture);
            let mixture =
                matches!(architecture, Architecture::Qwen3Moe | Architecture::GptOss | Architecture::Deepseek2);
            assert_eq!(
                found.active.is_some_and(|active| active < found.parameters),
                mixture,
                "{architecture:?} {found:?}"
            );
            let numbers =
                [found.layers, found.width, found.attention, found.cache, found.feed_forward, found.vocabulary];
            assert!(numbers.iter().all(|number| *number > 0), "{architecture:?} {found:?}");
        }
    }
}
