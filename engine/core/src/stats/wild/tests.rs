use super::*;

/// Gains of languages on a constant and whether the language is related.
fn gains(related: usize, values: &[f64]) -> WildBootstrap {
    let rows = (0..values.len()).flat_map(|language| [1.0, f64::from(u8::from(language < related))]);
    let design = Design::new(2, rows.collect()).expect("a design");
    let clusters = Clusters::new(&(0..values.len()).collect::<Vec<_>>());
    WildBootstrap::new(&design, values, &clusters, 1, 7).expect("a bootstrap")
}

#[test]
fn the_sums_give_what_refitting_gives() {
    // Rows of different numbers in clusters that cut across the treatment.
    let (rows, clusters) = (40, 12);
    let design =
        Design::new(3, (0..rows).flat_map(|row| [1.0, f64::from(row % 2), f64::from(row * row % 7)]).collect());
    let design = design.expect("a design");
    let response: Vec<f64> = (0..rows).map(|row| f64::from(row * 37 % 19) / 5.0 + f64::from(row % 2)).collect();
    let of = Clusters::new(&(0..rows).map(|row| row * 5 % clusters).collect::<Vec<_>>());
    let found = WildBootstrap::new(&design, &response, &of, 1, 7).expect("a bootstrap").test(0.3);

    let t = |response: &[f64], null: f64| {
        let fit = Regression::fit(&design, response).expect("a fit").clustered(&design, &of).expect("errors")[1];
        ((fit.estimate - null) / fit.standard_error).abs()
    };
    // Under the null its column moves to the left-hand side.
    let moved: Vec<f64> = response.iter().zip(design.iter()).map(|(value, row)| value - 0.3 * row[1]).collect();
    let shorter = Design::new(2, design.iter().flat_map(|row| [row[0], row[2]]).collect()).expect("a design");
    let restricted = Regression::fit(&shorter, &moved).expect("a fit");
    let mut reached = 0;
    for draw in 0_u32..1 << clusters {
        let sign = |row: usize| if draw >> of.of()[row] & 1 == 1 { -1.0 } else { 1.0 };
        let residuals = restricted.residuals.iter().enumerate();
        let drawn: Vec<f64> =
            residuals.map(|(row, residual)| response[row] - residual + residual * sign(row)).collect();
        reached += u32::from(t(&drawn, 0.3) >= t(&response, 0.3) * (1.0 - 1e-9));
    }
    assert_eq!((found.weights, found.draws), (Weights::Rademacher, Draws::All(1 << clusters)));
    assert!((found.p - f64::from(reached) / f64::from(1 << clusters)).abs() < 1e-12, "{found:?} {reached}");
}

#[test]
fn few_clusters_get_six_weights_and_many_are_sampled() {
    let six = gains(3, &[0.30, 0.26, 0.22, 0.19, 0.24, 0.12]).test(0.0);
    assert_eq!((six.weights, six.draws), (Weights::Webb, Draws::All(6_u64.pow(6))));
    let values: Vec<f64> = (0..30).map(|language| f64::from(language * 11 % 17) / 60.0).collect();
    let many = gains(15, &values);
    assert_eq!((many.test(0.0).weights, many.test(0.0).draws), (Weights::Rademacher, Draws::Sampled(SAMPLED)));
    assert_eq!(many.test(0.0), many.test(0.0), "the same seed, the same p");
    assert_eq!(gains(4, &values[..8]).test(0.0).draws, Draws::Sampled(SAMPLED), "6⁸ is more than is looked at");
}

#[test]
fn half_of_the_numbers_hold_one_of_each_pair_of_mirror_images() {
    for weights in [Weights::Rademacher, Weights::Webb] {
        let values = weights.values();
        assert!((values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64 - 1.0).abs() < 1e-12);
        let half = values.len().pow(3) as u64 / 2;
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..half {
            let mut draw = [0.0; 3];
            weights.decode(number, &mut draw);
            let key = |sign: f64| draw.map(|weight| (sign * weight * 1000.0) as i64);
            assert!(seen.insert(key(1.0)) && seen.insert(key(-1.0)), "{draw:?}");
        }
        assert_eq!(seen.len() as u64, 2 * half);
    }
}

#[test]
fn the_interval_holds_the_nulls_that_are_not_rejected() {
    let values: Vec<f64> = (0..14).map(|language| f64::from(language * 5 % 13) / 40.0).collect();
    let bootstrap = gains(7, &values);
    let WildInterval { low: Some(low), high: Some(high) } = bootstrap.interval(0.95) else { panic!("bounds") };
    assert!(low < bootstrap.estimate() && bootstrap.estimate() < high);
    let error = bootstrap.squared_error().sqrt();
    for (bound, outwards) in [(low, -1.0), (high, 1.0)] {
        assert!(bootstrap.test(bound + outwards * 1e-5 * error).p <= 0.05);
        assert!(bootstrap.test(bound - outwards * 1e-5 * error).p > 0.05);
    }
    assert_eq!(bootstrap.interval(1.0), WildInterval { low: None, high: None }, "no draw beats all draws");
}

#[test]
fn what_cannot_be_flipped_is_refused() {
    let design = Design::new(2, vec![1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0]).expect("a design");
    let each = Clusters::new(&[0, 1, 2, 3]);
    let fit =
        |response: &[f64], clusters: &Clusters, column| WildBootstrap::new(&design, response, clusters, column, 1);
    assert_eq!(fit(&[1.0; 4], &each, 1), Err(FitError::NoVariation));
    assert_eq!(fit(&[1.0, 2.0, 1.5, 3.0], &Clusters::new(&[0; 4]), 1), Err(FitError::OneCluster));
    assert_eq!(fit(&[1.0, 2.0, 1.5, 3.0], &each, 2), Err(FitError::Collinear { column: 2 }));
    assert_eq!(fit(&[1.0, 2.0, 1.5, f64::NAN], &each, 1), Err(FitError::NotFinite { row: 3 }));
    let short = Err(FitError::Lengths { rows: 4, what: "clusters of rows", others: 2 });
    assert_eq!(fit(&[1.0, 2.0, 1.5, 3.0], &Clusters::new(&[0, 1]), 1), short);
}
