//! The gradients of training against finite differences, for a tiny random model of every architecture.
#![expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]

use tempfile::TempDir;
use xlt_core::lora::Lora;
use xlt_core::training::{Answer, Window, initial};
use xlt_llama::tiny::{Architecture, TinyModel};
use xlt_llama::{Backend, LlamaError, LoadOptions, Model, TrainOptions, Trainer, write_lora};

const TOKENS: usize = 256;
/// Examples of a window, and of how many tokens each.
const EXAMPLES: usize = 3;
const LONG: usize = 80;

/// A model of an architecture, and an adapter for all that llama.cpp applies one to.
struct Bench {
    folder: TempDir,
    model: Model,
    lora: Lora,
}

impl Bench {
    fn new(architecture: Architecture) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        TinyModel { architecture, ..TinyModel::default() }.write(&path).unwrap();
        let model = Model::load(&Backend::silent().unwrap(), &path, &LoadOptions::default()).unwrap();
        let mut targets = model.linear_weights(4).unwrap();
        targets.sort();
        let mut lora = initial(architecture.name(), 8.0, &targets, 1);
        for pair in &mut lora.pairs {
            // Away from zero, where the gradient of A is none.
            let again = initial("", 8.0, &[(pair.tensor.clone(), pair.shape)], 2).pairs.remove(0).a;
            let count = pair.b.len();
            pair.b = again.iter().cycle().take(count).map(|value| 0.5 * value).collect();
        }
        let mut bench = Self { folder, model, lora };
        // What llama.cpp leaves out.
        if let Err(LlamaError::AdapterUnused { unused, .. }) = bench.train(&bench.lora, None) {
            bench.lora.pairs.retain(|pair| !unused.contains(&format!("{}.lora_a", pair.tensor)));
        }
        bench
    }

    fn train(&self, lora: &Lora, memory: Option<u64>) -> Result<Trainer<'_>, LlamaError> {
        let path = self.folder.path().join("adapter.gguf");
        let _ = std::fs::remove_file(&path);
        write_lora(lora, &path).unwrap();
        let options = TrainOptions { window: TOKENS, answers: EXAMPLES * LONG, threads: 1, memory };
        Trainer::new(&self.model, &path, &options)
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

/// The loss of a trainer's window with its adapter moved along `direction`.
fn loss_at(trainer: &mut Trainer<'_>, window: &Window, from: &Lora, along: &Direction, by: f64) -> f64 {
    let mut checkpoint = trainer.checkpoint();
    checkpoint.adapter = from.clone();
    let pair = &mut checkpoint.adapter.pairs[along.pair];
    let values = if along.in_a { &mut pair.a } else { &mut pair.b };
    for (value, direction) in values.iter_mut().zip(&along.values) {
        *value += (by * f64::from(*direction)) as f32;
    }
    trainer.restore(&checkpoint).unwrap();
    f64::from(trainer.accumulate(window, 1.0).unwrap())
}

/// One tensor's gradient.
struct Direction {
    pair: usize,
    in_a: bool,
    values: Vec<f32>,
    norm: f64,
}

fn directions(gradients: &Lora) -> Vec<Direction> {
    let sides = gradients.pairs.iter().enumerate().flat_map(|(at, pair)| [(at, true, &pair.a), (at, false, &pair.b)]);
    let direction = |(pair, in_a, values): (usize, bool, &Vec<f32>)| {
        let norm = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        Direction { pair, in_a, values: values.iter().map(|value| (f64::from(*value) / norm) as f32).collect(), norm }
    };
    sides.map(direction).collect()
}

/// The greatest error of any tensor's gradient along itself, relative to its norm.
fn worst(architecture: Architecture, step: f64) -> (f64, String) {
    let bench = Bench::new(architecture);
    let window = bench.window();
    let mut trainer = bench.train(&bench.lora, None).unwrap();
    trainer.accumulate(&window, 1.0).unwrap();
    let mut worst = (0.0, String::new());
    for direction in directions(&trainer.gradients()) {
        let name = format!("{}.{}", bench.lora.pairs[direction.pair].tensor, if direction.in_a { "a" } else { "b" });
        assert!(direction.norm > 1e-6, "{architecture:?}: no gradient reaches {name}");
        let by = step / direction.norm;
        let up = loss_at(&mut trainer, &window, &bench.lora, &direction, by);
        let down = loss_at(&mut trainer, &window, &bench.lora, &direction, -by);
        let found = (up - down) / (2.0 * by);
        let error = (found - direction.norm).abs() / direction.norm;
        eprintln!("{name}: {:.5} {found:.5} {error:.1e}", direction.norm);
        if error > worst.0 {
            worst = (error, name);
        }
    }
    eprintln!("{architecture:?}: worst {worst:?}");
    worst
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for architecture in Architecture::ALL {
        let (error, name) = worst(architecture, 0.1);
        let allowed = if architecture == Architecture::Gemma3 { 2e-2 } else { 1e-3 };
        assert!(error < allowed, "{architecture:?}: {error} at {name}");
    }
}
