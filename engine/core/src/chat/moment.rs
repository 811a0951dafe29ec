//! A moment, and the part of C's `strftime` that chat templates use.

use super::Date;

/// A second of a day, without a time zone: what a clock on the wall says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    date: Date,
    hour: u8,
    minute: u8,
    second: u8,
}

impl From<Date> for Moment {
    fn from(date: Date) -> Self {
        Self { date, hour: 0, minute: 0, second: 0 }
    }
}

impl Moment {
    /// From `2026-01-15T12:00:00`; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
        let date = Date::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)?;
        let part = |number: u16, end: u8| u8::try_from(number).ok().filter(|number| *number < end);
        Some(Self { date, hour: part(hour, 24)?, minute: part(minute, 60)?, second: part(second, 60)? })
    }

    /// The moment written as `format` says, in English. The error is the code that is not known.
    pub(super) fn format(self, format: &str) -> Result<String, String> {
        let mut text = String::new();
        let mut characters = format.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                text.push(character);
                continue;
            }
            let rest = characters.as_str();
            let unpadded = rest.starts_with('-');
            let code = if unpadded { characters.nth(1) } else { characters.next() };
            let field = code.and_then(|code| self.field(code)).ok_or_else(|| {
                let length = 1 + usize::from(unpadded);
                format!("%{}", rest.chars().take(length).collect::<String>())
            })?;
            match field.trim_start_matches(['0', ' ']) {
                "" if unpadded => text.push('0'),
                short if unpadded => text.push_str(short),
                _ => text.push_str(&field),
            }
        }
        Ok(text)
    }

    fn field(self, code: char) -> Option<String> {
        let Self { date, hour, minute, second } = self;
        let (year, month, day) = (date.year(), date.month(), date.day());
        Some(match code {
            'Y' => year.to_string(),
            'y' => format!("{:02}", year % 100),
            'm' => format!("{month:02}"),
            'd' => format!("{day:02}"),
            'e' => format!("{day:2}"),
            'B' => date.month_name().to_owned(),
            'b' | 'h' => date.month_name()[..3].to_owned(),
            'A' => date.weekday_name().to_owned(),
            'a' => date.weekday_name()[..3].to_owned(),
            'j' => format!("{:03}", date.day_of_year()),
            'F' => format!("{year}-{month:02}-{day:02}"),
            'H' => format!("{hour:02}"),
            'M' => format!("{minute:02}"),
            'S' => format!("{second:02}"),
            'I' => format!("{:02}", (hour + 11) % 12 + 1),
            'p' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            'T' => format!("{hour:02}:{minute:02}:{second:02}"),
            '%' => "%".to_owned(),
            _ => return None,
        })
    }
}

/// Three numbers of so many digits each.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[u16; 3]> {
    let mut parts = text.split(separator);
    let mut next = |length: usize| {
        let part =
            parts.next().filter(|part| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        part.parse().ok()
    };
    let numbers = [next(digits[0])?, next(digits[1])?, next(digits[2])?];
    parts.next().is_none().then_some(numbers)
}
