//! One line a claim.

use super::{number, p, quoted};
use crate::effects::claims::{estimate, of_one_seed, why, word};
use xlt_core::analysis::Judged;
use xlt_core::results::Results;
use xlt_core::spec::{Expect, Population};

const HEADER: &str = "claim,verdict,why,estimate,over,expect,bound,value,low,high,p_holds,p_fails,p_holds_adjusted,p_fails_adjusted,\
     detectable,languages,models,modes,post_hoc,interval_covers,p_holds_bh,p_fails_bh,p_holds_by,p_fails_by";

/// Claims as CSV, in the order of the spec. Numbers are shares of 1; `p_holds` is of the hypothesis that the claim is false, `p_fails` of
/// the hypothesis that it is true, `_adjusted` corrected over all claims (Holm), `_bh` and `_by` what Benjamini and Hochberg's and Benjamini and Yekutieli's procedures make of
/// it, which bound the share of false verdicts and not the chance of any. `languages` has a list for each term of the estimate,
/// with `;` between terms and blanks between codes.
#[must_use]
pub fn claims_csv(results: &Results) -> String {
    let lines = results.analysis.claims.iter().map(|judged| line(results, judged));
    std::iter::once(format!("{HEADER}\n")).chain(lines).collect()
}

fn line(results: &Results, judged: &Judged) -> String {
    let claim = &judged.claim;
    let (expect, bound) = match claim.expect {
        Expect::Below(bound) => ("below", bound),
        Expect::Above(bound) => ("above", bound),
        Expect::Within(bound) => ("within", bound),
    };
    let over = match claim.over {
        Population::Items => "items",
        Population::Languages => "languages",
    };
    let languages: Vec<String> = judged.languages.iter().map(|codes| codes.join(" ")).collect();
    let fields = [
        quoted(&claim.text),
        word(&judged.verdict).to_owned(),
        quoted(&why(judged).unwrap_or_default()),
        quoted(&estimate(claim).replace('−', "-")),
        over.to_owned(),
        expect.to_owned(),
        number(Some(bound)),
        number(judged.value),
        number(judged.interval.map(|interval| interval.low)),
        number(judged.interval.map(|interval| interval.high)),
        p(judged.p.map(|p| p.holds)),
        p(judged.p.map(|p| p.fails)),
        p(judged.adjusted.map(|p| p.holds)),
        p(judged.adjusted.map(|p| p.fails)),
        number(judged.detectable),
        quoted(&languages.join(";")),
        quoted(&judged.models.join(" ")),
        quoted(&judged.modes.join(" ")),
        judged.post_hoc.to_string(),
        if of_one_seed(results, judged) { "items".to_owned() } else { String::new() },
        p(judged.benjamini_hochberg.map(|p| p.holds)),
        p(judged.benjamini_hochberg.map(|p| p.fails)),
        p(judged.benjamini_yekutieli.map(|p| p.holds)),
        p(judged.benjamini_yekutieli.map(|p| p.fails)),
    ];
    format!("{}\n", fields.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_line_a_claim() {
        let text = claims_csv(&fixture::study());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(
            lines[2],
            "Relatives gain no more than controls.,fails,,\"gain(tuned, relatives) - gain(tuned, controls)\",languages,below,0.030000,\
             0.122222,0.087732,0.156713,0.999121,8.787e-4,1.000000,0.004393,0.030888,amh_Ethi heb_Hebr mlt_Latn;fra_Latn jpn_Jpan \
             kor_Hang,large small,direct letters,true,items,0.999121,0.004393,1.000000,0.010032"
        );
        assert!(lines[4].starts_with("Korean is answered above chance.,cannot tell,\"In 2 cells the model"), "{text}");
        assert!(lines[4].contains(",false,,"), "the model as it is has no seed: {text}");
        assert_eq!(claims_csv(&fixture::results()), format!("{HEADER}\n"));
    }
}
