//! A small study with one of everything.

use crate::world;
use std::collections::BTreeMap;
use xlt_core::spec::{
    Adapter, AdapterOrigin, AnswerAs, Base, Channel, Chat, Condition, Data, Evaluate, Fields, FileRef, Format, Gold,
    Kv, LanguageGroup, Length, Lesson, Lora, Mode, Model, ModelFile, ModelResources, Optimizer, Pace, Prompt, Reason,
    Sampling, Schedule, Source, Spec, Split, SplitBy, TrainOn, Training,
};

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

pub(super) fn hub(path: &str, dataset: bool) -> FileRef {
    let source = Source::Hub { repo: "org/repo".to_owned(), dataset, path: path.to_owned(), revision: None };
    FileRef { source, sha256: None, size: None }
}

/// The file of the study's model.
pub(super) fn file(spec: &mut Spec) -> &mut FileRef {
    match &mut spec.models[0].file {
        ModelFile::Given(file) => file,
        made => panic!("{made:?}"),
    }
}

/// A model, quantized, with an adapter, asked in two languages and one mode.
pub(super) fn spec() -> Spec {
    Spec {
        models: vec![Model {
            name: "m".to_owned(),
            file: ModelFile::Given(hub("m.gguf", false)),
            answers: None,
            quantize: Some("Q8_0".to_owned()),
            requantize: false,
            slot: Some("<answer>".to_owned()),
            chat: Chat::Model,
            resources: ModelResources::default(),
            tokenizer: None,
        }],
        languages: vec![LanguageGroup { name: "target".to_owned(), codes: texts(&["arb_Arab", "heb_Hebr"]) }],
        data: vec![data()],
        prompt: Some(Prompt {
            system: Some("Be brief.".to_owned()),
            body: "{{ question }}".to_owned(),
            continuation: None,
            labels: texts(&["A", "B"]),
            delimiter: String::new(),
            words: Default::default(),
        }),
        modes: vec![Mode {
            instruction: Some("Think.".to_owned()),
            reason: Some(Reason {
                max_tokens: 64,
                channel: Channel::Auto,
                effort: None,
                sampling: Sampling::Greedy,
                filler: None,
            }),
            cue: Some("So:".to_owned()),
            ..Mode::named("cot")
        }],
        conditions: vec![Condition {
            name: "tuned".to_owned(),
            adapter: Some("lora".to_owned()),
            modes: texts(&["cot"]),
        }],
        adapters: vec![adapter()],
        evaluate: Some(Evaluate {
            data: "belebele".to_owned(),
            part: "test".to_owned(),
            languages: texts(&["arb_Arab", "heb_Hebr"]),
            limit: Some(100),
            context: None,
            unit: 512,
            kv: Kv::F16,
            slots: 8,
            probe: 0,
        }),
        ..world::commands(vec![])
    }
}

/// How the adapter of that study is trained.
pub(super) fn training(spec: &mut Spec) -> &mut Training {
    match &mut spec.adapters[0].origin {
        AdapterOrigin::Trained(training) => training,
        other => panic!("{other:?}"),
    }
}

fn data() -> Data {
    Data {
        name: "belebele".to_owned(),
        file: hub("{language}.jsonl", true),
        codes: BTreeMap::new(),
        format: Format::Jsonl,
        quotes: None,
        key: texts(&["link", "number"]),
        group: texts(&["link"]),
        fields: Fields {
            passage: Some("passage".to_owned()),
            question: "question".to_owned(),
            options: texts(&["one", "two"]),
            choices: Vec::new(),
            answer: "answer".to_owned(),
            answer_as: AnswerAs::Number,
            extra: BTreeMap::new(),
        },
        split: Some(Split::Drawn { by: SplitBy::Passage, train: 10, test: 20, seed: 1, allow_shared_passages: false }),
    }
}

fn adapter() -> Adapter {
    Adapter {
        name: "lora".to_owned(),
        origin: AdapterOrigin::Trained(Training {
            train_on: TrainOn {
                data: "belebele".to_owned(),
                part: "train".to_owned(),
                languages: texts(&["arb_Arab"]),
                limit: None,
                lesson: Lesson::Answer { mode: "cot".to_owned(), gold: Gold::True },
            },
            base: Base::Quantized,
            lora: Lora { rank: 8, alpha: 16.0, dropout: 0.0, targets: texts(&["all-linear"]), train_experts: false },
            optimizer: Optimizer {
                lr: 1e-4,
                schedule: Schedule::Linear,
                warmup: 0.0,
                weight_decay: 0.01,
                betas: [0.9, 0.999],
                epsilon: 1e-8,
                clip: Some(1.0),
            },
            pace: Pace { batch_examples: 8, accumulate: 1, length: Length::Epochs(1) },
            max_length: None,
            checkpoint_every: 20,
            matched: None,
        }),
        seeds: vec![1],
        trained_by: BTreeMap::new(),
        merge: false,
    }
}
