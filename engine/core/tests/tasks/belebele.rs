use crate::{Study, all_scored};
use xlt_core::spec::{Chat, Rules, Score};

const ROW: &str = r#"{"link": "p", "question_number": 1, "flores_passage": "The hut has two doors.\nBoth are blue. ", "question": "  How many doors has the hut? ", "mc_answer1": "one", "mc_answer2": "two {{ labels }}", "mc_answer3": "three", "mc_answer4": "four", "correct_answer_num": "2", "dialect": "eng_Latn", "ds": "2023-05-03"}"#;

fn study(preset: &str) -> Study {
    Study::new("eng_Latn", "file = 'x.jsonl'\ntask = 'belebele'", &format!("preset = '{preset}'"))
}

#[test]
fn rows_are_items() {
    let item = &study("belebele").items("eng_Latn", ROW)[0];
    assert_eq!((item.key.as_str(), item.group.as_str(), item.answer), ("p|1", "p", 1));
    assert_eq!(item.options[3], "four");
}

#[test]
fn lm_eval_asks_so() {
    let study = study("lm-eval-belebele");
    let context = "P: The hut has two doors.\nBoth are blue. \nQ: How many doors has the hut?\nA: one\nB: two {{ labels }}\n\
                   C: three\nD: four\nAnswer:";
    assert_eq!(study.scored(&study.items("eng_Latn", ROW)[0]), all_scored(context, &[" A", " B", " C", " D"]));
    assert_eq!(study.chat, Chat::None);
}

/// `sample_zero_shot_instructions.md`: its pattern, filled in.
#[test]
fn the_paper_asks_so() {
    let study = study("belebele");
    assert_eq!(
        study.rendered(&study.items("eng_Latn", ROW)[0]),
        "Given the following passage, query, and answer choices, output the letter corresponding to the correct answer.\n\
         ###\nPassage:\nThe hut has two doors.\nBoth are blue. \n###\nQuery:\n  How many doors has the hut? \n###\nChoices:\n\
         (A) one\n(B) two {{ labels }}\n(C) three\n(D) four\n###\nAnswer:"
    );
    assert_eq!(
        (study.chat, study.mode.score, study.mode.generate.extract),
        (Chat::Model, Score::Generate, Rules::Belebele)
    );
}

#[test]
fn inspect_asks_so() {
    let study = study("inspect");
    assert_eq!(
        study.rendered(&study.items("eng_Latn", ROW)[0]),
        "Answer the following multiple choice question. The entire content of your response should be of the following \
         format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of A,B,C,D.\n\n\
         The hut has two doors.\nBoth are blue. \n\n  How many doors has the hut? \n\n\
         A) one\nB) two {{ labels }}\nC) three\nD) four"
    );
    assert_eq!(
        (study.chat, study.mode.score, study.mode.generate.extract),
        (Chat::Model, Score::Generate, Rules::Inspect)
    );
}
