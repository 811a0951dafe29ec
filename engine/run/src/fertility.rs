//! Counts the tokens that a model's vocabulary makes of a data set. The same for a stage and for `xlt fertility`.

mod own;

use crate::model_file;
use own::Own;
use std::path::{Path, PathBuf};
use xlt_core::fertility::{Fertilities, Tokenize, measure};
use xlt_core::items::{self, Item, called};
use xlt_core::plan::FertilityWork;
use xlt_llama::{Backend, Vocabulary};

/// Does the work of a fertility stage; `inputs` are the stage's: the model's file, rows by language, the tokenizer if there is
/// one. No weights are loaded.
///
/// # Errors
/// A sentence: a file that cannot be read, rows that are no items, a text that cannot be tokenized.
pub fn count(backend: &Backend, work: &FertilityWork, inputs: &[PathBuf]) -> Result<Fertilities, String> {
    let [model, rest @ ..] = inputs else { return Err("it needs a model".to_owned()) };
    let (rows, own) = rest.split_at_checked(work.languages.len()).ok_or("it needs rows of every language")?;
    let file = model_file(model);
    let vocabulary = Vocabulary::load(backend, &file).map_err(|error| {
        // The path of an artifact says nothing to a user.
        format!(
            "model `{}`: {}",
            work.model,
            error.to_string().replace(&file.display().to_string(), "the model's file")
        )
    })?;
    let rows =
        work.languages.iter().zip(rows).map(|(language, path)| Ok((language.clone(), items(work, language, path)?)));
    let rows = rows.collect::<Result<Vec<_>, String>>()?;
    let own = match (&work.tokenizer, own) {
        (Some(file), [path]) => Some(Own::read(&bytes(path)?, &called(&file.source), &work.model, &vocabulary)?),
        _ => None,
    };
    let own = own.as_ref().map(|own| own as &dyn Tokenize);
    measure(&rows, &Gguf(&vocabulary), own, work.reference.as_deref())
}

/// All rows of a language, whatever their part.
fn items(work: &FertilityWork, language: &str, path: &Path) -> Result<Vec<Item>, String> {
    let name = called(&work.data.source_in(language));
    items::read(&name, &bytes(path)?, &work.data, language, work.options).map_err(|error| error.to_string())
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The vocabulary of a GGUF.
struct Gguf<'a>(&'a Vocabulary);

impl Tokenize for Gguf<'_> {
    fn ids(&self, text: &str) -> Result<Vec<u32>, String> {
        let tokens = self.0.tokenize(text, false).map_err(|error| error.to_string())?;
        Ok(tokens.into_iter().map(|token| token.id()).collect())
    }

    fn text(&self, id: u32) -> String {
        self.0.token(id).map(|token| self.0.text(token)).unwrap_or_default()
    }
}
