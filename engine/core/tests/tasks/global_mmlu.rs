use crate::{Study, all_scored};

const ROW: &str = r#"{"sample_id": "astronomy/test/0", "subject": "astronomy", "subject_category": "STEM", "question": " How many doors has the hut? ", "option_a": "one", "option_b": " two", "option_c": "3", "option_d": "four ", "answer": "B", "required_knowledge": "[]", "is_annotated": false}"#;

#[test]
fn rows_are_items_whose_subject_can_be_shown() {
    let study =
        Study::new("swh_Latn", "file = 'x.jsonl'\ntask = 'global-mmlu'", "body = '[{{ subject }}] {{ question }}'");
    let item = &study.items("swh_Latn", ROW)[0];
    assert_eq!((item.key.as_str(), item.group.as_str(), item.answer), ("astronomy/test/0", "astronomy/test/0", 1));
    assert_eq!(study.rendered(item), "[astronomy]  How many doors has the hut?");
}

#[test]
fn lm_eval_asks_so() {
    let study = Study::new("swh_Latn", "file = 'x.jsonl'\ntask = 'global-mmlu'", "preset = 'lm-eval-global-mmlu'");
    let context = "How many doors has the hut?\nA. one\nB.  two\nC. 3\nD. four \nAnswer:";
    assert_eq!(study.scored(&study.items("swh_Latn", ROW)[0]), all_scored(context, &[" A", " B", " C", " D"]));
}

#[test]
fn inspect_asks_without_a_passage() {
    let study = Study::new("swh_Latn", "file = 'x.jsonl'\ntask = 'global-mmlu'", "preset = 'inspect'");
    let text = study.rendered(&study.items("swh_Latn", ROW)[0]);
    assert!(text.contains("one of A,B,C,D.\n\n How many doors has the hut? \n\nA) one\nB)  two\n"), "{text}");
}
