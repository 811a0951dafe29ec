//! Trainings on the page, and intervals of one seed.

use super::*;

#[test]
fn a_training_has_a_row() {
    let page = html(&fixture::trained());
    check_tags(&page);
    let text = shown(&page);
    for words in [
        "ModelAdapterSeedStepsExamplesTokensFirst lossLastSmoothedLowestTrained",
        "marabic1734027003.0000.5001.4130.5000.3072 %",
        "mfrench1140900",
        "mfrench2040–––––0.3072 %",
        "every step counts 0.9 times the next",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let page = html(&fixture::results());
    assert!(!page.contains("polyline") && !shown(&page).contains("Training"), "{page}");
}

#[test]
fn losses_are_lines_by_step_on_a_round_axis_and_rates_stand_on_a_logarithmic_one() {
    let page = html(&fixture::trained());
    let loss = r#"<g class="c0"><polyline class="curve raw" points="167,0 500,667 833,833"/><polyline class="curve d0" points="167,0 500,351 833,529"/></g>"#;
    assert!(page.contains(loss), "{page}");
    assert!(page.contains(r#"<polyline class="curve rate" points="167,1000 500,0 833,100"/>"#), "{page}");
    let text = shown(&page);
    let labels: Vec<&str> =
        text.lines().filter(|line| line.contains("nats") || line.contains("learning rate 2.0e-4")).collect();
    assert!(labels.contains(&"3 nats") && labels.contains(&"learning rate 2.0e-42.0e-7 or lower"), "{labels:?}");
    assert_eq!(page.matches("<figure>").count(), 3, "the accuracies, and two adapters of which a step was taken");
    assert!(page.contains(r#"points="500,0 500,0""#), "a single step is a point, not nothing: {page}");
}

#[test]
fn every_step_says_what_it_came_to_where_the_pointer_is() {
    let page = html(&fixture::trained());
    let title =
        "<title>step 1\nseed 17: loss 1.000, smoothed 1.947, gradient norm 5.00e-1\nlearning rate 2.00e-4</title>";
    let band = format!(r#"<rect class="band" x="33.333%" y="0" width="33.333%" height="242">{title}</rect>"#);
    assert!(page.contains(&band), "{page}");
}

#[test]
fn seeds_share_a_plot_and_differ_in_colour_and_dash() {
    let mut results = fixture::trained();
    results.trainings = vec![fixture::training("a", 1, &[2.0, 1.0]), fixture::training("a", 2, &[4.0])];
    let page = html(&results);
    check_tags(&page);
    assert!(shown(&page).contains("m, a\n\n seed 1\n seed 2\n"), "{}", shown(&page));
    assert_eq!(page.matches("<figure>").count(), 2);
    for part in [r#"<g class="c0"><polyline"#, r#"curve d0" points="250,500 750,"#, r#"<g class="c1"><polyline"#] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains(r#"curve d1" points="250,0 250,0""#), "both end on one axis: {page}");
    let first = "<title>step 0\nseed 1: loss 2.000, smoothed 2.000, gradient norm 5.00e-1\nseed 2: loss 4.000,";
    let second = "<title>step 1\nseed 1: loss 1.000, smoothed 1.474, gradient norm 5.00e-1\nlearning rate";
    assert!(page.contains(first) && page.contains(second), "{page}");
}

#[test]
fn one_schedule_is_one_line_whatever_the_seeds() {
    let mut results = fixture::trained();
    results.trainings = vec![fixture::training("a", 1, &[2.0, 1.0]), fixture::training("a", 2, &[4.0, 1.0])];
    assert_eq!(html(&results).matches("curve rate").count(), 1);
}

#[test]
fn a_long_training_is_drawn_in_runs_of_steps() {
    let mut results = fixture::trained();
    let losses: Vec<f64> = (0..10_000).map(|step| f64::from(step % 2)).collect();
    results.trainings = vec![fixture::training("a", 1, &losses)];
    let page = html(&results);
    check_tags(&page);
    assert_eq!(page.matches("class=\"band\"").count(), 120);
    assert!(page.contains("the mean of 84 steps at a time"), "{page}");
    assert!(page.contains("<title>steps 84–167\nseed 1: loss 0.500,") && page.contains("<title>steps 9996–9999\n"));
    assert!(page.contains(r#"raw" points="4,167 13,167 "#), "{page}");
    assert!(page.len() < 60_000, "{}", page.len());
}

#[test]
fn every_interval_of_one_seed_says_that_it_covers_items_only() {
    let page = html(&fixture::trained());
    let mark = r#"<span class="sign" title="items only">§</span>"#;
    assert_eq!(
        page.matches(mark).count(),
        3,
        "in the matrix, the plot and behind the cell, not where nothing was trained"
    );
    assert!(shown(&page).contains("tuned/direct, seed 17 §") && !shown(&page).contains("base/direct §"));
    assert!(
        page.contains(&format!("<small>9–91 {mark}</small>")) && page.contains(&format!("<td>9.5–90.5 {mark}</td>"))
    );
    assert_eq!(page.matches("[9.5–90.5], items only</title>").count(), 1);
    assert_eq!(page.matches("[9.5–90.5]</title>").count(), 1);
    let text = shown(&page);
    assert!(text.contains("\n§ Items only: the adapter has one seed,") && text.contains("Beside § it says nothing"));
    let mut written = fixture::written();
    assert!(!html(&written).contains('§'));
    written.cells[2].items_only = true;
    assert!(shown(&html(&written)).contains("‡ 50.0 9.5–90.5 §cue 1"), "{}", shown(&html(&written)));
}

#[test]
fn where_no_step_was_taken_there_is_a_row_and_no_plot() {
    let mut results = fixture::trained();
    results.trainings = vec![fixture::training("a", 1, &[]), fixture::training("a", 2, &[])];
    let page = html(&results);
    check_tags(&page);
    assert!(shown(&page).contains("ma2040–––––0.3072 %") && !page.contains("polyline"), "{page}");
}
