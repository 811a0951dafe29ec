//! Which part of a rendered prompt is data, and which the template's own.

/// A part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its text, never empty.
    pub text: String,
    /// Whether it comes from the messages: then nothing in it is a control token.
    pub data: bool,
}

/// One private-use character for each content, in neither the template nor any content. They are no white space, so a
/// template that trims leaves them alone.
pub(super) fn marks(template: &str, contents: &[&str]) -> Vec<String> {
    let free = |mark: &char| !template.contains(*mark) && contents.iter().all(|content| !content.contains(*mark));
    let private = ('\u{F0000}'..='\u{FFFFD}').chain('\u{100000}'..='\u{10FFFD}');
    private.filter(free).take(contents.len()).map(String::from).collect()
}

/// The segments of `whole`, if it is `marked` with contents, whole or trimmed, in place of their marks.
pub(super) fn compare(whole: &str, marked: &str, marks: &[String], contents: &[&str]) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    let (mut rest, mut marked) = (whole, marked);
    loop {
        let next = |text: &str| {
            let found =
                marks.iter().enumerate().filter_map(|(index, mark)| text.find(mark.as_str()).map(|at| (at, index)));
            found.min()
        };
        let Some((at, index)) = next(marked) else {
            push(&mut segments, rest, false);
            return (rest == marked).then_some(segments);
        };
        rest = rest.strip_prefix(&marked[..at])?;
        push(&mut segments, &marked[..at], false);
        marked = &marked[at + marks[index].len()..];
        let between = next(marked).map_or(marked, |(at, _)| &marked[..at]);
        let content = contents[index];
        let written = [content, content.trim_end(), content.trim_start(), content.trim()]
            .into_iter()
            .find(|written| rest.strip_prefix(written).is_some_and(|after| after.starts_with(between)))?;
        push(&mut segments, written, true);
        rest = &rest[written.len()..];
    }
}

/// The segments of `whole`, found by looking for each content; the error is the index of one that is not there exactly
/// once, in its turn.
pub(super) fn locate(whole: &str, contents: &[&str]) -> Result<Vec<Segment>, usize> {
    let mut segments = Vec::new();
    let mut end = 0;
    for (index, content) in contents.iter().map(|content| content.trim()).enumerate() {
        if content.is_empty() {
            continue;
        }
        let mut places = whole.match_indices(content);
        match (places.next(), places.next()) {
            (Some((at, _)), None) if at >= end => {
                push(&mut segments, &whole[end..at], false);
                push(&mut segments, content, true);
                end = at + content.len();
            }
            _ => return Err(index),
        }
    }
    push(&mut segments, &whole[end..], false);
    Ok(segments)
}

/// Adds a text, to the last segment where that is of the same kind.
pub(super) fn push(segments: &mut Vec<Segment>, text: &str, data: bool) {
    match segments.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.data == data => last.text.push_str(text),
        _ => segments.push(Segment { text: text.to_owned(), data }),
    }
}
