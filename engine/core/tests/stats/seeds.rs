//! Made-up studies of an adapter with several seeds: how often the interval of its gain holds the gain over all seeds there could be.

use std::collections::BTreeMap;
use xlt_core::analysis::{Combination, Frame, Training};
use xlt_core::answers::Answer;
use xlt_core::items::Item;
use xlt_core::results::{CellId, Column, Evaluations};
use xlt_core::spec::Drawn;
use xlt_core::stats::Interval;
use xlt_core::stats::draws::Generator;

/// How a study is made: 100 items, two on a passage, and a true gain of 10 points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trainings {
    /// Seeds.
    pub(crate) seeds: u64,
    /// Standard deviation of the gains of seeds, as a share.
    pub(crate) deviation: f64,
}

/// How often intervals at 95 % hold the true gain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// Of items and seeds.
    pub(crate) both: f64,
    /// Of items alone, as if these were all seeds there are.
    pub(crate) items: f64,
}

const ITEMS: usize = 100;
const GAIN: f64 = 0.1;

/// Over so many studies.
pub(crate) fn held(of: Trainings, studies: usize) -> Held {
    let mut generator = Generator::new(1);
    let (mut both, mut items) = (0, 0);
    for _ in 0..studies {
        let evaluations = draw(of, &mut generator);
        let frame = Frame::new(&evaluations);
        let gain = |trained: bool| {
            let mut sum = Combination::default();
            for (id, cell) in frame.cells() {
                let Some(seed) = id.column.seed else {
                    sum.add(-1.0, cell, None);
                    continue;
                };
                let training = Training { model: "m", adapter: "a", seed };
                sum.add(1.0 / of.seeds as f64, cell, trained.then_some(training));
            }
            sum.interval(0.95, Drawn::Passages, 1)
        };
        let holds = |interval: Option<Interval>| interval.is_some_and(|it| it.low <= GAIN && GAIN <= it.high);
        both += usize::from(holds(gain(true)));
        items += usize::from(holds(gain(false)));
    }
    let share = |count: usize| count as f64 / studies as f64;
    Held { both: share(both), items: share(items) }
}

/// Answers before, at 40 % on average, and after each training.
fn draw(Trainings { seeds, deviation }: Trainings, generator: &mut Generator) -> Evaluations {
    // Questions on one passage are hard or easy together.
    let passages: Vec<f64> = (0..ITEMS / 2).map(|_| 0.3 * (generator.uniform() - 0.5)).collect();
    let items: Vec<f64> = (0..ITEMS).map(|_| 0.3 * (generator.uniform() - 0.5)).collect();
    let cell = |seed: Option<u64>, share: f64, generator: &mut Generator| {
        let answers = (0..ITEMS).map(|at| {
            let right = generator.uniform() < share + passages[at / 2] + items[at];
            answer(at, right)
        });
        let column = Column { model: "m".to_owned(), condition: "c".to_owned(), mode: "m".to_owned(), seed };
        (CellId { column, language: "heb_Hebr".to_owned() }, answers.collect::<Vec<_>>())
    };
    let mut all = BTreeMap::from([cell(None, 0.4, generator)]);
    for seed in 1..=seeds {
        let own = deviation * spread(generator);
        all.extend([cell(Some(seed), 0.4 + GAIN + own, generator)]);
    }
    all
}

/// A number about zero with variance 1: twelve uniform ones.
fn spread(generator: &mut Generator) -> f64 {
    (0..12).map(|_| generator.uniform()).sum::<f64>() - 6.0
}

/// An answer to a question of that number, two on a passage.
pub(crate) fn answer(at: usize, right: bool) -> Answer {
    let labels = ["1".to_owned(), "2".to_owned()];
    let item = Item {
        key: format!("q{at:03}"),
        group: format!("p{:03}", at / 2),
        language: String::new(),
        passage: None,
        question: String::new(),
        options: labels.to_vec(),
        answer: 0,
        extra: BTreeMap::new(),
        part: None,
    };
    Answer::predicted(&item, &labels, Some(usize::from(!right)))
}
