//! HTML: one page that a person reads, prints and passes on.
//!
//! It is whole in itself: style and plots are inside, and nothing is loaded from anywhere. It knows no time and no path.

mod claims;
mod details;
mod effects;
mod fertility;
mod gains;
mod grid;
mod items;
mod plot;
mod probe;
mod provenance;
mod rotation;
mod scatter;
mod sheet;
mod training;
mod words;
mod writing;

use crate::{column, seeds, written};
use minijinja::{Environment, UndefinedBehavior, Value, context, syntax::SyntaxConfig};
use std::collections::BTreeSet;
use words::{count, percent};
use xlt_core::evidence::Evidence;
use xlt_core::plan::EvaluateCell;
use xlt_core::provenance::Origin;
use xlt_core::results::{Cell, CellId, Column, FORMAT_FAILURE_BELOW, LEVEL, Results};

/// The templates by name. What ends in `.html` escapes every value.
const TEMPLATES: [(&str, &str); 21] = [
    ("page.html", include_str!("html/page.html")),
    ("named.html", include_str!("html/named.html")),
    ("claims.html", include_str!("html/claims.html")),
    ("facts.html", include_str!("html/facts.html")),
    ("gains.html", include_str!("html/gains.html")),
    ("effects.html", include_str!("html/effects.html")),
    ("sheet.html", include_str!("html/sheet.html")),
    ("scatter.html", include_str!("html/scatter.html")),
    ("grid.html", include_str!("html/grid.html")),
    ("plot.html", include_str!("html/plot.html")),
    ("details.html", include_str!("html/details.html")),
    ("items.html", include_str!("html/items.html")),
    ("provenance.html", include_str!("html/provenance.html")),
    ("fertility.html", include_str!("html/fertility.html")),
    ("probe.html", include_str!("html/probe.html")),
    ("rotation.html", include_str!("html/rotation.html")),
    ("training.html", include_str!("html/training.html")),
    ("writing.html", include_str!("html/writing.html")),
    ("reading.html", include_str!("html/reading.html")),
    ("style.css", include_str!("html/style.css")),
    ("items.css", include_str!("html/items.css")),
];

/// What a page shows beside the results.
#[derive(Debug, Clone, Default)]
pub struct Sources<'a> {
    /// Items, answers and prompts.
    pub evidence: Evidence<'a>,
    /// Which stages made the answers.
    pub origins: &'a [Origin],
}

/// The results as one self-contained HTML page.
#[must_use]
pub fn html(results: &Results, sources: &Sources<'_>) -> String {
    let environment = environment();
    let page = environment.get_template("page.html").and_then(|page| page.render(page_of(results, sources)));
    page.expect("the templates are ours, and the tests render every branch of them")
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("only delimiters can be invalid, and these are the usual ones"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).expect("the templates are ours, and the tests parse them");
    }
    environment
}

fn page_of(results: &Results, sources: &Sources<'_>) -> Value {
    let links = Links::new(sources);
    let columns: BTreeSet<&Column> = results.cells.iter().map(|cell| &cell.id.column).collect();
    context! {
        study => &*results.study,
        level => format!("{:.0}", LEVEL * 100.0),
        misses => ((1.0 - LEVEL) * results.cells.len() as f64).round() as u64,
        chance => percent(results.chance()),
        options => results.n_options,
        format_failure_below => FORMAT_FAILURE_BELOW,
        cells => results.cells.len(),
        failures => results.cells.iter().any(Cell::format_failure),
        unsure => results.cells.iter().any(Cell::cannot_tell),
        cannot_tell => written::cannot_tell(),
        items_only => results.cells.iter().any(|cell| cell.items_only),
        about_items_only => seeds::ITEMS_ONLY,
        reasoning => results.cells.iter().any(|cell| cell.reasoning.is_some()),
        about_reasoning => written::REASONING,
        generation => results.cells.iter().any(|cell| cell.generation.is_some()),
        about_generation => written::GENERATION,
        labels => results.cells.iter().any(|cell| cell.median_answer_mass.is_some()),
        texts => results.cells.iter().any(|cell| !cell.by_normalization.is_empty()),
        groups => !results.group_means.is_empty(),
        summary => summary(results),
        claims => claims::claims(results),
        facts => effects::facts(results, sources.origins),
        gains => gains::gains(results),
        effects => effects::effects(results),
        grid => grid::grid(results, &columns, &links),
        plots => plot::plots(results, &columns),
        details => columns.iter().map(|column| details::column(results, column, &links)).collect::<Vec<_>>(),
        rotation => rotation::rotation(results),
        training => training::training(results),
        probe => probe::probe(results),
        fertility => fertility::fertility(results),
        notes => results.notes.iter().map(|note| sentence(note)).collect::<Vec<_>>(),
        example => results.cells.first().map(stage),
        items => items::items(&sources.evidence),
        provenance => provenance::provenance(sources.origins),
    }
}

/// What the page says, in one sentence.
fn summary(results: &Results) -> String {
    let cells = &results.cells;
    if cells.is_empty() {
        return "There are no results yet.".to_owned();
    }
    let models: BTreeSet<&str> = cells.iter().map(|cell| cell.id.column.model.as_str()).collect();
    let ways: BTreeSet<String> = cells.iter().map(|cell| column::way(&cell.id.column)).collect();
    let languages: BTreeSet<&str> = cells.iter().map(|cell| cell.id.language.as_str()).collect();
    let of = |side: &str| cells.iter().filter(|cell| words::side(cell, results.chance()) == side).count();
    let failures = match cells.iter().filter(|cell| cell.format_failure()).count() {
        0 => String::new(),
        1 => "; 1 is a failure of format".to_owned(),
        many => format!("; {many} are failures of format"),
    };
    let unsure = match cells.iter().filter(|cell| cell.cannot_tell()).count() {
        0 => String::new(),
        number => format!("; of {number} it cannot be told"),
    };
    format!(
        "{} asked in {} and {}, {} a cell: of {}, {} {} whole interval above chance ({} %) and {} below{failures}{unsure}.",
        count(models.len(), "model"),
        count(ways.len(), "way"),
        count(languages.len(), "language"),
        words::items(results),
        count(cells.len(), "cell"),
        of("above"),
        if of("above") == 1 { "lies with its" } else { "lie with their" },
        percent(results.chance()),
        of("below"),
    )
}

/// A sentence in three parts: what it quotes, which may run from right to left, stands apart.
fn sentence(text: &str) -> Value {
    let quoted = text.split_once('"').and_then(|(before, rest)| Some((before, rest.rsplit_once('"')?)));
    match quoted {
        Some((before, (quoted, after))) => context! { before, quoted, after },
        None => context! { before => text, quoted => (), after => "" },
    }
}

/// Which cells the page can say more of.
struct Links {
    items: BTreeSet<CellId>,
    origins: BTreeSet<CellId>,
}

impl Links {
    fn new(sources: &Sources<'_>) -> Self {
        let Evidence { columns, languages } = &sources.evidence;
        let asked = languages.iter().filter(|sheet| !sheet.items.is_empty()).flat_map(|sheet| {
            let cells = columns.iter().zip(&sheet.cells).filter(|(_, cell)| cell.is_some());
            cells.map(|(column, _)| CellId { column: (*column).clone(), language: sheet.language.clone() })
        });
        Self { items: asked.collect(), origins: sources.origins.iter().map(|origin| (&origin.cell).into()).collect() }
    }

    /// Where the items of a cell are shown.
    fn items(&self, id: &CellId) -> Option<String> {
        self.items.contains(id).then(|| items::link(id))
    }

    /// Where it is said what a cell comes from.
    fn origin(&self, id: &CellId) -> Option<String> {
        self.origins.contains(id).then(|| format!("#{}", provenance::anchor(id)))
    }
}

/// Name of the stage that made a cell's answers.
fn stage(cell: &Cell) -> String {
    let Column { model, condition, mode, seed } = cell.id.column.clone();
    let cell = EvaluateCell { model, condition, seed, language: cell.id.language.clone(), mode };
    format!("evaluate/{}", cell.name())
}

#[cfg(test)]
mod tests;
