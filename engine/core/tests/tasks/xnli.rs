use crate::Study;

const JSONL: &str = r#"{"premise": "The \"hut\" has two doors.", "hypothesis": "It has a door.", "label": 0}
{"premise": "The \"hut\" has two doors.", "hypothesis": "They are blue.", "label": 1}
{"premise": "The \"hut\" has two doors.", "hypothesis": "\"It\" has none.", "label": 2}"#;

/// Columns of the original release (`xnli.test.tsv`), which does not quote, in part.
const TSV: &str = "language\tgold_label\tsentence1\tsentence2\tpromptID\tpairID\n\
                   en\tentailment\tThe \"hut\" has two doors.\tIt has a door.\t4\t10\n\
                   en\tneutral\tThe \"hut\" has two doors.\tThey are blue.\t4\t11\n\
                   en\tcontradiction\tThe \"hut\" has two doors.\t\"It\" has none.\t4\t12\n";

const PROMPT: &str = "body = \"{{ passage }}\\n{{ question }}\\n\\n{{ options_block }}\"\nlabels = ['1', '2', '3']";

#[test]
fn rows_are_items_known_by_their_number() {
    let study = Study::new("eng_Latn", "file = 'x.jsonl'\ntask = 'xnli'", PROMPT);
    let items = study.items("eng_Latn", JSONL);
    let told: Vec<(&str, usize)> = items.iter().map(|item| (item.key.as_str(), item.answer)).collect();
    assert_eq!(told, [("1", 0), ("2", 1), ("3", 2)]);
    assert_eq!(
        study.rendered(&items[2]),
        "The \"hut\" has two doors.\n\"It\" has none.\n\n1. entailment\n2. neutral\n3. contradiction"
    );
}

#[test]
fn the_original_release_has_identifiers_and_labels_in_words() {
    let data = "file = 'x.tsv'\nquotes = 'plain'\ntask = 'xnli'\nkey = 'pairID'\ngroup = 'promptID'\n\
                fields = { passage = 'sentence1', question = 'sentence2', answer = 'gold_label', answer_as = 'text' }";
    let study = Study::new("eng_Latn", data, PROMPT);
    let items = study.items("eng_Latn", TSV);
    let told: Vec<_> = items.iter().map(|item| (item.key.as_str(), item.group.as_str(), item.answer)).collect();
    assert_eq!(told, [("10", "4", 0), ("11", "4", 1), ("12", "4", 2)]);
    let lines = Study::new("eng_Latn", "file = 'x.jsonl'\ntask = 'xnli'", PROMPT);
    let pairs = items.iter().zip(lines.items("eng_Latn", JSONL));
    assert!(pairs.clone().count() == 3 && pairs.into_iter().all(|(a, b)| study.rendered(a) == lines.rendered(&b)));
}

/// A continuation may put the hypothesis behind a word for each label.
#[test]
fn sentences_can_be_scored_in_place_of_labels() {
    let prompt = "body = \"{{ passage }}, right?\"\ncontinuation = \"{{ {'entailment': 'Yes', 'neutral': 'Also', 'contradiction': \
                  'No'}[option] }}, {{ question }}\"\nlabels = ['1', '2', '3']\ndelimiter = ' '";
    let mut study = Study::new("eng_Latn", "file = 'x.jsonl'\ntask = 'xnli'", prompt);
    study.mode.score = xlt_core::spec::Score::Texts;
    let scored = study.scored(&study.items("eng_Latn", JSONL)[0]);
    let texts: Vec<String> = scored.into_iter().map(|(prompt, text)| prompt + &text).collect();
    let whole = |word: &str| format!("The \"hut\" has two doors., right? {word}, It has a door.");
    assert_eq!(texts, ["Yes", "Also", "No"].map(whole));
}
