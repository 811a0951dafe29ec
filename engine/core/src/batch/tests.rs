use super::*;
use proptest::prelude::*;

const RECIPE: Recipe = Recipe { unit: 40, vocabulary: 1000, heads: 4 };

fn ask(group: &str, prompt: &[i32]) -> Ask {
    Ask { group: group.to_owned(), prompt: prompt.to_vec(), stem: 0, options: Vec::new() }
}

/// The tokens before and in a strand, from the prelude on.
fn context(batches: &Batches, unit: &Unit, strand: usize) -> Vec<i32> {
    let mut tokens = match unit.strands[strand].parent {
        Some(parent) => context(batches, unit, parent),
        None => batches.prelude.clone(),
    };
    tokens.extend(&unit.strands[strand].tokens);
    tokens
}

#[test]
fn a_passage_is_decoded_once_for_all_its_questions() {
    let asks = [ask("p", &[1, 2, 3, 4, 5]), ask("p", &[1, 2, 3, 6]), ask("q", &[1, 7, 8])];
    let batches = plan(&asks, &RECIPE);
    assert_eq!(batches.prelude, [1]);
    let [unit] = batches.units.as_slice() else { panic!("one unit: {batches:?}") };
    assert_eq!(unit.asks, [0, 1, 2]);
    let strands: Vec<_> = unit.strands.iter().map(|strand| (strand.parent, strand.tokens.as_slice())).collect();
    assert_eq!(strands, [(None, &[2, 3][..]), (Some(0), &[4, 5]), (Some(0), &[6]), (None, &[7, 8])]);
    let calls: Vec<Vec<usize>> =
        unit.all_calls().map(|call| call.pieces.iter().map(|piece| piece.strand).collect()).collect();
    assert_eq!(calls, [vec![0], vec![1, 2, 3]], "trunks first, then tails");
    assert_eq!(batches.cost(&asks), Cost { apart: 12, decoded: 8 });
    assert_eq!(batches.needs(), Needs { cells: 8, sequences: 5, outputs: 3 });
}

#[test]
fn alone_a_question_shares_the_prelude_only() {
    let asks = [ask("p", &[1, 2, 3, 4, 5]), ask("p", &[1, 2, 3, 6]), ask("q", &[1, 7, 8])];
    let batches = plan_alone(&asks, &RECIPE);
    assert_eq!(batches.prelude, [1]);
    let units: Vec<_> = batches.units.iter().map(|unit| (&unit.asks[..], unit.strands.len())).collect();
    assert_eq!(units, [(&[0][..], 1), (&[1], 1), (&[2], 1)]);
    let prompts: Vec<_> = batches.units.iter().map(|unit| context(&batches, unit, 0)).collect();
    assert_eq!(prompts, asks.map(|ask| ask.prompt));
}

#[test]
fn units_without_a_wanted_question_are_left_out() {
    let asks = [ask("p", &[1, 2, 3]), ask("p", &[1, 2, 4]), ask("q", &[1, 7]), ask("r", &[1, 8])];
    let all = plan(&asks, &Recipe { unit: 3, ..RECIPE });
    assert_eq!(all.units.iter().map(|unit| &unit.asks[..]).collect::<Vec<_>>(), [&[0, 1][..], &[2, 3]]);
    let mut kept = all.clone();
    kept.keep(|ask| ask == 3);
    assert_eq!((kept.prelude, kept.call, &kept.units[..]), (all.prelude, all.call, &all.units[1..]));
}

#[test]
fn modes_share_all_but_their_own_words() {
    let mode = |words: &[i32]| {
        let stems = [("p", vec![1, 2, 3, 4]), ("p", vec![1, 2, 3, 5]), ("q", vec![1, 7, 8])];
        let ask =
            |(group, stem): (&str, Vec<i32>)| Ask { stem: stem.len(), ..ask(group, &[&stem[..], words].concat()) };
        plan(&stems.map(ask), &RECIPE)
    };
    let (one, other) = (mode(&[9]), mode(&[20, 21, 22]));
    let (one, other) = (&one.units[0], &other.units[0]);
    let tokens = |unit: &Unit| unit.strands.iter().map(|strand| strand.tokens.clone()).collect::<Vec<_>>();
    assert_eq!(tokens(one)[..one.base], [vec![2, 3], vec![4], vec![5], vec![7, 8]]);
    assert_eq!(tokens(other)[other.base..], vec![vec![20, 21, 22]; 3]);
    assert!(one.same_base(other) && one.calls != other.calls);
}

#[test]
fn the_order_of_questions_changes_their_numbers_only() {
    let asks = [ask("b", &[1, 2, 9]), ask("a", &[1, 3, 9]), ask("b", &[1, 2, 8]), ask("c", &[1, 4])];
    let composition = |asks: &[Ask]| {
        let batches = plan(asks, &RECIPE);
        let units = batches.units.iter();
        units
            .map(|unit| unit.strands.iter().map(|strand| strand.tokens.clone()).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    let moved = [asks[3].clone(), asks[0].clone(), asks[2].clone(), asks[1].clone()];
    assert_eq!(composition(&asks), composition(&moved));
}

#[test]
fn a_unit_is_closed_when_the_next_group_would_not_fit() {
    let prompt = |number: i32| (0..20).map(|at| 100 * number + at).collect::<Vec<_>>();
    let asks: Vec<Ask> = (0..5).map(|number| ask(&number.to_string(), &prompt(number))).collect();
    let units: Vec<usize> = plan(&asks, &RECIPE).units.iter().map(|unit| unit.asks.len()).collect();
    assert_eq!(units, [2, 2, 1]);
}

#[test]
fn a_group_longer_than_a_unit_is_cut_by_questions_and_a_trunk_is_never_cut() {
    let trunk: Vec<i32> = (1000..2200).collect();
    let mut asks: Vec<Ask> = (0..9).map(|number| ask("p", &[&trunk[..], &[number; 10][..]].concat())).collect();
    asks.push(ask("q", &[5, 6]));
    let batches = plan(&asks, &RECIPE);
    let units: Vec<usize> = batches.units.iter().map(|unit| unit.asks.len()).collect();
    assert_eq!(units, [4, 4, 1, 1], "40 tokens of tails a unit");
    let calls: Vec<usize> = batches.units[0].all_calls().map(Call::tokens).collect();
    assert_eq!(calls, [400, 400, 400, 40], "the trunk in calls of equal size");
}

#[test]
fn options_follow_the_prompt_without_their_last_tokens() {
    let options = vec![vec![5, 6, 7], vec![8], vec![9, 9]];
    let asks = [Ask { options, ..ask("p", &[1, 2]) }];
    let batches = plan(&asks, &RECIPE);
    assert_eq!(batches.prelude, [1], "the last token is left, for its logits");
    let unit = &batches.units[0];
    let options: Vec<_> = unit.strands.iter().skip(1).map(|strand| (strand.parent, strand.tokens.as_slice())).collect();
    assert_eq!(options, [(Some(0), &[5, 6][..]), (Some(0), &[9])]);
    assert_eq!(batches.needs().outputs, 3);
    assert_eq!(batches.cost(&asks), Cost { apart: 9, decoded: 5 });
}

#[test]
fn a_large_vocabulary_makes_calls_with_fewer_rows() {
    let options = vec![vec![1; 40]; 4];
    let asks = [Ask { options, ..ask("p", &[1, 2]) }];
    let rows = |vocabulary| plan(&asks, &Recipe { unit: 1024, vocabulary, heads: 4 }).needs().outputs;
    assert_eq!((rows(1000), rows(1 << 20)), (156, 16));
}

#[test]
fn many_heads_over_a_long_passage_make_shorter_calls() {
    let trunk: Vec<i32> = (0..6000).collect();
    let mut asks: Vec<Ask> = (0..2).map(|number| ask("p", &[&trunk[..], &[9, number]].concat())).collect();
    asks.push(ask("q", &[7]));
    let batches = |heads| plan(&asks, &Recipe { unit: 512, vocabulary: 1000, heads });
    let longest = |batches: &Batches| batches.units[0].all_calls().map(Call::tokens).max();
    assert_eq!((batches(9).call, longest(&batches(9))), (512, Some(501)), "6001 tokens in twelve calls");
    let many = batches(64);
    assert!(longest(&many) <= Some(many.call) && many.call * 6004 * 64 * 4 <= 128 << 20, "{}", many.call);
}

proptest! {
    /// Whatever the prompts: every question is asked once, after exactly its own prompt, with logits after its last
    /// token; calls are small enough, decode every token of a strand once and in order, and parents before children.
    #[test]
    fn every_prompt_is_decoded_as_it_is(
        prompts in prop::collection::vec((0..4_u8, prop::collection::vec(0..3_i32, 1..60), 0..60_usize, prop::collection::vec(prop::collection::vec(0..3_i32, 1..5), 0..4)), 0..30),
        unit in 1..200_usize,
    ) {
        let asks: Vec<Ask> = prompts
            .into_iter()
            .map(|(group, prompt, stem, options)| Ask { group: group.to_string(), stem: stem.min(prompt.len() - 1), prompt, options })
            .collect();
        let batches = plan(&asks, &Recipe { unit, vocabulary: 2 << 20, heads: 4 });
        let needs = batches.needs();
        let mut asked = vec![0; asks.len()];
        for unit in &batches.units {
            prop_assert!(unit.strands.len() < 32 && needs.sequences <= 32);
            let mut done = vec![0; unit.strands.len()];
            for call in unit.all_calls() {
                prop_assert!(call.tokens() <= BATCH);
                let before = done.clone();
                let mut rows = 0;
                for Piece { strand, tokens } in &call.pieces {
                    prop_assert_eq!(done[*strand], tokens.start);
                    done[*strand] = tokens.end;
                    rows += tokens.clone().filter(|&at| unit.strands[*strand].wants(at)).count();
                    if let Some(parent) = unit.strands[*strand].parent {
                        prop_assert_eq!(before[parent], unit.strands[parent].tokens.len());
                    }
                }
                prop_assert!(rows <= needs.outputs && rows <= 16);
            }
            for (at, strand) in unit.strands.iter().enumerate() {
                prop_assert_eq!(done[at], strand.tokens.len());
                match strand.role {
                    Role::Trunk | Role::Stem => prop_assert!(at < unit.base),
                    Role::Tail { ask } => {
                        asked[ask] += 1;
                        prop_assert_eq!(&context(&batches, unit, at), &asks[ask].prompt);
                    }
                    Role::Option { ask, option } => {
                        let text = &asks[ask].options[option];
                        let expected = [&asks[ask].prompt[..], &text[..text.len() - 1]].concat();
                        prop_assert_eq!(context(&batches, unit, at), expected);
                    }
                }
            }
        }
        prop_assert!(asked.iter().all(|&times| times == 1));
    }
}
