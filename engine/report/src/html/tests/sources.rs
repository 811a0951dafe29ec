//! What stands beside the numbers: items, prompts, and where answers come from.

use super::{check_tags, shown};
use crate::fixture;
use crate::html::{Sources, html};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::DeflateDecoder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Read as _;
use xlt_core::answers::{Answer, Ended, Generated, TextLength, Written};
use xlt_core::evidence::Evidence;
use xlt_core::exact::{Exact, Lead, Piece, Place};
use xlt_core::extract::{Extraction, Outcome, Rule};
use xlt_core::items::Item;
use xlt_core::plan::EvaluateCell;
use xlt_core::provenance::{Origin, Used};
use xlt_core::results::{CellId, Column, Evaluations};

fn item(key: &str, question: &str) -> Item {
    Item {
        key: key.to_owned(),
        group: key.to_owned(),
        language: "heb_Hebr".to_owned(),
        passage: Some("</script><!-- פסקה".to_owned()),
        question: question.to_owned(),
        options: ["אחת", "שתיים", "שלוש", "ארבע"].map(str::to_owned).to_vec(),
        answer: 0,
        extra: BTreeMap::new(),
        part: None,
    }
}

fn id(condition: &str, seed: Option<u64>) -> CellId {
    let column = Column { model: "m".to_owned(), condition: condition.to_owned(), mode: "direct".to_owned(), seed };
    CellId { column, language: "heb_Hebr".to_owned() }
}

fn answer(key: &str) -> Answer {
    let labels = ["1", "2", "3", "4"].map(str::to_owned);
    Answer {
        logprobs: vec![-0.1234, -2.0, f64::NEG_INFINITY, -4.0],
        answer_mass: Some(0.98765),
        argmax_token: 7,
        argmax_text: "א".to_owned(),
        n_tokens: 40,
        ..Answer::predicted(&item(key, "?"), &labels, Some(0))
    }
}

fn exact() -> Exact {
    let form = vec![
        Piece::Special("<|user|>".to_owned()),
        Piece::Place(Place::Passage),
        Piece::Text(" ".to_owned()),
        Piece::Place(Place::Option(1)),
        Piece::Place(Place::Extra("subject".to_owned())),
    ];
    let whole = BTreeMap::from([("b".to_owned(), vec![Piece::Text("whole".to_owned())])]);
    let lead = Lead { after_end: Vec::new(), after_cut: vec![Piece::Text("cue".to_owned())] };
    Exact { labels: ["1", "2", "3", "4"].map(str::to_owned).to_vec(), form, lead: Some(lead), whole }
}

fn evidence(evaluations: &Evaluations, exact: BTreeMap<CellId, Exact>) -> Evidence<'_> {
    let rows = [("heb_Hebr".to_owned(), vec![item("a", "מה?"), item("b", "מי?")])];
    let Ok(evidence) = Evidence::new(evaluations, rows.map(Ok::<_, Infallible>), exact);
    evidence
}

fn page(evaluations: &Evaluations, exact: BTreeMap<CellId, Exact>) -> String {
    html(&fixture::results(), &Sources { evidence: evidence(evaluations, exact), origins: &[] })
}

/// What stands in the first chunk of a page.
fn unpacked(page: &str) -> Value {
    let (_, chunk) = page.split_once("data-language=\"heb_Hebr\">").expect("a chunk");
    let (packed, _) = chunk.split_once("</script>").expect("its end");
    let bytes = STANDARD.decode(packed).expect("base 64");
    let mut text = String::new();
    DeflateDecoder::new(&bytes[..]).read_to_string(&mut text).expect("deflated");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_chunk_holds_the_items_and_what_every_column_gave_them() {
    let evaluations = Evaluations::from([
        (id("base", None), vec![answer("a"), answer("b")]),
        (id("tuned", Some(17)), vec![answer("b")]),
    ]);
    let page = page(&evaluations, BTreeMap::from([(id("base", None), exact())]));
    check_tags(&page);
    let chunk = unpacked(&page);
    assert_eq!(chunk["items"][0]["key"], "a");
    assert_eq!(chunk["items"][0]["passage"], "</script><!-- פסקה");
    assert_eq!(chunk["items"][1]["options"][3], "ארבע");
    let base = &chunk["cells"][0];
    assert_eq!(base["chosen"], json!([0, 0]));
    assert_eq!(base["logprobs"][0], json!([-123, -2000, null, -4000]));
    assert_eq!(base["mass"], json!([988, 988]));
    assert_eq!(base["likeliest"], json!(["א", "א"]));
    assert_eq!(base["tokens"], json!([40, 40]));
    assert_eq!(base["labels"], json!(["1", "2", "3", "4"]));
    assert_eq!(base["reasoning"], Value::Null, "what nobody wrote is left out");
    let tuned = &chunk["cells"][1];
    assert_eq!(tuned["chosen"], json!([-2, 0]), "it was not asked the first");
    assert_eq!(tuned["labels"], json!(["1", null, null, null]), "others are named by no answer");
    assert_eq!(tuned["form"], Value::Null);
}

#[test]
fn prompts_stand_there_once_as_forms_or_whole() {
    let evaluations = Evaluations::from([
        (id("base", None), vec![answer("a"), answer("b")]),
        (id("tuned", Some(17)), vec![answer("a"), answer("b")]),
    ]);
    let prompts = BTreeMap::from([(id("base", None), exact()), (id("tuned", Some(17)), exact())]);
    let chunk = unpacked(&page(&evaluations, prompts));
    let [base, tuned] = [&chunk["cells"][0], &chunk["cells"][1]];
    let prompt = |number: &Value| chunk["prompts"][number.as_u64().expect("a number") as usize].clone();
    assert_eq!(
        prompt(&base["form"]),
        json!([{"s": "<|user|>"}, {"p": "passage"}, {"t": " "}, {"p": "1"}, {"e": "subject"}])
    );
    assert_eq!(prompt(&base["whole"]["1"]), json!([{"t": "whole"}]));
    assert_eq!(prompt(&base["lead"][1]), json!([{"t": "cue"}]));
    assert_eq!((&base["form"], &base["whole"], &base["lead"]), (&tuned["form"], &tuned["whole"], &tuned["lead"]));
    assert_eq!(chunk["prompts"].as_array().map(Vec::len), Some(4));
}

#[test]
fn what_models_wrote_stands_there_with_the_place_of_the_answer() {
    let written = |text: &str| Written { text: text.to_owned(), tokens: 3, ended: Ended::Budget };
    let extraction = Extraction { outcome: Outcome::Parsed, option: Some(0), rule: Some(Rule::Cue), span: Some(6..7) };
    let generated = Generated { written: written("א𝄞1."), extraction };
    let said = Answer {
        reasoning: Some(written("אבג")),
        generated: Some(generated),
        logprobs: Vec::new(),
        answer_mass: None,
        ..answer("a")
    };
    let lengths = Some(vec![TextLength { tokens: 1, bytes: 2, characters: 3 }; 4]);
    let scored = Answer { texts: lengths, answer_mass: None, ..answer("b") };
    let evaluations = Evaluations::from([(id("base", None), vec![said, scored])]);
    let cell = &unpacked(&page(&evaluations, BTreeMap::new()))["cells"][0];
    assert_eq!(cell["reasoning"], json!([{"text": "אבג", "tokens": 3, "ended": "budget"}, null]));
    let generated = &cell["generated"][0];
    assert_eq!((&generated["outcome"], &generated["rule"]), (&json!("parsed"), &json!("cue")));
    assert_eq!(generated["span"], json!([3, 4]), "UTF-16 units: the clef is two");
    assert_eq!(cell["lengths"], json!([null, [[1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3]]]));
    assert_eq!(cell["mass"], Value::Null);
}

#[test]
fn texts_that_are_too_long_together_are_cut_and_the_page_says_where() {
    let text = "א".repeat(13 << 20);
    let long = |key: &str| {
        let reasoning = Some(Written { text: text.clone(), tokens: 3, ended: Ended::Model });
        Answer { reasoning, ..answer(key) }
    };
    let evaluations = Evaluations::from([(id("base", None), vec![long("a"), long("b")])]);
    let page = page(&evaluations, BTreeMap::new());
    let reasoning = &unpacked(&page)["cells"][0]["reasoning"][1];
    assert_eq!(reasoning["text"].as_str().map(str::len), Some(16_384));
    assert_eq!(reasoning["cut"], true);
    assert!(shown(&page).contains("each text is cut after 16384 bytes here"));
}

#[test]
fn numbers_lead_to_their_items_and_names_in_links_are_escaped() {
    let mut results = fixture::results();
    let mut odd = id("base/א", Some(17));
    odd.column.model = "m 1".to_owned();
    results.cells[0].id = odd.clone();
    let evaluations = Evaluations::from([(odd, vec![answer("a")])]);
    let page = html(&results, &Sources { evidence: evidence(&evaluations, BTreeMap::new()), origins: &[] });
    let link = "<a href=\"#items&#x2f;heb_Hebr&#x2f;m%201&#x2f;base%2F%D7%90&#x2f;direct&#x2f;17\">";
    assert!(page.contains(&format!("<b>{link}66.7</a></b>")), "{page}");
    assert!(page.contains(&format!("<td>{link}2 of 3</a></td>")), "{page}");
    assert!(page.contains("\"path\":\"m%201/base%2F%D7%90/direct/17\""), "the script knows it by the same name");
    assert_eq!(page.matches("href=\"#items").count(), 2, "the other cell has no items");
}

#[test]
fn languages_are_tagged_with_their_direction_and_no_text_ends_the_script() {
    let mut odd = id("</script>", None);
    odd.column.model = "<b>".to_owned();
    let evaluations = Evaluations::from([(odd, vec![answer("a")])]);
    let page = page(&evaluations, BTreeMap::new());
    check_tags(&page);
    assert!(page.contains(r#""name":"Hebrew","dir":"rtl","lang":"he-Hebr""#), "{page}");
    assert!(page.contains(r#""model":"\u003cb>""#), "{page}");
}

#[test]
fn only_our_script_may_run_and_nothing_is_loaded() {
    let evaluations = Evaluations::from([(id("base", None), vec![answer("a")])]);
    let page = page(&evaluations, BTreeMap::new());
    let (_, policy) = page.split_once("Content-Security-Policy\" content=\"").expect("a policy");
    let (policy, _) = policy.split_once('"').expect("its end");
    let (before, hash) = policy.split_once("sha256-").expect("a hash");
    assert_eq!(before, "default-src 'none'; style-src 'unsafe-inline'; script-src '");
    assert_eq!(hash.trim_end_matches('\'').len(), 44);
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains(" src="), "it reaches out");
    let without = html(&fixture::results(), &Sources::default());
    assert!(!without.contains("<script") && !without.contains("script-src"), "without items nothing runs");
}

#[test]
fn without_script_the_page_says_what_is_missing() {
    let evaluations = Evaluations::from([(id("base", None), vec![answer("a")])]);
    let page = page(&evaluations, BTreeMap::new());
    let (_, noscript) = page.split_once("<noscript>").expect("words for those without script");
    assert!(noscript.starts_with("<p class=\"note\">Only this browser of items needs script"), "{noscript:.100}");
}

#[test]
fn the_same_evidence_is_the_same_bytes() {
    let evaluations = Evaluations::from([(id("base", None), vec![answer("a"), answer("b")])]);
    let prompts = || BTreeMap::from([(id("base", None), exact())]);
    let page = || page(&evaluations, prompts());
    assert_eq!(page(), page());
}

#[test]
fn what_computed_is_at_a_glance_and_two_classes_cast_doubt() {
    let mut origins = [origin("heb_Hebr", "a"), origin("mlt_Latn", "a")];
    let page = |origins: &[Origin]| super::super::html(&fixture::results(), &Sources { origins, ..Sources::default() });
    assert!(page(&origins).contains("<div><dt>Kernels</dt><dd><bdi>cpu-avx2</bdi></dd></div>"));
    origins[1].kernel_class = Some("cuda-90".to_owned());
    assert!(
        page(&origins).contains("<div class=\"doubt\"><dt>Kernels</dt><dd><bdi>cpu-avx2, cuda-90</bdi></dd></div>")
    );
    assert!(!page(&[]).contains("Kernels"));
}

fn origin(language: &str, model: &str) -> Origin {
    let cell = EvaluateCell {
        model: "m".to_owned(),
        condition: "base".to_owned(),
        seed: None,
        language: language.to_owned(),
        mode: "direct".to_owned(),
    };
    let stage = format!("evaluate/{}", cell.name());
    let model = Used { name: "model".to_owned(), stage: "download/model/m".to_owned(), content: model.to_owned() };
    Origin {
        key: format!("key-{language}"),
        answers: format!("answers-{language}"),
        kernel_class: Some("cpu-avx2".to_owned()),
        llama: Some("b42".to_owned()),
        version: None,
        inputs: vec![model],
        stage,
        cell,
    }
}

#[test]
fn every_cell_has_a_row_that_says_where_it_comes_from_and_leads_there() {
    let origins = [origin("mlt_Latn", "c0ffee"), origin("heb_Hebr", "c0ffee")];
    let page = html(&fixture::results(), &Sources { evidence: Evidence::default(), origins: &origins });
    check_tags(&page);
    let text = shown(&page);
    for words in
        ["key-heb_Hebr", "answers-mlt_Latn", "cpu-avx2", "b42", "xlt explain SPEC evaluate/m/base/heb_Hebr/direct"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let id = "from&#x2f;m%2Fbase%2Fheb_Hebr%2Fdirect";
    assert!(page.contains(&format!("<tr id=\"{id}\"")), "{page}");
    assert_eq!(
        page.matches(&format!("<a href=\"#{id}\">")).count(),
        2,
        "an interval in each of two tables leads there"
    );
    assert_eq!(page.matches("<th scope=\"row\">download&#x2f;model&#x2f;m</th>").count(), 1, "a file is listed once");
}

#[test]
fn the_order_in_which_origins_are_told_is_nothing() {
    let page = |origins: &[Origin]| html(&fixture::results(), &Sources { evidence: Evidence::default(), origins });
    let [one, other] = [origin("mlt_Latn", "c0ffee"), origin("heb_Hebr", "c0ffee")];
    assert_eq!(page(&[one.clone(), other.clone()]), page(&[other, one]));
}
