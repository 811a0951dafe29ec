//! What stands on the page, and that nothing on it reaches out or breaks in.

use super::*;
use crate::{fixture, markdown};
use std::collections::BTreeMap;

mod effects;
mod sources;
mod training;

/// The results alone.
fn html(results: &Results) -> String {
    super::html(results, &Sources::default())
}

/// Tags of a page that are closed nowhere.
const VOID: [&str; 3] = ["input", "meta", "link"];

/// The text between the tags of a page, with what was escaped put back.
fn shown(page: &str) -> String {
    let (_, body) = page.split_once("<body>").expect("a body");
    let mut text = String::new();
    for piece in body.split('<') {
        text.push_str(piece.split_once('>').map_or("", |(_, after)| after));
    }
    let escapes = [("&#x2f;", "/"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&amp;", "&")];
    escapes.iter().fold(text, |text, (escaped, plain)| text.replace(escaped, plain))
}

/// Every value of an attribute on a page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// A page with nothing in its scripts: what stands there is no tag.
fn without_scripts(page: &str) -> String {
    let mut kept = String::new();
    let mut rest = page;
    while let Some((before, script)) = rest.split_once("<script") {
        let (tag, body) = script.split_once('>').expect("a tag ends");
        kept.push_str(&format!("{before}<script{tag}>"));
        rest = &body[body.find("</script>").expect("a script ends")..];
    }
    kept + rest
}

#[track_caller]
fn check_tags(page: &str) {
    let mut open = Vec::new();
    let page = without_scripts(page);
    for piece in page.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap_or_default();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "…{piece}");
        } else if !tag.ends_with('/') && !tag.starts_with('!') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert_eq!(open, [""; 0]);
}

#[test]
fn every_number_of_every_cell_is_there() {
    let page = html(&fixture::results());
    check_tags(&page);
    let text = shown(&page);
    for number in [
        "66.7",
        "21–94",
        "2 of 3",
        "20.8–93.9",
        "0.900",
        "0.0",
        "0–56",
        "0 of 3",
        "0.0–56.1",
        "0.100",
        "100.0",
        "33.3",
        "2 languages",
        "25.0",
        "1 of 4 options",
    ] {
        assert!(text.contains(number), "{number}: {text}");
    }
    for words in [
        "Hebrew heb_Hebr",
        "Maltese mlt_Latn",
        "base/direct",
        "mean of target",
        "The 3 of 3",
        "1 2 of 3",
        "chance",
        "xlt explain SPEC evaluate/m/base/heb_Hebr/direct",
        "1 model asked in 1 way and 2 languages, 3 items a cell: of 2 cells, 0 lie with their whole interval above \
         chance (25.0 %) and 0 below; 1 is a failure of format.",
        "the median answer mass is 0.100; the model most often wanted to say “The” (3 of 3 items).",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("normalization"));
}

#[test]
fn a_dot_stands_at_its_accuracy_on_its_interval() {
    let page = html(&fixture::results());
    assert!(page.contains(r#"<line x1="20.8%" x2="93.9%""#), "{page}");
    assert!(page.contains(r##"<use href="#shape0" x="66.7%""##), "{page}");
    assert!(page.contains(r#"<line class="chance" x1="25.0%" x2="25.0%""#), "{page}");
    assert_eq!(page.matches("<g class=\"c0 hollow\">").count(), 1, "the failure of format");
}

#[test]
fn colour_is_the_distance_from_chance_and_a_sign_says_that_it_is_sure() {
    let mut results = fixture::results();
    let page = html(&results);
    // (2/3 - 1/4) / (3/4) and all of the way down, of 0.6.
    assert!(page.contains(r#"<td class="over" style="--heat:0.33"><b>66.7</b> <small>21"#), "{page}");
    assert!(page.contains(r#"<td class="under failure" style="--heat:0.60"><span class="sign""#), "{page}");
    results.cells[0].interval.low = 0.251;
    results.cells[1].interval.high = 0.249;
    let page = html(&results);
    assert!(
        page.contains("▲</span> <b>66.7")
            && page.contains("†</span> <span class=\"sign\" title=\"below chance\">▼</span> <b>0.0"),
        "{page}"
    );
    assert!(shown(&page).contains("of 2 cells, 1 lies with its whole interval above chance (25.0 %) and 1 below"));
}

#[test]
fn texts_have_a_table_of_normalizations_and_no_mass() {
    let page = html(&fixture::texts());
    check_tags(&page);
    let text = shown(&page);
    assert!(text.contains("Accuracy by normalization"));
    assert!(page.contains("<td>0.0</td><td>0.0</td><td>100.0</td><td>0.0</td>"), "{page}");
    assert!(!text.contains("Mass") && !text.contains("Failure of format"), "{text}");
}

#[test]
fn what_was_written_has_tables_of_its_own() {
    let page = html(&fixture::written());
    check_tags(&page);
    let text = shown(&page);
    for words in [
        "1 of 4 (25.0 %)750.0Latn 75.0 %direct‡ 3 of 421",
        "20111 of 4 (25.0 %)‡ 25.0‡ 50.0 9.5–90.5cue 1, boxed 1",
        "of 3 cells, 0 lie with their whole interval above chance (25.0 %) and 0 below; of 2 it cannot be told.",
        "‡ Cannot tell: in more than 5 % of the items the budget of tokens cut off the reasoning or the answer",
        "Nothing is said of a cell with ‡. ",
        "A hollow mark is a cell that cannot tell.",
        "set `modes.cot.reason.max_tokens` to 4096.",
        "set `modes.free.max_tokens` to 32.",
        "The budget of tokens is the spec’s, not the model’s.",
    ] {
        assert!(text.contains(words.trim_end()), "{words}: {text}");
    }
    assert_eq!(page.matches(" hollow\">").count(), 2);
    assert_eq!(page.matches("title=\"of what cannot be told\"").count(), 2);
    for results in [fixture::results(), fixture::texts()] {
        let text = shown(&html(&results));
        assert!(!text.contains('‡') && !text.contains("Reasoning") && !text.contains("own words"), "{text}");
    }
}

#[test]
fn tokens_have_a_table_where_they_were_counted() {
    let page = html(&fixture::counted());
    check_tags(&page);
    let text = shown(&page);
    for words in [
        "Tokens by language",
        "over a reference language",
        "Hebrew heb_Hebr24.01.3330.6671.00xsame ids",
        "Maltese mlt_Latn27.02.3331.1671.75x3 of 14 texts differ, first: option 2 of item p|1, token 5: 17 ␣כ in the GGUF, \
         none in its tokenizer",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(page.contains("<bdi><code>␣כ</code></bdi>"), "{page}");
    assert!(!html(&fixture::results()).contains("Tokens by language"));
    let mut results = fixture::counted();
    let measured = results.fertility.get_mut("m").expect("counted");
    (measured.languages[0].premium, measured.languages[0].parity) = (None, None);
    assert!(shown(&html(&results)).contains("heb_Hebr24.01.3330.667––"));
    results.fertility.values_mut().flat_map(|of| &mut of.languages).for_each(|of| of.parity = None);
    assert!(!shown(&html(&results)).contains("Ids"));
}

#[test]
fn rotated_options_have_a_table_on_the_page_and_in_markdown() {
    let (page, text) = (html(&fixture::rotated()), markdown(&fixture::rotated()));
    check_tags(&page);
    let cells = ["1 of 2 (50.0 %)", "1 of 2 (50.0 %)", "100.0 %, 50.0 %, 50.0 %, 50.0 %", "5, 1, 1, 1"];
    assert!(shown(&page).contains(&format!("heb_Hebrm base/direct{}", cells.concat())), "{}", shown(&page));
    assert!(text.contains(&format!("Hebrew (heb_Hebr) | m base/direct | {} |", cells.join(" | "))), "{text}");
    let none = fixture::results();
    assert!(!html(&none).contains("Rotated") && !markdown(&none).contains("Rotated"));
}

#[test]
fn the_noise_floor_has_a_table_where_cells_were_probed() {
    let page = html(&fixture::probed());
    check_tags(&page);
    let text = shown(&page);
    for part in [
        "Greatest difference (nats)Flips of 100Between",
        "heb_Hebrm base/direct81.2e-312.5option 2 of item p|1, alone and in units twice as large",
        "mlt_Latnm base/direct400.0–",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!html(&fixture::results()).contains("<h2>Noise floor"));
}

#[test]
fn a_cell_that_cannot_tell_is_on_no_side_of_chance() {
    let mut results = fixture::written();
    for cell in &mut results.cells {
        cell.interval.low = 0.3;
    }
    assert_eq!(html(&results).matches("title=\"above chance\"").count(), 1);
}

#[test]
fn what_is_not_known_of_what_was_written_is_a_dash() {
    let mut results = fixture::written();
    let reasoning = results.cells[0].reasoning.as_mut().expect("reasoning");
    reasoning.mean_tokens = None;
    reasoning.scripts.clear();
    reasoning.change = None;
    let generation = results.cells[2].generation.as_mut().expect("generated");
    generation.of_parsed = None;
    generation.rules.clear();
    let page = html(&results);
    check_tags(&page);
    let text = shown(&page);
    assert!(text.contains("1 of 4 (25.0 %)––––––") && text.contains("‡ 25.0––"), "{text}");
}

#[test]
fn nothing_comes_from_outside() {
    for results in [fixture::results(), fixture::texts(), fixture::written(), fixture::counted(), fixture::trained()] {
        let page = html(&results);
        for target in attributes(&page, "href") {
            assert!(target.starts_with("#shape") || ["results.json", "results.csv"].contains(&target), "{target}");
        }
        assert_eq!(attributes(&page, "src"), [""; 0]);
        for word in ["<script", "<link", "<img", "<iframe", "http:", "https:", "url(", "@import"] {
            assert!(!page.contains(word), "{word}");
        }
    }
}

#[test]
fn names_and_tokens_cannot_break_in() {
    let mut results = fixture::counted();
    let bad = "</style><script>alert('1')</script>\"onload=\"";
    results.study = bad.to_owned();
    results.notes.push(format!("a note {bad}"));
    results.group_means[0].group = bad.to_owned();
    for cell in &mut results.cells {
        cell.wanted.text = bad.to_owned();
        cell.id.column.model = bad.to_owned();
        cell.id.column.condition = bad.to_owned();
        cell.id.language = bad.to_owned();
    }
    let mut measured = results.fertility.remove("m").expect("counted");
    for of in &mut measured.languages {
        of.language = bad.to_owned();
        if let Some(first) = of.parity.as_mut().and_then(|parity| parity.first.as_mut()) {
            first.key = bad.to_owned();
            first.field = bad.to_owned();
            first.model.as_mut().expect("a token").text = bad.to_owned();
        }
    }
    let (mut id, mut probe) = fixture::probed().probes.pop_first().expect("probed");
    let place = probe.place.as_mut().expect("a difference");
    (place.key, place.option) = (bad.to_owned(), bad.to_owned());
    (id.column.model, id.language) = (bad.to_owned(), bad.to_owned());
    results.probes.insert(id, probe);
    measured.reference = Some(bad.to_owned());
    results.fertility.insert(bad.to_owned(), measured);
    let mut written = fixture::written().cells.swap_remove(0);
    written.reasoning.as_mut().and_then(|reasoning| reasoning.change.as_mut()).expect("a change").against =
        bad.to_owned();
    results.cells.push(written);
    let mut training = fixture::trained().trainings.swap_remove(0);
    (training.of.model, training.of.adapter) = (bad.to_owned(), bad.to_owned());
    results.trainings.push(training);
    let page = html(&results);
    check_tags(&page);
    assert!(!page.contains("<script") && !page.contains("\"onload"), "{page}");
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(shown(&page).contains(bad.trim_end_matches("\"onload=\"").replace('\'', "&#x27;").as_str()));
}

#[test]
fn what_runs_from_right_to_left_stands_apart_and_what_cannot_be_seen_is_shown() {
    let page = html(&fixture::texts());
    assert!(page.contains("<bdi><code>كيف</code></bdi>"), "{page}");
    let mut results = fixture::results();
    results.notes = vec!["it wanted to say \"שלום\" (3 of 3 items).".to_owned()];
    results.cells[0].wanted.text = " \n\u{202e}\u{7}a".to_owned();
    results.cells[1].wanted.text = String::new();
    let page = html(&results);
    assert!(page.contains("it wanted to say “<bdi>שלום</bdi>” (3 of 3 items)."), "{page}");
    assert!(page.contains("<code>␣⏎\\u{202e}\\u{7}a</code>") && page.contains("<i>nothing</i>"), "{page}");
}

#[test]
fn a_missing_cell_is_a_dash_and_seeds_are_columns() {
    let mut results = fixture::results();
    results.cells[1].id.column.seed = Some(17);
    results.group_means[0].column.seed = Some(17);
    let page = html(&results);
    check_tags(&page);
    assert_eq!(page.matches("<td class=\"none\">–</td>").count(), 3);
    let text = shown(&page);
    assert!(page.contains(r#"<th scope="colgroup" colspan="2">m</th>"#), "{page}");
    assert!(text.contains("base/direct, seed 17") && text.contains("1 model asked in 2 ways"), "{text}");
}

#[test]
fn without_cells_it_says_so() {
    let page = html(&xlt_core::results::compute("s", &BTreeMap::new(), &[], 4));
    check_tags(&page);
    assert!(shown(&page).contains("There are no results yet.") && !page.contains("<table"), "{page}");
}

#[test]
fn the_same_results_are_the_same_bytes_and_not_too_many() {
    let mut results = fixture::results();
    assert_eq!(html(&results), html(&results));
    let codes = ["amh_Ethi", "arb_Arab", "deu_Latn", "heb_Hebr", "jpn_Jpan", "kor_Hang", "mlt_Latn", "zho_Hans"];
    let cell = results.cells[0].clone();
    results.cells.clear();
    for condition in ["a", "b", "c", "d"] {
        results.cells.extend(codes.map(|code| {
            let mut cell = cell.clone();
            cell.id.column.condition = condition.to_owned();
            cell.id.language = code.to_owned();
            cell
        }));
    }
    let page = html(&results);
    check_tags(&page);
    assert!(page.len() < 100_000, "{}", page.len());
}
