//! Claims, gains and what else the analysis found, on the page.

use super::*;

/// The part of a page that starts with a heading and ends before the next one.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("<h2>{heading}</h2>")).unwrap_or_else(|| panic!("no {heading}"));
    rest.split("<h2>").next().unwrap_or_default()
}

#[test]
fn claims_stand_first_with_verdict_numbers_and_what_they_speak_of() {
    let page = html(&fixture::study());
    check_tags(&page);
    assert!(page.find("<h2>Claims").expect("claims") < page.find("<h2>Accuracy").expect("accuracies"));
    let claims = section(&page, "Claims");
    let classes: Vec<&str> = attributes(claims, "class").into_iter().filter(|it| is_verdict(it)).collect();
    assert_eq!(classes, ["holds", "fails", "unsure", "unsure", "holds"]);
    let text = shown(&format!("<body>{claims}"));
    for words in [
        "✓ holds\n\nRelatives gain from tuning on Arabic.\n16.1 [13.1, 19.1] § points, expected above 0.0; against its opposite \
         p < 0.001, corrected < 0.001; detectable 3.6.",
        "It speaks of more items like these, in 3 languages. gain(tuned, relatives); relatives: Amharic, Hebrew, Maltese; large, small; \
         modes direct, letters.",
        "✗ fails\n\nRelatives gain no more than controls. post hoc\n12.2 [8.8, 15.7] § points, expected below 3.0; against the claim \
         itself p < 0.001, corrected 0.004; detectable 3.1.",
        "It speaks of more languages like these 3 and 3. gain(tuned, relatives) − gain(tuned, controls);",
        "? cannot tell\n\nControls stay as they are.",
        "The numbers allow both: the estimate is too uncertain for either verdict.",
        "In 2 cells the model did not answer in the format that is scored: large/base/kor_Hang/cot, small/base/kor_Hang/cot.",
        "Maltese is answered well & truly: 50 % and more.",
        "Post hoc: the claim was written or changed when there were answers already",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert_eq!(claims.matches("post hoc</b>").count(), 1, "one claim came late");
    let others = "title=\"Holm; by Benjamini and Hochberg 0.004, by Benjamini and Yekutieli 0.010\">corrected 0.004";
    assert!(claims.contains(others), "{claims}");
    assert!(claims.contains(r#"title="amh_Ethi, heb_Hebr, mlt_Latn""#), "{claims}");
}

fn is_verdict(class: &str) -> bool {
    ["holds", "fails", "unsure"].contains(&class)
}

#[test]
fn what_a_claim_expects_is_shaded_on_its_axis() {
    let page = html(&fixture::study());
    let claims = section(&page, "Claims");
    // Below 3 of an axis from 0 to 20, and within ±3 of one from −4 to 8.
    assert!(claims.contains(r#"<rect class="expected" x="0.0%" width="15.0%""#), "{claims}");
    assert!(claims.contains(r#"<rect class="expected" x="8.3%" width="50.0%""#), "{claims}");
    // 12.2 [8.8, 15.7] of 20.
    assert!(claims.contains(r#"<line class="whisker" x1="43.9%" x2="78.4%""#), "{claims}");
    assert!(claims.contains(r#"<svg x="61.1%""#), "{claims}");
}

#[test]
fn what_casts_doubt_on_the_numbers_is_at_a_glance() {
    let page = html(&fixture::study());
    let facts = section(&page, "At a glance");
    let text = shown(&format!("<body>{facts}"));
    for words in [
        "Answer mass0.93 (median of 72 cells)",
        "Failures of format2 of 72 cells",
        "Leaked sharetuned: 10.0 % of questions, 10.0 % of passages; other: none of 60 questions and 30 passages",
        "Trainingsother: 1 seed; tuned: 1 seed",
        "Quantizationlarge: BF16 by the file’s name; small: Q8_0, quantized here",
        "Noise floor5.0 points at most, in 12 probed cells",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert_eq!(facts.matches("class=\"doubt\"").count(), 3, "failures, leaks, and single seeds");
    let plain = html(&fixture::results());
    let text = shown(&plain);
    assert!(
        text.contains("Noise floornot probed") && !text.contains("Trainings") && !text.contains("Leaked"),
        "{text}"
    );
    assert!(shown(&html(&fixture::trained())).contains("Trained share0.31 % of a model’s numbers"));
    assert!(shown(&html(&fixture::written())).contains("Cut off by a budget2 of 2 cells"));
}

#[test]
fn gains_are_drawn_relatives_before_controls_and_their_means_last() {
    let page = html(&fixture::study());
    let gains = section(&page, "Gains");
    let text = shown(&format!("<body>{gains}"));
    let first = text.split("mean of evaluated").next().expect("a panel");
    let order = [
        "Relatives",
        "Amharic",
        "Hebrew",
        "Maltese",
        "Controls",
        "French",
        "Korean",
        "mean of relatives",
        "mean of all",
    ];
    let places: Vec<Option<usize>> = order.iter().map(|name| first.find(name)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{first}");
    assert!(first.contains("Amharic amh_Ethi45.021.7[11.7, 31.7]0.009"), "{first}");
    // 21.7 [11.7, 31.7] of an axis from −10 to 40.
    let mark =
        r##"<line class="whisker" x1="43.3%" x2="83.3%" y1="11" y2="11"/><use href="#shape0" x="63.3%" y="11"/>"##;
    assert!(gains.contains(mark) && gains.contains("--steps:5"), "{gains}");
    let source = text.split("other over base").last().expect("a panel");
    assert!(source.contains("Trained on") && gains.contains("<use href=\"#shape1\""), "{source}");
}

#[test]
fn a_gain_within_the_noise_is_marked_and_so_is_one_of_a_single_seed() {
    let page = html(&fixture::study());
    let gains = section(&page, "Gains");
    let text = shown(&format!("<body>{gains}"));
    assert!(text.contains("Amharic amh_Ethi30.021.7[11.7, 33.3]0.0095.0"), "{text}");
    assert!(text.contains("French fra_Latn61.7≈ 5.0[−3.3, 13.3]1.0005.0"), "{text}");
    assert_eq!(
        gains.matches("title=\"not above the noise floor\"").count(),
        3,
        "three controls of the model that was probed"
    );
    assert_eq!(gains.matches("title=\"items only\"").count(), 6, "every comparison");
    let mut unprobed = fixture::study();
    unprobed.probes.clear();
    let page = html(&unprobed);
    let gains = section(&page, "Gains");
    assert!(!gains.contains('≈') && !gains.contains(">Noise<"), "{gains}");
}

#[test]
fn every_question_has_a_table_that_says_how_it_is_read() {
    let page = html(&fixture::study());
    for (heading, about, row) in [
        (
            "Gains by population",
            "not of other languages",
            "largetuned over basedirectrelatives319.4[13.9, 25.6] §< 0.001",
        ),
        (
            "Relatives against controls",
            "The first line of each",
            "mean of 2 modelstuned over basedirect3 against 3Student’s t, 4.0 d.f.languages16.1",
        ),
        (
            "Robustness: odds of a right answer",
            "none of these errors knows that languages gain differently",
            "largetuned over basedirectmixed logistic regression1.20[0.74, 1.93]0.4642.09[1.08, 4.06]0.029",
        ),
        (
            "Robustness: do relatives and controls gain alike?",
            "no difference is found shows none",
            "largetuned over basedirect±3.0 by default16.10.9991.000",
        ),
        ("Sources by targets", "that no adapter learned from", "Amharic amh_Ethilargedirect4.521.7 •3.3"),
        (
            "The matched source’s advantage",
            "The baseline cancels",
            "largedirecttuned, otherlanguages16.9[10.6, 23.3]0.003",
        ),
        ("Adapter against adapter", "The baseline cancels", "largetuned over otherdirectrelatives3"),
        ("Held-out formats", "is content", "largetunedrelativesdirectas trained19.4[13.9, 25.6] §"),
        ("Gain against baseline", "Read the split half first", "tuned over basedirect12"),
        ("One gain against another", "Read the split half first", "base/cottuned/directbase/direct12"),
        ("Where the variance comes from", "more of", "largetuned over base"),
        ("Position bias", "RStd", "Amharic amh_Ethilarge base/cot"),
    ] {
        let text = shown(&format!("<body>{}", section(&page, heading)));
        let text: String = text.lines().collect();
        assert!(text.contains(about) && text.contains(row), "{heading}: {row}\n{text}");
    }
}

#[test]
fn the_regression_as_published_stands_in_a_box_that_says_why_not_to_trust_it() {
    let page = html(&fixture::study());
    let (_, boxed) = page.split_once("<section class=\"box\">").expect("a box");
    let text = shown(&format!("<body>{}", boxed.split("</section>").next().unwrap_or_default()));
    assert!(
        text.contains("not to be trusted")
            && text.contains("31 to 52 % of studies")
            && text.contains("mean of 2 models"),
        "{text}"
    );
    assert!(page.find("Relatives against controls") < page.find("As published"), "valid tests come first");
    assert!(page.find("<h2>Relatives against controls") < page.find("<h2>Robustness"), "and robustness behind them");
}

#[test]
fn a_dot_of_a_plot_says_which_cell_it_is() {
    let page = html(&fixture::study());
    let baseline = section(&page, "Gain against baseline");
    assert!(baseline.contains("<title>large, Amharic: 21.7 from 45.0 %</title>"), "{baseline}");
    let ablation = section(&page, "One gain against another");
    assert!(ablation.contains("<title>large, Amharic: 11.7 and 21.7</title>"), "{ablation}");
    assert_eq!(ablation.matches("class=\"dot\"").count(), 12);
}

#[test]
fn a_long_table_is_folded() {
    let page = html(&fixture::study());
    assert!(section(&page, "Position bias").contains("<summary>72 rows</summary>"));
    assert!(!section(&page, "Gains by population").contains("<summary>"));
}

#[test]
fn what_was_not_asked_has_no_section() {
    let page = html(&fixture::results());
    for heading in ["Claims", "Gain", "Relatives", "published", "Adapter against", "Held-out", "variance", "Position"] {
        assert!(!page.contains(&format!("<h2>{heading}")), "{heading}");
    }
    assert!(!page.contains("class=\"box\"") && !page.contains("class=\"forest\""));
}

#[test]
fn one_language_has_gains_and_neither_contrast_nor_plot() {
    let results = fixture::study_of(1, &[]);
    let page = html(&results);
    check_tags(&page);
    assert!(section(&page, "Gains").contains("Amharic"));
    for heading in ["Claims", "Relatives against controls", "Gain against baseline", "One gain against another"] {
        assert!(!page.contains(&format!("<h2>{heading}")), "{heading}");
    }
    let is_word = |word: &str| page.split(|it: char| !it.is_alphanumeric()).any(|other| other == word);
    assert!(!page.contains("NaN") && !markdown(&results).contains("NaN") && !is_word("inf"), "{page}");
    let why = "conditional logistic regression: cannot be fitted, some answers are predicted without error";
    assert!(section(&page, "Robustness: odds of a right answer").contains(why), "nothing was lost");
}

#[test]
fn nothing_of_the_analysis_reaches_out_or_breaks_in() {
    let mut results = fixture::study();
    let bad = "</style><script>alert('1')</script>\"onload=\"";
    for gain in &mut results.analysis.gains {
        gain.comparison.model = bad.to_owned();
        gain.language = bad.to_owned();
    }
    for mean in results.analysis.populations.iter_mut().chain(&mut results.analysis.arms) {
        mean.comparison.of = bad.to_owned();
        mean.population = bad.to_owned();
    }
    for judged in &mut results.analysis.claims {
        judged.claim.text = bad.to_owned();
        judged.models = vec![bad.to_owned()];
        judged.languages.iter_mut().flatten().for_each(|code| *code = bad.to_owned());
    }
    results.analysis.ablations[0].tuned = bad.to_owned();
    results.analysis.contrasts[0].of = bad.to_owned();
    results.analysis.variance[0].of = bad.to_owned();
    let page = html(&results);
    check_tags(&page);
    assert!(!page.contains("<script") && !page.contains("\"onload"), "{page}");
    assert_eq!(page.matches("</style>").count(), 1);
    let study = html(&fixture::study());
    for target in attributes(&study, "href") {
        assert!(target.starts_with("#shape") || ["results.json", "results.csv"].contains(&target), "{target}");
    }
    assert!(!study.contains("http:") && !study.contains("https:") && !study.contains("url("));
}
