//! How the form of prompts is found: by the prompt of an item that says nothing but where it stands.

use super::{Piece, Place, joined};
use crate::items::Item;

/// The first of the marks: private-use characters, which no text has and no template tells apart.
const FIRST: u32 = 0xF_0000;

/// The places of an item, in the order of their marks.
fn places(item: &Item) -> Vec<Place> {
    let passage = item.passage.as_ref().map(|_| Place::Passage);
    let options = (0..item.options.len()).map(Place::Option);
    let extra = item.extra.keys().cloned().map(Place::Extra);
    [Place::Key, Place::Question].into_iter().chain(passage).chain(options).chain(extra).collect()
}

/// The mark of the place with that number.
fn mark(number: usize) -> String {
    char::from_u32(FIRST.saturating_add(number as u32)).map(String::from).unwrap_or_default()
}

/// What an item says at a place.
fn text<'a>(item: &'a Item, place: &Place) -> Option<&'a str> {
    match place {
        Place::Key => Some(&item.key),
        Place::Passage => item.passage.as_deref(),
        Place::Question => Some(&item.question),
        Place::Option(option) => item.options.get(*option).map(String::as_str),
        Place::Extra(name) => item.extra.get(name).map(String::as_str),
    }
}

/// An item of the same shape that has in each place a mark alone. A template that asks whether a text is there finds one where
/// the item has one.
#[must_use]
pub fn sentinel(item: &Item) -> Item {
    let mut marked = item.clone();
    for (number, place) in places(item).into_iter().enumerate() {
        let mark = mark(number);
        match place {
            Place::Key => marked.key = mark,
            Place::Passage => marked.passage = Some(mark),
            Place::Question => marked.question = mark,
            Place::Option(option) => marked.options[option] = mark,
            Place::Extra(name) => {
                marked.extra.insert(name, mark);
            }
        }
    }
    marked
}

/// The prompt of a [`sentinel`] with its marks as places. `like`: the sentinel, or an item of its shape.
#[must_use]
pub fn form(marked: Vec<Piece>, like: &Item) -> Vec<Piece> {
    let places = places(like);
    let place = |letter: char| {
        let number = u32::from(letter).checked_sub(FIRST)?;
        places.get(number as usize).cloned()
    };
    let mut form = Vec::new();
    for piece in marked {
        let Piece::Text(text) = piece else {
            form.push(piece);
            continue;
        };
        let mut literal = String::new();
        for letter in text.chars() {
            match place(letter) {
                None => literal.push(letter),
                Some(place) => {
                    form.push(Piece::Text(std::mem::take(&mut literal)));
                    form.push(Piece::Place(place));
                }
            }
        }
        form.push(Piece::Text(literal));
    }
    joined(form)
}

/// An item put into a form; `None` into an empty one, and where the item has no text for a place.
#[must_use]
pub fn filled(form: &[Piece], item: &Item) -> Option<Vec<Piece>> {
    let fill = |piece: &Piece| match piece {
        Piece::Place(place) => Some(Piece::Text(text(item, place)?.to_owned())),
        piece => Some(piece.clone()),
    };
    let filled: Option<Vec<Piece>> = form.iter().map(fill).collect();
    filled.map(joined).filter(|pieces| !pieces.is_empty())
}
