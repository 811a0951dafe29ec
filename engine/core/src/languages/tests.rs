use super::*;
use crate::spec::LanguageGroup;
use std::collections::BTreeMap;

#[track_caller]
fn check_distance(a: &str, b: &str, expected: f64) {
    let found = distance(a, b).expect("both are known");
    assert!((found - expected).abs() < 5e-4, "{a}, {b}: {found}");
    assert_eq!(distance(b, a), Some(found), "{a}, {b}");
}

#[test]
fn codes_are_sorted_and_well_formed() {
    assert!(all().is_sorted_by(|a, b| a.code < b.code));
    for Language { code, name, .. } in all() {
        let (language, script) = code.split_once('_').unwrap_or_default();
        assert!(language.len() == 3 && language.bytes().all(|b| b.is_ascii_lowercase()), "{code}");
        assert!(script.len() == 4 && script.as_bytes()[0].is_ascii_uppercase(), "{code}");
        assert!(!name.is_empty(), "{code}");
    }
}

#[test]
fn flores_200_and_the_romanized_variants_of_belebele_are_there() {
    assert_eq!(all().len(), 204 + 5);
    assert_eq!(belebele().count(), 122);
    assert_eq!(find("heb_Hebr").map(|language| language.name), Some("Hebrew"));
    assert_eq!(find("npi_Latn").map(|language| language.name), Some("Nepali (Romanized)"));
    assert_eq!(find("heb_Latn"), None);
    assert_eq!(find(""), None);
    // Jingpho is in Belebele, Kabyle is not; nor is South Levantine Arabic.
    let has = |code| find(code).map(|language| language.belebele);
    assert_eq!([has("kac_Latn"), has("kab_Latn"), has("ajp_Arab")], [Some(true), Some(false), Some(false)]);
}

#[test]
fn nodes_form_a_tree() {
    let mut parents: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for Language { code, path, .. } in all() {
        assert!(!path.is_empty(), "{code}");
        let above = std::iter::once(None).chain(path.iter().copied().map(Some));
        for (&node, parent) in path.iter().zip(above) {
            assert_eq!(*parents.entry(node).or_insert(parent), parent, "{node} of {code}");
        }
    }
}

#[test]
fn a_language_has_one_path_whatever_its_script() {
    let mut paths = BTreeMap::new();
    for Language { code, path, .. } in all() {
        assert_eq!(paths.entry(&code[..3]).or_insert(path), &path, "{code}");
    }
}

#[test]
fn families_are_those_of_glottolog() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for language in belebele() {
        *counts.entry(language.family()).or_default() += 1;
    }
    // Counted by hand from Belebele's own list, its four errors put right and its branches of Indo-European added up.
    let expected = [
        ("Afro-Asiatic", 14),
        ("Atlantic-Congo", 17),
        ("Austroasiatic", 2),
        ("Austronesian", 10),
        ("Basque", 1),
        ("Dravidian", 4),
        ("Indo-European", 51),
        ("Japonic", 1),
        ("Kartvelian", 1),
        ("Koreanic", 1),
        ("Mande", 1),
        ("Mongolic", 1),
        ("Nilotic", 1),
        ("Sino-Tibetan", 5),
        ("Tai-Kadai", 3),
        ("Tupian", 1),
        ("Turkic", 5),
        ("Uralic", 3),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}

#[test]
fn what_the_list_of_belebele_has_wrong_is_right_here() {
    for (code, family, branch) in [
        ("nya_Latn", "Atlantic-Congo", "Narrow Bantu"),
        ("tso_Latn", "Atlantic-Congo", "Narrow Bantu"),
        ("pbt_Arab", "Indo-European", "Iranian"),
        ("hat_Latn", "Indo-European", "Romance"),
    ] {
        let language = find(code).expect("it is known");
        assert_eq!((language.family(), language.branch()), (family, branch), "{code}");
    }
}

#[test]
fn a_branch_is_a_node_and_every_branch_has_languages() {
    for language in all() {
        assert!(language.path.contains(&language.branch()), "{}", language.code);
    }
    for branch in BRANCHES {
        assert!(all().iter().any(|language| language.branch() == *branch), "{branch}");
    }
}

#[test]
fn script_and_direction_follow_from_the_code() {
    let shown = |code| find(code).map(|language| (language.script(), language.direction().name()));
    assert_eq!(shown("urd_Arab"), Some(("Arab", "rtl")));
    assert_eq!(shown("ydd_Hebr"), Some(("Hebr", "rtl")));
    assert_eq!(shown("urd_Latn"), Some(("Latn", "ltr")));
    assert_eq!(shown("tzm_Tfng"), Some(("Tfng", "ltr")));
}

#[test]
fn levels_are_ordered_and_romanized_variants_have_none() {
    let level = |code| find(code).and_then(|language| language.resource).map(Resource::name);
    assert_eq!(level("arb_Arab"), Some("high"));
    assert_eq!([level("arz_Arab"), level("heb_Hebr"), level("kor_Hang")], [Some("medium"); 3]);
    assert_eq!([level("mlt_Latn"), level("amh_Ethi"), level("apc_Arab")], [Some("low"); 3]);
    assert!(Resource::Low < Resource::Medium && Resource::Medium < Resource::High);
    for language in belebele() {
        assert_eq!(language.resource.is_none(), language.name.ends_with("(Romanized)"), "{}", language.code);
    }
}

#[test]
fn levels_count_where_the_list_has_another_code_of_the_language() {
    // Listed as `cmn`, `lav`, `ekk` and `uzb`.
    let level = |code| find(code).and_then(|language| language.resource);
    assert_eq!(level("zho_Hans"), Some(Resource::High));
    assert_eq!([level("lvs_Latn"), level("est_Latn"), level("uzn_Latn")], [Some(Resource::Medium); 3]);
}

#[test]
fn distances_are_those_of_uriel() {
    // Computed apart, in Python, from the vectors of lang2vec 1.1.2.
    for (code, expected) in [
        ("acm_Arab", 0.2468),
        ("apc_Arab", 0.2468),
        ("ars_Arab", 0.2468),
        ("mlt_Latn", 0.2468),
        ("ary_Arab", 0.3333),
        ("arz_Arab", 0.3333),
        ("heb_Hebr", 0.5766),
        ("tir_Ethi", 0.6310),
        ("amh_Ethi", 0.6935),
        ("hau_Latn", 0.8831),
        ("som_Latn", 0.9078),
        ("gaz_Latn", 0.9078),
        ("fra_Latn", 1.0),
        ("jpn_Jpan", 1.0),
        ("pes_Arab", 1.0),
    ] {
        check_distance("arb_Arab", code, expected);
    }
}

#[test]
fn nothing_is_nearer_than_itself_and_a_script_makes_no_distance() {
    for language in all() {
        assert_eq!(distance(language.code, language.code), Some(0.0), "{}", language.code);
    }
    assert_eq!(distance("arb_Latn", "arb_Arab"), Some(0.0));
    assert_eq!(distance("hat_Latn", "fra_Latn"), Some(0.0));
}

#[test]
fn an_isolate_is_as_far_from_all_others_as_can_be() {
    for language in all().iter().filter(|language| language.code != "eus_Latn") {
        assert_eq!(distance("eus_Latn", language.code), Some(1.0), "{}", language.code);
    }
    assert_eq!(is_relative("eus_Latn", "eus_Latn"), Some(true));
}

#[test]
fn the_nearest_does_not_depend_on_the_order_in_which_it_is_looked_for() {
    let near = |among: &[&str]| nearest("mlt_Latn", among).map(|found| found.code);
    // Both share all six nodes of Standard Arabic with Maltese, and have one of their own.
    assert_eq!(near(&["ars_Arab", "acm_Arab", "fra_Latn"]).as_deref(), Some("acm_Arab"));
    assert_eq!(near(&["acm_Arab", "fra_Latn", "ars_Arab"]).as_deref(), Some("acm_Arab"));
    // Moroccan shares the node of North Africa.
    assert_eq!(near(&["acm_Arab", "ary_Arab"]).as_deref(), Some("ary_Arab"));
}

#[test]
fn unknown_codes_have_no_distance() {
    assert_eq!(distance("xxx_Latn", "fra_Latn"), None);
    assert_eq!(is_relative("fra_Latn", "xxx_Latn"), None);
    assert_eq!(covariates("fra_Latn", "xxx_Latn"), None);
    assert_eq!(nearest("xxx_Latn", &["fra_Latn"]), None);
    assert_eq!(nearest("fra_Latn", &["xxx_Latn"]), None);
    assert_eq!(nearest::<&str>("fra_Latn", &[]), None);
}

#[test]
fn covariates_tell_script_from_family() {
    let persian = covariates("arb_Arab", "pes_Arab").expect("both are known");
    assert_eq!(persian, Covariates { same_script: true, distance: 1.0, resource: Some(Resource::Medium) });
    let maltese = covariates("arb_Arab", "mlt_Latn").expect("both are known");
    assert!(!maltese.same_script && maltese.distance < 0.25);
    // Of the target, not of the source.
    assert_eq!(maltese.resource, Some(Resource::Low));
}

const SOURCES: [&str; 6] = ["acm_Arab", "apc_Arab", "arb_Arab", "ars_Arab", "ary_Arab", "arz_Arab"];
const TARGETS: [&str; 6] = ["jpn_Jpan", "heb_Hebr", "kor_Hang", "amh_Ethi", "fra_Latn", "mlt_Latn"];

fn owned(codes: &[&str]) -> Vec<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

#[track_caller]
fn check(word: &str, evaluated: &[&str], expected: &[&str]) {
    let groups =
        [LanguageGroup { name: "mixed".to_owned(), codes: owned(&["fra_Latn", "arb_Arab", "heb_Hebr", "ita_Latn"]) }];
    let found = population(word, &groups, &owned(&SOURCES), &owned(evaluated));
    assert_eq!(found, Ok(owned(expected)), "{word}");
}

#[test]
fn relatives_and_controls_of_arabic_are_those_of_the_paper() {
    check("relatives", &TARGETS, &["heb_Hebr", "amh_Ethi", "mlt_Latn"]);
    check("controls", &TARGETS, &["jpn_Jpan", "kor_Hang", "fra_Latn"]);
    check("all", &TARGETS, &TARGETS);
}

#[test]
fn a_source_is_neither_relative_nor_control_but_may_be_asked_for() {
    let evaluated = ["arb_Arab", "heb_Hebr", "fra_Latn"];
    check("relatives", &evaluated, &["heb_Hebr"]);
    check("controls", &evaluated, &["fra_Latn"]);
    check("all", &evaluated, &evaluated);
    check("mixed", &evaluated, &evaluated);
    check("arb_Arab", &evaluated, &["arb_Arab"]);
    // Romanized it is another language of the evaluation.
    check("relatives", &["arb_Latn"], &["arb_Latn"]);
}

#[test]
fn a_group_means_what_of_it_is_evaluated_and_each_language_once() {
    check("mixed", &["heb_Hebr", "mlt_Latn", "fra_Latn", "heb_Hebr"], &["heb_Hebr", "fra_Latn"]);
    check("all", &["heb_Hebr", "heb_Hebr"], &["heb_Hebr"]);
    check("mixed", &["jpn_Jpan"], &[]);
    check("relatives", &["jpn_Jpan"], &[]);
}

#[test]
fn words_without_a_meaning_are_errors() {
    let meaning = |word: &str, sources: &[&str]| population(word, &[], &owned(sources), &owned(&TARGETS));
    let unknown = |word: &str| Err(PopulationError::Unknown { word: word.to_owned() });
    assert_eq!(meaning("relative", &SOURCES), unknown("relative"));
    // A language, but not evaluated.
    assert_eq!(meaning("deu_Latn", &SOURCES), unknown("deu_Latn"));
    for word in ["relatives", "controls"] {
        let nothing = Err(PopulationError::NoSources { word: word.to_owned() });
        assert_eq!(meaning(word, &[]), nothing);
        assert_eq!(meaning(word, &["xxx_Latn"]), nothing);
    }
    assert_eq!(meaning("all", &[]), Ok(owned(&TARGETS)));
}

#[test]
fn relations_name_the_nearest_source() {
    let found = relations(&owned(&SOURCES), &owned(&["mlt_Latn", "arz_Arab", "fra_Latn", "xxx_Latn"]));
    let read: Vec<_> = found
        .iter()
        .map(|found| (found.target.as_str(), found.nearest.code.as_str(), found.relative, found.is_source))
        .collect();
    assert_eq!(
        read,
        [
            ("mlt_Latn", "ary_Arab", true, false),
            ("arz_Arab", "arz_Arab", true, true),
            ("fra_Latn", "acm_Arab", false, false)
        ]
    );
    assert_eq!(found[1].nearest.distance, 0.0);
    assert_eq!(found[2].nearest.distance, 1.0);
    assert_eq!(relations(&[], &owned(&TARGETS)), []);
}
