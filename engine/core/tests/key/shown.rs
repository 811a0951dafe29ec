//! What an analysis reads to show what lies behind the numbers.

use crate::world::World;
use crate::{import, key, study};
use xlt_core::plan::{InputSource, Work, plan};
use xlt_core::spec::{Data, Spec, Split};

/// Inputs of the analysis of those names: name, part, stage and number of the output, in order.
fn inputs(spec: &Spec, names: &[&str]) -> Vec<(String, String, String, u16)> {
    let plan = plan(spec, "llama", &World::default()).expect("a good spec");
    let stage = plan.stage(plan.find("analyze").expect("there"));
    let meant = stage.inputs.iter().filter(|input| names.contains(&&*input.name));
    let read = meant.map(|input| match input.source {
        InputSource::Stage(id, output) => {
            let part = input.part.as_deref().unwrap_or_default().to_owned();
            (input.name.to_string(), part, plan.stage(id).name.clone(), output)
        }
        other => panic!("{other:?}"),
    });
    let read = read.collect();
    let last = stage.inputs.last().map(|input| &*input.name);
    assert!(last.is_some_and(|last| ["prompts", "rows", "taught"].contains(&last)), "they come last, not {last:?}");
    let Work::Analyze(work) = &stage.work else { panic!("it analyzes") };
    let rows = stage.inputs.iter().filter(|input| &*input.name == "rows").filter_map(|input| input.part.as_deref());
    assert_eq!(work.languages.iter().map(String::as_str).collect::<Vec<_>>(), rows.collect::<Vec<_>>());
    read
}

fn input(name: &str, part: &str, stage: &str, output: u16) -> (String, String, String, u16) {
    (name.to_owned(), part.to_owned(), stage.to_owned(), output)
}

#[test]
fn an_analysis_reads_each_languages_rows_once_and_each_cells_prompts() {
    let mut spec = study::spec();
    spec.evaluate.as_mut().expect("it has one").languages.reverse();
    let cell = |language: &str| format!("m/tuned/seed1/{language}/cot");
    let prompts = |language: &str| input("prompts", &cell(language), &format!("evaluate/{}", cell(language)), 1);
    let read = inputs(&spec, &["rows", "prompts"]);
    let [arabic, hebrew, others @ ..] = &read[..] else { panic!("{read:?}") };
    assert_eq!((arabic.0.as_str(), arabic.1.as_str(), arabic.3), ("rows", "arb_Arab", 0));
    assert_eq!((hebrew.0.as_str(), hebrew.1.as_str()), ("rows", "heb_Hebr"));
    let mut others = others.to_vec();
    others.sort();
    assert_eq!(others, [prompts("arb_Arab"), prompts("heb_Hebr")]);
}

#[test]
fn of_answers_from_elsewhere_there_are_rows_and_no_prompts() {
    let read = inputs(&import::spec(), &["rows", "prompts"]);
    assert!(!read.is_empty() && read.iter().all(|(name, ..)| name == "rows"), "{read:?}");
}

#[test]
fn how_rows_are_read_is_in_the_key_and_how_they_are_divided_is_not() {
    let analysis = |spec: &Spec| key(spec, "llama", "analyze");
    let mut untrained = study::spec();
    untrained.conditions[0].adapter = None;
    let before = analysis(&untrained);
    let mut other = untrained.clone();
    other.data[0].fields.question = "other".to_owned();
    assert_ne!(analysis(&other).0, before.0);
    let mut divided = untrained;
    divided.data[0].split = Some(Split::Field { field: "other".to_owned() });
    assert_eq!(analysis(&divided), before);
}

#[test]
fn an_analysis_reads_what_an_adapter_learned_from_once_for_all_its_trainings() {
    let mut spec = study::spec();
    spec.adapters[0].seeds = vec![1, 2];
    let rows = |part: &str, language: &str| input("taught", part, &format!("download/data/belebele/{language}"), 0);
    assert_eq!(inputs(&spec, &["taught"]), [rows("lora/rows/arb_Arab", "arb_Arab")]);
    let mut elsewhere = spec.clone();
    elsewhere.data.push(Data { name: "other".to_owned(), key: vec!["other".to_owned()], ..spec.data[0].clone() });
    study::training(&mut elsewhere).train_on.data = "other".to_owned();
    assert_eq!(inputs(&elsewhere, &["taught"]), [], "other keys say nothing of these");
}

#[test]
fn the_type_of_the_weights_is_printed_so_it_is_in_the_key() {
    let text = |spec: &Spec| key(spec, "llama", "analyze").1;
    let mut published = study::spec();
    assert!(text(&published).contains(r#"weights.m = ["quantized here", "Q8_0"]"#), "{}", text(&published));
    published.models[0].quantize = None;
    assert!(text(&published).contains(r#"weights.m = ["not known"]"#), "{}", text(&published));
}
