//! Training on tiny random models: gradients, memory, threads, checkpoints, and what evaluation makes of the result.
#![expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]

mod gradients;
mod steps;
mod use_of_adapters;

use std::path::PathBuf;

use tempfile::TempDir;
use xlt_core::lora::Lora;
use xlt_core::schedule::Share;
use xlt_core::training::{Answer, Window, initial};
use xlt_llama::tiny::{Architecture, TinyModel};
use xlt_llama::{
    Backend, LlamaError, LoadOptions, Model, Portable, QuantizeOptions, TrainOptions, Trainer, quantize, write_lora,
};

const OPTIONS: TrainOptions = TrainOptions {
    window: TOKENS,
    answers: EXAMPLES * LONG,
    threads: 1,
    memory: None,
    dropout: 0.0,
    portable: Portable::Neither,
    keep_logits: false,
};
const TOKENS: usize = 256;
/// Examples of a window, and of how many tokens each.
const EXAMPLES: usize = 3;
const LONG: usize = 80;

/// Where models are: on the GPU whose number `XLT_TEST_GPU` says, as `scripts/gpu-proof.sh` does, else with the CPU.
fn place() -> LoadOptions {
    let number = std::env::var("XLT_TEST_GPU").ok();
    let share = number.map(|number| Share { gpu: number.parse().unwrap(), memory: 1 << 30 });
    LoadOptions { gpus: share.into_iter().collect(), ..LoadOptions::default() }
}

/// A model of an architecture, and an adapter for all that llama.cpp applies one to.
struct Bench {
    folder: TempDir,
    model: Model,
    lora: Lora,
}

impl Bench {
    fn new(architecture: Architecture) -> Self {
        Self::placed(architecture, &place())
    }

    fn placed(architecture: Architecture, place: &LoadOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        TinyModel { architecture, ..TinyModel::default() }.write(&path).unwrap();
        let model = Model::load(&Backend::silent().unwrap(), &path, place).unwrap();
        Self::with(folder, model)
    }

    /// The same of a model whose weights are of another type.
    fn quantized(architecture: Architecture, to: &str) -> Self {
        let Self { folder, .. } = Self::new(architecture);
        let (from, path) = (folder.path().join("model.gguf"), folder.path().join("quantized.gguf"));
        let backend = Backend::silent().unwrap();
        let options = QuantizeOptions { to, requantize: false, threads: 1 };
        quantize(&backend, &from, &path, &options, &mut |_, _| {}).unwrap();
        Self::with(folder, Model::load(&backend, &path, &place()).unwrap())
    }

    fn with(folder: TempDir, model: Model) -> Self {
        let targets = model.linear_weights(4).unwrap();
        let mut lora = initial(model.architecture(), 8.0, &targets, 1);
        for pair in &mut lora.pairs {
            // Away from zero, where the gradient of A is none.
            let again = initial("", 8.0, &[(pair.tensor.clone(), pair.shape)], 2).pairs.remove(0).a;
            let count = pair.b.len();
            pair.b = again.iter().cycle().take(count).map(|value| 0.5 * value).collect();
        }
        let mut bench = Self { folder, model, lora };
        // What llama.cpp leaves out.
        let unused = match bench.train(&bench.lora, OPTIONS) {
            Err(LlamaError::AdapterUnused { unused, .. }) => unused,
            result => result.map(|_| Vec::new()).unwrap(),
        };
        bench.lora.pairs.retain(|pair| !unused.contains(&format!("{}.lora_a", pair.tensor)));
        bench
    }

    fn train(&self, lora: &Lora, options: TrainOptions) -> Result<Trainer<'_>, LlamaError> {
        Trainer::new(&self.model, &self.file(lora), &options)
    }

    /// A file of an adapter.
    fn file(&self, lora: &Lora) -> PathBuf {
        let path = self.folder.path().join("adapter.gguf");
        let _ = std::fs::remove_file(&path);
        write_lora(lora, &path).unwrap();
        path
    }

    /// Random tokens, three examples behind each other and padding, with answers in the later half of each.
    fn window(&self) -> Window {
        let words = self.model.vocab_size() as u32;
        let mut window = Window::default();
        let mut token = 7_u32;
        for at in 0..TOKENS {
            token = token.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            window.tokens.push(((token >> 8) % words) as i32);
            window.examples.push((at / LONG) as u32);
            window.positions.push((at % LONG) as i32);
        }
        for after in (0..EXAMPLES * LONG).filter(|at| at % LONG >= LONG / 2 && at % LONG + 1 < LONG) {
            window.answers.push(Answer { after, token: window.tokens[after + 1] });
        }
        window
    }
}
