//! Dot plots: a model each, its languages from top to bottom, accuracy and interval against chance.
//!
//! Across they are laid out in per cent, so that a plot is as wide as its page and its text keeps its size.

use super::words::{language, percent};
use crate::column;
use minijinja::{Value, context};
use std::collections::BTreeSet;
use xlt_core::results::{Cell, Column, Results};

/// Room above the first language, for the word "chance".
const TOP: usize = 22;
/// Height of a language's name, of a line below it, and of the gap after its lines.
const NAME: usize = 20;
const LINE: usize = 15;
const GAP: usize = 8;
/// Room for the numbers of the axis.
const AXIS: usize = 20;
/// Colours and shapes of the style; having no common divisor they make 20 pairs before one comes back.
const COLOURS: usize = 4;
const SHAPES: usize = 5;

pub(super) fn plots(results: &Results, columns: &BTreeSet<&Column>) -> Vec<Value> {
    let models: BTreeSet<&str> = columns.iter().map(|column| column.model.as_str()).collect();
    let of = |model: &str| columns.iter().copied().filter(|column| column.model == model).collect::<Vec<_>>();
    models.into_iter().map(|model| plot(results, model, &of(model))).collect()
}

fn plot(results: &Results, model: &str, series: &[&Column]) -> Value {
    let cells: Vec<&Cell> = results.cells.iter().filter(|cell| cell.id.column.model == model).collect();
    let languages: BTreeSet<&str> = cells.iter().map(|cell| cell.id.language.as_str()).collect();
    let block = NAME + series.len() * LINE + GAP;
    let rows = languages.iter().enumerate().map(|(row, code)| {
        let top = TOP + row * block;
        let find = |column: &Column| cells.iter().find(|cell| cell.id.language == *code && cell.id.column == *column);
        let line = |number: usize| top + NAME + number * LINE + LINE / 2;
        let marks =
            series.iter().enumerate().filter_map(|(number, column)| Some(mark(find(column)?, number, line(number))));
        context! { language => language(code), top, baseline => top + NAME - 4, marks => marks.collect::<Vec<_>>() }
    });
    let bottom = TOP + languages.len() * block;
    let key = |(number, column): (usize, &&Column)| {
        let items_only = cells.iter().any(|cell| cell.id.column == **column && cell.items_only);
        context! { style => style(number), way => column::way(column), items_only }
    };
    context! {
        model,
        series => series.iter().enumerate().map(key).collect::<Vec<_>>(),
        rows => rows.collect::<Vec<_>>(),
        chance => percent(results.chance()),
        top => TOP,
        bottom,
        height => bottom + AXIS,
    }
}

fn mark(cell: &Cell, number: usize, y: usize) -> Value {
    context! {
        style => style(number),
        way => column::way(&cell.id.column),
        hollow => cell.format_failure() || cell.cannot_tell(),
        items_only => cell.items_only,
        rate => percent(cell.score.rate()),
        low => percent(cell.interval.low),
        high => percent(cell.interval.high),
        y,
    }
}

fn style(number: usize) -> Value {
    context! { colour => number % COLOURS, shape => number % SHAPES }
}
