//! Sequences that share their beginnings: decoded once, the same as alone, and never mixed up.
#![expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]

use xlt_llama::tiny::TinyModel;
use xlt_llama::{Backend, Context, ContextOptions, KvType, LlamaError, LoadOptions, Model, Piece, Token};

const OPTIONS: ContextOptions =
    ContextOptions { n_ctx: 512, n_batch: 128, sequences: 6, separate: false, outputs: 8, kv: KvType::F32, threads: 1 };

fn model() -> Model {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    TinyModel::default().write(&path).unwrap();
    Model::load(&Backend::silent().unwrap(), &path, &LoadOptions::default()).unwrap()
}

fn tokens(model: &Model, text: &str) -> Vec<Token> {
    model.tokenize(text, true).unwrap()
}

fn silent(sequence: usize, tokens: &[Token]) -> Piece<'_> {
    Piece { sequence, tokens, quiet: tokens.len() }
}

fn asking(sequence: usize, tokens: &[Token]) -> Piece<'_> {
    Piece { sequence, tokens, quiet: tokens.len() - 1 }
}

fn bits(rows: &[&[f32]]) -> Vec<Vec<u32>> {
    rows.iter().map(|row| row.iter().map(|logit| logit.to_bits()).collect()).collect()
}

/// A prelude, a passage on it, and two questions on that.
fn two_questions(context: &mut Context<'_>, model: &Model) -> Vec<Vec<u32>> {
    let [passage, first, second] = ["a passage of some length", " first question", " the second one"];
    context.fork(0, 1).unwrap();
    context.decode(&[silent(1, &tokens(model, passage))]).unwrap();
    context.fork(1, 2).unwrap();
    context.fork(1, 3).unwrap();
    let (first, second) = (tokens(model, first), tokens(model, second));
    bits(&context.decode(&[asking(2, &first), asking(3, &second)]).unwrap())
}

#[test]
fn what_is_shared_says_the_same_as_what_is_decoded_alone() {
    let model = model();
    let mut context = Context::new(&model, &OPTIONS).unwrap();
    context.decode(&[silent(0, &tokens(&model, "prelude "))]).unwrap();
    let shared = two_questions(&mut context, &model);
    for (row, tail) in shared.iter().zip([" first question", " the second one"]) {
        let parts = ["prelude ", "a passage of some length", tail];
        let prompt: Vec<Token> = parts.iter().flat_map(|part| tokens(&model, part)).collect();
        let alone = context.logits_after(&prompt).unwrap();
        let differences = row.iter().zip(alone).map(|(shared, alone)| (f32::from_bits(*shared) - alone).abs());
        let greatest = differences.fold(0.0, f32::max);
        assert!(greatest < 1e-4, "{greatest}");
        context.clear();
    }
}

#[test]
fn nothing_of_one_unit_reaches_the_next() {
    let model = model();
    let mut context = Context::new(&model, &OPTIONS).unwrap();
    let prelude = tokens(&model, "prelude ");
    context.decode(&[silent(0, &prelude)]).unwrap();
    let first = two_questions(&mut context, &model);
    for other in ["something else entirely", "x"] {
        context.keep_first();
        context.fork(0, 5).unwrap();
        context.decode(&[asking(5, &tokens(&model, other))]).unwrap();
        context.keep_first();
        assert_eq!(two_questions(&mut context, &model), first, "after {other}");
    }
    let mut fresh = Context::new(&model, &ContextOptions { threads: 2, ..OPTIONS }).unwrap();
    fresh.decode(&[silent(0, &prelude)]).unwrap();
    assert_eq!(two_questions(&mut fresh, &model), first, "in a new context, with another number of threads");
}

#[test]
fn rows_come_in_the_order_of_the_pieces() {
    let model = model();
    let mut context = Context::new(&model, &OPTIONS).unwrap();
    let text = tokens(&model, "abcd");
    let every = |sequence| Piece { sequence, tokens: &text, quiet: 0 };
    let rows = bits(&context.decode(&[every(4), silent(1, &text), asking(2, &text)]).unwrap());
    assert_eq!(rows.len(), text.len() + 1);
    let last = |row: &Vec<u32>| f32::from_bits(row[0]);
    assert!((last(&rows[text.len() - 1]) - last(&rows[text.len()])).abs() < 1e-4, "the same text, the same logits");
    assert_ne!(rows[0], rows[text.len() - 1]);
}

#[test]
fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let model = model();
    let mut context = Context::new(&model, &OPTIONS).unwrap();
    let text = tokens(&model, "some words of text");
    let before = bits(&context.decode(&[asking(0, &text)]).unwrap());
    let long = vec![text[0]; 129];
    let refused = [
        (context.fork(0, 6), "sequence 6 is not one of the context's"),
        (context.fork(7, 1), "sequence 7 is not one of the context's"),
        (context.fork(1, 0), "sequence 0 is not empty"),
        (context.decode(&[asking(6, &text)]).map(drop), "sequence 6 is not one of the context's"),
        (context.decode(&[]).map(drop), "no tokens"),
        (context.decode(&[silent(1, &[])]).map(drop), "no tokens"),
        (context.decode(&[silent(1, &long)]).map(drop), "holds 128"),
        (context.decode(&[Piece { sequence: 1, tokens: &long[..9], quiet: 0 }]).map(drop), "9 rows of logits"),
    ];
    for (result, expected) in refused {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    context.fork(0, 1).unwrap();
    context.clear();
    assert_eq!(bits(&context.decode(&[asking(0, &text)]).unwrap()), before);
}

#[test]
fn shared_tokens_count_once_and_the_cache_has_an_end() {
    let model = model();
    let mut context = Context::new(&model, &ContextOptions { n_ctx: 256, ..OPTIONS }).unwrap();
    let hundred = vec![tokens(&model, "x")[0]; 100];
    context.decode(&[silent(0, &hundred)]).unwrap();
    for sequence in 1..5 {
        context.fork(0, sequence).unwrap();
        context.decode(&[silent(sequence, &hundred[..30])]).unwrap();
    }
    let error = context.decode(&[silent(5, &hundred[..40])]).unwrap_err();
    assert!(matches!(error, LlamaError::TooLong { needed: 260, context: 256 }), "{error}");
    context.keep_first();
    context.decode(&[silent(5, &hundred)]).unwrap();
}

#[test]
fn after_a_failure_the_context_wants_to_be_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nan.gguf");
    TinyModel { nan: true, ..TinyModel::default() }.write(&path).unwrap();
    let model = Model::load(&Backend::silent().unwrap(), &path, &LoadOptions::default()).unwrap();
    let mut context = Context::new(&model, &OPTIONS).unwrap();
    let text = tokens(&model, "x");
    let error = context.decode(&[asking(0, &text)]).map(drop).unwrap_err();
    assert!(matches!(error, LlamaError::NotANumber { .. }), "{error}");
    let error = context.decode(&[asking(0, &text)]).map(drop).unwrap_err();
    assert!(matches!(error, LlamaError::Soiled), "{error}");
}

/// Logits behind one more token of a sequence.
fn then(context: &mut Context<'_>, sequence: usize, token: Token) -> Vec<Vec<u32>> {
    bits(&context.decode(&[Piece { sequence, tokens: &[token], quiet: 0 }]).unwrap())
}

#[test]
fn a_copy_goes_on_in_cells_of_its_own_whatever_was_there_before() {
    let model = model();
    let mut context = Context::new(&model, &OPTIONS).unwrap();
    context.decode(&[silent(0, &tokens(&model, "prelude "))]).unwrap();
    two_questions(&mut context, &model);
    let saved = [context.copy_out(2).unwrap(), context.copy_out(3).unwrap()];
    let next = tokens(&model, "x")[0];
    let expected = then(&mut context, 2, next);
    let separate = ContextOptions { separate: true, sequences: 3, n_ctx: 768, ..OPTIONS };
    let mut slots = Context::new(&model, &separate).unwrap();
    slots.copy_in(1, &saved[0]).unwrap();
    assert_eq!(slots.length(1), context.length(2) - 1);
    let first = then(&mut slots, 1, next);
    let close = |a: &[Vec<u32>], b: &[Vec<u32>]| {
        a[0].iter().zip(&b[0]).all(|(a, b)| (f32::from_bits(*a) - f32::from_bits(*b)).abs() < 1e-4)
    };
    assert!(close(&first, &expected), "as if it had gone on where it was");
    slots.copy_in(0, &saved[1]).unwrap();
    slots.truncate(1, 0).unwrap();
    slots.copy_in(1, &saved[0]).unwrap();
    assert_eq!(then(&mut slots, 1, next), first, "beside another, in a slot that was used");
}

#[test]
fn a_sequence_moves_with_all_that_it_holds() {
    let model = model();
    let separate = ContextOptions { separate: true, sequences: 3, n_ctx: 768, ..OPTIONS };
    let mut context = Context::new(&model, &separate).unwrap();
    let next = tokens(&model, "x")[0];
    context.decode(&[silent(2, &tokens(&model, "what it holds"))]).unwrap();
    let length = context.length(2);
    let expected = then(&mut context, 2, next);
    context.truncate(2, length).unwrap();
    context.relocate(2, 0).unwrap();
    assert_eq!((context.length(0), context.length(2)), (length, 0));
    assert_eq!(then(&mut context, 0, next), expected);
    assert!(context.relocate(1, 0).is_err(), "what is there would be lost");
}

#[test]
fn no_copy_comes_between_a_move_and_its_decoding() {
    let model = model();
    let mut context = Context::new(&model, &OPTIONS).unwrap();
    context.decode(&[silent(0, &tokens(&model, "a prompt"))]).unwrap();
    let saved = context.copy_out(0).unwrap();
    let separate = ContextOptions { separate: true, sequences: 3, n_ctx: 768, ..OPTIONS };
    let mut slots = Context::new(&model, &separate).unwrap();
    slots.copy_in(1, &saved).unwrap();
    slots.relocate(1, 0).unwrap();
    assert!(slots.copy_in(1, &saved).is_err());
    let next = tokens(&model, "x")[0];
    let first = then(&mut slots, 0, next);
    slots.copy_in(1, &saved).unwrap();
    assert_eq!(then(&mut slots, 1, next), first);
}

#[test]
fn what_was_cut_off_leaves_no_trace() {
    let model = model();
    let mut context = Context::new(&model, &OPTIONS).unwrap();
    context.decode(&[silent(0, &tokens(&model, "what stays "))]).unwrap();
    let (length, next) = (context.length(0), tokens(&model, "x")[0]);
    let before = then(&mut context, 0, next);
    context.truncate(0, length).unwrap();
    context.decode(&[silent(0, &tokens(&model, "what goes again"))]).unwrap();
    context.truncate(0, length).unwrap();
    assert_eq!(then(&mut context, 0, next), before);
}

#[test]
fn sequences_with_cells_of_their_own_share_none_and_have_each_its_bound() {
    let model = model();
    let separate = ContextOptions { separate: true, sequences: 2, n_ctx: 512, n_batch: 512, ..OPTIONS };
    let mut context = Context::new(&model, &separate).unwrap();
    let long: Vec<Token> = tokens(&model, "word ").into_iter().cycle().take(300).collect();
    let error = context.decode(&[silent(0, &long)]).unwrap_err();
    assert!(matches!(error, LlamaError::TooLong { needed: 300, context: 256 }), "{error}");
    context.decode(&[silent(0, &long[..200])]).unwrap();
    assert!(context.fork(0, 1).is_err());
}
