//! Relatives against controls: the test that comes first, the others, and the regression as published.

use super::gains::drawn;
use super::{ITEMS_ONLY, interval_head, items_only, seed_note};
use crate::points::{NONE, brackets, count, decimals, p_value, points};
use crate::sheet::{Head, Row, Sheet};
use xlt_core::analysis::{Contrast, First};
use xlt_core::results::{LEVEL, Results};
use xlt_core::stats::Interval;
use xlt_core::stats::regression::Independent;
use xlt_core::stats::wild::WildInterval;

/// Nothing where no adapter has both relatives and controls.
pub(crate) fn contrasts(results: &Results) -> Option<Sheet> {
    let rows: Vec<Row> = results.analysis.contrasts.iter().flat_map(|contrast| tests(results, contrast)).collect();
    let words = ["Models", "Condition", "Mode", "Languages", "Test", "Speaks of"].map(Head::words).into_iter();
    let numbers = ["Difference", &interval_head(), "p"].map(Head::numbers);
    (!rows.is_empty()).then(|| Sheet {
        title: "Relatives against controls",
        about: "The mean gain of relatives less that of controls, in points: above zero, languages near to what was trained on gain more. \
                The first line of each is the one to read; the others are there to be held against it."
            .to_owned(),
        heads: words.chain(numbers).collect(),
        notes: seed_note(&rows),
        rows,
    })
}

/// The tests of a contrast, the one to be read first.
fn tests(results: &Results, contrast: &Contrast) -> Vec<Row> {
    let first = contrast.first();
    let difference = points(contrast.over_items.value);
    let languages = "languages";
    let permutation = contrast.permutation.map(|found| {
        let name = format!("permutation (least p {})", p_value(Some(found.smallest_attainable)));
        [name, languages.to_owned(), difference.clone(), String::new(), p_value(Some(found.p))]
    });
    let student = contrast.student.map(|found| {
        let p = found.p();
        // Groups of one size are Student's, others Welch's.
        let whose = if contrast.relatives.len() == contrast.controls.len() { "Student" } else { "Welch" };
        let name = format!("{whose}’s t, {} d.f.", decimals(found.freedom, 1));
        [name, languages.to_owned(), points(found.value), brackets(found.interval(LEVEL)), p_value(p)]
    });
    let wild = contrast.wild.map(|(test, interval)| {
        ["wild bootstrap".to_owned(), languages.to_owned(), difference.clone(), open(interval), p_value(Some(test.p))]
    });
    let mark =
        if contrast.models.iter().any(|model| items_only(results, model, &contrast.of)) { ITEMS_ONLY } else { "" };
    let items = [
        format!("bootstrap of {}", drawn(results)),
        "items".to_owned(),
        difference.clone(),
        format!("{}{mark}", brackets(contrast.interval)),
        p_value(contrast.over_items.student().and_then(|found| found.p())),
    ];
    let of_languages = match first {
        Some(First::Permutation(_)) => [permutation, student, wild],
        _ => [student, permutation, wild],
    };
    let row = |(at, fields): (usize, [String; 5])| {
        let names = if at > 0 { Default::default() } else { names(contrast) };
        Row { continues: at > 0, ..Row::new(names.into_iter().chain(fields)) }
    };
    of_languages.into_iter().flatten().chain([items]).enumerate().map(row).collect()
}

/// Of which models and conditions it is, with the number of languages on either side.
fn names(contrast: &Contrast) -> [String; 4] {
    let Contrast { of, over, mode, models, relatives, controls, .. } = contrast;
    let models = match models.as_slice() {
        [one] => one.clone(),
        all => format!("mean of {}", count(all.len(), "model")),
    };
    [models, format!("{of} over {over}"), mode.clone(), format!("{} against {}", relatives.len(), controls.len())]
}

/// An interval that may have no end.
fn open(WildInterval { low, high }: WildInterval) -> String {
    match (low, high) {
        (Some(low), Some(high)) => brackets(Some(Interval { low, high })),
        (low, high) => {
            let end = |bound: Option<f64>, open: &str| bound.map_or_else(|| open.to_owned(), points);
            format!("[{}, {}]", end(low, "−∞"), end(high, "∞"))
        }
    }
}

/// The regression of gain on baseline and relatedness, with why it is not to be trusted. Nothing where there is none.
pub(crate) fn published(results: &Results) -> Option<Sheet> {
    let all = results.analysis.contrasts.iter().filter_map(|contrast| Some((contrast, contrast.published?)));
    let row = |(contrast, found): (&Contrast, xlt_core::analysis::Published)| {
        let fields = [found.cells.to_string()].into_iter().chain(terms(found.base, 2)).chain(terms(found.relative, 1));
        Row::new(names(contrast).into_iter().chain(fields))
    };
    let rows: Vec<Row> = all.map(row).collect();
    let words = ["Models", "Condition", "Mode", "Languages"].map(Head::words).into_iter();
    let numbers = ["Cells", "base", "p of base", "relative", "p of relative"].map(Head::numbers);
    (!rows.is_empty()).then(|| Sheet {
        title: "As published: gain ~ base + relative",
        about: "Printed for comparison, and not to be trusted. The noise of the baseline is in the gain as well, and leaks into “relative”; \
                and cells of one language or model are no independent rows. With seven models it finds a difference where there is none in \
                31 to 52 % of studies; the tests above do in 4.1 to 5.7 %. Standard errors are in parentheses; “relative” is in points."
            .to_owned(),
        heads: words.chain(numbers).collect(),
        rows,
        notes: Vec::new(),
    })
}

/// Estimate with its error, and p; in points where it is a difference of shares.
fn terms(term: Independent, places: usize) -> [String; 2] {
    let scale = if places == 1 { 100.0 } else { 1.0 };
    let number = |value: f64| decimals(value * scale, places);
    let p = term.p.map_or_else(|| NONE.to_owned(), |p| p_value(Some(p)));
    [format!("{} ({})", number(term.estimate), number(term.standard_error)), p]
}
