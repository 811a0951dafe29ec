//! Keys of the study's own stages.

use crate::key;
use crate::study::{file, spec, training};
use xlt_core::spec::{
    AnswerAs, Channel, Chat, Effort, ExecutorKind, Format, Gold, Kv, Lesson, ModelResources, Normalize, Quotes, Rules,
    Sampling, Score, Slot, Source, Spec, Split, SplitBy,
};

const EVALUATE: &str = "evaluate/m/tuned/seed1/heb_Hebr/cot";
const FINETUNE: &str = "finetune/m/lora/seed1";

/// Compares the key of a stage before and after a change.
#[track_caller]
fn check(stage: &str, same: bool, change: impl FnOnce(&mut Spec)) {
    let mut changed = spec();
    change(&mut changed);
    let ((before, old), (after, new)) = (key(&spec(), "llama", stage), key(&changed, "llama", stage));
    assert_eq!(before == after, same, "{old}\n{new}");
    assert_eq!(old == new, same, "the text and the key disagree:\n{old}\n{new}");
}

fn split(spec: &mut Spec, change: impl FnOnce(&mut SplitBy, &mut u64, &mut u64, &mut u64)) {
    match &mut spec.data[0].split {
        Some(Split::Drawn { by, train, test, seed, .. }) => change(by, train, test, seed),
        other => panic!("{other:?}"),
    }
}

fn add(text: &mut String) {
    text.push('!');
}

#[test]
fn whatever_can_change_answers_changes_the_key() {
    let differs = |change: fn(&mut Spec)| check(EVALUATE, false, change);
    differs(|spec| spec.data[0].key.swap(0, 1));
    differs(|spec| spec.data[0].group.clear());
    differs(|spec| spec.data[0].fields.passage = None);
    differs(|spec| add(&mut spec.data[0].fields.question));
    differs(|spec| spec.data[0].fields.options.swap(0, 1));
    differs(|spec| add(&mut spec.data[0].fields.answer));
    differs(|spec| spec.data[0].split = None);
    differs(|spec| spec.data[0].split = Some(Split::Field { field: "part".to_owned() }));
    differs(|spec| split(spec, |by, _, _, _| *by = SplitBy::Question));
    differs(|spec| split(spec, |_, _, test, _| *test += 1));
    differs(|spec| split(spec, |_, _, _, seed| *seed += 1));
    let evaluate = |change: fn(&mut xlt_core::spec::Evaluate)| {
        check(EVALUATE, false, |spec| change(spec.evaluate.as_mut().expect("it has one")));
    };
    evaluate(|evaluate| add(&mut evaluate.part));
    evaluate(|evaluate| evaluate.limit = None);
    evaluate(|evaluate| evaluate.limit = Some(99));
    evaluate(|evaluate| evaluate.unit *= 2);
    evaluate(|evaluate| evaluate.kv = Kv::F32);
    let prompt = |change: fn(&mut xlt_core::spec::Prompt)| {
        check(EVALUATE, false, |spec| change(spec.prompt.as_mut().expect("it has one")));
    };
    prompt(|prompt| prompt.system = None);
    prompt(|prompt| prompt.system = Some("Be verbose.".to_owned()));
    prompt(|prompt| add(&mut prompt.body));
    prompt(|prompt| prompt.labels.swap(0, 1));
    prompt(|prompt| prompt.delimiter = " ".to_owned());
    differs(|spec| spec.modes[0].instruction = None);
    differs(|spec| spec.modes[0].score = Score::Texts);
    let texts = |normalize| {
        let mut spec = spec();
        (spec.modes[0].score, spec.modes[0].normalize) = (Score::Texts, normalize);
        key(&spec, "llama", EVALUATE)
    };
    assert_ne!(texts(Normalize::Byte).0, texts(Normalize::Token).0);
    let continued = |continuation: Option<&str>| {
        let mut spec = spec();
        spec.modes[0].score = Score::Texts;
        spec.prompt.as_mut().expect("it has one").continuation = continuation.map(str::to_owned);
        key(&spec, "llama", EVALUATE).0
    };
    assert_ne!(continued(None), continued(Some("{{ option }}.")));
    differs(|spec| spec.data[0].format = Format::Csv);
    differs(|spec| spec.data[0].quotes = Some(Quotes::Csv));
    differs(|spec| spec.data[0].fields.choices = vec!["yes".to_owned(), "no".to_owned()]);
    differs(|spec| spec.data[0].fields.answer_as = AnswerAs::Index);
    differs(|spec| _ = spec.data[0].fields.extra.insert("subject".to_owned(), "field".to_owned()));
    let called = |name: &str, field: &str| {
        let mut spec = spec();
        spec.data[0].fields.extra.insert(name.to_owned(), field.to_owned());
        key(&spec, "llama", EVALUATE).0
    };
    assert_ne!(called("subject", "field"), called("topic", "field"));
    assert_ne!(called("subject", "field"), called("subject", "other"));
    differs(|spec| spec.modes[0].reason = None);
    differs(|spec| spec.modes[0].reason.as_mut().expect("it has one").max_tokens = 65);
    let reason = |change: fn(&mut xlt_core::spec::Reason)| {
        check(EVALUATE, false, |spec| change(spec.modes[0].reason.as_mut().expect("it has one")));
    };
    reason(|reason| reason.channel = Channel::Text);
    reason(|reason| reason.effort = Some(Effort::Low));
    reason(|reason| reason.filler = Some(" .".to_owned()));
    reason(|reason| reason.sampling = Sampling::Drawn { temperature: 0.6, top_p: 0.95, seed: 1 });
    let drawn = |temperature, top_p, seed| {
        let mut spec = spec();
        let sampling = Sampling::Drawn { temperature, top_p, seed };
        spec.modes[0].reason.as_mut().expect("it has one").sampling = sampling;
        key(&spec, "llama", EVALUATE).0
    };
    for other in [drawn(0.7, 0.9, 1), drawn(0.6, 0.8, 1), drawn(0.6, 0.9, 2)] {
        assert_ne!(drawn(0.6, 0.9, 1), other);
    }
    evaluate(|evaluate| evaluate.slots += 1);
    let generated = |change: fn(&mut xlt_core::spec::Mode)| {
        let mut spec = spec();
        spec.modes[0].score = Score::Generate;
        change(&mut spec.modes[0]);
        key(&spec, "llama", EVALUATE).0
    };
    let before = generated(|_| {});
    assert_ne!(before, generated(|mode| mode.generate.max_tokens += 1));
    assert_ne!(before, generated(|mode| mode.generate.stop.push("\n".to_owned())));
    assert_ne!(before, generated(|mode| mode.generate.extract = Rules::LmEval));
    differs(|spec| spec.modes[0].slot = Some(Slot::Bare));
    differs(|spec| spec.modes[0].slot = Some(Slot::Text("So".to_owned())));
    differs(|spec| spec.modes[0].cue = None);
    differs(|spec| spec.models[0].chat = Chat::None);
    differs(|spec| spec.models[0].slot = None);
}

#[test]
fn what_a_model_is_made_of_changes_its_key() {
    check("quantize/m", false, |spec| spec.models[0].quantize = Some("Q4_0".to_owned()));
    check("download/model/m", false, |spec| file(spec).sha256 = Some("cd".repeat(32)));
}

#[test]
fn another_language_or_another_llama_is_another_key() {
    assert_ne!(key(&spec(), "llama", EVALUATE).0, key(&spec(), "llama", "evaluate/m/tuned/seed1/arb_Arab/cot").0);
    for (stage, same) in
        [(EVALUATE, false), (FINETUNE, false), ("quantize/m", false), ("download/model/m", true), ("analyze", true)]
    {
        let (one, other) = (key(&spec(), "llama", stage), key(&spec(), "another llama", stage));
        assert_eq!(one.0 == other.0, same, "{stage}");
    }
}

#[test]
fn names_places_and_what_else_is_in_the_spec_do_not_change_the_key() {
    let same = |change: fn(&mut Spec)| check(EVALUATE, true, change);
    same(|spec| spec.modes[0].normalize = Normalize::Token);
    same(|spec| spec.prompt.as_mut().expect("it has one").continuation = Some("only for texts".to_owned()));
    same(|spec| _ = spec.data[0].codes.insert("heb_Hebr".to_owned(), "he".to_owned()));
    same(|spec| spec.modes[0].slot = Some(Slot::Final));
    same(|spec| spec.modes[0].generate.max_tokens += 1);
    same(|spec| add(&mut spec.name));
    same(|spec| spec.models[0].requantize = true);
    same(|spec| {
        spec.models[0].resources = ModelResources { gpus: Some(2), memory: Some(1 << 30), cores: Some(3) };
    });
    same(|spec| spec.executor.kind = ExecutorKind::Slurm);
    same(|spec| spec.evaluate.as_mut().expect("it has one").context = Some(512));
    same(|spec| spec.evaluate.as_mut().expect("it has one").languages.reverse());
    same(|spec| spec.evaluate.as_mut().expect("it has one").languages.truncate(2));
    same(|spec| spec.languages.clear());
    same(|spec| {
        file(spec).source = Source::Hub {
            repo: "mirror/repo".to_owned(),
            dataset: false,
            path: "renamed.gguf".to_owned(),
            revision: Some("main".to_owned()),
        }
    });
    let renamed = |name: &str, change: fn(&mut Spec)| {
        let mut changed = spec();
        change(&mut changed);
        assert_eq!(key(&changed, "llama", name).0, key(&spec(), "llama", EVALUATE).0, "{name}");
    };
    renamed("evaluate/n/tuned/seed1/heb_Hebr/cot", |spec| spec.models[0].name = "n".to_owned());
    renamed("evaluate/m/taught/seed1/heb_Hebr/cot", |spec| spec.conditions[0].name = "taught".to_owned());
    renamed("evaluate/m/tuned/seed1/heb_Hebr/think", |spec| {
        spec.modes[0].name = "think".to_owned();
        spec.conditions[0].modes = vec!["think".to_owned()];
        training(spec).train_on.lesson = Lesson::Answer { mode: "think".to_owned(), gold: Gold::True };
    });
}
