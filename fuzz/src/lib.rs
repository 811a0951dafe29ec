//! What xlt reads from others, one file for each kind: hostile input may be refused, and what is accepted keeps its promises.
//!
//! Every `check` takes any bytes. It panics where xlt would break; no input is an error of its own.

pub mod adapter;
pub mod chat;
pub mod claims;
pub mod extract;
pub mod gguf;
pub mod lock;
pub mod prompt;
pub mod protocol;
pub mod record;
pub mod rows;
pub mod spec;

/// A TOML string that holds `text`: as it is, where that is possible, so that places in it can be pointed at.
fn quoted(text: &str) -> String {
    let plain = |character: char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
    let written = text.chars().map(|character| match character {
        plain_one if plain(plain_one) => plain_one.to_string(),
        other => format!("\\U{:08x}", u32::from(other)),
    });
    format!("\"{}\"", written.collect::<String>())
}
