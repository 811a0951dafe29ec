//! One line a gain.

use super::{number, p, quoted};
use crate::effects::gains::{GainRow, Panel, panels};
use xlt_core::analysis::Comparison;
use xlt_core::results::Results;

const HEADER: &str = "model,of,over,mode,over_mode,language,kin,before,gain,low,high,standard_error,passages,seeds,items,gained,lost,p,\
     p_adjusted,interval_covers,noise_floor";

/// Gains by cell as CSV. Rates are 0 to 1; `kin` is what the language is to those that were trained on; `low` and `high` are the 95 %
/// interval, `standard_error` has the spread of several seeds in it. With one seed `gained` and `lost` count the `items` that changed, with several they are empty.
/// `p_adjusted` is Holm's over all lines; `interval_covers` is `items` where the adapter has one seed; `noise_floor` is the share of
/// predictions that changes with the company of an item, where both cells were probed.
#[must_use]
pub fn gains_csv(results: &Results) -> String {
    let panels = panels(results);
    let lines = panels.iter().flat_map(|panel| panel.rows.iter().map(|row| line(panel, row)));
    std::iter::once(format!("{HEADER}\n")).chain(lines).collect()
}

fn line(panel: &Panel<'_>, row: &GainRow<'_>) -> String {
    let Comparison { model, of, over, mode, over_mode } = panel.comparison;
    let gain = row.gain;
    let interval = row.interval();
    let one = match gain.seeds.as_slice() {
        [one] => Some(one.paired),
        _ => None,
    };
    let count = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    let names = [model, of, over, mode, over_mode, &gain.language].map(|name| quoted(name));
    let fields = [
        row.kin.word().to_owned(),
        number(Some(gain.before)),
        number(Some(gain.estimate.value)),
        number(interval.map(|interval| interval.low)),
        number(interval.map(|interval| interval.high)),
        number(gain.estimate.error),
        gain.estimate.clusters.to_string(),
        gain.seeds.len().to_string(),
        count(one.map(|paired| paired.items())),
        count(one.map(|paired| paired.gained())),
        count(one.map(|paired| paired.lost())),
        p(gain.p),
        p(gain.p_adjusted),
        if panel.items_only { "items".to_owned() } else { String::new() },
        number(row.floor.map(|floor| floor / 100.0)),
    ];
    format!("{},{}\n", names.join(","), fields.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_line_a_gain() {
        let text = gains_csv(&fixture::study());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1 + 2 * 3 * 6);
        assert_eq!(
            lines[1],
            "large,tuned,base,direct,direct,amh_Ethi,relative,0.450000,0.216667,0.116667,0.316667,0.051880,30,1,60,13,0,2.441e-4,0.008789,\
             items,"
        );
        let probed = lines
            .iter()
            .find(|line| line.starts_with("small,tuned,base,direct,direct,fra_Latn,control,"))
            .expect("a line");
        assert!(probed.ends_with(",items,0.050000"), "{probed}");
        for line in &lines {
            assert_eq!(line.matches(',').count(), HEADER.matches(',').count(), "{line}");
        }
        assert_eq!(gains_csv(&fixture::results()), format!("{HEADER}\n"));
    }

    #[test]
    fn of_several_seeds_nothing_is_counted() {
        let mut results = fixture::study();
        let seeds = &mut results.analysis.gains[0].seeds;
        seeds.push(seeds[0].clone());
        let text = gains_csv(&results);
        assert!(text.lines().nth(1).is_some_and(|line| line.contains(",30,2,,,,")), "{text}");
    }
}
