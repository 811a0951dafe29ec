//! Data sets as published: what a spec would write of them, so that it need not.
//!
//! A task is filled in before anything is checked, as if it had been written where its name stands. What is written beside it
//! counts more.

use super::text::Place;
use super::tree::{Entry, Node, Table, Value, parse_value};

/// A published data set.
struct Task {
    name: &'static str,
    /// What `[data.NAME]` would say, in TOML.
    data: &'static str,
    /// What it would say besides where the file is TSV.
    tsv: &'static str,
}

/// Every name, for the grammar.
pub(super) const NAMES: &[&str] = &[BELEBELE.name, XCOPA.name, XNLI.name, SIB200.name, GLOBAL_MMLU.name];

/// `facebook/belebele` on the hub: a file of JSON lines for each language, by its code. Fields: the README of
/// `facebookresearch/belebele`.
const BELEBELE: Task = Task {
    name: "belebele",
    data: r#"{ key = ["link", "question_number"], group = ["link"], fields = { passage = "flores_passage", question = "question", options = ["mc_answer1", "mc_answer2", "mc_answer3", "mc_answer4"], answer = "correct_answer_num" } }"#,
    tsv: "{}",
};

/// `cambridgeltl/xcopa` on GitHub (`data/et/test.et.jsonl`) and on the hub: which of two sentences is the cause, or the effect, of
/// a third. `idx` counts within a file, the same in every language.
const XCOPA: Task = Task {
    name: "xcopa",
    data: r#"{ key = "idx", fields = { question = "premise", options = ["choice1", "choice2"], answer = "label", answer_as = "index", extra = { asks_for = "question" } } }"#,
    tsv: "{}",
};

/// `facebook/xnli` on the hub. Rows have no identifier; those of one number are each other's translations. Labels: the card's
/// `class_label`.
const XNLI: Task = Task {
    name: "xnli",
    data: r#"{ key = "{row}", fields = { passage = "premise", question = "hypothesis", choices = ["entailment", "neutral", "contradiction"], answer = "label", answer_as = "index" } }"#,
    tsv: "{}",
};

/// `Davlan/sib200` on the hub, `dadelani/sib-200` on GitHub (`data/annotated/heb_Hebr/test.tsv`): the topic of a sentence.
/// `create_sib_data.py` writes its TSV with pandas, which quotes as CSV does.
const SIB200: Task = Task {
    name: "sib200",
    data: r#"{ key = "index_id", fields = { question = "text", choices = ["science/technology", "travel", "politics", "sports", "health", "entertainment", "geography"], answer = "category", answer_as = "text" } }"#,
    tsv: r#"{ quotes = "csv" }"#,
};

/// `CohereForAI/Global-MMLU` on the hub. `sample_id` is the same in every language.
const GLOBAL_MMLU: Task = Task {
    name: "global-mmlu",
    data: r#"{ key = "sample_id", fields = { question = "question", options = ["option_a", "option_b", "option_c", "option_d"], answer = "answer", answer_as = "letter", extra = { subject = "subject" } } }"#,
    tsv: "{}",
};

/// Fills in the tasks of all data sets of a spec. A name that is no task's is left to the check.
pub(super) fn fill(spec: &mut Node) {
    let Value::Table(spec) = &mut spec.value else { return };
    let Some(Node { value: Value::Table(all), .. }) = spec.get_mut("data") else { return };
    for entry in &mut all.entries {
        if let Value::Table(data) = &mut entry.node.value
            && let Some(word) = data.word("task")
            && let Some(task) = Task::named(word.text)
        {
            let place = word.place;
            task.fill(data, place);
        }
    }
}

impl Task {
    fn named(name: &str) -> Option<Self> {
        [BELEBELE, XCOPA, XNLI, SIB200, GLOBAL_MMLU].into_iter().find(|task| task.name == name)
    }

    fn fill(&self, data: &mut Table, place: Place) {
        if is_tsv(data) {
            under(data, parse_value(self.tsv, place));
        }
        let mut usual = parse_value(self.data, place);
        // Options of rows and those for all rows are two ways to say the same.
        let own = |key: &str| data.table("fields").is_some_and(|fields| fields.get(key).is_some());
        let taken = own("options") || own("choices");
        if let Some(Node { value: Value::Table(usual), .. }) = &mut usual
            && let Some(Node { value: Value::Table(fields), .. }) = usual.get_mut("fields")
            && taken
        {
            fields.remove("options");
            fields.remove("choices");
        }
        under(data, usual);
    }
}

/// Whether the file is TSV: as the spec says, else as its name does.
fn is_tsv(data: &Table) -> bool {
    match data.word("format") {
        Some(format) => format.text == "tsv",
        None => data.get("file").and_then(|file| file.words().next()).is_some_and(|file| file.text.ends_with(".tsv")),
    }
}

/// Puts into `table` what `usual` has and it lacks.
fn under(table: &mut Table, usual: Option<Node>) {
    let Some(Node { value: Value::Table(usual), .. }) = usual else { return };
    for Entry { key, key_place, node } in usual.entries {
        match table.get_mut(&key) {
            Some(Node { value: Value::Table(own), .. }) => under(own, Some(node)),
            Some(_) => {}
            None => table.entries.push(Entry { key, key_place, node }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Request, Spec, load};

    const STUDY: &str = r#"
        [models]
        tiny = { file = "tiny.gguf" }
        [prompt]
        body = "{{ question }} {{ options_block }}"
        [modes.direct]
        [conditions]
        base = {}
        [evaluate]
        data = "quiz"
        languages = "eng_Latn"
    "#;

    fn loaded(data: &str, labels: &str) -> Spec {
        let text = format!("{STUDY}\n[data.quiz]\n{data}\n[profiles.p]\nprompt.labels = {labels}\n");
        let request = Request { path: "s.toml", profile: Some("p"), set: &[] };
        load(&request, &|_| Ok(text.clone())).unwrap_or_else(|errors| panic!("{data}: {errors:?}"))
    }

    /// The specs are equal, so whatever is made of them is: plans, keys.
    #[track_caller]
    fn same(task: &str, written: &str, labels: &str) {
        assert_eq!(loaded(task, labels), loaded(written, labels));
    }

    const FOUR: &str = r#"["1", "2", "3", "4"]"#;
    const THREE: &str = r#"["1", "2", "3"]"#;
    const TWO: &str = r#"["1", "2"]"#;

    #[test]
    fn a_task_is_what_could_be_written_out() {
        same(
            "file = 'x.jsonl'\ntask = 'belebele'",
            "file = 'x.jsonl'\nkey = ['link', 'question_number']\ngroup = 'link'\n[data.quiz.fields]\n\
             passage = 'flores_passage'\nquestion = 'question'\nanswer = 'correct_answer_num'\n\
             options = ['mc_answer1', 'mc_answer2', 'mc_answer3', 'mc_answer4']",
            FOUR,
        );
        same(
            "file = 'x.jsonl'\ntask = 'xcopa'",
            "file = 'x.jsonl'\nkey = 'idx'\n[data.quiz.fields]\nquestion = 'premise'\noptions = ['choice1', 'choice2']\n\
             answer = 'label'\nanswer_as = 'index'\nextra = { asks_for = 'question' }",
            TWO,
        );
        same(
            "file = 'x.jsonl'\ntask = 'xnli'",
            "file = 'x.jsonl'\nkey = '{row}'\n[data.quiz.fields]\npassage = 'premise'\nquestion = 'hypothesis'\n\
             choices = ['entailment', 'neutral', 'contradiction']\nanswer = 'label'\nanswer_as = 'index'",
            THREE,
        );
        same(
            "file = 'x.jsonl'\ntask = 'global-mmlu'",
            "file = 'x.jsonl'\nkey = 'sample_id'\n[data.quiz.fields]\nquestion = 'question'\n\
             options = ['option_a', 'option_b', 'option_c', 'option_d']\nanswer = 'answer'\nanswer_as = 'letter'\n\
             extra = { subject = 'subject' }",
            FOUR,
        );
    }

    #[test]
    fn sib_200_quotes_where_it_is_tsv() {
        let fields = "key = 'index_id'\n[data.quiz.fields]\nquestion = 'text'\nanswer = 'category'\nanswer_as = 'text'\n\
                      choices = ['science/technology', 'travel', 'politics', 'sports', 'health', 'entertainment', 'geography']";
        let labels = r#"["1", "2", "3", "4", "5", "6", "7"]"#;
        let check = |file: &str, quotes: &str| {
            same(&format!("task = 'sib200'\n{file}"), &format!("{file}\n{quotes}\n{fields}"), labels);
        };
        check("file = 'x.tsv'", "quotes = 'csv'");
        check("file = 'x.0'\nformat = 'tsv'", "quotes = 'csv'");
        check("file = 'x.tsv'\nformat = 'jsonl'", "");
        check("file = 'x.jsonl'", "");
    }

    #[test]
    fn what_is_written_beside_a_task_counts_more() {
        let xnli = "file = 'x.tsv'\ntask = 'xnli'\nkey = 'pairID'\ngroup = 'promptID'\n\
                    fields = { passage = 'sentence1', question = 'sentence2', answer = 'gold_label', answer_as = 'text' }";
        let data = &loaded(xnli, THREE).data[0];
        assert_eq!((&data.key[..], &data.group[..]), (&["pairID".to_owned()][..], &["promptID".to_owned()][..]));
        assert_eq!(data.fields.answer, "gold_label");
        assert_eq!(data.fields.choices.len(), 3, "the rest is the task's");
        let own = "file = 'x.jsonl'\ntask = 'xnli'\nfields.options = ['a', 'b', 'c']";
        assert!(loaded(own, THREE).data[0].fields.choices.is_empty(), "options take the place of choices");
        let own = "file = 'x.jsonl'\ntask = 'xcopa'\nfields.choices = ['a', 'b']";
        assert!(loaded(own, TWO).data[0].fields.options.is_empty(), "and choices that of options");
        let own = "file = 'x.jsonl'\ntask = 'xcopa'\nfields.extra = { changed = 'changed' }";
        assert_eq!(loaded(own, TWO).data[0].fields.extra.len(), 2);
    }
}
