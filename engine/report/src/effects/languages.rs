//! The languages that were asked, each with what else than relatedness may explain how much it gains.

use crate::points::points;
use crate::sheet::{Head, Row, Sheet};
use std::collections::{BTreeMap, BTreeSet};
use xlt_core::analysis::ConditionFacts;
use xlt_core::languages::{find, nearest};
use xlt_core::results::Results;
use xlt_core::stats::mean;

/// A language that was asked. What the table of languages does not know is `None`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked<'a> {
    pub(crate) code: &'a str,
    /// Its family, and the branch by which it is usually called.
    pub(crate) descent: Option<[&'static str; 2]>,
    /// Its script by ISO 15924.
    pub(crate) script: Option<&'static str>,
    /// Level of resources.
    pub(crate) resources: Option<&'static str>,
    /// Of each condition whose adapter's languages are known, the family distance to the nearest of them, 0 to 1.
    pub(crate) distances: Vec<(&'a str, Option<f64>)>,
    /// Tokens a prompt, the mean over the models.
    pub(crate) tokens: f64,
    /// The gain that the spec asks for, the mean over models and modes, in shares of 1.
    pub(crate) gain: Option<f64>,
}

/// Every language that was asked, by code.
pub(crate) fn asked(results: &Results) -> Vec<Asked<'_>> {
    let codes: BTreeSet<&str> = results.cells.iter().map(|cell| cell.id.language.as_str()).collect();
    let taught = ConditionFacts::by_sources(&results.analysis.conditions);
    let of = |code| {
        let known = find(code);
        let distance = |condition: &&ConditionFacts| nearest(code, &condition.sources).map(|near| near.distance);
        Asked {
            code,
            descent: known.map(|language| [language.family(), language.branch()]),
            script: known.map(xlt_core::languages::Language::script),
            resources: known.and_then(|language| language.resource).map(xlt_core::languages::Resource::name),
            distances: taught.iter().map(|condition| (condition.name.as_str(), distance(condition))).collect(),
            tokens: tokens(results, code),
            gain: gain(results, code),
        }
    };
    codes.into_iter().map(of).collect()
}

/// Each model counts the same, whatever was asked of it.
fn tokens(results: &Results, code: &str) -> f64 {
    let mut models: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for cell in results.cells.iter().filter(|cell| cell.id.language == code) {
        models.entry(&cell.id.column.model).or_default().push(cell.mean_prompt_tokens);
    }
    let means: Vec<f64> = models.values().filter_map(|cells| mean(cells)).collect();
    mean(&means).unwrap_or_default()
}

fn gain(results: &Results, code: &str) -> Option<f64> {
    let gains = &results.analysis.gains;
    let first = &gains.first()?.comparison;
    let of_first = |gain: &&xlt_core::analysis::Gain| gain.comparison.of == first.of && gain.language == code;
    mean(&gains.iter().filter(of_first).map(|gain| gain.estimate.value).collect::<Vec<_>>())
}

/// Nothing where no gain is asked for, or no language is known.
pub(crate) fn languages(results: &Results) -> Option<Sheet> {
    let asked = asked(results);
    let first = asked.iter().find(|language| language.descent.is_some())?;
    let words = ["Language", "Family", "Branch", "Script", "Resources"].map(Head::words).into_iter();
    let distances = first.distances.iter().map(|(condition, _)| Head::Numbers(format!("Distance, {condition}")));
    let of = &results.analysis.gains.first()?.comparison.of;
    Some(Sheet {
        title: "Languages",
        about: "What else than relatedness may explain how much a language gains: script, resources, how long its prompts are in tokens \
                (the mean over the models). Distance is that of the families (Glottolog’s tree) to the nearest language that an adapter \
                learned from: 0 the same, 1 unrelated. The gain is the mean over models and modes, in points."
            .to_owned(),
        heads: words.chain(distances).chain([Head::numbers("Tokens a prompt"), Head::Numbers(format!("Gain of {of}"))]).collect(),
        rows: asked.iter().map(row).collect(),
        notes: Vec::new(),
    })
}

fn row(language: &Asked<'_>) -> Row {
    let blank = |text: Option<&str>| text.unwrap_or("not listed").to_owned();
    let [family, branch] = language.descent.map_or([None; 2], |descent| descent.map(Some));
    let words = [family, branch, language.script, language.resources].map(blank).into_iter();
    let distances =
        language.distances.iter().map(|(_, distance)| distance.map_or_else(String::new, |it| format!("{it:.2}")));
    let numbers = [format!("{:.0}", language.tokens), language.gain.map(points).unwrap_or_default()];
    Row::of_language(language.code, words.chain(distances).chain(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_language_stands_beside_what_may_explain_its_gain() {
        let results = fixture::study();
        let asked = asked(&results);
        let maltese = asked.iter().find(|language| language.code == "mlt_Latn").expect("it is asked");
        assert_eq!(maltese.descent, Some(["Afro-Asiatic", "Semitic"]));
        assert_eq!((maltese.script, maltese.resources), (Some("Latn"), Some("low")));
        let french = asked.iter().find(|language| language.code == "fra_Latn").expect("it is asked");
        let distance = |language: &Asked<'_>| language.distances[0].1.expect("Arabic is known");
        assert!(distance(maltese) < 0.5 && (distance(french) - 1.0).abs() < 1e-9);
        let first = &results.analysis.gains[0].comparison.of;
        let of = |gain: &&xlt_core::analysis::Gain| gain.comparison.of == *first && gain.language == "fra_Latn";
        let gains: Vec<f64> = results.analysis.gains.iter().filter(of).map(|gain| gain.estimate.value).collect();
        assert!(gains.len() > 1 && french.gain == mean(&gains), "{gains:?}");
        let sheet = languages(&results).expect("languages");
        assert!(sheet.rows.iter().all(|row| row.fields.len() == sheet.heads.len()));
        assert_eq!(sheet.rows.len(), asked.len());
    }
}
