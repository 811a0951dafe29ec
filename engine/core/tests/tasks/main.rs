//! Published data sets, from rows as they are published to what a model is asked. All rows are made up.
//!
//! What other tools ask was printed by the tools themselves over these rows: lm-evaluation-harness 0.4.13 (`construct_requests` of
//! a task over a data set in memory), inspect_ai 0.3.285 (`prompt` of `solver/_multiple_choice.py`).

mod belebele;
mod global_mmlu;
mod sib200;
mod xcopa;
mod xnli;

use xlt_core::items::{self, Item};
use xlt_core::prompt::Renderer;
use xlt_core::spec::{Chat, Data, Mode, Prompt, Request, Score, load};

/// A study of one data set and one mode.
struct Study {
    data: Data,
    prompt: Prompt,
    mode: Mode,
    chat: Chat,
}

impl Study {
    /// With `data` under `[data.set]` and `prompt` under `[prompt]`.
    fn new(language: &str, data: &str, prompt: &str) -> Self {
        let text = format!(
            "[models]\ntiny = {{ file = 'tiny.gguf' }}\n[modes.direct]\n[conditions]\nbase = {{}}\n\
             [evaluate]\ndata = 'set'\nlanguages = '{language}'\n[data.set]\n{data}\n[prompt]\n{prompt}\n"
        );
        let spec = load(&Request { path: "s.toml", profile: None, set: &[] }, &|_| Ok(text.clone()));
        let mut spec = spec.unwrap_or_else(|errors| panic!("{errors:#?}"));
        let prompt = spec.prompt.expect("it has one");
        Self { data: spec.data.remove(0), prompt, mode: spec.modes.remove(0), chat: spec.models[0].chat }
    }

    fn items(&self, language: &str, rows: &str) -> Vec<Item> {
        items::read("rows", rows.as_bytes(), &self.data, language, self.prompt.labels.len()).expect("good rows")
    }

    fn renderer(&self) -> Renderer {
        Renderer::new(&self.prompt, &self.mode, &self.data.fields.extra).expect("good templates")
    }

    fn rendered(&self, item: &Item) -> String {
        self.renderer().render(item).expect("a good item")
    }

    /// What is compared at the end of the prompt, each with what stands before it.
    fn scored(&self, item: &Item) -> Vec<(String, String)> {
        let texts = match self.mode.score {
            Score::Texts => self.renderer().continuations(item).expect("a good item"),
            Score::Labels => self.prompt.labels.clone(),
            Score::Generate => panic!("nothing is compared"),
        };
        let prompt = self.rendered(item);
        texts.iter().map(|text| (prompt.clone(), format!("{}{text}", self.prompt.delimiter))).collect()
    }
}

/// A request of the harness, context and continuation, as it scores it: white space at the end of the context goes with the
/// continuation.
fn as_scored((context, continuation): (&str, &str)) -> (String, String) {
    let kept = context.trim_end();
    (kept.to_owned(), format!("{}{continuation}", &context[kept.len()..]))
}

fn all_scored(context: &str, continuations: &[&str]) -> Vec<(String, String)> {
    continuations.iter().map(|continuation| as_scored((context, continuation))).collect()
}
