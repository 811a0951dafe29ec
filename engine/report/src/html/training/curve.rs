//! The plot of the trainings of one adapter on one model: the loss by step, a line for each seed, and the learning rate below.
//!
//! Across it is laid out in shares of the steps, so that it is as wide as its page. Long trainings are drawn in runs of steps: a page
//! of many stays small.

use super::scale::{DECADES, down, down_decades, thousandths, ticks};
use minijinja::{Value, context};
use std::fmt::Write as _;
use xlt_core::results::{Point, Training};
use xlt_core::stats::mean;

/// Most points of a line.
const POINTS: usize = 120;
/// Heights of the two parts, and where they begin.
const LOSS_TOP: usize = 12;
const LOSS_HEIGHT: usize = 160;
const RATE_TOP: usize = LOSS_TOP + LOSS_HEIGHT + 28;
const RATE_HEIGHT: usize = 42;
/// Room for the numbers of the steps.
const AXIS: usize = 20;
/// Colours and dashes of the style; having no common divisor they make twelve pairs before one comes back.
const COLOURS: usize = 4;
const DASHES: usize = 3;

/// Steps that are drawn as one point.
struct Run<'a> {
    steps: &'a [Point],
    /// Their middle, as a share of all steps.
    middle: f64,
}

/// Of trainings that differ in their seeds. Nothing if no step was taken.
pub(super) fn plot(seeds: &[Training]) -> Option<Value> {
    let steps = seeds.iter().map(|training| training.curve.len()).max().filter(|&steps| steps > 0)?;
    let size = steps.div_ceil(POINTS);
    let runs: Vec<Vec<Run<'_>>> = seeds.iter().map(|training| runs(&training.curve, size, steps)).collect();
    let every = || runs.iter().flatten();
    let losses = ticks(every().map(|run| run.loss().max(run.smoothed())).fold(0.0, f64::max));
    let greatest = *losses.last()?;
    let highest = every().map(Run::rate).fold(0.0, f64::max);
    let line = |runs: &[Run<'_>], y: &dyn Fn(&Run<'_>) -> u32| {
        points(runs.iter().map(|run| (thousandths(run.middle), y(run))))
    };
    let series = seeds.iter().zip(&runs).enumerate().map(|(number, (training, runs))| {
        context! {
            seed => training.of.seed,
            colour => number % COLOURS,
            dash => number % DASHES,
            raw => line(runs, &|run| down(run.loss(), greatest)),
            smoothed => line(runs, &|run| down(run.smoothed(), greatest)),
        }
    });
    let mut rates: Vec<String> = runs.iter().map(|runs| line(runs, &|run| down_decades(run.rate(), highest))).collect();
    // Seeds have the same schedule, so nearly always this is one line.
    rates.dedup();
    let first = &seeds[0].of;
    Some(context! {
        model => &*first.model,
        adapter => &*first.adapter,
        series => series.collect::<Vec<_>>(),
        rates,
        size,
        bands => (0..steps.div_ceil(size)).map(|at| band(seeds, at * size, size, steps)).collect::<Vec<_>>(),
        losses => losses.iter().map(|&loss| tick(loss, greatest)).collect::<Vec<_>>(),
        steps => axis(steps),
        highest => format!("{highest:.1e}"),
        lowest => format!("{:.1e}", highest / 10.0_f64.powi(DECADES)),
        loss_top => LOSS_TOP,
        loss_height => LOSS_HEIGHT,
        rate_top => RATE_TOP,
        rate_height => RATE_HEIGHT,
        height => RATE_TOP + RATE_HEIGHT + AXIS,
    })
}

impl Run<'_> {
    fn loss(&self) -> f64 {
        self.mean(|point| point.step.loss)
    }

    fn rate(&self) -> f64 {
        self.mean(|point| point.step.lr)
    }

    fn norm(&self) -> f64 {
        self.mean(|point| point.step.gradient_norm)
    }

    /// At the last of its steps.
    fn smoothed(&self) -> f64 {
        self.steps.last().map_or(0.0, |point| point.smoothed)
    }

    fn mean(&self, of: fn(&Point) -> f64) -> f64 {
        mean(&self.steps.iter().map(of).collect::<Vec<_>>()).unwrap_or(0.0)
    }
}

/// A training in runs of so many steps; all trainings of the plot have at most `all`.
fn runs(curve: &[Point], size: usize, all: usize) -> Vec<Run<'_>> {
    let middle = |at: usize, steps: &[Point]| ((at * size) as f64 + steps.len() as f64 / 2.0) / all as f64;
    curve.chunks(size).enumerate().map(|(at, steps)| Run { steps, middle: middle(at, steps) }).collect()
}

/// Corners of a line. A single one is there twice, or nothing would be drawn.
fn points(points: impl Iterator<Item = (u32, u32)>) -> String {
    let mut text = String::new();
    let mut corners = 0;
    for (x, y) in points {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}{x},{y}", if corners == 0 { "" } else { " " });
        corners += 1;
    }
    if corners == 1 { format!("{text} {text}") } else { text }
}

/// What stands over the steps from `first` on where the pointer is.
fn band(seeds: &[Training], first: usize, size: usize, all: usize) -> Value {
    let last = (first + size).min(all);
    let mut title = if last - first == 1 { format!("step {first}") } else { format!("steps {first}–{}", last - 1) };
    let mut rate = None;
    for Training { of, curve, .. } in seeds {
        let Some(steps) = curve.get(first..last.min(curve.len())).filter(|steps| !steps.is_empty()) else { continue };
        let run = Run { steps, middle: 0.0 };
        let _ = write!(
            title,
            "\nseed {}: loss {:.3}, smoothed {:.3}, gradient norm {:.2e}",
            of.seed,
            run.loss(),
            run.smoothed(),
            run.norm()
        );
        rate = rate.or(Some(run.rate()));
    }
    title.extend(rate.map(|rate| format!("\nlearning rate {rate:.2e}")));
    context! { title, x => share(first, all), width => share(last - first, all) }
}

fn tick(loss: f64, greatest: f64) -> Value {
    context! { loss => loss.to_string(), y => LOSS_TOP + down(loss, greatest) as usize * LOSS_HEIGHT / 1000 }
}

/// Round numbers of steps, where they stand.
fn axis(steps: usize) -> Vec<Value> {
    let ticks = ticks((steps - 1) as f64).into_iter().filter(|&tick| tick.fract() == 0.0 && tick < steps as f64);
    ticks
        .map(|tick| context! { step => tick as u64, x => format!("{:.2}", (tick + 0.5) / steps as f64 * 100.0) })
        .collect()
}

/// In per cent.
fn share(part: usize, all: usize) -> String {
    format!("{:.3}", part as f64 / all as f64 * 100.0)
}
