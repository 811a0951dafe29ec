//! Training an adapter: window after window of gradients, and steps of the optimizer between them.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use xlt_core::lora::{Lora, Pair, PairShape};
use xlt_core::training::Window;

use super::arena::{Arena, Products};
use super::backward::Backward;
use super::dropout::Dropout;
use super::forward::Forward;
use super::loss::Loss;
use super::machine::{Buffer, Machine, Program};
use super::optimizer::{AdamW, Optimizer};
use super::rewrite::{Rewritten, rewrite};
use super::tensor::Tensor;
use super::transposes::Transposes;
use crate::adapter::{Adapter, PAIR};
use crate::{Context, ContextOptions, KvType, LlamaError, Model, gguf};

/// Architectures whose gradients are checked against finite differences.
pub const TRAINABLE: [&str; 7] = ["llama", "qwen2", "qwen3", "qwen3moe", "gemma3", "gpt-oss", "deepseek2"];

/// Most nodes that llama.cpp's graph may have.
pub(super) const MOST_FORWARD_NODES: usize = 1 << 16;

/// How to compute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainOptions {
    /// Tokens of a window, a multiple of 256.
    pub window: usize,
    /// Answers that a window may have.
    pub answers: usize,
    /// Threads of the CPU.
    pub threads: u32,
    /// Bytes that training may take beside the model itself; `None`: as many as are fastest.
    pub memory: Option<u64>,
    /// How likely an adapter's input is dropped, from 0 to below 1; what is, [`Trainer::drop_inputs`] draws.
    pub dropout: f32,
    /// Where to compute with ggml's operations alone, as on a GPU, although the CPU has faster ones.
    pub portable: Portable,
    /// Whether the logits of a window can be looked at after it; they take memory of their own.
    pub keep_logits: bool,
}

/// Which passes use nothing but what every device has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Portable {
    /// Neither, where the CPU computes everything.
    #[default]
    Neither,
    /// The backward pass: transposes of a quantized base's weights are rounded to BF16.
    Backward,
    /// Both. The order of sums changes in the forward pass too, and with it the roundings of activations to eight bits.
    Both,
}

/// What is given up to need less memory, fastest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Whether transposes of the weights are kept, or made anew in every window.
    pub keeps_transposes: bool,
    /// Whether all activations are kept, or one layer's, and computed a second time.
    pub keeps_activations: bool,
}

impl Layout {
    /// All, from the fastest to the smallest.
    const ALL: [Self; 3] = [
        Self { keeps_transposes: true, keeps_activations: true },
        Self { keeps_transposes: true, keeps_activations: false },
        Self { keeps_transposes: false, keeps_activations: false },
    ];
}

/// An adapter in training on a model that stays as it is.
///
/// The forward pass is llama.cpp's own, with the adapter attached; what is trained are the tensors that it reads.
#[derive(Debug)]
pub struct Trainer<'m> {
    trained: Vec<Tensor>,
    loss: Loss,
    dropout: Dropout,
    step: u64,
    layout: Layout,
    bytes: u64,
    alpha: f32,
    model: &'m Model,
    logits: Option<Tensor>,
    // In the order in which they can be dropped.
    pub(super) program: Program,
    optimizer: Optimizer,
    _transposes: (Option<Buffer>, Transposes),
    _backward: Arena,
    _arena: Arena,
    forward: Forward,
    pub(super) machine: Machine,
    _context: Context<'m>,
    _adapter: Adapter,
}

/// The adapter, what AdamW keeps of it, and the number of steps made: all that a later step depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The adapter.
    pub adapter: Lora,
    /// First moments, in the adapter's shapes.
    pub first: Lora,
    /// Second moments, in the adapter's shapes.
    pub second: Lora,
    /// Steps made.
    pub step: u64,
}

impl<'m> Trainer<'m> {
    /// Prepares to train the adapter at `path`, a GGUF file made for the model, which itself is not changed.
    ///
    /// # Errors
    /// Where the architecture, or an operation of its graph, is none that training knows; where llama.cpp's graph leaves out a
    /// part of the adapter; where the smallest layout does not fit into the memory given.
    pub fn new(model: &'m Model, path: &Path, options: &TrainOptions) -> Result<Self, LlamaError> {
        let architecture = model.architecture();
        if !TRAINABLE.contains(&architecture) {
            return Err(LlamaError::Untrainable { architecture: architecture.to_owned(), trainable: &TRAINABLE });
        }
        let header = gguf::check_file(path)?;
        let adapter = model.open_adapter(path, &header)?;
        let alpha = adapter.alpha();
        let context = Context::new(model, &context_options(options.window, options.threads))?;
        let machine = Machine::new(model.gpus(), options.threads, MOST_FORWARD_NODES)?;
        let products = |portable| if portable { Products::Ggml } else { machine.products() };
        let shape = (options.window, options.answers);
        let forward = Forward::new(&context, Some(adapter.raw()), shape, &machine, MOST_FORWARD_NODES)?;
        let trained = trained(model, &forward.nodes, path, &header)?;
        let most = MOST_NODES_FOR_EACH * (forward.nodes.len() + trained.len()) + 256;
        let arena = Arena::new(most, products(options.portable == Portable::Both));
        let as_set: HashSet<Tensor> = trained.iter().copied().collect();
        let dropping = trained.iter().step_by(2).copied().filter(|_| options.dropout > 0.0).collect();
        let Rewritten { nodes, output, masks, gelus } =
            rewrite(&forward.nodes, forward.logits, &as_set, &dropping, &arena);
        let dropout = Dropout { masks, share: options.dropout };
        let loss = Loss::new(output, &arena);
        let logits = options.keep_logits.then(|| output.keep());
        let optimizer = Optimizer::new(&trained, &machine)?;
        let mut needed = Vec::new();
        for layout in Layout::ALL {
            let backward = Arena::new(most, products(options.portable != Portable::Neither));
            let mut transposes = Transposes::new(layout.keeps_transposes, nodes.len());
            let mut walk = Backward::new(&nodes, gelus.clone(), &as_set, &mut transposes, &backward);
            walk.walk(&nodes, output, loss.gradient, !layout.keeps_activations)?;
            let sums = trained.iter().zip(&optimizer.gradients).rev().map(|(tensor, sum)| {
                let gradient = walk.gradient(*tensor).ok_or_else(|| LlamaError::NoGradient {
                    operation: "of the loss".to_owned(),
                    node: tensor.name(),
                })?;
                Ok(backward.add_inplace(*sum, gradient))
            });
            // The last layer's first: its activations are free then before those of the others are computed again.
            let sums = sums.collect::<Result<Vec<_>, LlamaError>>()?;
            let unit = walk.unit;
            let roots: Vec<Tensor> = nodes.iter().copied().chain([loss.right]).chain(sums).collect();
            let bytes = machine.measure(&roots, most) + transposes.bytes() + optimizer.bytes();
            needed.push(bytes);
            if options.memory.is_some_and(|memory| bytes > memory) {
                continue;
            }
            let buffer = transposes.fill()?;
            let program = machine.program(&roots, most)?;
            if let Some(unit) = unit {
                write_unit(unit);
            }
            dropout.keep_all();
            return Ok(Self {
                trained,
                dropout,
                logits,
                loss,
                step: 0,
                layout,
                bytes,
                alpha,
                model,
                program,
                optimizer,
                _transposes: (buffer, transposes),
                _backward: backward,
                _arena: arena,
                forward,
                machine,
                _context: context,
                _adapter: adapter,
            });
        }
        Err(LlamaError::TrainingMemory { needed, given: options.memory.unwrap_or(0) })
    }

    /// What was given up for memory.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Bytes that training takes beside the model and its context.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Steps made so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Draws which inputs of the adapter are dropped in the next window, by the seed and a number that no other window of the
    /// training has. Before the first draw none are.
    pub fn drop_inputs(&mut self, seed: u64, number: u64) {
        self.dropout.draw(seed, number);
    }

    /// Adds the gradients of a window's loss, in which every answer has that weight. Returns the log-likelihoods of its
    /// answers, in nats: the loss is minus their sum times the weight.
    ///
    /// # Panics
    /// If the window is of another size than the trainer, or has more answers.
    pub fn accumulate(&mut self, window: &Window, weight: f32) -> Result<Vec<f64>, LlamaError> {
        let outputs = self.loss.fill(window, weight);
        self.forward.fill(window, &outputs);
        self.program.run()?;
        Ok(self.loss.log_likelihoods(window))
    }

    /// Makes a step with the gradients that were added up, and forgets them. Returns their norm before clipping.
    pub fn step(&mut self, with: &AdamW) -> Result<f64, LlamaError> {
        self.step += 1;
        self.optimizer.step(self.step, with)
    }

    /// The adapter as it is now.
    #[must_use]
    pub fn adapter(&self) -> Lora {
        self.lora(&self.trained)
    }

    /// The gradients that were added up, in the adapter's shapes.
    #[must_use]
    pub fn gradients(&self) -> Lora {
        self.lora(&self.optimizer.gradients)
    }

    /// Logits of the window that was computed last, a row for each of its answers; none where they were not to be kept.
    #[must_use]
    pub fn logits(&self, window: &Window) -> Vec<Vec<f32>> {
        let values = self.logits.map(Tensor::read).unwrap_or_default();
        let rows = values.chunks_exact(self.model.vocab_size());
        rows.zip(self.loss.rows(window))
            .filter(|(_, (_, answer))| answer.is_some())
            .map(|(row, _)| row.to_vec())
            .collect()
    }

    /// All that a later step depends on.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            adapter: self.adapter(),
            first: self.lora(&self.optimizer.first),
            second: self.lora(&self.optimizer.second),
            step: self.step,
        }
    }

    /// Goes on from a checkpoint of the same adapter.
    ///
    /// # Errors
    /// Where the checkpoint is of another adapter.
    pub fn restore(&mut self, from: &Checkpoint) -> Result<(), LlamaError> {
        for (lora, tensors) in [
            (&from.adapter, &self.trained),
            (&from.first, &self.optimizer.first),
            (&from.second, &self.optimizer.second),
        ] {
            let values = lora.pairs.iter().flat_map(|pair| [&pair.a, &pair.b]);
            let fits = lora.pairs.len() * 2 == tensors.len()
                && tensors.iter().zip(values.clone()).all(|(tensor, values)| tensor.count() == values.len());
            if !fits {
                return Err(LlamaError::TrainingGraph { why: "the checkpoint is of another adapter".to_owned() });
            }
            for (tensor, values) in tensors.iter().zip(values) {
                tensor.write(values);
            }
        }
        self.step = from.step;
        Ok(())
    }

    /// Tensors in the order of the trained ones, as an adapter.
    fn lora(&self, tensors: &[Tensor]) -> Lora {
        let pairs = self.trained.chunks_exact(2).zip(tensors.chunks_exact(2)).map(|(names, values)| {
            let [a, b] =
                [names[0], names[1]].map(|tensor| tensor.sizes().map(|size| usize::try_from(size).unwrap_or(0)));
            Pair {
                tensor: names[0].name().trim_end_matches(PAIR[0]).to_owned(),
                shape: PairShape { experts: a[2], rank: a[1], inputs: a[0], outputs: b[1] },
                a: values[0].read(),
                b: values[1].read(),
            }
        });
        Lora { architecture: self.model.architecture().to_owned(), alpha: self.alpha, pairs: pairs.collect() }
    }
}

/// Nodes that backward adds for one of the forward pass, at most: its copy, and what its rule makes.
const MOST_NODES_FOR_EACH: usize = 24;

pub(super) fn context_options(window: usize, threads: u32) -> ContextOptions {
    let size = u32::try_from(window).unwrap_or(u32::MAX);
    ContextOptions { n_ctx: size, n_batch: size, sequences: 1, separate: false, outputs: 1, kv: KvType::F32, threads }
}

/// The adapter's tensors in the graph, `A` and `B` in turn, by name; and all of those that the file has.
fn trained(model: &Model, nodes: &[Tensor], path: &Path, header: &gguf::Header) -> Result<Vec<Tensor>, LlamaError> {
    let sources = nodes.iter().flat_map(|node| node.sources()).filter(|source| source.is_leaf());
    let by_name: BTreeMap<String, Tensor> = sources.map(|source| (source.name(), source)).collect();
    let unused: Vec<String> = header.names().filter(|name| !by_name.contains_key(*name)).cloned().collect();
    if !unused.is_empty() {
        let (architecture, of) = (model.architecture().to_owned(), header.tensors.len());
        return Err(LlamaError::AdapterUnused { path: path.to_owned(), architecture, unused, of });
    }
    let pairs = header.names().filter_map(|name| name.strip_suffix(PAIR[0]));
    Ok(pairs.flat_map(|name| PAIR.map(|end| by_name.get(&format!("{name}{end}")).copied())).flatten().collect())
}

fn write_unit(unit: Tensor) {
    let size = usize::try_from(unit.sizes()[0]).unwrap_or(0);
    let mut values = vec![0.0_f32; size * size];
    values.iter_mut().step_by(size + 1).for_each(|value| *value = 1.0);
    unit.write(&values);
}
