use super::*;
use proptest::prelude::*;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * b.abs().max(1.0)
}

#[test]
fn probabilities_of_a_small_vocabulary() {
    // exp: 1, 2, 3, 4; total 10.
    let logits = [0.0, 2f32.ln(), 3f32.ln(), 4f32.ln()];
    let score = labels(&logits, &[2, 0]).expect("scores");
    let p = |logit: f32| f64::from(logit).exp() / logits.iter().map(|&logit| f64::from(logit).exp()).sum::<f64>();
    assert!(close(score.logprobs[0].exp(), p(logits[2])) && close(score.logprobs[1].exp(), p(logits[0])));
    assert!((score.answer_mass - 0.4).abs() < 1e-7);
    assert_eq!((score.prediction, score.argmax_token), (0, 3));
}

#[test]
fn large_logits_neither_overflow_nor_vanish() {
    let score = labels(&[3e38, 3e38, -3e38], &[2, 0]).expect("scores");
    assert!(close(score.logprobs[1], -2f64.ln()), "{score:?}");
    assert_eq!((score.prediction, score.answer_mass), (1, 0.5));
    let score = labels(&[1000.0, 0.0, 1.0], &[1, 2]).expect("scores");
    assert!(close(score.logprobs[0], -1000.0));
    assert!(close(score.logprobs[1], -999.0));
}

#[test]
fn of_equals_the_first() {
    let score = labels(&[1.0, 5.0, 5.0, 1.0], &[3, 2, 1]).expect("scores");
    assert_eq!((score.prediction, score.argmax_token), (1, 1));
    assert_eq!(labels(&[1.0, 1.0], &[1, 0]).expect("scores").prediction, 0);
}

proptest! {
    #[test]
    fn the_likeliest_is_the_first_of_the_greatest(scores in prop::collection::vec(prop_oneof![-3_i8..3, Just(i8::MIN), Just(i8::MAX)], 0..70)) {
        // The least stands for what is ruled out, the greatest for no number.
        let scores: Vec<f32> = scores.into_iter().map(|score| match score {
            i8::MIN => f32::NEG_INFINITY,
            i8::MAX => f32::NAN,
            score => score.into(),
        }).collect();
        let mut best: Option<usize> = None;
        for (index, &score) in scores.iter().enumerate() {
            if score > best.map_or(f32::NEG_INFINITY, |best| scores[best]) {
                best = Some(index);
            }
        }
        prop_assert_eq!(likeliest(&scores), best);
    }
}

#[test]
fn what_cannot_be_scored_is_told() {
    let value = f32::INFINITY;
    assert_eq!(labels(&[0.0, value], &[0]), Err(ScoreError::NotFinite { token: 1, value }));
    assert!(matches!(labels(&[f32::NAN], &[0]), Err(ScoreError::NotFinite { token: 0, .. })));
    assert_eq!(labels(&[], &[0]), Err(ScoreError::NoLogits));
    assert_eq!(labels(&[0.0], &[]), Err(ScoreError::NoLabels));
    for token in [-1, 2] {
        assert_eq!(labels(&[0.0, 0.0], &[0, token]), Err(ScoreError::OutsideVocabulary { token, vocabulary: 2 }));
    }
}

#[test]
fn a_token_may_be_ruled_out_and_a_label_may_not() {
    let value = f32::NEG_INFINITY;
    assert_eq!(labels(&[0.0, value], &[0]).expect("scores").logprobs, [0.0]);
    assert_eq!(labels(&[0.0, value], &[1]), Err(ScoreError::NotFinite { token: 1, value }));
}

#[test]
fn labels_must_differ_in_their_first_tokens() {
    let names = ["1", "10", "2"].map(str::to_owned);
    let same = ScoreError::SameToken { first: "1".to_owned(), second: "2".to_owned(), token: 7 };
    assert_eq!(check_labels(&[7, 8, 7], &names), Err(same));
    assert_eq!(check_labels(&[7, 8, 9], &names), Ok(()));
    assert_eq!(check_labels(&[7, 8], &names), Err(ScoreError::NoToken { label: "2".to_owned() }));
    assert_eq!(check_labels(&[], &[]), Err(ScoreError::NoLabels));
}

proptest! {
    #[test]
    fn probabilities_are_probabilities(logits in proptest::collection::vec(-50f32..50.0, 2..60), shift in -1000f32..1000.0) {
        let ids: Vec<i32> = (0..i32::try_from(logits.len()).expect("small")).collect();
        let score = labels(&logits, &ids).expect("scores");
        prop_assert!((score.answer_mass - 1.0).abs() < 1e-12);
        prop_assert_eq!(score.prediction, usize::try_from(score.argmax_token).expect("an index"));
        // Adding one number to all logits changes nothing but the last digits of the f32 sums.
        let shifted: Vec<f32> = logits.iter().map(|logit| logit + shift).collect();
        let other = labels(&shifted, &ids[..2]).expect("scores");
        for (a, b) in score.logprobs.iter().zip(&other.logprobs) {
            prop_assert!((a - b).abs() < 1e-3);
        }
        prop_assert!((0.0..=1.0).contains(&other.answer_mass));
    }
}
