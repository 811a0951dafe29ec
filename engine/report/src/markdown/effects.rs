//! What the analysis found, as tables.

use super::{inline, language_name, row};
use crate::effects::{self, claims, facts};
use crate::sheet::{Field, Head, Sheet};
use std::fmt::Write as _;
use xlt_core::results::Results;

/// Claims and their verdicts, before everything else.
pub(super) fn claims(text: &mut String, results: &Results) {
    if let Some(claims) = claims::claims(results) {
        sheet(text, &claims);
        text.push('\n');
    }
}

/// What must be known before the numbers.
pub(super) fn facts(text: &mut String, results: &Results) {
    text.push_str("## At a glance\n\n");
    for fact in facts::facts(results) {
        let _ = writeln!(text, "- {}: {}", fact.name, inline(&fact.value));
    }
    text.push('\n');
}

/// Everything else.
pub(super) fn sheets(text: &mut String, results: &Results) {
    for of in effects::sheets(results) {
        text.push('\n');
        sheet(text, &of);
    }
}

fn sheet(text: &mut String, Sheet { title, about, heads, rows, notes }: &Sheet) {
    let _ = writeln!(text, "## {title}\n\n{about}\n");
    let line = |text: &mut String, fields: Vec<String>| {
        let mut fields = fields.into_iter();
        row(text, &fields.next().unwrap_or_default(), fields);
    };
    line(text, heads.iter().map(|head| inline(head.text())).collect());
    let side = |head: &Head| match head {
        Head::Words(_) => "---|",
        Head::Numbers(_) => "---:|",
    };
    let _ = writeln!(text, "|{}", heads.iter().map(side).collect::<String>());
    for row in rows {
        let field = |field: &Field| match field {
            Field::Language(code) => language_name(code),
            Field::Text(text) => inline(text),
        };
        line(text, row.fields.iter().map(field).collect());
    }
    for note in notes {
        let _ = writeln!(text, "\n{}", inline(note));
    }
}

#[cfg(test)]
mod tests {
    use crate::{fixture, markdown};

    #[test]
    fn claims_come_first_with_their_verdicts() {
        let text = markdown(&fixture::study());
        assert!(
            text.starts_with("# study\n\n## Claims\n\nA claim holds where its opposite is rejected at 5 %,"),
            "{text}"
        );
        let rows = "| Verdict | Claim | Expected | Estimate | 95 % interval | p | Corrected p | Detectable | It speaks of |\n\
            |---|---|---|---:|---:|---:|---:|---:|---|\n\
            | holds | Relatives gain from tuning on Arabic. | above 0.0 | 16.1 | [13.1, 19.1] § | < 0.001 | < 0.001 | 3.6 | more items \
            like these, in 3 languages |\n\
            | fails | Relatives gain no more than controls. (post hoc) | below 3.0 | 12.2 | [8.8, 15.7] § | < 0.001 | 0.004 | 3.1 | more \
            languages like these 3 and 3 |\n\
            | cannot tell | Controls stay as they are. | within ±3.0 | 3.9 | [0.7, 7.1] § | 0.350 | 1.000 | 1.8 | more languages like \
            these 3 |\n";
        assert!(text.contains(rows), "{text}");
        let why = "\n“Controls stay as they are.”: The numbers allow both: the estimate is too uncertain for either verdict.\n";
        assert!(text.contains(why), "{text}");
        assert!(text.contains("\n\n## At a glance\n\n- Answer mass: 0.93 (median of 72 cells)\n"), "{text}");
    }

    #[test]
    fn gains_contrasts_and_the_rest_are_tables() {
        let text = markdown(&fixture::study());
        for rows in [
            "| Model | Condition | Mode | Language | Kin | Before, % | Gain | 95 % interval | p | Noise floor |\n\
             |---|---|---|---|---|---:|---:|---:|---:|---:|\n\
             | large | tuned over base | direct | Amharic (amh_Ethi) | relative | 45.0 | 21.7 | [11.7, 31.7] § | 0.009 |  |\n\
             |  |  |  | Hebrew (heb_Hebr) | relative | 58.3 | 20.0 | [10.0, 30.0] § | 0.060 |  |\n",
            "|  |  |  | French (fra_Latn) | control | 61.7 | 5.0 ≈ | [−3.3, 13.3] § | 1.000 | 5.0 |\n",
            "| Model | Condition | Mode | Population | Languages | Gain | 95 % interval | p |\n|---|---|---|---|---:|---:|---:|---:|\n\
             | large | tuned over base | direct | relatives | 3 | 19.4 | [13.9, 25.6] § | < 0.001 |\n",
            "| mean of 2 models | tuned over base | direct | 3 against 3 | Student’s t, 4.0 d.f. | languages | 16.1 | ",
            "|  |  |  |  | permutation (least p 0.100) | languages | 16.1 |  | 0.100 |\n",
            "\n## As published: gain ~ base + relative\n\nPrinted for comparison, and not to be trusted.",
        ] {
            assert!(text.contains(rows), "{rows}\n{text}");
        }
        let order = [
            "## Claims",
            "## Accuracy",
            "## Gains\n",
            "## Gains by",
            "## Relatives",
            "## As pub",
            "## Adapter",
            "## Held-out",
        ];
        let places: Vec<Option<usize>> = order.iter().map(|heading| text.find(heading)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    }
}
