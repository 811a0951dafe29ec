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
        let model = Model::load(
            &Backend::start(|line| {
                if std::env::var("XLT_TEST_LOG").is_ok() {
                    eprintln!("{line}")
                }
            })
            .unwrap(),
            &path,
            &LoadOptions::default(),
        )
        .unwrap();
        let targets = model.linear_weights(4).unwrap();
        let mut lora = initial(architecture.name(), 8.0, &targets, 1);
        for pair in &mut lora.pairs {
            // Away from zero, where the gradient of A is none.
            let again = initial("", 8.0, &[(pair.tensor.clone(), pair.shape)], 2).pairs.remove(0).a;
            let count = pair.b.len();
            pair.b = again.iter().cycle().take(count).map(|value| 0.5 * value).collect();
        }
        let mut bench = Self { folder, model, lora };
        // What llama.cpp leaves out.
        let unused = match bench.train(&bench.lora, None) {
            Err(LlamaError::AdapterUnused { unused, .. }) => unused,
            result => result.map(|_| Vec::new()).unwrap(),
        };
        bench.lora.pairs.retain(|pair| !unused.contains(&format!("{}.lora_a", pair.tensor)));
        bench
    }

    fn train(&self, lora: &Lora, memory: Option<u64>) -> Result<Trainer<'_>, LlamaError> {
        let path = self.folder.path().join("adapter.gguf");
        let _ = std::fs::remove_file(&path);
        write_lora(lora, &path).unwrap();
        let options = TrainOptions { window: TOKENS, answers: EXAMPLES * LONG, threads: 1, memory, keep_logits: true };
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
    -trainer.accumulate(window, 1.0).unwrap().iter().sum::<f64>()
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

/// How the slope of the loss is found.
#[derive(Clone, Copy)]
struct Differences {
    /// How far the adapter is moved along a gradient, as the change of the loss that is expected, in nats.
    steps: &'static [f64],
    /// Greatest error that is allowed, relative to the gradient's norm.
    allowed: f64,
}

/// Where experts are chosen the loss jumps when others are, so steps are small. Gemma's GELU the CPU looks up in a table by
/// arguments of 16 bits: the loss is a staircase, so steps are wide, and many.
fn differences(architecture: Architecture) -> Differences {
    match architecture {
        Architecture::Qwen3Moe | Architecture::GptOss => Differences { steps: &[0.01], allowed: 1e-3 },
        Architecture::Gemma3 => Differences { steps: &[1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.3, 2.6, 3.0], allowed: 5e-3 },
        _ => Differences { steps: &[0.05], allowed: 1e-3 },
    }
}

/// Central differences at several steps `h` are `slope + c h²`: the slope by least squares, in which a difference counts by
/// the square of its step, as its error is the loss's over the step.
fn slope(differences: &[(f64, f64)]) -> f64 {
    if let [(_, slope)] = differences {
        return *slope;
    }
    let sum = |value: fn(f64, f64) -> f64| differences.iter().map(|(h, d)| h * h * value(*h, *d)).sum::<f64>();
    let (one, x, xx) = (sum(|_, _| 1.0), sum(|h, _| h * h), sum(|h, _| h.powi(4)));
    let (y, xy) = (sum(|_, d| d), sum(|h, d| h * h * d));
    (xx * y - x * xy) / (one * xx - x * x)
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for architecture in Architecture::ALL {
        let Differences { steps, allowed } = differences(architecture);
        let bench = Bench::new(architecture);
        let window = bench.window();
        let mut trainer = bench.train(&bench.lora, None).unwrap();
        trainer.accumulate(&window, 1.0).unwrap();
        for direction in directions(&trainer.gradients()) {
            let name =
                format!("{}.{}", bench.lora.pairs[direction.pair].tensor, if direction.in_a { "a" } else { "b" });
            assert!(direction.norm > 1e-3, "{architecture:?}: no gradient reaches {name}");
            let difference = |step: &f64| {
                let by = step / direction.norm;
                let up = loss_at(&mut trainer, &window, &bench.lora, &direction, by);
                let down = loss_at(&mut trainer, &window, &bench.lora, &direction, -by);
                (*step, (up - down) / (2.0 * by))
            };
            let found = slope(&steps.iter().map(difference).collect::<Vec<_>>());
            let error = (found / direction.norm - 1.0).abs();
            if std::env::var_os("XLT_TEST_LOG").is_some() {
                eprintln!("{architecture:?} {name} {error:.1e}");
            }
            assert!(error < allowed, "{architecture:?}, {name}: {} and {found}: {error:.1e}", direction.norm);
        }
    }
}
