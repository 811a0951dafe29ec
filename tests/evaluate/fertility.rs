//! How many tokens a model needs for a language.

use super::study;
use serde_json::Value;
use xlt_llama::{Backend, LoadOptions, Model};

#[test]
fn tokens_of_passages_and_the_premium_over_a_reference() {
    let space = study();
    space.ask(&["fertility"]).expect_code(2).expect_says("`xlt run`");
    space.run();
    space.ask(&["fertility"]).expect_code(0).expect_prints("1.00x").expect_prints("of eng_Latn");
    let lines = space.ask(&["fertility", "--json"]).stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let model = Model::load(&Backend::silent().unwrap(), &space.path("tiny.gguf"), &LoadOptions::default()).unwrap();
    let tokens = |word: &str| -> usize {
        (1..=4).map(|number| model.tokenize(&format!("{word} number {number}"), false).unwrap().len()).sum()
    };
    let (english, french) = (tokens("tea"), tokens("thé"));
    for (line, (language, sum)) in lines.iter().zip([("eng_Latn", english), ("fra_Latn", french)]) {
        assert_eq!((line["language"].as_str(), line["passages"].as_u64()), (Some(language), Some(4)));
        assert_eq!(line["tokens_per_passage"].as_f64(), Some(sum as f64 / 4.0));
        assert_eq!(line["premium"].as_f64(), Some(sum as f64 / english as f64));
    }
    space.ask(&["fertility", "--reference", "fra_Lat"]).expect_code(2).expect_says("did you mean `fra_Latn`?");
}
