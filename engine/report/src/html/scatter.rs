//! Plots of points.

use crate::effects::scatter::{Dot, Scatter, tick};
use minijinja::{Value, context};

/// Sizes in pixels: the field of the points, and the room on its left and below it for numbers.
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 40.0;
const TOP: f64 = 10.0;

/// As a template takes it.
pub(super) fn scatter(Scatter { title, labels, axes: [across, up], dots }: &Scatter) -> Value {
    let x = |points: f64| format!("{:.1}", LEFT + across.place(points) * WIDTH);
    let y = |points: f64| format!("{:.1}", TOP + (1.0 - up.place(points)) * HEIGHT);
    let dot = |dot: &Dot| context! { title => &*dot.title, x => x(dot.x), y => y(dot.y) };
    context! {
        title,
        labels,
        left => LEFT,
        right => LEFT + WIDTH,
        top => TOP,
        bottom => TOP + HEIGHT,
        width => LEFT + WIDTH + 12.0,
        height => TOP + HEIGHT + 38.0,
        across => across.ticks().into_iter().map(|at| context! { x => x(at), text => tick(at), zero => at == 0.0 }).collect::<Vec<_>>(),
        up => up.ticks().into_iter().map(|at| context! { y => y(at), text => tick(at), zero => at == 0.0 }).collect::<Vec<_>>(),
        dots => dots.iter().map(dot).collect::<Vec<_>>(),
    }
}
