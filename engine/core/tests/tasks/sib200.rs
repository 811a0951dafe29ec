use crate::{Study, all_scored};
use xlt_core::spec::{Normalize, Score};

/// As pandas writes it: a text with a double quote in it stands in double quotes.
const TSV: &str = "index_id\tcategory\ttext\n7\ttravel\t\"The \"\"hut\"\" has {{ two }} doors.\"\n12\tscience/technology\tIron rusts.\n";
const JSONL: &str = r#"{"index_id": 7, "category": "travel", "text": "The \"hut\" has {{ two }} doors."}
{"index_id": 12, "category": "science/technology", "text": "Iron rusts."}"#;

const TOPICS: [&str; 7] =
    [" science/technology", " travel", " politics", " sports", " health", " entertainment", " geography"];

fn study(file: &str, prompt: &str) -> Study {
    Study::new("swh_Latn", &format!("file = '{file}'\ntask = 'sib200'"), prompt)
}

#[test]
fn tables_and_lines_are_the_same_items() {
    let prompt = "preset = 'inspect'";
    let items = study("x.tsv", prompt).items("swh_Latn", TSV);
    assert_eq!(items, study("x.jsonl", prompt).items("swh_Latn", JSONL));
    assert_eq!((items[0].key.as_str(), items[0].answer, items[1].answer), ("7", 1, 0));
    assert_eq!(items[0].options.len(), 7);
}

#[test]
fn lm_eval_asks_so() {
    let categories = "science/technology, travel, politics, sports, health, entertainment, or geography";
    let first = format!(
        "Given the categories {categories}; what category does the text: 'The \"hut\" has {{{{ two }}}} doors.' belong to: \n\n"
    );
    let fourth = format!(
        "Label the following text as {categories}. Provide only the category as your response. \n\ntext: The \"hut\" has \
         {{{{ two }}}} doors. \\category: \n\n"
    );
    for (preset, context) in [("lm-eval-sib200-1", first), ("lm-eval-sib200-4", fourth)] {
        let study = study("x.tsv", &format!("preset = '{preset}'"));
        assert_eq!(study.scored(&study.items("swh_Latn", TSV)[0]), all_scored(&context, &TOPICS), "{preset}");
        assert_eq!((study.mode.score, study.mode.normalize), (Score::Texts, Normalize::Sum));
    }
}

#[test]
fn inspect_has_a_letter_for_each_topic() {
    let study = study("x.tsv", "preset = 'inspect'");
    let text = study.rendered(&study.items("swh_Latn", TSV)[1]);
    assert!(text.contains("LETTER is one of A,B,C,D,E,F,G.\n\nIron rusts.\n\nA) science/technology\n"), "{text}");
    assert!(text.ends_with("\nG) geography"), "{text}");
}
