use super::super::draws::Generator;
use super::*;

/// Answers to questions on passages in languages, before and after.
struct World {
    design: Design,
    response: Vec<bool>,
    passages: Clusters,
    questions: Clusters,
    languages: Clusters,
}

fn world(passages: usize, languages: usize) -> World {
    let mut generator = Generator::new(21);
    // A sum of twelve uniform numbers less six is near enough to normal.
    let mut normal = |deviation: f64| deviation * ((0..12).map(|_| generator.uniform()).sum::<f64>() - 6.0);
    let by_passage: Vec<f64> = (0..passages).map(|_| normal(0.6)).collect();
    let by_question: Vec<f64> = (0..2 * passages).map(|_| normal(0.8)).collect();
    let by_language: Vec<f64> = (0..languages).map(|_| normal(0.4)).collect();
    let cells = (0..2 * passages).flat_map(|question| (0..languages).map(move |language| (question, language)));
    let keys: Vec<(usize, usize, bool)> =
        cells.flat_map(|(question, language)| [(question, language, false), (question, language, true)]).collect();
    let mut generator = Generator::new(22);
    let right = |&(question, language, after): &(usize, usize, bool)| {
        let random = by_passage[question / 2] + by_question[question] + by_language[language];
        let fixed = 0.2 + 0.5 * f64::from(u8::from(after)) - 0.4 * f64::from(u8::from(language % 2 == 0));
        generator.uniform() < 1.0 / (1.0 + (-random - fixed).exp())
    };
    let response = keys.iter().map(right).collect();
    let of = |key: fn(&(usize, usize, bool)) -> usize| Clusters::new(&keys.iter().map(key).collect::<Vec<_>>());
    World {
        response,
        design: Design::two_by_two(keys.iter().map(|key| (key.2, key.1 % 2 == 0))).expect("a design"),
        passages: of(|key| key.0 / 2),
        questions: of(|key| key.0),
        languages: of(|key| key.1),
    }
}

#[test]
fn the_gradient_is_that_of_the_deviance() {
    let World { design, response, passages, questions, languages } = world(12, 5);
    let rows = Rows::new(&design, &response, &[passages, questions, languages]).expect("rows");
    let mut deviance = Deviance::new(&rows);
    for point in [[0.8, 0.6, 0.4, 0.1, 0.5, -0.4, 0.0], [-0.3, 0.0, 1.2, 1.0, -0.5, 0.4, 0.2]] {
        deviance.value(&point);
        let gradient = deviance.gradient();
        for at in 0..point.len() {
            let mut value_at = |shift: f64| {
                let mut moved = point;
                moved[at] += shift;
                deviance.value(&moved)
            };
            let difference = (value_at(1e-4) - value_at(-1e-4)) / 2e-4;
            assert!((gradient[at] - difference).abs() < 1e-5, "{at}: {} {difference}", gradient[at]);
        }
    }
}

#[test]
fn a_single_factor_is_what_integrating_each_level_gives() {
    // With one factor the determinant and the modes are sums over levels, each by itself.
    let World { design, response, questions, .. } = world(10, 4);
    let rows = Rows::new(&design, &response, std::slice::from_ref(&questions)).expect("rows");
    let (sigma, beta) = (0.9, [0.1, 0.4, -0.2, 0.3]);
    let found = Deviance::new(&rows).value(&[sigma, beta[0], beta[1], beta[2], beta[3]]);
    let expected: f64 =
        (0..questions.count()).map(|level| level_deviance(&design, &response, &questions, level, sigma, &beta)).sum();
    assert!((found - expected).abs() < 1e-8, "{found} {expected}");
}

fn level_deviance(design: &Design, response: &[bool], of: &Clusters, level: usize, sigma: f64, beta: &[f64]) -> f64 {
    let members: Vec<(&[f64], f64)> = design
        .iter()
        .zip(response)
        .zip(of.of())
        .filter(|(_, own)| **own == level)
        .map(|((row, &right), _)| (row, f64::from(u8::from(right))))
        .collect();
    let probability = |row: &[f64], u: f64| 1.0 / (1.0 + (-dot(row, beta) - sigma * u).exp());
    let mut u = 0.0;
    for _ in 0..50 {
        let slope: f64 = members.iter().map(|(row, right)| sigma * (right - probability(row, u))).sum::<f64>() - u;
        let curve: f64 =
            members.iter().map(|(row, _)| sigma * sigma * probability(row, u) * (1.0 - probability(row, u))).sum();
        u += slope / (1.0 + curve);
    }
    let logarithm: f64 =
        members.iter().map(|(row, right)| (1.0 - right - (1.0 - 2.0 * right) * probability(row, u)).ln()).sum();
    let curve: f64 =
        members.iter().map(|(row, _)| sigma * sigma * probability(row, u) * (1.0 - probability(row, u))).sum();
    -2.0 * logarithm + u * u + (1.0 + curve).ln()
}

#[test]
fn what_was_put_in_comes_out() {
    let World { design, response, passages, questions, languages } = world(150, 16);
    let fit = Mixed::fit(&design, &response, &[passages, languages, questions]).expect("a fit");
    for (found, (expected, tolerance)) in fit.deviations.iter().zip([(0.6, 0.15), (0.4, 0.2), (0.8, 0.15)]) {
        assert!((found - expected).abs() < tolerance, "{fit:?}");
    }
    assert!((fit.coefficients[1].estimate - 0.5).abs() < 3.0 * fit.coefficients[1].standard_error, "{fit:?}");
    assert!(fit.coefficients[1].p < 1e-6 && fit.coefficients[3].p > 0.01, "{fit:?}");
}

#[test]
fn a_factor_that_does_nothing_has_a_deviation_of_zero() {
    let World { design, response, questions, .. } = world(40, 6);
    // Levels that have the same share of right answers, more alike than chance would have them.
    let mut dealt = [0, 0];
    let mut deal = |&right: &bool| {
        dealt[usize::from(right)] += 1;
        dealt[usize::from(right)] % 5
    };
    let nothing = Clusters::new(&response.iter().map(&mut deal).collect::<Vec<_>>());
    let alone = Mixed::fit(&design, &response, std::slice::from_ref(&questions)).expect("a fit");
    let both = Mixed::fit(&design, &response, &[nothing, questions]).expect("a fit");
    assert!(both.deviations[0] < 1e-3, "{both:?}");
    assert!((both.log_likelihood - alone.log_likelihood).abs() < 1e-6, "{both:?} {alone:?}");
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let World { design, response, questions, languages, .. } = world(10, 4);
    let one = Clusters::new(&vec![0; response.len()]);
    let fit = |response: &[bool], factors: &[Clusters]| Mixed::fit(&design, response, factors).expect_err("no fit");
    assert_eq!(fit(&response, &[]), FitError::OneCluster);
    assert_eq!(fit(&response, &[questions.clone(), one]), FitError::OneCluster);
    assert_eq!(fit(&vec![true; response.len()], std::slice::from_ref(&questions)), FitError::NoVariation);
    let all_right_after: Vec<bool> =
        response.iter().zip(design.iter()).map(|(&right, row)| right || row[1] > 0.0).collect();
    assert_eq!(fit(&all_right_after, &[questions, languages]), FitError::Separated);
    let short = FitError::Lengths { rows: response.len(), what: "levels of a factor", others: 2 };
    assert_eq!(fit(&response, &[Clusters::new(&[1, 2])]), short);
}

#[test]
fn a_likelihood_ratio_needs_a_larger_fit() {
    let fit = |coefficients: usize, log_likelihood: f64| Mixed {
        coefficients: vec![Coefficient { estimate: 0.0, standard_error: 1.0, p: 1.0 }; coefficients],
        deviations: vec![],
        log_likelihood,
        evaluations: 0,
    };
    let found = fit(4, -10.0).against(&fit(2, -13.0)).expect("nested");
    assert!(
        (found.chi_squared - 6.0).abs() < 1e-12 && found.freedom == 2 && (found.p - (-3.0_f64).exp()).abs() < 1e-12
    );
    assert_eq!(fit(2, -10.0).against(&fit(2, -13.0)), None);
    assert_eq!(fit(3, -13.0).against(&fit(2, -12.9)).map(|ratio| ratio.p), Some(1.0));
}
