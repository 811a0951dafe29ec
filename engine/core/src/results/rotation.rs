//! What rotating the options shows: how far an answer hangs on where an option stands.

use crate::answers::Answer;
use crate::orders::option_at;
use crate::stats::Proportion;

/// The orders of a cell's options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// Items for which every order predicts the same option.
    pub agree: Proportion,
    /// Items that are right in every order: the CircularEval accuracy.
    pub always_right: Proportion,
    /// Correct answers of each order by itself, the given one first.
    pub by_order: Vec<Proportion>,
    /// How often each place, and with it each label, was predicted, over all items and orders. Gold answers stand at each
    /// place equally often.
    pub places: Vec<u64>,
}

impl Rotation {
    /// `None` where the options were not rotated.
    pub(super) fn of(answers: &[Answer]) -> Option<Self> {
        let orders = answers.first()?.orders.len();
        if orders == 0 || answers.iter().any(|answer| answer.orders.len() != orders) {
            return None;
        }
        let count = |of: &dyn Fn(&Answer) -> bool| {
            let hits = answers.iter().filter(|answer| of(answer)).count();
            Proportion::new(hits as u64, answers.len() as u64)
        };
        let mut places = vec![0; orders];
        for answer in answers {
            for (order, &option) in answer.orders.iter().enumerate() {
                places[option_at(option, orders - order, orders)] += 1;
            }
        }
        Some(Self {
            agree: count(&|answer| answer.orders.iter().all(|option| *option == answer.orders[0]))?,
            always_right: count(&|answer| answer.orders.iter().all(|option| *option == answer.gold))?,
            by_order: (0..orders)
                .map(|order| count(&|answer| answer.orders[order] == answer.gold))
                .collect::<Option<_>>()?,
            places,
        })
    }
}
