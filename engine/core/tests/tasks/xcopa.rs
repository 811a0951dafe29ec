use crate::{Study, all_scored};
use xlt_core::spec::{Chat, Normalize, Score};

const ROWS: &str = r#"{"premise": " The hut fell. ", "choice1": "İts roof broke.", "choice2": "A storm came!", "question": "cause", "label": 1, "idx": 0, "changed": false}
{"premise": " The hut fell. ", "choice1": "İts roof broke.", "choice2": "A storm came!", "question": "effect", "label": 0, "idx": 1, "changed": true}"#;

fn study(language: &str, prompt: &str) -> Study {
    Study::new(language, "file = 'x.jsonl'\ntask = 'xcopa'", prompt)
}

#[test]
fn rows_are_items_whose_direction_can_be_shown() {
    let body = "body = \"{{ question }} {% if asks_for == 'cause' %}Why?{% else %}What then?{% endif %}\"\nlabels = ['1', '2']";
    let study = study("est_Latn", body);
    let items = study.items("est_Latn", ROWS);
    assert_eq!((items[0].key.as_str(), items[0].answer, items[1].answer), ("0", 1, 0));
    assert_eq!(items[0].options, ["İts roof broke.", "A storm came!"]);
    assert_eq!(study.rendered(&items[0]), " The hut fell.  Why?");
    assert_eq!(study.rendered(&items[1]), " The hut fell.  What then?");
}

#[test]
fn lm_eval_asks_so_in_each_language() {
    let connectives = [
        ("est_Latn", "sest", "seetõttu"),
        ("hat_Latn", "poukisa", "donk sa"),
        ("ita_Latn", "perché", "quindi"),
        ("ind_Latn", "karena", "maka"),
        ("quy_Latn", "imataq", "chaymi"),
        ("swh_Latn", "kwa sababu", "kwa hiyo"),
        ("zho_Hans", "因为", "所以"),
        ("tam_Taml", "காரணமாக", "எனவே"),
        ("tha_Thai", "เพราะ", "ดังนั้น"),
        ("tur_Latn", "çünkü", "bu yüzden"),
        ("vie_Latn", "bởi vì", "vì vậy"),
    ];
    for (language, cause, effect) in connectives {
        let study = study(language, "preset = 'lm-eval-xcopa'");
        let items = study.items(language, ROWS);
        for (item, connective) in items.iter().zip([cause, effect]) {
            let context = format!("The hut fell {connective}");
            assert_eq!(study.scored(item), all_scored(&context, &[" i̇ts roof broke.", " a storm came!"]), "{language}");
        }
        assert_eq!((study.chat, study.mode.score, study.mode.normalize), (Chat::None, Score::Texts, Normalize::Sum));
    }
}
