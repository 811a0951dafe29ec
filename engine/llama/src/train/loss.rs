//! The mean negative log-likelihood of the answers' tokens, and its gradient by the logits.

use llama_cpp_sys_2 as sys;
use xlt_core::training::Window;

use super::arena::Arena;
use super::tensor::Tensor;

/// Least probability whose logarithm is taken.
const LEAST: f64 = 1e-30;

/// The loss of one window: `Σ w · -log softmax(logits)[label]` over the rows of logits.
///
/// Rows beyond the window's answers have weight 0, as a graph's number of rows is fixed.
#[derive(Debug)]
pub(super) struct Loss {
    /// The probability of each row's label.
    pub(super) right: Tensor,
    /// That of the logits, `[vocabulary, rows]`.
    pub(super) gradient: Tensor,
    labels: Tensor,
    weights: Tensor,
    vocabulary: usize,
    rows: usize,
}

impl Loss {
    pub(super) fn new(logits: Tensor, arena: &Arena) -> Self {
        let [vocabulary, rows, ..] = logits.sizes();
        let labels = arena.new_1d(sys::GGML_TYPE_I32, rows).set_name(c"xlt_labels").keep();
        let weights = arena.new_2d(sys::GGML_TYPE_F32, 1, rows).set_name(c"xlt_weights").keep();
        let all = arena.soft_max(logits);
        // The probabilities of the labels, found by their places in all rows together: labels count through.
        let right = arena.get_rows(arena.reshape_2d(all, 1, vocabulary * rows), labels).keep();
        // w (p - 1) at the label, w p elsewhere.
        let elsewhere = arena.reshape_2d(arena.mul(all, weights), 1, vocabulary * rows);
        let there = arena.mul(arena.scale_bias(right, 1.0, -1.0), weights);
        let gradient = arena.reshape_2d(arena.set_rows(elsewhere, there, labels), vocabulary, rows);
        let count = |size: i64| usize::try_from(size).unwrap_or(0);
        Self { right, gradient, labels, weights, vocabulary: count(vocabulary), rows: count(rows) }
    }

    /// Asks for the answers of a window, each with that weight. Returns which of its tokens get logits.
    pub(super) fn fill(&self, window: &Window, weight: f32) -> Vec<i8> {
        let mut outputs = vec![0; window.tokens.len()];
        let rows = self.rows(window).into_iter().enumerate().map(|(row, (at, answer))| {
            outputs[at] = 1;
            let label = row * self.vocabulary + answer.map_or(0, |token| token.unsigned_abs() as usize);
            (i32::try_from(label).unwrap_or(0), if answer.is_some() { weight } else { 0.0 })
        });
        let (labels, weights): (Vec<i32>, Vec<f32>) = rows.unzip();
        self.labels.write(&labels);
        self.weights.write(&weights);
        outputs
    }

    /// Log-likelihood of each answer of the window that was computed last, in nats.
    pub(super) fn log_likelihoods(&self, window: &Window) -> Vec<f64> {
        let rows = self.right.read().into_iter().zip(self.rows(window));
        let answers = rows.filter(|(_, (_, answer))| answer.is_some());
        // A probability that is no number stays none.
        answers
            .map(|(right, _)| f64::from(right))
            .map(|right| if right < LEAST { LEAST.ln() } else { right.ln() })
            .collect()
    }

    /// The place of each row of logits, ascending, and the token that is right there. Where a window has too few answers the
    /// first other tokens fill the rows.
    pub(super) fn rows(&self, window: &Window) -> Vec<(usize, Option<i32>)> {
        assert!(window.answers.len() <= self.rows, "a window has no more answers than the trainer was made for");
        let mut fillers = self.rows - window.answers.len();
        let mut answers = window.answers.iter().peekable();
        let rows = (0..window.tokens.len()).filter_map(|at| match answers.next_if(|answer| answer.after == at) {
            Some(answer) => Some((at, Some(answer.token))),
            None if fillers == 0 => None,
            None => {
                fillers -= 1;
                Some((at, None))
            }
        });
        rows.collect()
    }
}
