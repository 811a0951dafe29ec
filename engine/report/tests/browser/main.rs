//! The report in a real browser: its script runs, its filters work, an item opens, and something is to be seen.

mod chromium;
mod study;

use chromium::{Chromium, address};
use std::path::PathBuf;
use study::Size;

/// Two models, four languages, twelve items.
const SMALL: Size = Size { models: 2, languages: 4, items: 12, words: 40, thoughts: 60 };

/// A browser and the page of a study in a file; nothing where there is no browser.
fn opened(size: Size) -> Option<(Chromium, tempfile::TempDir, PathBuf)> {
    let browser = Chromium::find()?;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    std::fs::write(&path, study::page(size)).expect("a file");
    Some((browser, folder, path))
}

/// What is between two texts, the first time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before}"));
    rest.split_once(after).map_or(rest, |(found, _)| found)
}

/// The page with a hash, drawn without a fault.
#[track_caller]
fn drawn(browser: &Chromium, path: &std::path::Path, hash: &str) -> String {
    let dom = browser.dom(&address(path, hash));
    let fault = between(&dom, "id=\"items-fault\"", "</p>");
    assert!(fault.contains("hidden") && fault.ends_with('>'), "the script failed: {fault}");
    assert!(dom.contains("data-drawn="), "the script did not come to its end");
    dom
}

fn listed(dom: &str) -> usize {
    between(dom, "id=\"items-list\"", "</ol>").matches("<li>").count()
}

#[test]
fn the_page_opens_with_the_items_of_the_first_column() {
    let Some((browser, _folder, path)) = opened(SMALL) else { return };
    let dom = drawn(&browser, &path, "");
    assert_eq!(between(&dom, "id=\"items-count\" role=\"status\">", "<"), "1–12 of 12 items");
    assert_eq!(listed(&dom), 12);
    assert!(
        between(&dom, "name=\"language\"", "</select>").contains("selected=\"\">Modern Standard Arabic (arb_Arab)")
    );
    assert!(between(&dom, "<article id=\"item\"", ">").contains("hidden"), "no item is open");
}

#[test]
fn a_link_sets_the_filters_and_opens_an_item() {
    let Some((browser, _folder, path)) = opened(SMALL) else { return };
    let dom = drawn(&browser, &path, "#items/heb_Hebr/model-1/base/reasoning?show=wrong&item=p001%7C1");
    assert!(between(&dom, "name=\"language\"", "</select>").contains("selected=\"\">Hebrew"));
    assert!(between(&dom, "name=\"model\"", "</select>").contains("selected=\"\">model-1"));
    assert!(between(&dom, "name=\"way\"", "</select>").contains("selected=\"\">base/reasoning"));
    let list = between(&dom, "id=\"items-list\"", "</ol>");
    assert!(listed(&dom) > 0 && listed(&dom) < 12 && !list.contains("class=\"right\""), "{list}");
    let item = between(&dom, "<article id=\"item\"", "</article>");
    assert!(
        item.contains("<bdi>p001|1</bdi>") && item.contains("dir=\"rtl\" lang=\"he-Hebr\" class=\"passage\""),
        "{item}"
    );
    let table = between(item, "<table", "</table>");
    assert_eq!(table.matches("scope=\"col\"").count(), 1 + 6, "the option, and all six columns side by side");
    assert_eq!(table.matches("class=\"gold\"").count(), 1);
    assert!(table.contains(" %</small>") && table.contains("title=\"predicted\">●"), "{table}");
    assert!(item.contains("Reasoning of model-1 base/reasoning"), "{item}");
    let prompt = between(item, "class=\"text prompt\"", "</pre>");
    assert!(prompt.contains("<span class=\"special\">&lt;|im_start|&gt;</span>user"), "{prompt}");
    assert!(prompt.contains("This one is asked otherwise."), "this prompt is kept whole: {prompt}");
    assert!(prompt.contains("⟦reasoning⟧") && prompt.ends_with("<span class=\"slot\">⟦answer⟧</span>"), "{prompt}");
}

#[test]
fn a_form_is_filled_with_the_item() {
    let Some((browser, _folder, path)) = opened(SMALL) else { return };
    let dom = drawn(&browser, &path, "#items/eng_Latn/model-0/tuned/direct/17?item=p002%7C2");
    let item = between(&dom, "<article id=\"item\"", "</article>");
    let question = between(item, "class=\"asked\">", "<");
    let prompt = between(item, "class=\"text prompt\"", "</pre>");
    assert!(prompt.contains(&format!("<span class=\"place\">{question}</span>")), "{prompt}");
    assert!(prompt.contains("\nC. <bdi class=\"place\">"), "within a line a text stands apart: {prompt}");
    assert!(prompt.ends_with("assistant\n<span class=\"slot\">⟦answer⟧</span>"), "{prompt}");
}

#[test]
fn search_and_change_against_another_column_narrow_the_list() {
    let Some((browser, _folder, path)) = opened(SMALL) else { return };
    let one = drawn(&browser, &path, "#items/eng_Latn/model-0/base/direct?search=P003%7C2");
    assert_eq!(between(&one, "id=\"items-count\" role=\"status\">", "<"), "1–1 of 1 found among 12 items");
    let none = drawn(&browser, &path, "#items/eng_Latn/model-0/base/direct?search=%C3%BCberall");
    assert_eq!(between(&none, "id=\"items-count\" role=\"status\">", "<"), "None of 12 items.");
    let changed =
        drawn(&browser, &path, "#items/eng_Latn/model-0/base/direct?show=changed&against=model-0/tuned/direct/17");
    assert!(listed(&changed) > 0 && listed(&changed) < 12, "{}", listed(&changed));
    assert!(between(&changed, "name=\"against\"", "</select>").contains("selected=\"\">model-0 tuned/direct, seed 17"));
}

#[test]
fn long_lists_come_in_pages_of_fifty() {
    let Some((browser, _folder, path)) = opened(Size { models: 1, languages: 1, items: 120, ..SMALL }) else { return };
    let first = drawn(&browser, &path, "");
    assert_eq!((listed(&first), between(&first, "role=\"status\">", "<")), (50, "1–50 of 120 items"));
    let last = drawn(&browser, &path, "#items/eng_Latn/model-0/base/direct?from=100");
    assert_eq!((listed(&last), between(&last, "role=\"status\">", "<")), (20, "101–120 of 120 items"));
    let beyond = drawn(&browser, &path, "#items/eng_Latn/model-0/base/direct?from=5000");
    assert_eq!(listed(&beyond), 50, "there is no such page");
}

#[test]
fn a_link_to_what_is_not_there_shows_what_is() {
    let Some((browser, _folder, path)) = opened(SMALL) else { return };
    let dom = drawn(&browser, &path, "#items/xxx_Xxxx/nobody/base/direct?show=odd&against=nobody&item=nothing");
    assert_eq!(listed(&dom), 12);
}

#[test]
fn a_fault_is_told_on_the_page() {
    let Some((browser, _folder, path)) = opened(SMALL) else { return };
    let page = std::fs::read_to_string(&path).expect("the page");
    let (before, chunk) = page.split_once("data-language=\"heb_Hebr\">").expect("a chunk");
    std::fs::write(&path, format!("{before}data-language=\"heb_Hebr\">damaged{chunk}")).expect("a file");
    let dom = browser.dom(&address(&path, "#items/heb_Hebr/model-0/base/direct"));
    assert!(dom.contains("The browser of items failed: "), "nothing is said of it");
}

#[test]
fn there_is_something_to_be_seen_in_the_light_and_in_the_dark() {
    let Some((browser, _folder, path)) = opened(SMALL) else { return };
    let [light, dark] = [false, true].map(|dark| browser.picture(&address(&path, ""), dark));
    // An empty page of this size is some eight thousand bytes.
    for picture in [&light, &dark] {
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 50_000, "{} bytes", picture.len());
    }
    assert_ne!(light, dark);
}
