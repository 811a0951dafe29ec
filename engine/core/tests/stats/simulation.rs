//! Made-up studies of which the truth is known: how often intervals hold it, and how often tests reject what is true.

use crate::seeds::answer;
use xlt_core::analysis::{Combination, Frame};
use xlt_core::answers::Answer;
use xlt_core::results::{CellId, Column, Evaluations};
use xlt_core::spec::Drawn;
use xlt_core::stats::Interval;
use xlt_core::stats::design::{Clusters, Design};
use xlt_core::stats::draws::Generator;
use xlt_core::stats::permutation::Gains;
use xlt_core::stats::regression::Regression;
use xlt_core::stats::tails::student_two_sided;
use xlt_core::stats::welch::Welch;
use xlt_core::stats::wild::WildBootstrap;

/// How a study is made. The first half of the languages is related.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    pub(crate) models: usize,
    pub(crate) languages: usize,
    /// Two on each passage.
    pub(crate) items: usize,
    /// Standard deviation of the languages' gains, as a share (0.03: three points). A language has the same part in all models.
    pub(crate) language_deviation: f64,
    /// By how much the related languages gain more.
    pub(crate) difference: f64,
    /// From the lowest to the highest baseline of a language, as a share.
    pub(crate) baselines: f64,
}

/// Baselines of languages of one model differ by this much.
pub(crate) const BASELINES: f64 = 0.24;

/// Of a simulated study.
pub(crate) struct Study {
    world: World,
    /// For each model and language and item: right before, right after.
    answers: Vec<[bool; 2]>,
    /// For each model and language: true accuracy before and after.
    truth: Vec<[f64; 2]>,
}

/// Variances of what makes an answer hard: the passage; the passage for one model, before or after; the item; the item in a language. What
/// is left of 1 is the answer's own. A logistic item deviation of 0.8 and a passage deviation of 0.45 to 0.65, as fitted to the
/// reference answers, are about these shares.
const PASSAGE: f64 = 0.06;
const PASSAGE_IN_PHASE: f64 = 0.05;
const ITEM: f64 = 0.14;
const ITEM_IN_LANGUAGE: f64 = 0.15;
const OWN: f64 = 1.0 - PASSAGE - PASSAGE_IN_PHASE - ITEM - ITEM_IN_LANGUAGE;

/// A study drawn from a world.
pub(crate) fn draw(world: World, generator: &mut Generator) -> Study {
    let World { models, languages, items, .. } = world;
    let truth = truths(world, generator);
    let passages = items.div_ceil(2);
    let mut normals =
        |count: usize, variance: f64| -> Vec<f64> { (0..count).map(|_| variance.sqrt() * normal(generator)).collect() };
    let (by_passage, by_item) = (normals(passages, PASSAGE), normals(items, ITEM));
    let by_phase = normals(models * passages * 2, PASSAGE_IN_PHASE);
    let by_language = normals(languages * items, ITEM_IN_LANGUAGE);
    let mut answers = Vec::with_capacity(models * languages * items);
    for model in 0..models {
        for language in 0..languages {
            let quantiles = truth[model * languages + language].map(quantile);
            for item in 0..items {
                let passage = item / 2;
                let shared = by_passage[passage] + by_item[item] + by_language[language * items + item];
                let right = |phase: usize, generator: &mut Generator| {
                    let hardness = shared + by_phase[(model * passages + passage) * 2 + phase];
                    generator.uniform() < cumulative((quantiles[phase] - hardness) / OWN.sqrt())
                };
                answers.push([right(0, generator), right(1, generator)]);
            }
        }
    }
    Study { world, answers, truth }
}

/// Models from weak to strong: the weak gain much, the strong little. The languages' baselines are evenly spread, in an order that is drawn;
/// what a language gains has nothing to do with its baseline.
fn truths(world: World, generator: &mut Generator) -> Vec<[f64; 2]> {
    let World { models, languages, .. } = world;
    let mut baselines: Vec<f64> =
        (0..languages).map(|language| world.baselines * (language as f64 / (languages - 1) as f64 - 0.5)).collect();
    generator.shuffle(&mut baselines);
    let extra: Vec<f64> = (0..languages).map(|_| world.language_deviation * normal(generator)).collect();
    let truth = |model: usize, language: usize| {
        let strength = if models > 1 { model as f64 / (models - 1) as f64 } else { 0.5 };
        let before = 0.40 + 0.35 * strength + baselines[language];
        let related = if 2 * language < languages { world.difference } else { 0.0 };
        let after = before + 0.25 - 0.22 * strength + extra[language] + related;
        [before, after.clamp(0.02, 0.98)]
    };
    (0..models)
        .flat_map(|model| (0..languages).map(move |language| (model, language)))
        .map(|(m, l)| truth(m, l))
        .collect()
}

/// Which tests rejected.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rejections {
    /// Permutation of languages, at 0.05 or the smallest attainable p.
    pub(crate) permutation: f64,
    /// Wild cluster bootstrap over languages.
    pub(crate) wild: f64,
    /// Welch's t over the languages' gains.
    pub(crate) welch: f64,
    /// Errors clustered by language against t: refused by the type, here to show why.
    pub(crate) clustered: f64,
    /// Student's t with one spread for both groups.
    pub(crate) student: f64,
    /// gain ~ base + relative over the cells, as published.
    pub(crate) published: f64,
}

/// How often intervals of a gain at 95 % hold the true one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Coverage {
    /// Bootstrap over passages.
    pub(crate) bootstrap: f64,
    /// Clustered error and t.
    pub(crate) student: f64,
}

impl Study {
    fn gains_of(&self, model: usize) -> Vec<f64> {
        let World { languages, .. } = self.world;
        (0..languages).map(|language| self.rate(model, language, 1) - self.rate(model, language, 0)).collect()
    }

    fn cell(&self, model: usize, language: usize) -> &[[bool; 2]] {
        let World { languages, items, .. } = self.world;
        let start = (model * languages + language) * items;
        &self.answers[start..start + items]
    }

    fn rate(&self, model: usize, language: usize, phase: usize) -> f64 {
        let cell = self.cell(model, language);
        cell.iter().filter(|answer| answer[phase]).count() as f64 / cell.len() as f64
    }

    /// 1 for each test that rejects that both groups gain alike, at `level`.
    pub(crate) fn rejections(&self, level: f64) -> Rejections {
        let World { models, languages, .. } = self.world;
        let gains: Vec<Vec<f64>> = (0..models).map(|model| self.gains_of(model)).collect();
        let related: Vec<bool> = (0..languages).map(|language| 2 * language < languages).collect();
        let table = gains.iter().map(|gains| gains.iter().copied().map(Some).collect()).collect();
        let permutation = Gains::new(table, related.clone()).expect("gains").test(1);
        let means: Vec<f64> = (0..languages)
            .map(|language| gains.iter().map(|gains| gains[language]).sum::<f64>() / models as f64)
            .collect();
        let (one, other) = means.split_at(languages / 2);
        let design =
            Design::new(2, related.iter().flat_map(|&related| [1.0, number(related)]).collect()).expect("a design");
        let own = Clusters::new(&(0..languages).collect::<Vec<_>>());
        let fit = Regression::fit(&design, &means).expect("a fit");
        let clustered = fit.clustered(&design, &own).expect("errors")[1];
        let p = student_two_sided(clustered.estimate / clustered.standard_error, languages as f64 - 1.0);
        let wild = WildBootstrap::new(&design, &means, &own, 1, 1).expect("a bootstrap").test(0.0);
        Rejections {
            permutation: number(permutation.p <= level.max(permutation.smallest_attainable) + 1e-12),
            wild: number(wild.p <= level),
            welch: number(Welch::of(one, other).and_then(|welch| welch.p()).is_some_and(|p| p <= level)),
            clustered: number(p.is_some_and(|p| p <= level)),
            student: number(fit.independent()[1].p.is_some_and(|p| p <= level)),
            published: number(self.published(&gains, &related).is_some_and(|p| p <= level)),
        }
    }

    /// The p of `relative` in gain ~ base + relative, every cell a row of its own.
    fn published(&self, gains: &[Vec<f64>], related: &[bool]) -> Option<f64> {
        let cells =
            gains.iter().enumerate().flat_map(|(model, gains)| (0..gains.len()).map(move |language| (model, language)));
        let row = |(model, language): (usize, usize)| [1.0, self.rate(model, language, 0), number(related[language])];
        let design = Design::new(3, cells.flat_map(row).collect()).ok()?;
        Regression::fit(&design, &gains.concat()).ok()?.independent()[2].p
    }

    /// Whether the intervals that a report shows hold the true gain of a model: in one language, and as the mean over the related ones.
    pub(crate) fn coverage(&self, model: usize, generator: &mut Generator) -> [Coverage; 2] {
        let related = self.world.languages / 2;
        let evaluations: Evaluations = (0..related)
            .flat_map(|language| [0, 1].map(|phase| (id(language, phase), self.answered(model, language, phase))))
            .collect();
        let frame = Frame::new(&evaluations);
        [1, related].map(|languages| {
            let mut gain = Combination::default();
            for language in 0..languages {
                for (phase, weight) in [(0, -1.0), (1, 1.0)] {
                    let cell = frame.cell(&id(language, phase)).expect("a cell");
                    gain.add(weight / languages as f64, cell, None);
                }
            }
            let truth = (0..languages).map(|language| self.true_gain(model, language)).sum::<f64>() / languages as f64;
            let holds = |interval: Option<Interval>| {
                number(interval.is_some_and(|interval| interval.low <= truth && truth <= interval.high))
            };
            Coverage {
                bootstrap: holds(gain.interval(0.95, Drawn::Passages, generator.below(usize::MAX) as u64)),
                student: holds(gain.estimate().student().and_then(|student| student.interval(0.95))),
            }
        })
    }

    /// The answers of a cell, as an evaluation leaves them.
    fn answered(&self, model: usize, language: usize, phase: usize) -> Vec<Answer> {
        let answers = self.cell(model, language).iter().enumerate();
        answers.map(|(number, right)| answer(number, right[phase])).collect()
    }

    fn true_gain(&self, model: usize, language: usize) -> f64 {
        let [before, after] = self.truth[model * self.world.languages + language];
        after - before
    }
}

/// Names a cell of one model.
fn id(language: usize, phase: usize) -> CellId {
    let (model, condition, mode) = (String::new(), ["base", "tuned"][phase].to_owned(), String::new());
    CellId { column: Column { model, condition, mode, seed: None }, language: format!("{language:02}") }
}

/// Mean rates over `studies` studies from `seed`.
pub(crate) fn rejection_rates(world: World, level: f64, studies: usize, seed: u64) -> Rejections {
    let mut generator = Generator::new(seed);
    let mut sum = Rejections::default();
    for _ in 0..studies {
        let one = draw(world, &mut generator).rejections(level);
        sum.permutation += one.permutation;
        sum.wild += one.wild;
        sum.welch += one.welch;
        sum.clustered += one.clustered;
        sum.student += one.student;
        sum.published += one.published;
    }
    let share = |sum: f64| sum / studies as f64;
    Rejections {
        permutation: share(sum.permutation),
        wild: share(sum.wild),
        welch: share(sum.welch),
        clustered: share(sum.clustered),
        student: share(sum.student),
        published: share(sum.published),
    }
}

/// Coverage over `studies` studies of three models from `seed`: of one language, and of the mean over three.
pub(crate) fn coverage_rates(items: usize, studies: usize, seed: u64) -> [Coverage; 2] {
    let world =
        World { models: 3, languages: 6, items, language_deviation: 0.03, difference: 0.0, baselines: BASELINES };
    let mut generator = Generator::new(seed);
    let mut sums = [Coverage::default(); 2];
    for study in 0..studies {
        let found = draw(world, &mut generator).coverage(study % world.models, &mut generator);
        for (sum, one) in sums.iter_mut().zip(found) {
            sum.bootstrap += one.bootstrap;
            sum.student += one.student;
        }
    }
    let share = |sum: f64| sum / studies as f64;
    sums.map(|sum| Coverage { bootstrap: share(sum.bootstrap), student: share(sum.student) })
}

fn number(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

/// A standard normal number (Box, G. E. P. & Muller, M. E. 1958).
fn normal(generator: &mut Generator) -> f64 {
    let radius = (-2.0 * (1.0 - generator.uniform()).ln()).sqrt();
    radius * (std::f64::consts::TAU * generator.uniform()).cos()
}

/// The normal distribution function to 7.5e-8 (Abramowitz & Stegun 1964, 26.2.17).
fn cumulative(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let series =
        ((((1.330_274_429 * t - 1.821_255_978) * t + 1.781_477_937) * t - 0.356_563_782) * t + 0.319_381_530) * t;
    let tail = series * (-x * x / 2.0).exp() * 0.398_942_280_401_432_7;
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// Where [`cumulative`] reaches a probability.
fn quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-6.0, 6.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        *if cumulative(middle) < probability { &mut low } else { &mut high } = middle;
    }
    low
}
