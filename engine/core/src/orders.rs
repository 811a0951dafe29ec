//! A question with its options in every circular order, and one answer of all orders.
//!
//! A model's preference for a label or a place weighs on every option alike if each stands once under each label: the cyclic
//! permutations of Zheng et al. 2024 (arXiv:2309.03882), whose mean log-probability is the prediction here. How often all
//! orders agree with the gold answer is the CircularEval of Liu et al. 2024 (arXiv:2307.06281).

use crate::answers::{Answer, likeliest};
use crate::items::Item;
use crate::score;
use crate::spec::Normalize;

/// The item in as many orders as it has options, the given one first: in order `r` the option `(place + r) % options` stands
/// at each place.
#[must_use]
pub fn circular(item: &Item) -> Vec<Item> {
    let options = item.options.len();
    let order = |by: usize| {
        let mut rotated = item.clone();
        rotated.options.rotate_left(by);
        rotated.answer = (item.answer + options - by) % options.max(1);
        rotated
    };
    (0..options).map(order).collect()
}

/// The option that stands at a place in an order.
#[must_use]
pub fn option_at(place: usize, order: usize, options: usize) -> usize {
    (place + order) % options.max(1)
}

/// One answer of those to all orders of an item, in their order. Log-probabilities are means over the orders; prompt and
/// likeliest token are those of the given order. `None` without answers, or where some are not scored.
#[must_use]
pub fn fold(orders: &[Answer], labels: &[String], normalize: Normalize) -> Option<Answer> {
    let first = orders.first()?;
    let options = first.logprobs.len();
    if options == 0 || orders.len() != options || orders.iter().any(|answer| answer.logprobs.len() != options) {
        return None;
    }
    let mut logprobs = vec![0.0; options];
    for (order, answer) in orders.iter().enumerate() {
        for (place, logprob) in answer.logprobs.iter().enumerate() {
            logprobs[option_at(place, order, options)] += logprob / options as f64;
        }
    }
    let prediction = match &first.texts {
        Some(texts) => likeliest(&logprobs, texts, normalize)?,
        None => score::likeliest(&logprobs)?,
    };
    let by_order = |(order, answer): (usize, &Answer)| Some(option_at(answer.prediction?, order, options));
    let masses: Option<Vec<f64>> = orders.iter().map(|answer| answer.answer_mass).collect();
    Some(Answer {
        prediction: Some(prediction),
        predicted_label: labels.get(prediction).cloned(),
        logprobs,
        answer_mass: masses.map(|masses| masses.iter().sum::<f64>() / options as f64),
        orders: orders.iter().enumerate().map(by_order).collect::<Option<_>>()?,
        ..first.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<String> {
        ["A", "B", "C"].map(str::to_owned).to_vec()
    }

    fn item() -> Item {
        Item {
            key: "p|1".to_owned(),
            group: "p".to_owned(),
            language: "heb_Hebr".to_owned(),
            passage: None,
            question: "Q".to_owned(),
            options: ["x", "y", "z"].map(str::to_owned).to_vec(),
            answer: 2,
            part: None,
        }
    }

    fn answered(item: &Item, probabilities: [f64; 3]) -> Answer {
        let prediction = score::likeliest(&probabilities);
        Answer {
            logprobs: probabilities.map(f64::ln).to_vec(),
            answer_mass: Some(probabilities.iter().sum()),
            ..Answer::predicted(item, &labels(), prediction)
        }
    }

    #[test]
    fn every_option_stands_once_at_every_place_and_the_gold_answer_goes_along() {
        let orders = circular(&item());
        let texts: Vec<String> = orders.iter().map(|order| order.options.concat()).collect();
        assert_eq!(texts, ["xyz", "yzx", "zxy"]);
        for (number, order) in orders.iter().enumerate() {
            assert_eq!(order.options[order.answer], "z");
            let given: Vec<&str> = (0..3).map(|place| item_option(option_at(place, number, 3))).collect();
            assert_eq!(given.concat(), texts[number]);
        }
    }

    fn item_option(option: usize) -> &'static str {
        ["x", "y", "z"][option]
    }

    #[test]
    fn a_preference_for_a_label_cancels_out() {
        // `A` is worth 4 times as much as it should be; `z` is truly the likeliest, twice the others.
        let orders = circular(&item());
        let seen = orders.iter().map(|order| {
            let worth = |place: usize| {
                let option = if order.options[place] == "z" { 2.0 } else { 1.0 };
                option * if place == 0 { 4.0 } else { 1.0 } / 20.0
            };
            answered(order, [worth(0), worth(1), worth(2)])
        });
        let seen: Vec<Answer> = seen.collect();
        let folded = fold(&seen, &labels(), Normalize::Byte).expect("an answer");
        assert_eq!((folded.prediction, folded.predicted_label.as_deref()), (Some(2), Some("C")));
        assert!(folded.correct());
        assert_eq!(folded.orders, [0, 1, 2], "each order by itself says `A`");
        let mean = (0.4_f64.ln() + 2.0 * 0.1_f64.ln()) / 3.0;
        assert!((folded.logprobs[2] - mean).abs() < 1e-12, "{:?}", folded.logprobs);
    }

    #[test]
    fn without_all_orders_there_is_no_answer() {
        let one = answered(&item(), [0.2, 0.3, 0.4]);
        assert_eq!(fold(&[], &labels(), Normalize::Byte), None);
        assert_eq!(fold(&[one.clone(), one], &labels(), Normalize::Byte), None);
    }
}
