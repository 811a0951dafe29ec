//! Writes down what an adapter is to learn, and how, for a program that trains it: the rows, steps and rates of a training here.

use super::finetune::{Course, course, lessons};
use super::{Desk, Product, Trouble, folder, llama};
use crate::model_file;
use std::fs;
use std::path::Path;
use xlt_core::plan::FinetuneWork;
use xlt_core::training::written::{ROWS_FILE, SETTINGS_FILE, rows, settings};
use xlt_llama::{LlamaError, Model, Vocabulary, model_shape, trained_context};

pub(super) fn run(desk: &Desk<'_>, work: &FinetuneWork) -> Result<Product, Trouble> {
    let [model, files @ ..] = desk.inputs else { return Err(Trouble::new("it needs a model and rows")) };
    let lessons = lessons(work, files)?;
    let file = model_file(model);
    // The path of an artifact says nothing to a user.
    let said = |error: LlamaError| {
        let error = error.to_string().replace(&file.display().to_string(), "the model's file");
        Trouble::new(format!("model `{}`: {error}", work.model))
    };
    let llama = llama::start(desk)?;
    let vocabulary = Vocabulary::load(&llama.backend, &file).map_err(said)?;
    let model = vocabulary.without_weights();
    let course = course(work, model, trained_context(&file).map_err(said)?, lessons).map_err(Trouble::new)?;
    let shape = model_shape(&file).map_err(said)?;
    let output = desk.folder.join("training");
    let texts = [
        (ROWS_FILE, rows(&course.examples, &|ids| spelled(model, ids)).map_err(Trouble::new)?),
        (SETTINGS_FILE, settings(work, &shape, &course.steps).map_err(Trouble::new)?),
    ];
    write(&output, &texts).map_err(|error| Trouble::new(folder::sentence(&output, &error)))?;
    say(desk, &course);
    Ok(Product { outputs: vec![output], ..Product::default() })
}

fn spelled(model: &Model, ids: &[i32]) -> String {
    let tokens: Vec<_> = ids.iter().filter_map(|id| model.token(id.unsigned_abs())).collect();
    model.text(&tokens)
}

fn write(folder: &Path, texts: &[(&str, String)]) -> Result<(), std::io::Error> {
    fs::create_dir(folder)?;
    texts.iter().try_for_each(|(name, text)| fs::write(folder.join(name), text))
}

fn say(desk: &Desk<'_>, course: &Course) {
    let (tokens, answers) = course
        .examples
        .iter()
        .fold((0, 0), |(tokens, answers), example| (tokens + example.tokens.len(), answers + example.answered));
    desk.log.say(&format!(
        "{} rows of {tokens} tokens, {answers} of them asked for, in {} steps",
        course.examples.len(),
        course.steps.len()
    ));
}
