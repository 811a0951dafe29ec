//! What the answers say of effects: everything of it.

use crate::effects::claims::{estimate, why, word};
use crate::effects::gains::{GainRow, Panel, panels};
use crate::effects::languages::{Asked, asked};
use serde_json::{Map, Value, json};
use xlt_core::analysis::{
    Ablation, AgainstBaseline, Comparison, ConditionFacts, Contrast, Effect, Effects, Equivalence, First, Judged,
    Leakage, NotFitted, Odds, PopulationGain, Published, SeedGain, Seen, Sided, Source, SourcesByTargets, Split,
    Target,
};
use xlt_core::answers::twelve_digits;
use xlt_core::results::{CellId, Column, LEVEL, Results};
use xlt_core::spec::{Expect, Population};
use xlt_core::stats::correlation::{Associations, Correlation};
use xlt_core::stats::coupling::Disattenuated;
use xlt_core::stats::equivalence::Tost;
use xlt_core::stats::position::PositionBias;
use xlt_core::stats::regression::Independent;
use xlt_core::stats::tails::Test;
use xlt_core::stats::{Interval, Proportion};

/// The analysis as an object, with twelve significant digits.
pub(super) fn analysis(results: &Results) -> Value {
    let of = &results.analysis;
    rounded(json!({
        "conditions": of.conditions.iter().map(condition).collect::<Vec<_>>(),
        "drawn": of.drawn.word(),
        "leakage": of.leakage.iter().map(leakage).collect::<Vec<_>>(),
        "claims": of.claims.iter().map(claim).collect::<Vec<_>>(),
        "gains": panels(results).iter().flat_map(|panel| panel.rows.iter().map(|row| gain(panel, row)).collect::<Vec<_>>()).collect::<Vec<_>>(),
        "populations": of.populations.iter().map(population).collect::<Vec<_>>(),
        "contrasts": of.contrasts.iter().map(contrast).collect::<Vec<_>>(),
        "odds": of.odds.iter().map(odds).collect::<Vec<_>>(),
        "equivalences": of.equivalences.iter().map(equivalence).collect::<Vec<_>>(),
        "sources_by_targets": of.sources.iter().map(sources).collect::<Vec<_>>(),
        "arms": of.arms.iter().map(population).collect::<Vec<_>>(),
        "gain_against_baseline": of.baseline.iter().map(baseline).collect::<Vec<_>>(),
        "ablations": of.ablations.iter().map(ablation).collect::<Vec<_>>(),
        "languages": asked(results).iter().map(language).collect::<Vec<_>>(),
        "variance": of.variance.iter().map(variance).collect::<Vec<_>>(),
        "position": of.position.iter().map(position).collect::<Vec<_>>(),
    }))
}

/// Every number that is not whole with twelve significant digits.
fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => number.as_f64().map(twelve_digits).into(),
        Value::Array(values) => values.into_iter().map(rounded).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, rounded(value))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// A language with what may explain how much it gains; what the table of languages does not know is `null`.
fn language(of: &Asked<'_>) -> Value {
    let distances = of.distances.iter().map(|(condition, distance)| ((*condition).to_owned(), json!(distance)));
    json!({
        "code": of.code,
        "family": of.descent.map(|[family, _]| family),
        "branch": of.descent.map(|[_, branch]| branch),
        "script": of.script,
        "resources": of.resources,
        "family_distance": distances.collect::<Map<_, _>>(),
        "mean_prompt_tokens": of.tokens,
        "mean_gain": of.gain,
    })
}

fn condition(ConditionFacts { name, adapter, mode, sources, data, control }: &ConditionFacts) -> Value {
    json!({ "name": name, "adapter": adapter, "mode": mode, "sources": sources, "data": data, "control": control })
}

/// `questions` and `passages` are `null` where nobody knows what the adapter was trained on.
fn leakage(Leakage { condition, adapter, seen }: &Leakage) -> Value {
    let share = |of: &Proportion| json!({ "asked": of.trials(), "trained_on": of.successes(), "share": of.rate() });
    let (questions, passages) = match seen {
        Seen::Of { questions, passages } => (Some(share(questions)), Some(share(passages))),
        Seen::OtherData(_) | Seen::Elsewhere => (None, None),
    };
    json!({ "condition": condition, "adapter": adapter, "questions": questions, "passages": passages })
}

fn claim(judged: &Judged) -> Value {
    let claim = &judged.claim;
    let (expect, bound) = match claim.expect {
        Expect::Below(bound) => ("below", bound),
        Expect::Above(bound) => ("above", bound),
        Expect::Within(bound) => ("within", bound),
    };
    let sided = |p: Option<Sided>| p.map(|p| json!({ "holds": p.holds, "fails": p.fails }));
    json!({
        "text": claim.text,
        "verdict": word(&judged.verdict),
        "why": why(judged),
        "estimate": estimate(claim).replace('−', "-"),
        "over": if claim.over == Population::Items { "items" } else { "languages" },
        "expect": { expect: bound },
        "value": judged.value,
        "interval": interval(judged.interval),
        "p": sided(judged.p),
        "p_adjusted": sided(judged.adjusted),
        "p_false_discovery": {
            "benjamini_hochberg": sided(judged.benjamini_hochberg), "benjamini_yekutieli": sided(judged.benjamini_yekutieli),
        },
        "detectable": judged.detectable,
        "languages": judged.languages,
        "models": judged.models,
        "modes": judged.modes,
        "post_hoc": judged.post_hoc,
    })
}

fn gain(panel: &Panel<'_>, row: &GainRow<'_>) -> Value {
    let gain = row.gain;
    let seed = |SeedGain { seed, paired }: &SeedGain| json!({ "seed": seed, "items": paired.items(), "gained": paired.gained(), "lost": paired.lost() });
    with_names(
        panel.comparison,
        json!({
            "language": gain.language,
            "kin": Some(row.kin.word()).filter(|word| !word.is_empty()),
            "before": gain.before,
            "gain": gain.estimate.value,
            "interval": interval(row.interval()),
            "interval_covers": panel.items_only.then_some("items"),
            "standard_error": gain.estimate.error,
            "seed_error": gain.estimate.seed_error,
            "passages": gain.estimate.clusters,
            "p": gain.p,
            "p_adjusted": gain.p_adjusted,
            "noise_floor": row.floor.map(|floor| floor / 100.0),
            "seeds": gain.seeds.iter().map(seed).collect::<Vec<_>>(),
        }),
    )
}

fn population(gain: &PopulationGain) -> Value {
    with_names(
        &gain.comparison,
        json!({
            "population": gain.population,
            "languages": gain.languages,
            "gain": gain.estimate.value,
            "interval": interval(gain.interval),
            "standard_error": gain.estimate.error,
            "seed_error": gain.estimate.seed_error,
            "passages": gain.estimate.clusters,
        }),
    )
}

/// The names of a comparison before what was found.
fn with_names(Comparison { model, of, over, mode, over_mode }: &Comparison, found: Value) -> Value {
    let mut all = json!({ "model": model, "of": of, "over": over, "mode": mode, "over_mode": over_mode });
    if let (Value::Object(all), Value::Object(found)) = (&mut all, found) {
        all.extend(found);
    }
    all
}

fn contrast(contrast: &Contrast) -> Value {
    let first = match contrast.first() {
        Some(First::Permutation(p)) => json!({ "test": "permutation", "p": p }),
        Some(First::Student(p)) => json!({ "test": "student", "p": p }),
        None => Value::Null,
    };
    let values = |group: &[(String, f64)]| -> Vec<Value> {
        group.iter().map(|(code, gain)| json!({ "language": code, "gain": gain })).collect()
    };
    let student = contrast.student.map(|found| {
        json!({
            "difference": found.value, "standard_error": found.error, "freedom": found.freedom,
            "interval": interval(found.interval(LEVEL)), "p_above_zero": found.p_above(0.0),
        })
    });
    let wild = contrast.wild.map(|(test, found)| json!({ "p": test.p, "low": found.low, "high": found.high }));
    json!({
        "of": contrast.of,
        "over": contrast.over,
        "mode": contrast.mode,
        "models": contrast.models,
        "relatives": values(&contrast.relatives),
        "controls": values(&contrast.controls),
        "difference": contrast.over_items.value,
        "first": first,
        "permutation": contrast.permutation.map(|found| json!({ "p": found.p, "smallest_attainable": found.smallest_attainable })),
        "student": student,
        "wild_bootstrap": wild,
        "over_items": {
            "standard_error": contrast.over_items.error,
            "seed_error": contrast.over_items.seed_error,
            "passages": contrast.over_items.clusters,
            "interval": interval(contrast.interval),
        },
        "as_published": contrast.published.map(published),
    })
}

/// Effects are in logits; what is not fitted has `why` in their place.
fn odds(odds: &Odds) -> Value {
    let effect = |of: Effect| json!({ "logit": of.estimate, "standard_error": of.error, "interval": interval(Some(of.interval)), "p": of.p });
    let fit = |fit: &Result<Effects, NotFitted>| match fit {
        Ok(Effects { tuned, more_in_relatives }) => {
            json!({ "tuned": effect(*tuned), "more_in_relatives": more_in_relatives.map(effect) })
        }
        Err(why) => json!({ "why": why.to_string() }),
    };
    with_names(
        &odds.comparison,
        json!({
            "answers": odds.answers,
            "mixed": fit(&odds.mixed),
            "conditional": fit(&odds.conditional),
            "estimating_equations": fit(&odds.equations),
        }),
    )
}

fn equivalence(of: &Equivalence) -> Value {
    let test = |test: Option<Tost>| {
        test.map(|test| json!({ "p": test.p(), "p_lower": test.p_lower, "p_upper": test.p_upper }))
    };
    json!({
        "of": of.of,
        "over": of.over,
        "mode": of.mode,
        "models": of.models,
        "difference": of.difference,
        "margin": of.margin,
        "margin_from": if of.claimed { "claim" } else { "default" },
        "over_languages": test(of.over_languages),
        "over_items": test(of.over_items),
    })
}

fn sources(table: &SourcesByTargets) -> Value {
    let source = |of: &Source| {
        json!({
            "condition": of.condition, "languages": of.languages, "effect": of.effect.value,
            "standard_error": of.effect.error, "interval": interval(of.effect.student().and_then(|found| found.interval(LEVEL))),
        })
    };
    let target =
        |of: &Target| json!({ "language": of.language, "effect": of.effect, "gains": of.gains, "related": of.related });
    let matched = table.matched.as_ref().map(|found| {
        let languages = found.over_languages.map(|found| {
            json!({ "standard_error": found.error, "freedom": found.freedom, "interval": interval(found.interval(LEVEL)), "p": found.p() })
        });
        json!({
            "advantage": found.over_items.value,
            "over_items": {
                "standard_error": found.over_items.error, "seed_error": found.over_items.seed_error,
                "interval": interval(found.interval), "p": found.over_items.student().and_then(|found| found.p()),
            },
            "over_languages": languages,
        })
    });
    json!({
        "model": table.model,
        "over": table.over,
        "mode": table.mode,
        "mean": table.mean,
        "sources": table.sources.iter().map(source).collect::<Vec<_>>(),
        "targets": table.targets.iter().map(target).collect::<Vec<_>>(),
        "matched": matched,
    })
}

fn published(Published { base, relative, cells }: Published) -> Value {
    let term = |Independent { estimate, standard_error, p }: Independent| json!({ "estimate": estimate, "standard_error": standard_error, "p": p });
    json!({ "base": term(base), "relative": term(relative), "cells": cells })
}

fn baseline(AgainstBaseline { of, over, mode, found }: &AgainstBaseline) -> Value {
    let slope = found.blomqvist.map(|slope| {
        json!({
            "observed": slope.observed, "error_variance": slope.error_variance, "error_covariance": slope.error_covariance,
            "noise_share": slope.noise_share, "independent": slope.independent, "paired": slope.paired,
        })
    });
    let spread = &found.pitman_morgan;
    json!({
        "of": of,
        "over": over,
        "mode": mode,
        "cells": found.units,
        "split_half": {
            "mean_pearson": found.split_half.mean_pearson(),
            "even_baseline": associations(&found.split_half.even_baseline),
            "odd_baseline": associations(&found.split_half.odd_baseline),
        },
        "oldham": associations(&found.oldham),
        "naive": associations(&found.naive),
        "ceiling_normalised": found.normalised.as_ref().map(associations),
        "logit": associations(&found.logit),
        "pitman_morgan": { "test": test(&spread.test), "variance_before": spread.variance_before, "variance_after": spread.variance_after },
        "line": { "intercept": found.line.intercept, "slope": found.line.slope },
        "blomqvist": slope,
    })
}

fn ablation(Ablation { reasoned, tuned, over, found }: &Ablation) -> Value {
    let covariance = |it: &xlt_core::stats::coupling::Covariance| json!({ "reasoned": it.reasoned, "both": it.both, "tuned": it.tuned });
    let disattenuated = match found.disattenuated {
        Disattenuated::Coefficient(r) => json!({ "r": r, "outside": false }),
        Disattenuated::Outside(r) => json!({ "r": r, "outside": true }),
        Disattenuated::Undefined => Value::Null,
    };
    json!({
        "reasoned": reasoned,
        "tuned": tuned,
        "over": over,
        "cells": found.units,
        "split_half": { "mean_pearson": found.split_half_pearson(), "halves": found.split_half.each_ref().map(associations) },
        "naive": associations(&found.naive),
        "partial_given_base": found.partial_given_base.as_ref().map(correlation),
        "between_models": found.between_models.as_ref().map(associations),
        "within_models": found.within_models.as_ref().map(correlation),
        "difference": found.difference.as_ref().map(test),
        "observed": covariance(&found.observed),
        "noise": covariance(&found.noise),
        "noise_share": found.noise_share(),
        "disattenuated": disattenuated,
    })
}

fn variance(split: &Split) -> Value {
    let name = |&at: &usize| split.factors.get(at).map(|(factor, _)| factor.name());
    let levels = split.factors.iter().map(|(factor, levels)| (factor.name().to_owned(), json!(levels)));
    let component = |it: &xlt_core::stats::variance::Component| {
        json!({
            "factors": it.factors.iter().filter_map(name).collect::<Vec<_>>(), "variance": it.variance,
            "set_to_zero": it.negative, "freedom": it.freedom, "mean_square": it.mean_square,
        })
    };
    json!({
        "model": split.model,
        "of": split.of,
        "over": split.over,
        "levels": levels.collect::<serde_json::Map<_, _>>(),
        "components": split.components.iter().map(component).collect::<Vec<_>>(),
    })
}

fn position((CellId { column, language }, bias): (&CellId, &PositionBias)) -> Value {
    let Column { model, condition, mode, seed } = column;
    let preference = bias.preference.as_ref().map(|found| {
        json!({
            "against_gold": found.against_gold.as_ref().map(test), "against_uniform": test(&found.against_uniform),
            "total_variation": found.total_variation, "divergence": found.divergence, "entropy": found.entropy, "kappa": found.kappa,
        })
    });
    json!({
        "model": model,
        "condition": condition,
        "mode": mode,
        "seed": seed,
        "language": language,
        "items": bias.items,
        "invalid": bias.invalid,
        "predicted": bias.predicted,
        "gold": bias.gold,
        "recall": bias.recall,
        "recall_of_valid": bias.recall_of_valid,
        "recall_deviation": bias.recall_deviation,
        "recall_deviation_of_valid": bias.recall_deviation_of_valid,
        "preference": preference,
    })
}

fn interval(interval: Option<Interval>) -> Value {
    interval.map(|Interval { low, high }| json!([low, high])).into()
}

fn associations(of: &Associations) -> Value {
    json!({ "pearson": correlation(&of.pearson), "spearman": of.spearman, "kendall": of.kendall })
}

fn correlation(Correlation { r, test }: &Correlation) -> Value {
    json!({ "r": r, "freedom": test.degrees, "p": test.p })
}

fn test(Test { statistic, degrees, p }: &Test) -> Value {
    json!({ "statistic": statistic, "freedom": degrees, "p": p })
}

#[cfg(test)]
mod tests {
    use crate::{fixture, json};
    use serde_json::{Value, json};

    fn found() -> Value {
        let value: Value = serde_json::from_str(&json(&fixture::study())).expect("JSON");
        value["analysis"].clone()
    }

    #[test]
    fn claims_have_verdicts_and_both_p_values() {
        let claims = &found()["claims"];
        let verdicts: Vec<&str> =
            claims.as_array().expect("a list").iter().filter_map(|it| it["verdict"].as_str()).collect();
        assert_eq!(verdicts, ["holds", "fails", "cannot tell", "cannot tell", "holds"]);
        let second = &claims[1];
        assert_eq!(second["estimate"], "gain(tuned, relatives) - gain(tuned, controls)");
        assert_eq!(
            (&second["expect"], &second["over"], &second["post_hoc"]),
            (&json!({ "below": 0.03 }), &json!("languages"), &json!(true))
        );
        assert_eq!(second["value"], 0.122222222222, "twelve digits");
        assert!(second["p_adjusted"]["fails"].as_f64() > second["p"]["fails"].as_f64(), "{second}");
        assert_eq!(second["languages"][1], json!(["fra_Latn", "jpn_Jpan", "kor_Hang"]));
    }

    #[test]
    fn what_an_adapter_had_seen_is_counted_by_question_and_by_passage() {
        let leakage = &found()["leakage"];
        assert_eq!(
            leakage[0],
            json!({
                "condition": "tuned", "adapter": "arabic",
                "questions": { "asked": 60, "trained_on": 6, "share": 0.1 },
                "passages": { "asked": 30, "trained_on": 3, "share": 0.1 },
            })
        );
        assert_eq!(leakage[1]["questions"]["trained_on"], 0);
        let value: Value = serde_json::from_str(&json(&fixture::study())).expect("JSON");
        assert_eq!(
            value["weights"],
            json!({ "large": { "type": "BF16", "known_by": "file name" }, "small": { "type": "Q8_0", "known_by": "quantized here" } })
        );
    }

    #[test]
    fn gains_have_kin_noise_and_every_seed() {
        let gains = found()["gains"].clone();
        let first = &gains[0];
        assert_eq!(
            (&first["model"], &first["language"], &first["kin"]),
            (&json!("large"), &json!("amh_Ethi"), &json!("relative"))
        );
        assert_eq!(first["seeds"], json!([{ "seed": 17, "items": 60, "gained": 13, "lost": 0 }]));
        assert_eq!((&first["noise_floor"], &first["interval_covers"]), (&Value::Null, &json!("items")));
        assert_eq!(first["interval"], json!([0.116666666667, 0.316666666667]));
        let probed = gains.as_array().expect("a list").iter().find(|gain| gain["model"] == "small").expect("a gain");
        assert_eq!(probed["noise_floor"], 0.05);
    }

    #[test]
    fn everything_else_is_in_it() {
        let found = found();
        let counts = [
            "conditions",
            "populations",
            "contrasts",
            "odds",
            "equivalences",
            "sources_by_targets",
            "arms",
            "gain_against_baseline",
            "ablations",
            "variance",
            "position",
        ];
        let counts = counts.map(|key| found[key].as_array().map(Vec::len));
        assert_eq!(counts, [3, 22, 6, 6, 6, 2, 8, 3, 1, 4, 72].map(Some));
        let contrast = &found["contrasts"][0];
        assert_eq!(contrast["models"], json!(["large", "small"]));
        assert_eq!((&contrast["first"]["test"], &contrast["permutation"]["p"]), (&json!("student"), &json!(0.1)));
        assert_eq!(contrast["as_published"]["cells"], 12);
        let odds = &found["odds"][0];
        assert_eq!((&odds["answers"], &odds["over_mode"]), (&json!(720), &json!("direct")));
        assert!(odds["mixed"]["more_in_relatives"]["logit"].as_f64().is_some_and(|logit| logit > 0.0), "{odds}");
        let why = found["odds"][2]["conditional"]["why"].as_str().unwrap_or_default();
        assert!(why.starts_with("some answers are predicted without error"), "{why}");
        assert_eq!(found["equivalences"][0]["margin_from"], "default");
        assert_eq!(found["sources_by_targets"][0]["sources"][1]["languages"], json!(["fra_Latn"]));
        let ablation = &found["ablations"][0];
        assert_eq!(
            (&ablation["tuned"], &ablation["reasoned"], &ablation["cells"]),
            (&json!("tuned/direct"), &json!("base/cot"), &json!(12))
        );
        assert!(
            ablation["naive"]["pearson"]["r"].as_f64().is_some()
                && ablation["split_half"]["mean_pearson"].as_f64().is_some()
        );
        assert_eq!(found["variance"][0]["levels"], json!({ "items": 60, "languages": 6, "modes": 2 }));
        assert_eq!(found["position"][0]["items"], 60);
    }
}
