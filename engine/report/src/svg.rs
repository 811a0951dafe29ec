//! SVG: the plot of gains as a file of its own, black on white, for papers and slides.

use crate::effects::gains::{Axis, GainRow, Kin, Panel, panels};
use crate::points::{brackets, decimals, points};
use crate::sheet::short;
use std::fmt::Write as _;
use xlt_core::results::{LEVEL, Results};
use xlt_core::stats::Interval;

/// Sizes in pixels: the page, where names end and the plot begins and ends, and where numbers end.
const WIDTH: f64 = 760.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 570.0;
const GAIN: f64 = 615.0;
const LINE: f64 = 18.0;
/// Room above a panel for its name, and below it for the numbers of the axis.
const HEAD: f64 = 34.0;
const FOOT: f64 = 26.0;

/// Gains by language as dots on their intervals, a panel for each comparison. Relatives are full, controls hollow, means diamonds.
#[must_use]
pub fn gains_svg(results: &Results) -> String {
    let panels = panels(results);
    let axis = Axis::of(&panels);
    let mut body = String::new();
    let mut top = 0.0;
    for panel in &panels {
        top = drawn(&mut body, panel, &axis, top);
    }
    if panels.is_empty() {
        body.push_str("<text x=\"10\" y=\"22\">No gain is asked for.</text>\n");
        top = HEAD;
    }
    let title = escaped(&format!("{}: gains in points, with {:.0} % intervals", results.study, LEVEL * 100.0));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{top}\" viewBox=\"0 0 {WIDTH} {top}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"#000\">\n<title>{title}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{top}\" fill=\"#fff\"/>\n{body}</svg>\n",
    )
}

/// Draws a panel, and says where it ends.
fn drawn(body: &mut String, panel: &Panel<'_>, axis: &Axis, top: f64) -> f64 {
    let groups: Vec<&[GainRow<'_>]> = panel.rows.chunk_by(|one, other| one.kin == other.kin).collect();
    let lines = panel.rows.len() + groups.len() + panel.means.len() + usize::from(!panel.means.is_empty());
    let (first, bottom) = (top + HEAD, top + HEAD + lines as f64 * LINE);
    let comparison = panel.comparison;
    let mark = if panel.items_only { " §" } else { "" };
    let name = format!("{}: {} over {}, {}{mark}", comparison.model, comparison.of, comparison.over, comparison.mode);
    // Writing to a String cannot fail.
    let _ = writeln!(body, "<text x=\"10\" y=\"{}\" font-weight=\"bold\">{}</text>", top + 22.0, escaped(&name));
    for tick in axis.ticks() {
        let (x, colour) = (place(axis, tick), if tick == 0.0 { "#000" } else { "#ccc" });
        let label = decimals(tick, 0);
        let _ = writeln!(
            body,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{first}\" y2=\"{bottom}\" stroke=\"{colour}\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#444\">{label}</text>",
            bottom + 15.0,
        );
    }
    let mut y = first;
    for group in groups {
        head(body, group.first().map_or("", |row| row.kin.head()), &mut y);
        for row in group {
            let shape = match row.kin {
                Kin::Relative | Kin::Unknown => Shape::Full,
                Kin::Control => Shape::Hollow,
                Kin::Source => Shape::Square,
            };
            let noise = if row.in_noise() { " ≈" } else { "" };
            let numbers = (row.gain.estimate.value, row.interval());
            line(body, axis, &short(&row.gain.language), numbers, noise, shape, &mut y);
        }
    }
    if !panel.means.is_empty() {
        head(body, "Means", &mut y);
    }
    for mean in &panel.means {
        let name = format!("{} ({})", mean.population, mean.languages.len());
        line(body, axis, &name, (mean.estimate.value, mean.interval), "", Shape::Diamond, &mut y);
    }
    bottom + FOOT
}

/// Shapes of marks, which tell groups apart without colour.
#[derive(Clone, Copy)]
enum Shape {
    Full,
    Hollow,
    Square,
    Diamond,
}

fn head(body: &mut String, text: &str, y: &mut f64) {
    *y += LINE;
    let _ = writeln!(body, "<text x=\"10\" y=\"{}\" fill=\"#444\" font-style=\"italic\">{text}</text>", *y - 5.0);
}

fn line(
    body: &mut String,
    axis: &Axis,
    name: &str,
    (value, interval): (f64, Option<Interval>),
    noise: &str,
    shape: Shape,
    y: &mut f64,
) {
    *y += LINE;
    let (baseline, middle, x) = (*y - 5.0, *y - LINE / 2.0, place(axis, value * 100.0));
    let _ = write!(body, "<text x=\"22\" y=\"{baseline}\">{}</text>", escaped(name));
    if let Some(Interval { low, high }) = interval {
        let (low, high) = (place(axis, low * 100.0), place(axis, high * 100.0));
        let _ = write!(
            body,
            "<line x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{middle}\" y2=\"{middle}\" stroke=\"#000\" stroke-width=\"1.5\"/>"
        );
    }
    let corners =
        |radius: f64| format!("M{:.1} {middle}l{radius}-{radius} {radius} {radius}-{radius} {radius}z", x - radius);
    let _ = match shape {
        Shape::Full => write!(body, "<circle cx=\"{x:.1}\" cy=\"{middle}\" r=\"4\"/>"),
        Shape::Hollow => {
            write!(
                body,
                "<circle cx=\"{x:.1}\" cy=\"{middle}\" r=\"3.5\" fill=\"#fff\" stroke=\"#000\" stroke-width=\"1.5\"/>"
            )
        }
        Shape::Square => {
            write!(body, "<rect x=\"{:.1}\" y=\"{}\" width=\"7\" height=\"7\" fill=\"#888\"/>", x - 3.5, middle - 3.5)
        }
        Shape::Diamond => write!(body, "<path d=\"{}\"/>", corners(5.0)),
    };
    let _ = writeln!(
        body,
        "<text x=\"{GAIN}\" y=\"{baseline}\" text-anchor=\"end\">{}</text><text x=\"{}\" y=\"{baseline}\">{}{noise}</text>",
        points(value),
        GAIN + 10.0,
        brackets(interval),
    );
}

fn place(axis: &Axis, points: f64) -> f64 {
    LEFT + axis.place(points) * (RIGHT - LEFT)
}

/// Text between tags. Characters that XML does not have are left out.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => {}
            _ if character.is_control() => safe.push(' '),
            _ => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_plot_stands_alone_in_black_on_white() {
        let svg = gains_svg(&fixture::study());
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height="), "{svg}");
        assert!(svg.contains("fill=\"#fff\"/>\n") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("font-weight=\"bold\">large: tuned over base, direct §</text>"), "{svg}");
        // 21.7 [11.7, 31.7] of an axis from −10 to 40 that is 380 wide.
        let row = ">Amharic</text><line x1=\"354.7\" x2=\"506.7\" y1=\"61\" y2=\"61\" stroke=\"#000\" stroke-width=\"1.5\"/>\
                   <circle cx=\"430.7\" cy=\"61\" r=\"4\"/><text x=\"615\" y=\"65\" text-anchor=\"end\">21.7</text>\
                   <text x=\"625\" y=\"65\">[11.7, 31.7]</text>";
        assert!(svg.contains(row), "{svg}");
        let ends = ["<svg", "<text", "<title"]
            .map(|tag| (svg.matches(tag).count(), svg.matches(&tag.replace('<', "</")).count()));
        assert!(ends.iter().all(|(open, closed)| open == closed), "{ends:?}");
        assert_eq!(svg, gains_svg(&fixture::study()));
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn shapes_tell_groups_apart() {
        let svg = gains_svg(&fixture::study());
        let counts = ["r=\"4\"/>", "fill=\"#fff\" stroke", "<rect x", "<path"].map(|shape| svg.matches(shape).count());
        assert_eq!(counts, [4 * 3, 4 * 3 + 2 * 5, 2, 4 * 4 + 2 * 3]);
        assert_eq!(svg.matches(" ≈</text>").count(), 3);
    }

    #[test]
    fn without_gains_it_says_so_and_names_cannot_break_it() {
        let mut results = fixture::results();
        results.study = "a<b>&\u{1}".to_owned();
        let svg = gains_svg(&results);
        assert!(svg.contains("No gain is asked for.") && svg.contains("<title>a&lt;b&gt;&amp; :"), "{svg}");
    }
}
