//! Who watches a run: the progress bars of a terminal, plain lines, or JSON lines.

mod bars;
mod json;
mod lines;
mod moving;
mod words;

pub(crate) use moving::Moving;
pub(crate) use words::duration;

use xlt_run::Observer;

/// The observer that fits: JSON if asked for, bars on a terminal, else plain lines.
pub(crate) fn observer(json: bool) -> Box<dyn Observer> {
    if json {
        Box::new(json::Json)
    } else if crate::term::watched() {
        Box::new(bars::Bars::new())
    } else {
        Box::new(lines::Lines::default())
    }
}
