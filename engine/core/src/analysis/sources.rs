//! Sources by targets: adapters that learned from different languages, asked the same items in languages that none learned from.
//!
//! A source may be better in all targets, a target easier from all sources; what speaks for relatedness is that a target gains more from
//! the source that it is related to than from the others, beyond both.

use super::combination::{Combination, Estimated};
use super::gains::{Comparison, SEED};
use super::study::{ConditionFacts, Study};
use crate::languages::relations;
use crate::results::LEVEL;
use crate::stats::Interval;
use crate::stats::crossed::{Crossed, Matched};
use crate::stats::student::Student;

/// The gains of a model in a mode, by source and target.
#[derive(Debug, Clone, PartialEq)]
pub struct SourcesByTargets {
    /// Model.
    pub model: String,
    /// Condition that gains are measured against.
    pub over: String,
    /// Mode.
    pub mode: String,
    /// The sources.
    pub sources: Vec<Source>,
    /// The targets, sorted by code.
    pub targets: Vec<Target>,
    /// The mean gain over all sources and targets.
    pub mean: f64,
    /// How much more targets gain from a source that they are related to, beyond sources and targets. `None` where no target is
    /// related to one source and not to another.
    pub matched: Option<Advantage>,
}

/// A condition whose adapter learned from languages of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The condition.
    pub condition: String,
    /// Codes of the languages that it learned from.
    pub languages: Vec<String>,
    /// Its mean gain less that over all sources, over more items.
    pub effect: Estimated,
}

/// A language that none of the adapters learned from.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Its code.
    pub language: String,
    /// Its mean gain less that over all targets.
    pub effect: f64,
    /// Its gain from each source.
    pub gains: Vec<f64>,
    /// Whether it is related to each source.
    pub related: Vec<bool>,
}

/// What the matched source has over the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Advantage {
    /// Over more items in these languages.
    pub over_items: Estimated,
    /// Its interval at [`LEVEL`].
    pub interval: Option<Interval>,
    /// Over more languages, from the spread of the gains beyond sources and targets.
    pub over_languages: Option<Student>,
}

/// Of each model and mode in which two or more conditions whose adapters learned from different languages were asked, those that were
/// taught nothing of the task left out.
#[must_use]
pub(super) fn sources_by_targets(study: &Study<'_, '_>, over: &str) -> Vec<SourcesByTargets> {
    let taught = study.conditions.iter().filter(|it| it.name != over && !it.control);
    let sources = ConditionFacts::by_sources(taught);
    let of_model = |model: &&str| {
        let all: Vec<&str> = study.modes(model, &[over]);
        let sources = sources.clone();
        let model = (*model).to_owned();
        all.into_iter().filter_map(move |mode| {
            let asked = sources.iter().copied().filter(|it| study.modes(&model, &[&it.name, over]).contains(&mode));
            of_mode(study, &model, over, mode, &asked.collect::<Vec<_>>())
        })
    };
    study.models.iter().flat_map(of_model).collect()
}

fn of_mode(
    study: &Study<'_, '_>,
    model: &str,
    over: &str,
    mode: &str,
    sources: &[&ConditionFacts],
) -> Option<SourcesByTargets> {
    let gain = |source: &ConditionFacts, code: &str| {
        let comparison = Comparison {
            model: model.to_owned(),
            of: source.name.clone(),
            over: over.to_owned(),
            mode: mode.to_owned(),
            over_mode: mode.to_owned(),
        };
        super::gains::combination(study, &comparison, code)
    };
    let is_target =
        |code: &&String| sources.iter().all(|source| !source.sources.contains(code) && gain(source, code).is_some());
    let targets: Vec<&String> = study.languages.iter().filter(is_target).collect();
    if sources.len() < 2 || targets.len() < 2 {
        return None;
    }
    let row = |source: &&ConditionFacts| targets.iter().map(|code| gain(source, code)).collect::<Option<Vec<_>>>();
    let gains: Vec<Vec<Combination<'_, '_>>> = sources.iter().map(row).collect::<Option<_>>()?;
    let values: Vec<Vec<f64>> = gains.iter().map(|row| row.iter().map(Combination::value).collect()).collect();
    let related: Vec<Vec<bool>> = sources.iter().map(|source| related(source, &targets)).collect();
    let crossed = Crossed::of(&values)?;
    let (all, across) = (sources.len() as f64, targets.len() as f64);
    let effect = |of: usize| {
        let own = |row: usize| if row == of { 1.0 } else { 0.0 };
        weighted(&gains, |row, _| (own(row) - 1.0 / all) / across).estimate()
    };
    let matched = Matched::of(&values, &related).map(|found| {
        let sum = weighted(&gains, |row, column| found.weights[row][column]);
        Advantage {
            over_items: sum.estimate(),
            interval: sum.interval(LEVEL, study.drawn, SEED),
            over_languages: found.student,
        }
    });
    let source = |(at, source): (usize, &&ConditionFacts)| Source {
        condition: source.name.clone(),
        languages: source.sources.clone(),
        effect: effect(at),
    };
    let target = |(at, code): (usize, &&String)| Target {
        language: (*code).clone(),
        effect: crossed.columns[at],
        gains: values.iter().map(|row| row[at]).collect(),
        related: related.iter().map(|row| row[at]).collect(),
    };
    Some(SourcesByTargets {
        model: model.to_owned(),
        over: over.to_owned(),
        mode: mode.to_owned(),
        sources: sources.iter().enumerate().map(source).collect(),
        targets: targets.iter().enumerate().map(target).collect(),
        mean: crossed.mean,
        matched,
    })
}

/// Of each target whether it is related to a source.
fn related(source: &ConditionFacts, targets: &[&String]) -> Vec<bool> {
    let codes: Vec<String> = targets.iter().map(|code| (*code).clone()).collect();
    let relations = relations(&source.sources, &codes);
    codes.iter().map(|code| relations.iter().any(|relation| relation.target == *code && relation.relative)).collect()
}

fn weighted<'f, 'a>(gains: &[Vec<Combination<'f, 'a>>], weight: impl Fn(usize, usize) -> f64) -> Combination<'f, 'a> {
    let mut sum = Combination::default();
    for (row, gains) in gains.iter().enumerate() {
        for (column, gain) in gains.iter().enumerate() {
            sum.add_all(weight(row, column), gain);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::super::frame::Frame;
    use super::super::frame::tests::{answers, id};
    use super::super::study::tests::learned;
    use super::*;
    use crate::results::Evaluations;

    fn facts(name: &str, source: Option<&str>, control: bool) -> ConditionFacts {
        ConditionFacts { control, ..learned(name, source.as_slice()) }
    }

    /// Right answers of 20 after Arabic and after French, by language; none is right before.
    fn found(languages: &[(&str, usize, usize)], conditions: &[ConditionFacts]) -> Vec<SourcesByTargets> {
        let pattern = |right: usize| "+".repeat(right) + &"-".repeat(20 - right);
        let all = |(code, arabic, french): &(&str, usize, usize)| {
            [("base", 0), ("arabic", *arabic), ("french", *french), ("shuffled", 0)]
                .map(|(condition, right)| (id("m", condition, code), answers(&pattern(right))))
        };
        let evaluations: Evaluations = languages.iter().flat_map(all).collect();
        let frame = Frame::new(&evaluations);
        sources_by_targets(&Study::new(&frame, conditions, &[]), "base")
    }

    const LANGUAGES: [(&str, usize, usize); 5] =
        [("arb_Arab", 20, 9), ("amh_Ethi", 12, 6), ("heb_Hebr", 14, 9), ("ita_Latn", 10, 13), ("por_Latn", 9, 14)];

    #[test]
    fn the_matched_source_is_held_against_the_others_beyond_sources_and_targets() {
        let conditions = [
            facts("base", None, false),
            facts("arabic", Some("arb_Arab"), false),
            facts("french", Some("fra_Latn"), false),
            facts("shuffled", Some("deu_Latn"), true),
        ];
        let [found] = &found(&LANGUAGES, &conditions)[..] else { panic!("one model and mode") };
        let names: Vec<&str> = found.sources.iter().map(|source| source.condition.as_str()).collect();
        assert_eq!(names, ["arabic", "french"], "a control is no source");
        let targets: Vec<&str> = found.targets.iter().map(|target| target.language.as_str()).collect();
        assert_eq!(targets, ["amh_Ethi", "heb_Hebr", "ita_Latn", "por_Latn"], "what was learned from is no target");
        assert_eq!(
            (found.targets[0].related.clone(), found.targets[2].related.clone()),
            (vec![true, false], vec![false, true])
        );
        // Arabic has 45 of 80, French 42; differences of 6, 5 where Arabic is matched and −3, −5 where French is: (5.5 + 4) / 2 of 20.
        assert!((found.mean - 87.0 / 160.0).abs() < 1e-12);
        assert!((found.sources[0].effect.value - 1.5 / 80.0).abs() < 1e-12, "{:?}", found.sources);
        assert!((found.targets[0].effect - (9.0 / 20.0 - 87.0 / 160.0)).abs() < 1e-12);
        let matched = found.matched.as_ref().expect("an advantage");
        assert!((matched.over_items.value - 9.5 / 40.0).abs() < 1e-12, "{matched:?}");
        let student = matched.over_languages.expect("a spread");
        assert!((student.value - 9.5 / 40.0).abs() < 1e-12 && student.freedom == 2.0);
        assert!(matched.interval.is_some_and(|interval| interval.low < 9.5 / 40.0 && interval.high > 9.5 / 40.0));
    }

    #[test]
    fn one_source_has_no_table_and_without_a_match_there_is_no_advantage() {
        let one = [facts("base", None, false), facts("arabic", Some("arb_Arab"), false)];
        assert_eq!(found(&LANGUAGES, &one), []);
        let german = [
            facts("base", None, false),
            facts("arabic", Some("zho_Hans"), false),
            facts("french", Some("jpn_Jpan"), false),
        ];
        assert_eq!(found(&LANGUAGES, &german)[0].matched, None);
    }
}
