//! Results that the tests of every format render: a clean cell and a failure of format; a cell of texts; and cells with
//! reasoning and generated answers beside a plain one; tokens that were counted; cells that were probed; rotated
//! options; and adapters that were trained; and, in a file of its own, a small study with effects.

mod study;

pub(crate) use study::{study, study_of};

use std::collections::BTreeMap;
use xlt_core::answers::{Answer, Ended, Generated, TextLength, Written};
use xlt_core::extract::{Extraction, Outcome, Rule};
use xlt_core::fertility::{Difference, Fertilities, Fertility, LanguageFertility, Parity, Premium, Seen};
use xlt_core::plan::TrainedAdapter;
use xlt_core::probe::{Place, Probe, Way};
use xlt_core::results::{CellId, Column, Results, Training, compute};
use xlt_core::spec::LanguageGroup;
use xlt_core::training::log::{Entry, Head, Log};

pub(crate) fn results() -> Results {
    let evaluations = BTreeMap::from([
        (id("heb_Hebr"), vec![answer(0, 0.9, "1"), answer(0, 0.8, "1"), answer(1, 0.95, "2")]),
        (id("mlt_Latn"), vec![answer(1, 0.1, "The"); 3]),
    ]);
    let group = LanguageGroup { name: "target".to_owned(), codes: vec!["heb_Hebr".to_owned(), "mlt_Latn".to_owned()] };
    compute("demo", &evaluations, &[group], 4)
}

/// A cell of the protocol `texts`: right per byte only.
pub(crate) fn texts() -> Results {
    let lengths = [(2, 12, 4), (1, 2, 2), (1, 2, 2), (1, 2, 2)];
    let length = |(tokens, bytes, characters)| TextLength { tokens, bytes, characters };
    let answer = Answer {
        logprobs: vec![-9.0, -4.0, -5.0, -6.0],
        texts: Some(lengths.map(length).to_vec()),
        answer_mass: None,
        ..answer(0, 0.0, "كيف")
    };
    compute("demo", &BTreeMap::from([(id("heb_Hebr"), vec![answer; 2])]), &[], 4)
}

/// Four items in three modes: with reasoning, of which one is cut off; plain; generated, of which one is cut off.
pub(crate) fn written() -> Results {
    let item = |key: usize, prediction| Answer { key: key.to_string(), ..answer(prediction, 0.9, "1") };
    let plain = [0, 0, 1, 1].into_iter().enumerate().map(|(key, prediction)| item(key, prediction));
    let text = |text: &str, tokens, ended| Some(Written { text: text.to_owned(), tokens, ended });
    let model = "Let us think";
    let thoughts = [
        (0, text(model, 1000, Ended::Model)),
        (1, text(model, 1500, Ended::Budget)),
        (0, text(model, 200, Ended::Model)),
        (0, text("אבגדה וזחטי", 300, Ended::Model)),
    ];
    let reasoned = thoughts
        .into_iter()
        .enumerate()
        .map(|(key, (prediction, reasoning))| Answer { reasoning, ..item(key, prediction) });
    let outcomes = [
        (Outcome::Parsed, Some((0, Rule::Cue)), Ended::Model),
        (Outcome::Parsed, Some((1, Rule::Boxed)), Ended::Stop),
        (Outcome::Refused, None, Ended::Model),
        (Outcome::Truncated, None, Ended::Budget),
    ];
    let generated = outcomes.into_iter().enumerate().map(|(key, (outcome, found, ended))| {
        let prediction = found.map(|(option, _)| option);
        let rule = found.map(|(_, rule)| rule);
        let extraction = Extraction { outcome, option: prediction, rule, span: found.map(|_| 0..1) };
        let written = Written { text: "1".to_owned(), tokens: 16, ended };
        let generated = Some(Generated { written, extraction });
        Answer { prediction, logprobs: Vec::new(), answer_mass: None, generated, ..item(key, 0) }
    });
    let mode = |mode: &str| {
        let mut id = id("heb_Hebr");
        id.column.mode = mode.to_owned();
        id
    };
    let evaluations = BTreeMap::from([
        (mode("cot"), reasoned.collect()),
        (mode("direct"), plain.collect()),
        (mode("free"), generated.collect()),
    ]);
    let group = LanguageGroup { name: "target".to_owned(), codes: vec!["heb_Hebr".to_owned()] };
    compute("demo", &evaluations, &[group], 4)
}

/// The first results, with the tokens of their model: the same ids in one language, others in the other.
pub(crate) fn counted() -> Results {
    let language = |language: &str, tokens, parity| LanguageFertility {
        language: language.to_owned(),
        fertility: Fertility { passages: 2, tokens, characters: 6, bytes: 12 },
        premium: Some(Premium { passages: 2, tokens, reference_tokens: 8 }),
        parity: Some(parity),
    };
    let first = Difference {
        key: "p|1".to_owned(),
        field: "option 2".to_owned(),
        position: 4,
        model: Some(Seen { id: 17, text: " כ".to_owned() }),
        tokenizer: None,
    };
    let languages = vec![
        language("heb_Hebr", 8, Parity { texts: 14, differing: 0, first: None }),
        language("mlt_Latn", 14, Parity { texts: 14, differing: 3, first: Some(first) }),
    ];
    let measured = Fertilities { reference: Some("heb_Hebr".to_owned()), languages };
    Results { fertility: BTreeMap::from([("m".to_owned(), measured)]), ..results() }
}

/// The first results, probed: one item of eight flips in one language, and nothing differs in the other.
pub(crate) fn probed() -> Results {
    let place = Place { key: "p|1".to_owned(), option: "2".to_owned(), between: [Way::Alone, Way::Doubled] };
    let hebrew = Probe { items: 8, greatest_difference: 0.00123, place: Some(place), flipped: vec!["p|1".to_owned()] };
    let maltese = Probe { items: 4, greatest_difference: 0.0, place: None, flipped: Vec::new() };
    let probes = BTreeMap::from([(id("heb_Hebr"), hebrew), (id("mlt_Latn"), maltese)]);
    Results { probes, ..results() }
}

/// A cell of two items in four orders: one is always predicted alike, and right; the other where it stands first.
pub(crate) fn rotated() -> Results {
    let answers = [vec![0, 0, 0, 0], vec![0, 1, 2, 3]].map(|orders| Answer { orders, ..answer(0, 0.9, "1") });
    compute("demo", &BTreeMap::from([(id("heb_Hebr"), answers.to_vec())]), &[], 4)
}

/// A cell of the model as it is, and one of an adapter with one seed. That was trained in three steps; another one twice, once without
/// a step.
pub(crate) fn trained() -> Results {
    let mut tuned = id("heb_Hebr");
    (tuned.column.condition, tuned.column.seed) = ("tuned".to_owned(), Some(17));
    let answers = || vec![answer(0, 0.9, "1"), answer(1, 0.9, "1")];
    let evaluations = BTreeMap::from([(id("heb_Hebr"), answers()), (tuned, answers())]);
    let losses = [3.0, 1.0, 0.5];
    let trainings = [("arabic", 17, &losses[..]), ("french", 1, &losses[..1]), ("french", 2, &[])];
    let trainings = trainings.map(|(adapter, seed, losses)| training(adapter, seed, losses)).to_vec();
    Results { trainings, ..compute("demo", &evaluations, &[], 4) }
}

/// A training of so many steps, with a step of warm-up.
pub(crate) fn training(adapter: &str, seed: u64, losses: &[f64]) -> Training {
    let head = Head {
        targets: vec!["blk.0.attn_q.weight".to_owned()],
        trainable: 3072,
        parameters: 1_000_000,
        share: 0.003_072,
        examples: 40,
        window: 512,
        padding: 0.125,
        steps: losses.len() as u64,
    };
    let step = |(step, &loss): (usize, &f64)| Entry {
        step: step as u64,
        epoch: 0,
        loss,
        lr: [0.0, 2e-4, 1e-4][step.min(2)],
        gradient_norm: 0.5,
        tokens: 900,
        answer_tokens: 8,
        examples: 4,
    };
    let of = TrainedAdapter { model: "m".to_owned(), adapter: adapter.to_owned(), seed };
    Training::new(of, Log { head, steps: losses.iter().enumerate().map(step).collect() })
}

fn id(language: &str) -> CellId {
    let column = Column { model: "m".to_owned(), condition: "base".to_owned(), mode: "direct".to_owned(), seed: None };
    CellId { column, language: language.to_owned() }
}

fn answer(prediction: usize, answer_mass: f64, argmax_text: &str) -> Answer {
    Answer {
        key: "k".to_owned(),
        group: "g".to_owned(),
        language: "l".to_owned(),
        prediction: Some(prediction),
        predicted_label: Some((prediction + 1).to_string()),
        gold: 0,
        gold_label: "1".to_owned(),
        logprobs: vec![-1.0; 4],
        texts: None,
        answer_mass: Some(answer_mass),
        argmax_token: 16,
        argmax_text: argmax_text.to_owned(),
        n_tokens: 100,
        reasoning: None,
        generated: None,
        orders: Vec::new(),
    }
}
