//! Claims, gains and what else the analysis found, on the page.

use super::*;

#[test]
fn dump() {
    let page = html(&fixture::study());
    std::fs::create_dir_all("/tmp/h6out").unwrap();
    std::fs::write("/tmp/h6out/report.html", &page).unwrap();
    std::fs::write("/tmp/h6out/results.md", markdown(&fixture::study())).unwrap();
    std::fs::write("/tmp/h6out/results.tex", crate::latex(&fixture::study())).unwrap();
    std::fs::write("/tmp/h6out/gains.svg", crate::gains_svg(&fixture::study())).unwrap();
    std::fs::write("/tmp/h6out/gains.csv", crate::gains_csv(&fixture::study())).unwrap();
    std::fs::write("/tmp/h6out/claims.csv", crate::claims_csv(&fixture::study())).unwrap();
    std::fs::write("/tmp/h6out/results.json", crate::json(&fixture::study())).unwrap();
    check_tags(&page);
}
