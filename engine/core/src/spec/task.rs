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
    /// Its codes of languages, by ours, in TOML. Where it says less than ours do: `zh` is simplified, `mg` that of the plateau,
    /// `fil` Tagalog; where it says another: `qu`, of Cusco, is the one Quechua that FLORES has.
    codes: &'static str,
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
    codes: "{}",
    tsv: "{}",
};

/// `cambridgeltl/xcopa` on GitHub (`data/et/test.et.jsonl`) and on the hub: which of two sentences is the cause, or the effect, of
/// a third. `idx` counts within a file, the same in every language.
const XCOPA: Task = Task {
    name: "xcopa",
    data: r#"{ key = "idx", fields = { question = "premise", options = ["choice1", "choice2"], answer = "label", answer_as = "index", extra = { asks_for = "question" } } }"#,
    codes: r#"{ est_Latn = "et", hat_Latn = "ht", ind_Latn = "id", ita_Latn = "it", quy_Latn = "qu", swh_Latn = "sw", tam_Taml = "ta", tha_Thai = "th", tur_Latn = "tr", vie_Latn = "vi", zho_Hans = "zh" }"#,
    tsv: "{}",
};

/// `facebook/xnli` on the hub. Rows have no identifier; those of one number are each other's translations. Labels: the card's
/// `class_label`.
const XNLI: Task = Task {
    name: "xnli",
    data: r#"{ key = "{row}", fields = { passage = "premise", question = "hypothesis", choices = ["entailment", "neutral", "contradiction"], answer = "label", answer_as = "index" } }"#,
    codes: r#"{ arb_Arab = "ar", bul_Cyrl = "bg", deu_Latn = "de", ell_Grek = "el", eng_Latn = "en", fra_Latn = "fr", hin_Deva = "hi", rus_Cyrl = "ru", spa_Latn = "es", swh_Latn = "sw", tha_Thai = "th", tur_Latn = "tr", urd_Arab = "ur", vie_Latn = "vi", zho_Hans = "zh" }"#,
    tsv: "{}",
};

/// `Davlan/sib200` on the hub, `dadelani/sib-200` on GitHub (`data/annotated/heb_Hebr/test.tsv`): the topic of a sentence.
/// `create_sib_data.py` writes its TSV with pandas, which quotes as CSV does.
const SIB200: Task = Task {
    name: "sib200",
    data: r#"{ key = "index_id", fields = { question = "text", choices = ["science/technology", "travel", "politics", "sports", "health", "entertainment", "geography"], answer = "category", answer_as = "text" } }"#,
    codes: "{}",
    tsv: r#"{ quotes = "csv" }"#,
};

/// `CohereForAI/Global-MMLU` on the hub. `sample_id` is the same in every language.
const GLOBAL_MMLU: Task = Task {
    name: "global-mmlu",
    data: r#"{ key = "sample_id", fields = { question = "question", options = ["option_a", "option_b", "option_c", "option_d"], answer = "answer", answer_as = "letter", extra = { subject = "subject" } } }"#,
    codes: r#"{ amh_Ethi = "am", arb_Arab = "ar", ben_Beng = "bn", ces_Latn = "cs", deu_Latn = "de", ell_Grek = "el", eng_Latn = "en", fra_Latn = "fr", hau_Latn = "ha", heb_Hebr = "he", hin_Deva = "hi", ibo_Latn = "ig", ind_Latn = "id", ita_Latn = "it", jpn_Jpan = "ja", kir_Cyrl = "ky", kor_Hang = "ko", lit_Latn = "lt", nld_Latn = "nl", npi_Deva = "ne", nya_Latn = "ny", pes_Arab = "fa", plt_Latn = "mg", pol_Latn = "pl", por_Latn = "pt", ron_Latn = "ro", rus_Cyrl = "ru", sin_Sinh = "si", sna_Latn = "sn", som_Latn = "so", spa_Latn = "es", srp_Cyrl = "sr", swe_Latn = "sv", swh_Latn = "sw", tel_Telu = "te", tgl_Latn = "fil", tur_Latn = "tr", ukr_Cyrl = "uk", vie_Latn = "vi", yor_Latn = "yo", zho_Hans = "zh", zsm_Latn = "ms" }"#,
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
        if has_code(data) {
            let codes =
                parse_value(self.codes, place).map(|node| Entry { key: "codes".to_owned(), key_place: place, node });
            under(data, Some(Node { value: Value::Table(Table { entries: codes.into_iter().collect() }), place }));
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

/// Whether the path asks for a code: else none is said, so that nobody has to write them out.
fn has_code(data: &Table) -> bool {
    data.get("file").is_some_and(|file| file.words().any(|word| word.text.contains("{code}")))
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
        languages = "est_Latn"
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
    fn a_path_may_have_the_codes_of_the_data() {
        let study = |data: &str| loaded(data, TWO);
        let path = |spec: &Spec, language: &str| spec.data[0].source_in(language).to_string();
        let spec = study("file = 'data/{code}/test.{code}.jsonl'\ntask = 'xcopa'");
        assert_eq!(path(&spec, "est_Latn"), "file:data/et/test.et.jsonl");
        assert_eq!((path(&spec, "zho_Hans"), spec.data[0].codes.len()), ("file:data/zh/test.zh.jsonl".to_owned(), 11));
        let own = study("file = '{language}-{code}.jsonl'\ntask = 'xcopa'\ncodes = { est_Latn = 'eesti' }");
        assert_eq!(
            (path(&own, "est_Latn"), path(&own, "swh_Latn")),
            ("file:est_Latn-eesti.jsonl".to_owned(), "file:swh_Latn-sw.jsonl".to_owned())
        );
        assert!(study("file = '{language}.jsonl'\ntask = 'xcopa'").data[0].codes.is_empty(), "nothing asks for them");
    }

    #[test]
    fn codes_of_tasks_are_of_known_languages() {
        for (task, count) in [(super::XCOPA, 11), (super::XNLI, 15), (super::GLOBAL_MMLU, 42)] {
            let mut texts = super::super::text::Texts::default();
            let place = super::Place::new(texts.add("", ""), 0..0);
            let codes = super::parse_value(task.codes, place).expect("TOML");
            let codes = codes.table().expect("a table").entries.clone();
            assert!(codes.iter().all(|entry| super::super::languages::name_of(&entry.key).is_some()), "{}", task.name);
            let mut own: Vec<String> = codes.iter().filter_map(|entry| entry.node.scalar()).collect();
            own.sort();
            own.dedup();
            assert_eq!((codes.len(), own.len()), (count, count), "{}", task.name);
        }
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
