//! A made-up study of any size: items in several scripts, answers in several columns, prompts with special tokens.
//!
//! Everything is drawn from a counter, so that the same size is the same study.

use std::collections::BTreeMap;
use std::convert::Infallible;
use xlt_core::analysis::{Analysis, ConditionFacts, Questions, analyze};
use xlt_core::answers::{Answer, Ended, Written};
use xlt_core::evidence::Evidence;
use xlt_core::exact::{self, Exact, Lead, Piece};
use xlt_core::items::Item;
use xlt_core::languages;
use xlt_core::plan::EvaluateCell;
use xlt_core::provenance::{Origin, Used};
use xlt_core::results::{CellId, Column, Evaluations, Results, compute};
use xlt_core::spec::{Analyze, Drawn, Gain, LanguageGroup};
use xlt_report::{Sources, html};

/// How large it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Models, each with three columns: as it is, tuned, and reasoning.
    pub(crate) models: usize,
    /// Languages, in the order of their table; the first are those of [`FIRST`].
    pub(crate) languages: usize,
    /// Items of a language.
    pub(crate) items: usize,
    /// Words of a passage.
    pub(crate) words: usize,
    /// Words of a reasoning.
    pub(crate) thoughts: usize,
}

/// Languages that come before the others of the table.
const FIRST: [&str; 4] = ["eng_Latn", "heb_Hebr", "arb_Arab", "jpn_Jpan"];

/// The page of such a study.
pub(crate) fn page(size: Size) -> String {
    let study = Study::new(size);
    let rows = study.rows.iter().map(|(code, items)| Ok::<_, Infallible>((code.clone(), items.clone())));
    let Ok(evidence) = Evidence::new(&study.evaluations, rows, study.prompts.clone());
    html(&study.results, &Sources { evidence, origins: &study.origins })
}

struct Study {
    evaluations: Evaluations,
    rows: Vec<(String, Vec<Item>)>,
    prompts: BTreeMap<CellId, Exact>,
    origins: Vec<Origin>,
    results: Results,
}

impl Study {
    fn new(size: Size) -> Self {
        let others = languages::belebele().map(|language| language.code).filter(|code| !FIRST.contains(code));
        let codes: Vec<&str> = FIRST.into_iter().chain(others).take(size.languages).collect();
        let mut draw = Draw(1);
        let mut rows: Vec<(String, Vec<Item>)> =
            codes.iter().map(|code| ((*code).to_owned(), items(code, size, &mut draw))).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        let (mut evaluations, mut prompts) = (Evaluations::new(), BTreeMap::new());
        for model in 0..size.models {
            for (condition, mode) in [("base", "direct"), ("base", "reasoning"), ("tuned", "direct")] {
                let seed = (condition == "tuned").then_some(17);
                let (model, condition, mode) = (format!("model-{model}"), condition.to_owned(), mode.to_owned());
                let column = Column { model, condition, mode, seed };
                for (language, items) in &rows {
                    let id = CellId { column: column.clone(), language: language.clone() };
                    prompts.insert(id.clone(), asked(&id, items));
                    let answers = items.iter().map(|item| answer(&id, item, size, &mut draw)).collect();
                    evaluations.insert(id, answers);
                }
            }
        }
        let group =
            LanguageGroup { name: "target".to_owned(), codes: codes.iter().map(|&code| code.to_owned()).collect() };
        let results = compute("made-up", &evaluations, std::slice::from_ref(&group), 4);
        let results = Results { analysis: analyzed(&evaluations, &[group], &results), ..results };
        let origins = evaluations.keys().map(origin).collect();
        Self { evaluations, rows, prompts, origins, results }
    }
}

/// What tuning on Arabic did.
fn analyzed(evaluations: &Evaluations, groups: &[LanguageGroup], results: &Results) -> Analysis {
    let facts = |name: &str, adapter: Option<&str>| ConditionFacts {
        name: name.to_owned(),
        adapter: adapter.map(str::to_owned),
        mode: adapter.map(|_| "direct".to_owned()),
        sources: adapter.map(|_| "arb_Arab".to_owned()).into_iter().collect(),
        data: None,
        control: false,
    };
    let (of, over, test) = ("tuned".to_owned(), "base".to_owned(), "mcnemar".to_owned());
    let questions = Questions {
        analyze: &Analyze { gain: Some(Gain { of, over, test, interval: Drawn::Passages }), ..Analyze::default() },
        claims: &[],
        post_hoc: &[],
        conditions: &[facts("base", None), facts("tuned", Some("arabic"))],
        groups,
        options: 4,
        learned: &BTreeMap::new(),
    };
    analyze(evaluations, &questions, results)
}

/// A generator of numbers that is the same everywhere (Knuth's constants for 64 bits, MMIX).
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit.max(1)
    }

    /// So many words in the letters of a language, of two thousand that there are, some much more often than others.
    fn words(&mut self, code: &str, number: usize) -> String {
        let (first, letters) = match code.rsplit('_').next() {
            Some("Hebr") => ('א', 26),
            Some("Arab") => ('\u{633}', 8),
            Some("Jpan") => ('ぁ', 80),
            Some("Ethi") => ('ሀ', 200),
            Some("Cyrl") => ('а', 32),
            Some("Deva") => ('क', 33),
            _ => ('a', 26),
        };
        let letter = |at: usize| char::from_u32(first as u32 + (at % letters) as u32).unwrap_or('?');
        let word = |draw: &mut Self| {
            let rank = draw.below(2000) * draw.below(2000) / 2000;
            let mut seed = Self(rank as u64 * 7919 + first as u64);
            let length = 2 + seed.below(6);
            (0..length).map(|_| letter(seed.below(letters * letters) / letters)).collect::<String>()
        };
        (0..number).map(|_| word(self)).collect::<Vec<_>>().join(" ")
    }
}

fn items(code: &str, size: Size, draw: &mut Draw) -> Vec<Item> {
    let mut items = Vec::new();
    let mut passage = String::new();
    for number in 0..size.items {
        if number % 2 == 0 {
            passage = format!("{}.\n{}.", draw.words(code, size.words / 2), draw.words(code, size.words / 2));
        }
        let question = format!("{}?", draw.words(code, 9));
        let options = (0..4).map(|_| draw.words(code, 4)).collect();
        items.push(Item {
            key: format!("p{:03}|{}", number / 2, number % 2 + 1),
            group: format!("p{:03}", number / 2),
            language: code.to_owned(),
            passage: Some(passage.clone()),
            question,
            options,
            answer: draw.below(4),
            extra: BTreeMap::new(),
            part: None,
        });
    }
    items
}

fn answer(id: &CellId, item: &Item, size: Size, draw: &mut Draw) -> Answer {
    let reasons = id.column.mode == "reasoning";
    let right = draw.below(100) < 45 + 20 * usize::from(reasons) + 10 * usize::from(id.column.condition == "tuned");
    let option = if right { item.answer } else { draw.below(4) };
    let labels = ["A", "B", "C", "D"].map(str::to_owned);
    // One in fifty ran out of its budget before it said anything.
    let prediction = (!reasons || draw.below(50) > 0).then_some(option);
    let mut logprobs: Vec<f64> = (0..4).map(|_| -1.5 - draw.below(6000) as f64 / 1000.0).collect();
    logprobs[option] = -0.05 - draw.below(900) as f64 / 1000.0;
    let spoken = if draw.below(3) == 0 { &id.language } else { "eng_Latn" };
    let text = if reasons { draw.words(spoken, size.thoughts) } else { String::new() };
    let ended = if prediction.is_none() { Ended::Budget } else { Ended::Model };
    let mass = 0.9 + draw.below(100) as f64 / 1000.0;
    Answer {
        logprobs: if prediction.is_some() { logprobs } else { Vec::new() },
        answer_mass: prediction.map(|_| mass.min(1.0)),
        argmax_token: 32,
        argmax_text: [" A", "The", "B", "\n"][draw.below(4)].to_owned(),
        n_tokens: 300 + draw.below(200) as u32,
        reasoning: reasons.then_some(Written { tokens: size.thoughts as u32, text, ended }),
        ..Answer::predicted(item, &labels, prediction)
    }
}

/// Prompts in a chat format; one item of each cell is asked otherwise.
fn asked(id: &CellId, items: &[Item]) -> Exact {
    let special = |text: &str| Piece::Special(text.to_owned());
    let prompt = |item: &Item| {
        let options: String =
            item.options.iter().zip(["A", "B", "C", "D"]).map(|(text, label)| format!("{label}. {text}\n")).collect();
        let passage = item.passage.as_deref().unwrap_or_default();
        let odd = if item.key == "p001|1" { "This one is asked otherwise.\n" } else { "" };
        let body = format!("user\n{odd}{passage}\n\n{}\n{options}\nAnswer with A, B, C or D.", item.question);
        vec![
            special("<|im_start|>"),
            Piece::Text(body),
            special("<|im_end|>"),
            Piece::Text("\n".to_owned()),
            special("<|im_start|>"),
            Piece::Text("assistant\n".to_owned()),
        ]
    };
    let labels = ["A", "B", "C", "D"].map(str::to_owned).to_vec();
    let marked = exact::sentinel(&items[0]);
    let lead = Lead {
        after_end: vec![special("</think>"), Piece::Text("\n\nAnswer: ".to_owned())],
        after_cut: vec![Piece::Text("\n\nAnswer: ".to_owned())],
    };
    let lead = (id.column.mode == "reasoning").then_some(lead);
    let shown = prompt(&marked);
    Exact::new(labels, Some((&marked, shown)), lead, items.iter().map(|item| (item, prompt(item))))
}

fn origin(id: &CellId) -> Origin {
    let Column { model, condition, mode, seed } = id.column.clone();
    let cell = EvaluateCell { model, condition, seed, language: id.language.clone(), mode };
    let content = |of: &str| xlt_core::key::Digest::of(of.as_bytes()).to_string();
    let used = |name: &str, stage: String| Used { name: name.to_owned(), content: content(&stage), stage };
    Origin {
        stage: format!("evaluate/{}", cell.name()),
        key: content(&format!("key of {}", cell.name())),
        answers: content(&cell.name()),
        kernel_class: Some("cpu-avx2".to_owned()),
        llama: Some("b1234".to_owned()),
        version: Some("0.1.0".to_owned()),
        inputs: vec![
            used("model", format!("download/model/{}", cell.model)),
            used("rows", format!("download/data/rows/{}", cell.language)),
        ],
        cell,
    }
}
