//! The filter `tojson` as Hugging Face has it: Python's `json.dumps(value, ensure_ascii=False)`.

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

/// Lists in lists, and mappings.
const DEPTH: usize = 100;

/// `value | tojson(ensure_ascii=false, indent=none, separators=none, sort_keys=false)`.
pub(super) fn tojson(
    state: &State<'_, '_>,
    value: &Value,
    ensure_ascii: Option<bool>,
    options: Kwargs,
) -> Result<String, Error> {
    let style = Style::new(ensure_ascii, &options)?;
    let mut writer = Writer { state, style: &style, text: String::new(), owed: 0 };
    writer.value(value, 0)?;
    Ok(writer.text)
}

/// How to write.
struct Style {
    ascii: bool,
    /// What each level is indented by; `None` writes everything in one line.
    indent: Option<String>,
    /// Between items, and between key and value.
    separators: (String, String),
    sorted: bool,
}

impl Style {
    fn new(ensure_ascii: Option<bool>, options: &Kwargs) -> Result<Self, Error> {
        let ascii = ensure_ascii.or(options.get("ensure_ascii")?).unwrap_or_default();
        let indent = options.get::<Option<Value>>("indent")?.map(indentation).transpose()?;
        let separators = match options.get::<Option<Vec<String>>>("separators")?.as_deref() {
            None => (if indent.is_some() { "," } else { ", " }.to_owned(), ": ".to_owned()),
            Some([item, key]) => (item.clone(), key.clone()),
            Some(_) => return Err(invalid("`separators` of tojson must be two texts")),
        };
        let sorted = options.get::<Option<bool>>("sort_keys")?.unwrap_or_default();
        options.assert_all_used()?;
        Ok(Self { ascii, indent, separators, sorted })
    }
}

/// JSON in the making. Everything it writes takes fuel.
struct Writer<'a> {
    state: &'a State<'a, 'a>,
    style: &'a Style,
    text: String,
    /// Bytes written for which no fuel was taken yet.
    owed: usize,
}

impl Writer<'_> {
    fn put(&mut self, text: &str) -> Result<(), Error> {
        self.owed += text.len();
        self.state.consume_fuel(self.owed as u64 / 64)?;
        self.owed %= 64;
        self.text.push_str(text);
        Ok(())
    }

    fn value(&mut self, value: &Value, level: usize) -> Result<(), Error> {
        match value.kind() {
            ValueKind::None => self.put("null"),
            ValueKind::Bool => self.put(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.put(&number(value)),
            ValueKind::String => self.quoted(value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => {
                let items: Vec<Value> = value.try_iter()?.collect();
                self.list("[", "]", &items, level, |writer, item, level| writer.value(item, level))
            }
            ValueKind::Map => {
                let keys = value.try_iter()?.map(|key| Ok((key_text(&key)?, value.get_item(&key)?)));
                let mut pairs = keys.collect::<Result<Vec<_>, Error>>()?;
                if self.style.sorted {
                    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
                }
                self.list("{", "}", &pairs, level, |writer, (key, value), level| {
                    writer.quoted(key)?;
                    writer.put(&writer.style.separators.1)?;
                    writer.value(value, level)
                })
            }
            other => Err(invalid(&format!("{other} cannot be written as JSON"))),
        }
    }

    fn list<T>(
        &mut self,
        open: &str,
        close: &str,
        items: &[T],
        level: usize,
        write: impl Fn(&mut Self, &T, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if level == DEPTH {
            return Err(invalid("lists or mappings are nested too deeply for JSON"));
        }
        self.put(open)?;
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.put(&self.style.separators.0)?;
            }
            self.line(level + 1)?;
            write(self, item, level + 1)?;
        }
        if !items.is_empty() {
            self.line(level)?;
        }
        self.put(close)
    }

    fn line(&mut self, level: usize) -> Result<(), Error> {
        let Some(indent) = &self.style.indent else { return Ok(()) };
        self.put("\n")?;
        (0..level).try_for_each(|_| self.put(indent))
    }

    fn quoted(&mut self, plain: &str) -> Result<(), Error> {
        // serde_json escapes what Python escapes, in the same way.
        let quoted = serde_json::Value::from(plain).to_string();
        if self.style.ascii { self.put(&in_ascii(&quoted)) } else { self.put(&quoted) }
    }
}

fn in_ascii(text: &str) -> String {
    let escaped = |unit: &u16| format!("\\u{unit:04x}");
    let character = |character: char| match character {
        ' '..='~' => character.to_string(),
        other => other.encode_utf16(&mut [0; 2]).iter().map(escaped).collect(),
    };
    text.chars().map(character).collect()
}

fn indentation(indent: Value) -> Result<String, Error> {
    match indent.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => match usize::try_from(indent)? {
            width if width > 100 => Err(invalid("`indent` of tojson is more than 100")),
            width => Ok(" ".repeat(width)),
        },
    }
}

/// A number as Python writes it.
fn number(value: &Value) -> String {
    if value.is_integer() {
        return value.to_string();
    }
    let number = f64::try_from(value.clone()).unwrap_or(f64::NAN);
    let scientific = format!("{number:e}");
    match scientific.split_once('e').map(|(digits, exponent)| (digits, exponent.parse::<i32>())) {
        _ if number.is_nan() => "NaN".to_owned(),
        _ if number.is_infinite() => if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        Some((digits, Ok(exponent))) if !(-4..16).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => format!("{number:?}"),
    }
}

fn key_text(key: &Value) -> Result<String, Error> {
    match key.kind() {
        ValueKind::String => Ok(key.as_str().unwrap_or_default().to_owned()),
        ValueKind::None => Ok("null".to_owned()),
        ValueKind::Bool => Ok(if key.is_true() { "true" } else { "false" }.to_owned()),
        ValueKind::Number => Ok(number(key)),
        other => Err(invalid(&format!("{other} cannot be a key in JSON"))),
    }
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.to_owned())
}
