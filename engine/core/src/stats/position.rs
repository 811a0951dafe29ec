//! Position: whether a model prefers a label for where it stands rather than for what stands there.

use super::tails::Test;

/// What was asked and what was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Index of the gold label.
    pub gold: usize,
    /// Index of the predicted one; `None` where no valid answer was found.
    pub predicted: Option<usize>,
}

/// Answers of one condition by label. Lists are in the order of the labels.
#[derive(Debug, Clone, PartialEq)]
pub struct PositionBias {
    /// Number of items.
    pub items: u64,
    /// Items without a valid answer.
    pub invalid: u64,
    /// Correct answers.
    pub correct: u64,
    /// How often each label was predicted.
    pub predicted: Vec<u64>,
    /// How often each label was gold among the valid.
    pub gold: Vec<u64>,
    /// Share of each label's items that were answered with it; `None` where a label never is gold.
    pub recall: Vec<Option<f64>>,
    /// The same among the valid.
    pub recall_of_valid: Vec<Option<f64>>,
    /// Standard deviation of the recalls, n below, 0 to 1/2: no bias is 0, whatever the accuracy and the gold labels. `None` where
    /// a recall is missing. Zheng, C., et al. (2024), *Large language models are not robust multiple choice selectors*, ICLR.
    pub recall_deviation: Option<f64>,
    /// The same among the valid.
    pub recall_deviation_of_valid: Option<f64>,
    /// What was predicted against what was gold, among the valid.
    pub preference: Option<Preference>,
}

/// The predicted labels as a distribution, among valid answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preference {
    /// Σ(o − e)² / e, o how often a label was predicted and e how often it was gold; labels − 1 degrees of freedom. `None` where a
    /// label never is gold. It takes the gold counts as given; Pearson, K. (1900), *Philosophical Magazine* 50, 157–175.
    pub against_gold: Option<Test>,
    /// The same against labels that are all as frequent. Gold labels that are not so can alone be the reason.
    pub against_uniform: Test,
    /// Σ|p − q| / 2 of predicted p and gold q, 0 to 1: the share of answers that would have to move.
    pub total_variation: f64,
    /// Σ p ln(p / q), in nats; `None` where a label is predicted that never is gold. Kullback, S., & Leibler, R. A. (1951), *Annals
    /// of Mathematical Statistics* 22, 79–86.
    pub divergence: Option<f64>,
    /// −Σ p log₂ p of the predicted, in bits; of four labels at most two.
    pub entropy: f64,
    /// Agreement beyond what the two distributions give by chance, (p_o − p_e) / (1 − p_e). `None` where both are one label. Cohen,
    /// J. (1960), *Educational and Psychological Measurement* 20, 37–46.
    pub kappa: Option<f64>,
}

impl PositionBias {
    /// From the answers to items of `labels` options. One pass. `None` without answers, with fewer than two labels, and where an
    /// index is beyond them.
    #[must_use]
    pub fn of(choices: &[Choice], labels: usize) -> Option<Self> {
        let beyond = |choice: &Choice| choice.gold.max(choice.predicted.unwrap_or_default()) >= labels;
        if choices.is_empty() || labels < 2 || choices.iter().any(beyond) {
            return None;
        }
        let (mut predicted, mut gold, mut all, mut hits) =
            (vec![0_u64; labels], vec![0_u64; labels], vec![0_u64; labels], vec![0_u64; labels]);
        for choice in choices {
            all[choice.gold] += 1;
            if let Some(label) = choice.predicted {
                predicted[label] += 1;
                gold[choice.gold] += 1;
                hits[label] += u64::from(label == choice.gold);
            }
        }
        let (recall, recall_of_valid) = (recalls(&hits, &all), recalls(&hits, &gold));
        let correct = hits.iter().sum();
        Some(Self {
            items: choices.len() as u64,
            invalid: choices.iter().filter(|choice| choice.predicted.is_none()).count() as u64,
            correct,
            recall_deviation: deviation(&recall),
            recall_deviation_of_valid: deviation(&recall_of_valid),
            preference: Preference::of(&predicted, &gold, correct),
            predicted,
            gold,
            recall,
            recall_of_valid,
        })
    }

    /// Items without a valid answer per item.
    #[must_use]
    pub fn invalid_rate(&self) -> f64 {
        self.invalid as f64 / self.items as f64
    }

    /// Correct answers per item.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.items as f64
    }

    /// Correct answers per valid one. `None` where none is valid.
    #[must_use]
    pub fn accuracy_of_valid(&self) -> Option<f64> {
        let valid = self.items - self.invalid;
        (valid > 0).then(|| self.correct as f64 / valid as f64)
    }
}

impl Preference {
    fn of(predicted: &[u64], gold: &[u64], correct: u64) -> Option<Self> {
        let total = gold.iter().sum::<u64>() as f64;
        let labels = predicted.len() as f64;
        let pairs = || predicted.iter().zip(gold).map(|(&predicted, &gold)| (predicted as f64, gold as f64));
        let shares = || pairs().map(|(predicted, gold)| (predicted / total, gold / total));
        let chi_squared = |apart: f64| Test::chi_squared(apart, labels - 1.0);
        let by_chance: f64 = shares().map(|(predicted, gold)| predicted * gold).sum();
        let used = || shares().filter(|&(predicted, _)| predicted > 0.0);
        let even = total / labels;
        Some(Self {
            against_gold: (!gold.contains(&0))
                .then(|| chi_squared(pairs().map(|(predicted, gold)| (predicted - gold).powi(2) / gold).sum()))
                .flatten(),
            // Without a valid answer this is no number, and the whole is none.
            against_uniform: chi_squared(pairs().map(|(predicted, _)| (predicted - even).powi(2) / even).sum())?,
            total_variation: shares().map(|(predicted, gold)| (predicted - gold).abs()).sum::<f64>() / 2.0,
            divergence: used()
                .all(|(_, gold)| gold > 0.0)
                .then(|| used().map(|(predicted, gold)| predicted * (predicted / gold).ln()).sum()),
            entropy: used().map(|(predicted, _)| predicted * -predicted.log2()).sum(),
            kappa: (by_chance < 1.0).then(|| (correct as f64 / total - by_chance) / (1.0 - by_chance)),
        })
    }
}

fn recalls(hits: &[u64], of: &[u64]) -> Vec<Option<f64>> {
    hits.iter().zip(of).map(|(&hits, &of)| (of > 0).then(|| hits as f64 / of as f64)).collect()
}

/// Standard deviation, n below; `None` where one is missing.
fn deviation(recalls: &[Option<f64>]) -> Option<f64> {
    let recalls: Vec<f64> = recalls.iter().copied().collect::<Option<_>>()?;
    let mean = super::mean(&recalls)?;
    Some((recalls.iter().map(|recall| (recall - mean).powi(2)).sum::<f64>() / recalls.len() as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(choices: &[(usize, Option<usize>)]) -> Option<PositionBias> {
        let choices: Vec<_> = choices.iter().map(|&(gold, predicted)| Choice { gold, predicted }).collect();
        PositionBias::of(&choices, 2)
    }

    #[test]
    fn one_label_for_everything_is_all_bias_and_no_agreement() {
        let found = of(&[(0, Some(0)), (0, Some(0)), (1, Some(0)), (1, Some(0))]).expect("answers");
        assert_eq!((found.recall, found.recall_deviation), (vec![Some(1.0), Some(0.0)], Some(0.5)));
        let preference = found.preference.expect("valid answers");
        assert_eq!((preference.total_variation, preference.entropy, preference.kappa), (0.5, 0.0, Some(0.0)));
        assert!((preference.divergence.expect("gold has it") - 2.0_f64.ln()).abs() < 1e-15);
        assert_eq!(preference.against_uniform.statistic, 4.0);
        assert_eq!(preference.against_gold.map(|test| test.statistic), Some(4.0));
    }

    #[test]
    fn without_a_valid_answer_nothing_is_preferred() {
        let found = of(&[(0, None), (1, None)]).expect("items");
        assert_eq!((found.invalid_rate(), found.accuracy(), found.accuracy_of_valid()), (1.0, 0.0, None));
        assert_eq!((found.preference, found.recall_deviation_of_valid), (None, None));
        assert_eq!(found.recall_deviation, Some(0.0));
    }

    #[test]
    fn a_label_that_never_is_gold_has_no_recall() {
        let found = of(&[(0, Some(0)), (0, Some(1))]).expect("answers");
        assert_eq!((&found.recall[..], found.recall_deviation), (&[Some(0.5), None][..], None));
        let preference = found.preference.expect("valid answers");
        assert_eq!((preference.against_gold, preference.divergence), (None, None));
        // Both distributions are one label: agreement by chance is complete.
        let same = of(&[(0, Some(0)), (0, Some(0))]).expect("answers").preference.expect("valid answers");
        assert_eq!((same.kappa, same.divergence), (None, Some(0.0)));
    }

    #[test]
    fn answers_beyond_the_labels_are_refused() {
        assert_eq!([of(&[]), of(&[(2, None)]), of(&[(0, Some(2))])], [const { None }; 3]);
        assert_eq!(PositionBias::of(&[Choice { gold: 0, predicted: None }], 1), None);
    }
}
