//! Block `did`: differences in differences.

use crate::items::{APPROXIMATE, EXACT, EXPECTED, rows, text};
use crate::observations::{check, check_all, clusters, correct, design, languages, plain};
use xlt_core::stats::did::{
    DifferenceInDifferences, LanguageGain, MeanTest, item_contrasts, language_gains, welch_over_languages,
};
use xlt_core::stats::draws::Draws;
use xlt_core::stats::logit::Logit;
use xlt_core::stats::permutation::Gains;
use xlt_core::stats::regression::{Clustered, NoClusteredTest, Reference};
use xlt_core::stats::tails::normal_two_sided;

/// Of logits.
const LOGIT: f64 = 1e-6;

#[test]
fn least_squares_with_clustered_errors() {
    for row in rows(&EXPECTED["did"]) {
        let did = DifferenceInDifferences::of(&plain(text(&row["model"]))).expect("a fit");
        check("did", row, did.estimate, EXACT);
        let by = |of: Option<Clustered>| of.expect("clusters");
        let (item, passage, language) = (by(did.by_item), by(did.by_passage), by(did.by_language));
        check("se_cluster_item", row, item.standard_error, EXACT);
        check("p_cluster_item", row, item.p(Reference::Normal).expect("a p"), APPROXIMATE);
        check("se_cluster_passage", row, passage.standard_error, EXACT);
        check("p_cluster_passage", row, passage.p(Reference::Normal).expect("a p"), APPROXIMATE);
        check("se_cluster_lang", row, language.standard_error, EXACT);
        check("se_twoway_passage_lang", row, by(did.by_passage_and_language).standard_error, EXACT);
        // The reference has a p from eight clusters; here it takes going round the type.
        let p = normal_two_sided(language.estimate / language.standard_error).expect("a p");
        check("p_cluster_lang", row, p, APPROXIMATE);
    }
}

#[test]
fn a_p_from_eight_clusters_is_refused() {
    let did = DifferenceInDifferences::of(&plain("weak-4b")).expect("a fit");
    for few in [did.by_language, did.by_passage_and_language] {
        let few = few.expect("clusters");
        for reference in [Reference::Normal, Reference::Student] {
            assert_eq!(few.p(reference), Err(NoClusteredTest::TooFewClusters { clusters: 8 }));
            assert_eq!(few.interval(reference, 0.95), Err(NoClusteredTest::TooFewClusters { clusters: 8 }));
        }
    }
    let passage = did.by_passage.expect("clusters");
    let (wide, narrow) = (passage.interval(Reference::Student, 0.95), passage.interval(Reference::Normal, 0.95));
    let half = |interval: xlt_core::stats::Interval| (interval.high - interval.low) / 2.0 / passage.standard_error;
    // The quantiles of t with 29 degrees of freedom and of the normal distribution.
    assert!((half(wide.expect("an interval")) - 2.045_229_642).abs() < 1e-6);
    assert!((half(narrow.expect("an interval")) - 1.959_963_985).abs() < 1e-6);
    assert!(passage.p(Reference::Student).ok() > passage.p(Reference::Normal).ok());
}

#[test]
fn each_item_against_itself() {
    for row in rows(&EXPECTED["did"]) {
        let items = item_contrasts(&plain(text(&row["model"])));
        assert_eq!((items.contrasts.len(), items.left_out), (48, 0));
        let test = MeanTest::of(&items.contrasts).expect("items");
        let expected = &row["item_paired"];
        check("mean", expected, test.mean, EXACT);
        check("se", expected, test.standard_error, EXACT);
        check("t", expected, test.t(), EXACT);
        check("p", expected, test.p().expect("a p"), APPROXIMATE);
        let interval = test.interval(0.9).expect("an interval");
        check_all("ci90", expected, &[interval.low, interval.high], EXACT);
        let margin = row["tost_margin"].as_f64().expect("a margin");
        check("tost_p", row, test.equivalence(margin).expect("a p").p(), APPROXIMATE);
    }
}

#[test]
fn each_language_against_others() {
    for row in rows(&EXPECTED["did"]) {
        let gains = language_gains(&plain(text(&row["model"])));
        for LanguageGain { language, gain, .. } in &gains {
            check(languages()[*language], &row["gains_by_lang"], *gain, EXACT);
        }
        assert_eq!(gains.len(), row["gains_by_lang"].as_object().expect("gains").len());
        let welch = welch_over_languages(&gains).expect("a test");
        check("lang_welch_t", row, welch.t(), APPROXIMATE);
        check("lang_welch_p", row, welch.p().expect("a p"), APPROXIMATE);
        let related = gains.iter().map(|gain| gain.related).collect();
        let values = gains.iter().map(|gain| Some(gain.gain)).collect();
        let test = Gains::new(vec![values], related).expect("gains").test(1);
        check("lang_permutation_exact_p", row, test.p, EXACT);
        assert_eq!(test.draws, Draws::All(row["lang_permutations"].as_u64().expect("a number")));
        check("did", row, test.difference, EXACT);
    }
}

#[test]
fn models_permuted_together_are_the_pooled_gains() {
    let gains = ["weak-4b", "mid-9b", "strong-moe"].map(|model| language_gains(&plain(model)));
    let related = gains[0].iter().map(|gain| gain.related).collect();
    let models = gains.iter().map(|gains| gains.iter().map(|gain| Some(gain.gain)).collect()).collect();
    let test = Gains::new(models, related).expect("gains").test(1);
    let pooled = rows(&EXPECTED["did"]).last().expect("a row");
    assert_eq!(text(&pooled["model"]), "ALL");
    check("lang_permutation_exact_p", pooled, test.p, EXACT);
}

#[test]
fn logistic_regression_with_clustered_errors() {
    for row in rows(&EXPECTED["did"]) {
        let answers = plain(text(&row["model"]));
        let design = design(&answers);
        let fit = Logit::fit(&design, &correct(&answers)).expect("a fit");
        let passages = clusters(&answers, |answer| answer.passage);
        let interaction = fit.clustered(&design, &passages).expect("errors")[3];
        let expected = &row["logit_interaction"];
        check("coef", expected, interaction.estimate, LOGIT);
        check("se_cluster_passage", expected, interaction.standard_error, LOGIT);
        check("p", expected, interaction.p(Reference::Normal).expect("a p"), LOGIT);
        check("or_", expected, interaction.estimate.exp(), LOGIT);
    }
}

#[test]
fn what_is_missing_is_left_out_and_what_does_not_vary_is_not_tested() {
    let mut answers = plain("weak-4b");
    // Item 0 has lost its answers before, Hebrew those after.
    let hebrew = languages().iter().position(|language| *language == "heb_Hebr").expect("a language");
    answers.retain(|answer| !(answer.item == 0 && !answer.after || answer.language == hebrew && answer.after));
    assert_eq!(item_contrasts(&answers).left_out, 1);
    assert_eq!(language_gains(&answers).len(), 7);
    assert!(DifferenceInDifferences::of(&answers).is_ok());
    answers.retain(|answer| answer.after);
    assert!(DifferenceInDifferences::of(&answers).is_err());
    assert!(DifferenceInDifferences::of(&[]).is_err());
    assert_eq!(language_gains(&answers), []);
    assert_eq!(welch_over_languages(&[]), None);
    assert_eq!(MeanTest::of(&[0.5]), None);
    assert_eq!(MeanTest::of(&[0.5, f64::NAN]), None);
    let same = MeanTest::of(&[0.5; 4]).expect("a mean");
    assert_eq!((same.p(), same.equivalence(0.1)), (None, None));
    assert_eq!(MeanTest::of(&[0.5, 0.6]).expect("a mean").equivalence(-0.1), None);
}
