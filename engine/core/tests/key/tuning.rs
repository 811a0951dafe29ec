//! Keys of adapters: trained, merged, or made elsewhere.

use crate::key;
use crate::study::{hub, spec, training};
use crate::world::World;
use std::collections::BTreeMap;
use xlt_core::plan::{InputSource, TrainedAdapter, Work, plan};
use xlt_core::spec::{
    Adapter, AdapterOrigin, Base, Condition, Data, Gold, Length, Lesson, Match, Mode, Normalize, Rules, Schedule,
    Score, Slot, Spec, Split, SplitBy, Training,
};

const EVALUATE: &str = "evaluate/m/tuned/seed1/heb_Hebr/cot";
const FINETUNE: &str = "finetune/m/lora/seed1";

/// Keys of all stages, by name.
fn keys(spec: &Spec) -> BTreeMap<String, String> {
    let plan = plan(spec, "llama", &World::default()).expect("a good spec");
    plan.stages.iter().map(|stage| (stage.name.clone(), key(spec, "llama", &stage.name).0)).collect()
}

/// Names of the stages with another key after the change, and whether the text says so of the adapter's.
#[track_caller]
fn rerun(before: &Spec, change: impl FnOnce(&mut Spec)) -> Vec<String> {
    let mut changed = before.clone();
    change(&mut changed);
    let (old, new) = (keys(before), keys(&changed));
    assert_eq!(old.keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>(), "other stages");
    let rerun: Vec<String> = new.into_iter().filter(|(name, key)| old[name] != *key).map(|(name, _)| name).collect();
    let text = |spec: &Spec| key(spec, "llama", FINETUNE).1;
    let said = text(before) != text(&changed);
    assert_eq!(said, rerun.iter().any(|name| name == FINETUNE), "the text and the key disagree: {}", text(&changed));
    rerun
}

/// Every stage is recorded as having made the same bytes, so what would run again by its own doing is the adapter alone.
#[track_caller]
fn differs(change: impl FnOnce(&mut Training)) {
    assert_eq!(rerun(&spec(), |spec| change(training(spec))), [FINETUNE]);
}

#[track_caller]
fn same(before: &Spec, change: impl FnOnce(&mut Spec)) {
    assert_eq!(rerun(before, change), [""; 0]);
}

fn taught(gold: Gold) -> Lesson {
    Lesson::Answer { mode: "cot".to_owned(), gold }
}

fn split(spec: &mut Spec, change: impl FnOnce(&mut SplitBy, &mut u64, &mut u64, &mut u64)) {
    match &mut spec.data[0].split {
        Some(Split::Drawn { by, train, test, seed, .. }) => change(by, train, test, seed),
        other => panic!("{other:?}"),
    }
}

/// Two adapters that are matched: `lora` of the study, on Arabic, and `other`, on French rows of its own.
fn arms(matched: Match) -> Spec {
    let mut spec = spec();
    training(&mut spec).matched = Some(matched);
    let other = Data { name: "other".to_owned(), file: hub("other-{language}.jsonl", true), ..spec.data[0].clone() };
    spec.data.push(other);
    let adapter = Adapter { name: "other".to_owned(), ..spec.adapters[0].clone() };
    spec.adapters.push(adapter);
    let theirs = arm(&mut spec);
    theirs.train_on.data = "other".to_owned();
    theirs.train_on.languages = vec!["fra_Latn".to_owned(), "eng_Latn".to_owned()];
    spec.conditions.push(Condition {
        name: "control".to_owned(),
        adapter: Some("other".to_owned()),
        modes: vec!["cot".to_owned()],
    });
    spec
}

fn arm(spec: &mut Spec) -> &mut Training {
    match &mut spec.adapters[1].origin {
        AdapterOrigin::Trained(training) => training,
        other => panic!("{other:?}"),
    }
}

/// A study whose adapter was made elsewhere, for that model and seed.
fn made_elsewhere(path: &str, seeds: &[u64]) -> Spec {
    let mut spec = spec();
    spec.adapters[0].origin = AdapterOrigin::File(hub(path, false));
    spec.adapters[0].seeds = seeds.to_vec();
    spec
}

#[test]
fn whatever_can_change_an_adapter_trains_it_again_and_nothing_else() {
    differs(|training| training.lora.rank += 1);
    differs(|training| training.lora.alpha += 1.0);
    differs(|training| training.lora.dropout = 0.1);
    differs(|training| training.lora.targets.push("more".to_owned()));
    differs(|training| training.lora.train_experts = true);
    differs(|training| training.optimizer.lr *= 2.0);
    differs(|training| training.optimizer.schedule = Schedule::Cosine);
    differs(|training| training.optimizer.warmup = 0.1);
    differs(|training| training.optimizer.weight_decay = 0.0);
    differs(|training| training.optimizer.betas[0] = 0.8);
    differs(|training| training.optimizer.betas[1] = 0.8);
    differs(|training| training.optimizer.epsilon = 1e-6);
    differs(|training| training.optimizer.clip = None);
    differs(|training| training.optimizer.clip = Some(0.5));
    differs(|training| training.pace.batch_examples += 1);
    differs(|training| training.pace.accumulate += 1);
    differs(|training| training.pace.length = Length::Epochs(2));
    differs(|training| training.pace.length = Length::Steps(1));
    // What it was trained in and on decides what is held out, who is a relative, what is a control, and what is leaked, too.
    let with_analysis = |change: fn(&mut Training)| {
        assert_eq!(rerun(&spec(), |spec| change(training(spec))), ["analyze", FINETUNE]);
    };
    with_analysis(|training| training.train_on.part.push('!'));
    with_analysis(|training| training.train_on.limit = Some(5));
    with_analysis(|training| training.train_on.lesson = taught(Gold::Shuffled));
    with_analysis(|training| training.train_on.lesson = Lesson::Text("{{ passage }}".to_owned()));
    with_analysis(|training| training.train_on.languages.push("heb_Hebr".to_owned()));
    let train = |spec: &mut Spec| split(spec, |_, train, _, _| *train += 1);
    assert_eq!(rerun(&spec(), train), ["analyze", FINETUNE], "more to train on leaves the test alone");
    let instruction = |spec: &mut Spec| spec.modes[0].instruction = None;
    assert!(rerun(&spec(), instruction).contains(&FINETUNE.to_owned()));
    let system = |spec: &mut Spec| spec.prompt.as_mut().expect("it has one").system = None;
    assert!(rerun(&spec(), system).contains(&FINETUNE.to_owned()));
}

/// What asks again, but teaches nothing else.
#[test]
fn what_is_only_for_asking_trains_nothing_again() {
    let texts = || {
        let mut spec = spec();
        spec.modes[0].score = Score::Texts;
        spec
    };
    let asks = |change: fn(&mut Mode)| {
        let rerun = rerun(&texts(), |spec| change(&mut spec.modes[0]));
        assert!(rerun.contains(&EVALUATE.to_owned()) && !rerun.contains(&FINETUNE.to_owned()), "{rerun:?}");
    };
    asks(|mode| mode.normalize = Normalize::Token);
    asks(|mode| mode.rotate = true);
    let teaches = |change: fn(&mut Spec)| assert!(rerun(&texts(), change).contains(&FINETUNE.to_owned()));
    teaches(|spec| spec.prompt.as_mut().expect("it has one").continuation = Some("{{ option }}.".to_owned()));
    teaches(|spec| spec.modes[0].slot = Some(Slot::Bare));
    let mut written = texts();
    written.modes[0].score = Score::Generate;
    let rerun = rerun(&written, |spec| spec.modes[0].generate.extract = Rules::Inspect);
    assert!(rerun.contains(&FINETUNE.to_owned()), "it learns to write what is read: {rerun:?}");
    teaches(|spec| spec.modes[0].slot = Some(Slot::Text("So".to_owned())));
}

#[test]
fn names_bounds_checkpoints_and_the_order_of_languages_do_not_change_an_adapter() {
    let two = || {
        let mut spec = spec();
        training(&mut spec).train_on.languages.push("heb_Hebr".to_owned());
        spec
    };
    same(&two(), |spec| training(spec).train_on.languages.reverse());
    same(&spec(), |spec| training(spec).max_length = Some(99));
    same(&spec(), |spec| training(spec).checkpoint_every = 1);
    let mut renamed = spec();
    renamed.adapters[0].name = "a".to_owned();
    renamed.conditions[0].adapter = Some("a".to_owned());
    assert_eq!(key(&spec(), "llama", FINETUNE).0, key(&renamed, "llama", "finetune/m/a/seed1").0);
}

/// Which chat format the model has, and where it answers, means nothing to plain text.
#[test]
fn plain_text_is_not_prompted() {
    let text = || {
        let mut spec = spec();
        training(&mut spec).train_on.lesson = Lesson::Text("{{ passage }}".to_owned());
        spec
    };
    let trains = |change: fn(&mut Spec)| rerun(&text(), change).contains(&FINETUNE.to_owned());
    assert!(!trains(|spec| spec.models[0].slot = None));
    assert!(!trains(|spec| spec.prompt.as_mut().expect("it has one").body.push('!')));
    assert!(trains(|spec| training(spec).train_on.lesson = Lesson::Text("{{ question }}".to_owned())));
    assert!(trains(|spec| training(spec).max_length = Some(99)), "a text is cut into pieces of that length");
    assert!(trains(|spec| spec.data[0].fields.passage = None));
}

#[test]
fn another_seed_is_another_adapter() {
    let mut two = spec();
    two.adapters[0].seeds = vec![1, 2];
    let (one, other) = (key(&two, "llama", FINETUNE), key(&two, "llama", "finetune/m/lora/seed2"));
    assert_ne!(one.0, other.0);
    assert_eq!(one, key(&spec(), "llama", FINETUNE), "a second seed leaves the first adapter alone");
}

/// Where nothing is quantized both are the same file.
#[test]
fn the_base_is_the_file_that_is_asked_or_the_one_that_it_was_made_of() {
    let reads = |spec: &Spec| {
        let plan = plan(spec, "llama", &World::default()).expect("a good spec");
        let stage = plan.stage(plan.find(FINETUNE).expect("there"));
        match stage.inputs[0].source {
            InputSource::Stage(id, 0) => plan.stage(id).name.clone(),
            other => panic!("{other:?}"),
        }
    };
    let based = |base: Base, quantize: Option<&str>| {
        let mut spec = spec();
        training(&mut spec).base = base;
        spec.models[0].quantize = quantize.map(str::to_owned);
        reads(&spec)
    };
    assert_eq!(based(Base::Quantized, Some("Q8_0")), "quantize/m");
    assert_eq!(based(Base::Source, Some("Q8_0")), "download/model/m");
    assert_eq!(based(Base::Quantized, None), based(Base::Source, None));
}

#[test]
fn a_merged_adapter_is_a_model_of_its_own() {
    let mut merged = spec();
    merged.adapters[0].merge = true;
    let plan = plan(&merged, "llama", &World::default()).expect("a good spec");
    let inputs = |stage: &str| {
        let stage = plan.stage(plan.find(stage).expect("there"));
        let input = |input: &xlt_core::plan::Input| match input.source {
            InputSource::Stage(id, 0) => (input.name.to_string(), plan.stage(id).name.clone()),
            other => panic!("{other:?}"),
        };
        stage.inputs.iter().map(input).collect::<Vec<_>>()
    };
    let named = |name: &str, stage: &str| (name.to_owned(), stage.to_owned());
    let merge = "merge/m/lora/seed1";
    assert_eq!(inputs(merge), [named("model", "quantize/m"), named("adapter", FINETUNE)]);
    assert_eq!(inputs(EVALUATE)[..2], [named("model", merge), named("rows", "download/data/belebele/heb_Hebr")]);
    let evaluation = plan.stage(plan.find(EVALUATE).expect("there"));
    assert!(matches!(&evaluation.work, Work::Evaluate(work) if work.adapter.is_none()));
    assert_ne!(key(&merged, "llama", merge).0, key(&merged, "another llama", merge).0);
    assert_ne!(key(&merged, "llama", EVALUATE).0, key(&spec(), "llama", EVALUATE).0);
    assert_eq!(key(&merged, "llama", FINETUNE), key(&spec(), "llama", FINETUNE), "it is trained as before");
    let mut elsewhere = made_elsewhere("a.gguf", &[]);
    elsewhere.adapters[0].merge = true;
    key(&elsewhere, "llama", "merge/m/lora");
    key(&elsewhere, "llama", "evaluate/m/tuned/heb_Hebr/cot");
}

/// What another arm has decides what is left for this one, so it is read, and stands in the key; how the other learns does not.
#[test]
fn a_matched_adapter_depends_on_what_the_others_have() {
    for matched in [Match::Questions, Match::Steps, Match::StepsAndQuestions] {
        let both = |change: fn(&mut Training)| {
            let rerun = rerun(&arms(matched), |spec| change(arm(spec)));
            assert_eq!(rerun, [FINETUNE, "finetune/m/other/seed1"], "{matched:?}");
        };
        // Which rows are learned from is what the analysis holds against those that are asked.
        let all = |change: fn(&mut Training)| {
            let rerun = rerun(&arms(matched), |spec| change(arm(spec)));
            assert_eq!(rerun, ["analyze", FINETUNE, "finetune/m/other/seed1"], "{matched:?}");
        };
        all(|training| training.train_on.part.push('!'));
        all(|training| training.train_on.limit = Some(5));
        let mut fewer = arms(matched);
        arm(&mut fewer).train_on.languages.truncate(1);
        assert_ne!(key(&arms(matched), "llama", FINETUNE).0, key(&fewer, "llama", FINETUNE).0);
        let own = |change: fn(&mut Training)| {
            assert_eq!(rerun(&arms(matched), |spec| change(arm(spec))), ["finetune/m/other/seed1"], "{matched:?}");
        };
        own(|training| training.lora.rank += 1);
        own(|training| training.optimizer.lr *= 2.0);
        let shuffled = rerun(&arms(matched), |spec| arm(spec).train_on.lesson = taught(Gold::Shuffled));
        assert_eq!(shuffled, ["analyze", "finetune/m/other/seed1"], "that is a control then");
        let pace: &dyn Fn(fn(&mut Training)) = if matched.steps() { &both } else { &own };
        pace(|training| training.pace.batch_examples += 1);
        pace(|training| training.pace.accumulate += 1);
        pace(|training| training.pace.length = Length::Steps(9));
        let rows = |change: fn(&mut Data)| {
            let rerun = rerun(&arms(matched), |spec| change(&mut spec.data[1]));
            assert_eq!(rerun, ["analyze", FINETUNE, "finetune/m/other/seed1"], "{matched:?}");
        };
        rows(|data| data.key.swap(0, 1));
        rows(|data| data.split = None);
        let text = |data: &mut Data| data.fields.question.push('!');
        assert_eq!(rerun(&arms(matched), |spec| text(&mut spec.data[1])), ["finetune/m/other/seed1"]);
    }
    same(&arms(Match::Questions), |spec| arm(spec).train_on.languages.reverse());
    assert_ne!(key(&arms(Match::Steps), "llama", FINETUNE).0, key(&arms(Match::Questions), "llama", FINETUNE).0);
    let alone = |spec: &mut Spec| (training(spec).matched, arm(spec).matched) = (None, None);
    let mut unmatched = arms(Match::Steps);
    alone(&mut unmatched);
    assert_eq!(key(&unmatched, "llama", FINETUNE), key(&spec(), "llama", FINETUNE));
}

#[test]
fn the_rows_of_the_other_arms_are_inputs() {
    let compiled = plan(&arms(Match::Questions), "llama", &World::default()).expect("a good spec");
    let stage = compiled.stage(compiled.find(FINETUNE).expect("there"));
    let parts = stage.inputs.iter().map(|input| (&*input.name, input.part.as_deref().unwrap_or("")));
    let expected = [("model", ""), ("rows", "arb_Arab"), ("arm1", "eng_Latn"), ("arm1", "fra_Latn")];
    assert_eq!(parts.collect::<Vec<_>>(), expected);
    let Work::Finetune(work) = &stage.work else { panic!("it trains") };
    assert_eq!((&*work.adapter, &*work.arms[0].adapter, &*work.arms[0].data.name), ("lora", "other", "other"));
    assert_eq!(work.arms[0].asked("fra_Latn").part, "train");
    assert_eq!(work.asked("arb_Arab").data.name, "belebele");
}

/// Inputs of the analysis that are logs of trainings: part, stage and number of the output.
fn logs(spec: &Spec) -> Vec<(String, String, u16)> {
    let plan = plan(spec, "llama", &World::default()).expect("a good spec");
    let stage = plan.stage(plan.find("analyze").expect("there"));
    let read = stage.inputs.iter().filter(|input| &*input.name == "training").map(|input| match input.source {
        InputSource::Stage(id, output) => {
            let part = input.part.as_deref().unwrap_or_default().to_owned();
            (part, plan.stage(id).name.clone(), output)
        }
        other => panic!("{other:?}"),
    });
    let read: Vec<_> = read.collect();
    let Work::Analyze(work) = &stage.work else { panic!("it analyzes") };
    let named: Vec<String> = work.trainings.iter().map(TrainedAdapter::name).collect();
    assert_eq!(named, read.iter().map(|(part, ..)| part.clone()).collect::<Vec<_>>(), "in the order of the inputs");
    read
}

#[test]
fn the_analysis_reads_the_log_of_every_training_in_an_order_of_its_own() {
    let mut spec = arms(Match::Steps);
    spec.adapters[0].seeds = vec![17, 2];
    spec.adapters[1].merge = true;
    let log = |training: &str| (training.to_owned(), format!("finetune/{training}"), 1);
    let expected = ["m/lora/seed2", "m/lora/seed17", "m/other/seed1"].map(log);
    assert_eq!(logs(&spec), expected);
    spec.conditions.reverse();
    spec.adapters[0].seeds.reverse();
    assert_eq!(logs(&spec), expected, "however the spec is written");
    spec.conditions.remove(0);
    assert_eq!(logs(&spec), expected[..2], "no condition has the other");
    assert!(key(&spec, "llama", "analyze").1.contains("input.training.m/lora/seed17 = "));
}

#[test]
fn a_study_in_which_nothing_is_trained_has_no_log_to_read() {
    let mut plain = spec();
    plain.conditions[0].adapter = None;
    for spec in [plain, made_elsewhere("{seed}.gguf", &[5, 7])] {
        assert_eq!(logs(&spec), []);
        let manifest = key(&spec, "llama", "analyze").1;
        assert!(!manifest.contains("training"), "{manifest}");
    }
}

#[test]
fn an_adapter_from_elsewhere_is_an_input_wherever_its_file_lies() {
    let plain = |name: &str| {
        let mut spec = spec();
        spec.conditions[0].adapter = None;
        key(&spec, "llama", name)
    };
    let without = plain("evaluate/m/tuned/heb_Hebr/cot");
    let one = key(&made_elsewhere("a.gguf", &[]), "llama", "evaluate/m/tuned/heb_Hebr/cot");
    let other = key(&made_elsewhere("b/{model}.gguf", &[]), "llama", "evaluate/m/tuned/heb_Hebr/cot");
    assert_ne!(without.0, one.0);
    assert_eq!(one, other, "the pin counts, not the path");
    let seeded = made_elsewhere("{model}/{seed}.gguf", &[5, 7]);
    assert_eq!(one.0, key(&seeded, "llama", "evaluate/m/tuned/seed7/heb_Hebr/cot").0);
    key(&seeded, "llama", "download/adapter/lora/m/5");
    key(&seeded, "llama", "download/adapter/lora/m/7");
}
