use crate::{fixture, markdown};
use std::collections::BTreeMap;

#[test]
fn reads_well() {
    let expected = "\
# demo

## At a glance

- Answer mass: 0.50 (median of 2 cells)
- Failures of format: 1 of 2 cells
- Noise floor: not probed

## Accuracy

In per cent, with Wilson's 95 % interval in brackets; 3 items in each cell.

| Language | m base/direct |
|---|---:|
| Hebrew (heb_Hebr) | 66.7 % [21–94] |
| Maltese (mlt_Latn) | 0.0 % [0–56] † |
| *mean of target* | 33.3 % (2) † |

Chance level: 25.0 % (1 of 4 options).

A mean gives every language the same weight; the number of languages stands beside it.

† Failure of format: in the median item the labels together have a probability below 0.5, so the number says more \
about the prompt than about the language. A mean is marked if any of its languages is.

## Tokens a prompt

The mean over the items, in the model's own tokens.

| Language | m base/direct |
|---|---:|
| Hebrew (heb_Hebr) | 100.0 |
| Maltese (mlt_Latn) | 100.0 |

## Notes

- format failure: m, base/direct, mlt_Latn: the median answer mass is 0.100; the model most often wanted to say \
\"The\" (3 of 3 items).
";
    assert_eq!(markdown(&fixture::results()), expected);
}

#[test]
fn a_missing_cell_is_blank_and_a_bar_in_a_name_breaks_no_table() {
    let mut results = fixture::results();
    results.cells[0].id.column.model = "a|b".to_owned();
    let text = markdown(&results);
    assert!(text.contains("| Language | a\\|b base/direct | m base/direct |\n|---|---:|---:|\n"), "{text}");
    assert!(text.contains("| Hebrew (heb_Hebr) | 66.7 % [21–94] |  |\n"), "{text}");
}

#[test]
fn texts_are_shown_by_every_normalization() {
    let text = markdown(&fixture::texts());
    let table = "| Language | Column | sum | token | byte | character |\n|---|---|---:|---:|---:|---:|\n\
                 | Hebrew (heb_Hebr) | m base/direct | 0.0 % | 0.0 % | 100.0 % | 0.0 % |\n\n";
    assert!(text.contains(table), "{text}");
    assert!(!markdown(&fixture::results()).contains("normalization"));
}

#[test]
fn what_was_written_has_tables_of_its_own() {
    let text = markdown(&fixture::written());
    for part in [
        "| Language | m base/cot | m base/direct | m base/free |\n|---|---:|---:|---:|\n\
         | Hebrew (heb_Hebr) | 75.0 % [30–95] ‡ | 50.0 % [15–85] | 25.0 % [5–70] ‡ |\n\
         | *mean of target* | 75.0 % (1) ‡ | 50.0 % (1) | 25.0 % (1) ‡ |\n",
        "\n‡ Cannot tell: in more than 5 % of the items the budget of tokens cut off the reasoning or the answer, so \
         the number says as much about the budget as about the model. A mean is marked if any of its languages is.\n",
        "| Language | Column | Cut off | Tokens | Script | Against | Changed | Wrong to right | Right to wrong |\n\
         |---|---|---:|---:|---:|---|---:|---:|---:|\n\
         | Hebrew (heb_Hebr) | m base/cot | 1 of 4 (25.0 %) ‡ | 750.0 | Latn 75.0 % | direct | 3 of 4 ‡ | 2 | 1 |\n\n",
        "| Language | Column | Parsed | Unparsed | Truncated | Refused | Cut off | Accuracy | of the parsed | Found by |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|---|\n\
         | Hebrew (heb_Hebr) | m base/free | 2 | 0 | 1 | 1 | 1 of 4 (25.0 %) | 25.0 % ‡ | 50.0 % [9–91] ‡ \
         | cue 1, boxed 1 |\n\n",
        "- cannot tell: m, base/cot, heb_Hebr: 1 of 4 items (25.0 %) were cut off by the budget of tokens; set \
         `modes.cot.reason.max_tokens` to 4096.\n\
         - cannot tell: m, base/free, heb_Hebr: 1 of 4 items (25.0 %) were cut off by the budget of tokens; set \
         `modes.free.max_tokens` to 32.\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!markdown(&fixture::results()).contains('‡'));
}

#[test]
fn what_is_not_known_of_reasoning_is_blank() {
    let mut results = fixture::written();
    let reasoning = results.cells[0].reasoning.as_mut().expect("reasoning");
    reasoning.mean_tokens = None;
    reasoning.scripts.clear();
    reasoning.change = None;
    let text = markdown(&results);
    assert!(text.contains("| m base/cot | 1 of 4 (25.0 %) ‡ |  |  |  |  |  |  |\n"), "{text}");
    let generation = results.cells[2].generation.as_mut().expect("generated");
    generation.of_parsed = None;
    generation.rules.clear();
    let text = markdown(&results);
    assert!(text.contains("| 1 of 4 (25.0 %) | 25.0 % ‡ |  |  |\n"), "{text}");
}

#[test]
fn tokens_have_a_table_where_they_were_counted() {
    let text = markdown(&fixture::counted());
    let table = "\n## Tokens by language\n\nTokens that a model needs for the same texts";
    let rows = "| Language | Model | Passages | Tokens a passage | a character | a byte | of heb_Hebr | Ids |\n\
                |---|---|---:|---:|---:|---:|---:|---|\n\
                | Hebrew (heb_Hebr) | m | 2 | 4.0 | 1.333 | 0.667 | 1.00x | same ids |\n\
                | Maltese (mlt_Latn) | m | 2 | 7.0 | 2.333 | 1.167 | 1.75x | 3 of 14 texts differ, first: option 2 of item \
                p\\|1, token 5: 17 \" כ\" in the GGUF, none in its tokenizer |\n";
    assert!(text.contains(table) && text.contains(rows), "{text}");
    let mut results = fixture::counted();
    for measured in results.fertility.values_mut() {
        measured.reference = None;
        measured.languages.iter_mut().for_each(|of| (of.premium, of.parity) = (None, None));
    }
    let text = markdown(&results);
    assert!(text.contains("| a character | a byte |\n|---|---|---:|---:|---:|---:|\n"), "{text}");
    assert!(!text.contains("premium") && !text.contains("Ids"), "{text}");
}

#[test]
fn the_noise_floor_has_a_table_where_cells_were_probed() {
    let text = markdown(&fixture::probed());
    let table = "\n## Noise floor\n\nThe same items scored alone, as answered, and in units twice as large";
    let rows = "| Language | Column | Items | Greatest difference (nats) | Flips of 100 | Between |\n\
                |---|---|---:|---:|---:|---|\n\
                | Hebrew (heb_Hebr) | m base/direct | 8 | 1.2e-3 | 12.5 | option 2 of item p\\|1, alone and in units twice as \
                large |\n\
                | Maltese (mlt_Latn) | m base/direct | 4 | 0 | 0.0 |  |\n";
    assert!(text.contains(table) && text.contains(rows), "{text}");
    assert!(!markdown(&fixture::results()).contains("## Noise floor"));
}

#[test]
fn trainings_have_a_table() {
    let text = markdown(&fixture::trained());
    let rows = "| Model | Adapter | Seed | Steps | Examples | Tokens | First loss | Last | Smoothed | Lowest | Trained |\n\
                |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n\
                | m | arabic | 17 | 3 | 40 | 2700 | 3.000 | 0.500 | 1.413 | 0.500 | 0.3072 % |\n\
                | m | french | 1 | 1 | 40 | 900 | 3.000 | 3.000 | 3.000 | 3.000 | 0.3072 % |\n\
                | m | french | 2 | 0 | 40 |  |  |  |  |  | 0.3072 % |\n";
    assert!(text.contains("\n## Training\n\nThe examples of a pass") && text.contains(rows), "{text}");
    assert!(!markdown(&fixture::results()).contains("Training"));
}

#[test]
fn every_interval_of_one_seed_says_that_it_covers_items_only() {
    let text = markdown(&fixture::trained());
    assert!(text.contains("| Hebrew (heb_Hebr) | 50.0 % [9–91] | 50.0 % [9–91] § |\n"), "{text}");
    let note = "\n§ Items only: the adapter has one seed, so the interval covers the sampling of items, not of trainings. \
                Another seed may well fall outside it.\n";
    assert!(text.contains(note), "{text}");
    let mut written = fixture::written();
    assert!(!markdown(&written).contains('§'));
    written.cells[2].items_only = true;
    let text = markdown(&written);
    assert!(text.contains("25.0 % [5–70] § ‡ |") && text.contains("50.0 % [9–91] § ‡ |"), "{text}");
}

#[test]
fn without_cells_it_says_so() {
    let results = xlt_core::results::compute("s", &BTreeMap::new(), &[], 4);
    assert_eq!(markdown(&results), "# s\n\nThere are no results yet.\n");
}

#[test]
fn claims_come_first_with_their_verdicts() {
    let text = markdown(&fixture::study());
    assert!(text.starts_with("# study\n\n## Claims\n\nA claim holds where its opposite is rejected at 5 %,"), "{text}");
    let rows = "| Verdict | Claim | Expected | Estimate | 95 % interval | p | Corrected p | Detectable | It speaks of |\n\
        |---|---|---|---:|---:|---:|---:|---:|---|\n\
        | holds | Relatives gain from tuning on Arabic. | above 0.0 | 16.1 | [13.1, 19.1] § | < 0.001 | < 0.001 | 3.6 | more items \
        like these, in 3 languages |\n\
        | fails | Relatives gain no more than controls. (post hoc) | below 3.0 | 12.2 | [8.8, 15.7] § | < 0.001 | 0.004 | 3.1 | more \
        languages like these 3 and 3 |\n\
        | cannot tell | Controls stay as they are. | within ±3.0 | 3.9 | [0.7, 7.1] § | 0.350 | 1.000 | 1.8 | more languages like \
        these 3 |\n";
    assert!(text.contains(rows), "{text}");
    let why =
        "\n“Controls stay as they are.”: The numbers allow both: the estimate is too uncertain for either verdict.\n";
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
