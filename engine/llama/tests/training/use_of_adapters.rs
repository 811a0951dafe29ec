//! What is trained is what evaluation uses.

use xlt_core::lora::Lora;
use xlt_llama::tiny::Architecture;
use xlt_llama::{Context, ContextOptions, KvType, Piece, Portable, Token, TrainOptions};

use crate::{Bench, LONG, OPTIONS};

const CONTEXT: ContextOptions = ContextOptions {
    n_ctx: 256,
    n_batch: 256,
    sequences: 1,
    separate: false,
    outputs: 80,
    kv: KvType::F32,
    threads: 1,
};

impl Bench {
    /// Logits after each token of the window's first example, as evaluation computes them with the adapter attached.
    fn logits(&mut self, lora: &Lora) -> Vec<Vec<f32>> {
        let (path, window) = (self.file(lora), self.window());
        self.model.attach(&path).unwrap();
        let ids = window.tokens[..LONG].iter().map(|id| self.model.token(id.unsigned_abs()).unwrap());
        let tokens: Vec<Token> = ids.collect();
        let mut context = Context::new(&self.model, &CONTEXT).unwrap();
        let rows = context.decode(&[Piece { sequence: 0, tokens: &tokens, quiet: 0 }]).unwrap();
        rows.into_iter().map(<[f32]>::to_vec).collect()
    }
}

fn furthest(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

#[test]
fn every_tensor_of_an_adapter_moves_the_logits() {
    for architecture in Architecture::ALL {
        let mut bench = Bench::new(architecture);
        let (lora, before) = (bench.lora.clone(), bench.logits(&bench.lora.clone()));
        for at in 0..lora.pairs.len() {
            for in_a in [true, false] {
                let mut changed = lora.clone();
                let pair = &mut changed.pairs[at];
                let values = if in_a { &mut pair.a } else { &mut pair.b };
                values.iter_mut().for_each(|value| *value *= 1.5);
                let after = bench.logits(&changed);
                let moved = before.iter().zip(&after).map(|(one, other)| furthest(one, other)).fold(0.0, f32::max);
                assert!(moved > 1e-3, "{architecture:?}: {} moved nothing: {moved}", lora.pairs[at].tensor);
            }
        }
    }
}

#[test]
fn evaluation_computes_what_training_computed() {
    for architecture in Architecture::ALL {
        let mut bench = Bench::new(architecture);
        let lora = bench.lora.clone();
        let evaluated = bench.logits(&lora);
        for portable in [Portable::Neither, Portable::Both] {
            let options = TrainOptions { portable, keep_logits: true, ..OPTIONS };
            let mut trainer = bench.train(&lora, options).unwrap();
            let window = bench.window();
            trainer.accumulate(&window, 1.0).unwrap();
            let rows = trainer.logits(&window);
            // Evaluation looks GELU up by arguments of 16 bits, training computes it.
            let allowed = if architecture == Architecture::Gemma3 { 2e-3 } else { 1e-4 };
            assert_eq!(rows.len(), window.answers.len());
            for (answer, row) in window.answers.iter().zip(&rows).filter(|(answer, _)| answer.after < LONG) {
                let difference = furthest(row, &evaluated[answer.after]);
                assert!(difference < allowed, "{architecture:?}, after {}: {difference}", answer.after);
            }
        }
    }
}
