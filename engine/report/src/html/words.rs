//! Numbers, names and marks as the page writes them.

use crate::languages::english_name;
use minijinja::{Value, context};
use xlt_core::results::{Cell, Results};

/// A rate in per cent, with one decimal.
pub(super) fn percent(rate: f64) -> String {
    format!("{:.1}", rate * 100.0)
}

/// `1 cell`, `2 cells`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// How many items a cell has: `24 items`, `20 to 24 items`.
pub(super) fn items(results: &Results) -> String {
    let trials = || results.cells.iter().map(|cell| cell.score.trials());
    match (trials().min().unwrap_or(0), trials().max().unwrap_or(0)) {
        (1, 1) => "1 item".to_owned(),
        (least, most) if least == most => format!("{most} items"),
        (least, most) => format!("{least} to {most} items"),
    }
}

/// On which side of chance the whole interval lies: `above`, `below`, or neither; neither, too, where that cannot be told.
pub(super) fn side(cell: &Cell, chance: f64) -> &'static str {
    match () {
        () if cell.cannot_tell() => "",
        () if cell.interval.low > chance => "above",
        () if cell.interval.high < chance => "below",
        () => "",
    }
}

/// A language by its English name, where it has one, and its code.
pub(super) fn language(code: &str) -> Value {
    context! { name => english_name(code), code }
}

/// Text of a token with what cannot be seen made visible.
pub(super) fn visible(token: &str) -> String {
    let mut shown = String::new();
    for character in token.chars() {
        match character {
            ' ' => shown.push('␣'),
            '\n' => shown.push('⏎'),
            '\t' => shown.push('⇥'),
            // Also the marks that turn the direction of text around.
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                shown.extend(character.escape_unicode());
            }
            _ if character.is_control() => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}
