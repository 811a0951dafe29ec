//! What is learned in which step, worked out before the first: sizes of windows, and how full they are.

use xlt_core::plan::FinetuneWork;
use xlt_core::spec::Lesson;
use xlt_core::training::order::{self, Step};
use xlt_core::training::{Example, Window, pack};

/// The steps of a training.
pub(in crate::worker) struct Course {
    pub(in crate::worker) examples: Vec<Example>,
    pub(in crate::worker) steps: Vec<Step>,
    /// Tokens of a window.
    pub(super) window: usize,
    /// Answers of a window, the most that any has.
    pub(super) answers: usize,
    /// Share of the windows' places that hold no token of an example.
    pub(super) padding: f64,
}

impl Course {
    /// `steps`: those that as many rows as there are make. `allowed`: tokens that an example may have.
    ///
    /// # Errors
    /// A sentence: examples that are too long, nothing that is asked for.
    pub(super) fn new(
        work: &FinetuneWork,
        examples: Vec<Example>,
        rows: usize,
        steps: u64,
        allowed: usize,
    ) -> Result<Self, String> {
        let training = &work.training;
        let longest = pack::longest(&examples, allowed).map_err(|error| match training.max_length {
            Some(_) => error.to_string(),
            None => format!("{error} (without `max_length` it is what model `{}` was trained on)", work.model),
        })?;
        if examples.is_empty() {
            return Err("there is nothing to learn: no text has two tokens; check `train_on.text`".to_owned());
        }
        // Steps that are made equal among adapters are counted in rows; else every piece of a text is learned.
        let equal = training.matched.is_some_and(|matched| matched.steps());
        let pieces = matches!(training.train_on.lesson, Lesson::Text(_)) && examples.len() != rows && !equal;
        let steps = if pieces { order::steps(examples.len(), training.pace) } else { steps };
        let steps = order::course(&examples, work.seed, training.pace, steps);
        let mut course = Self { examples, steps, window: pack::window_size(longest), answers: 1, padding: 0.0 };
        let (mut places, mut filled) = (0, 0);
        for step in &course.steps {
            let windows = course.windows(step)?;
            places += windows.len() * course.window;
            filled += course.tokens(step);
            course.answers = windows.iter().map(|window| window.answers.len()).fold(course.answers, usize::max);
        }
        course.padding = 1.0 - filled as f64 / places.max(1) as f64;
        Ok(course)
    }

    /// The windows of a step.
    pub(super) fn windows(&self, step: &Step) -> Result<Vec<Window>, String> {
        let examples: Vec<&Example> = step.examples.iter().map(|&at| &self.examples[at]).collect();
        pack::pack(&examples, self.window).map_err(|error| error.to_string())
    }

    /// Tokens that are read in a step, padding aside.
    pub(super) fn tokens(&self, step: &Step) -> usize {
        step.examples.iter().map(|&at| self.examples[at].tokens.len()).sum()
    }

    /// The rows of a step, some by name.
    pub(super) fn rows(&self, step: &Step) -> String {
        const NAMED: usize = 8;
        let name = |&at: &usize| format!("`{}` in {}", self.examples[at].key, self.examples[at].language);
        let mut text = step.examples.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
        if step.examples.len() > NAMED {
            text.push_str(&format!(" and {} more", step.examples.len() - NAMED));
        }
        text
    }
}
