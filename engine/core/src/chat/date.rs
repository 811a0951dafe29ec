//! A calendar date, and the part of C's `strftime` that chat templates use.

/// A day of the Gregorian calendar. As a time it is its midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Date {
    /// The day that every study's prompts are rendered on: today's would change all prompts every midnight.
    pub const FIXED: Self = Self { year: 2026, month: 1, day: 15 };

    /// `None` for a day that does not exist, or a year outside 1000 to 9999.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let date = Self { year, month, day };
        let exists =
            (1000..=9999).contains(&year) && (1..=12).contains(&month) && (1..=date.month_days(month)).contains(&day);
        exists.then_some(date)
    }

    /// The date written as `format` says, in English. The error is the code that is not known.
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
        let Self { year, month, day } = self;
        let month_name = MONTHS[usize::from(month - 1)];
        let weekday = WEEKDAYS[self.weekday()];
        Some(match code {
            'Y' => year.to_string(),
            'y' => format!("{:02}", year % 100),
            'm' => format!("{month:02}"),
            'd' => format!("{day:02}"),
            'e' => format!("{day:2}"),
            'B' => month_name.to_owned(),
            'b' | 'h' => month_name[..3].to_owned(),
            'A' => weekday.to_owned(),
            'a' => weekday[..3].to_owned(),
            'j' => format!("{:03}", self.day_of_year()),
            'F' => format!("{year}-{month:02}-{day:02}"),
            'H' | 'M' | 'S' => "00".to_owned(),
            'I' => "12".to_owned(),
            'p' => "AM".to_owned(),
            'T' => "00:00:00".to_owned(),
            '%' => "%".to_owned(),
            _ => return None,
        })
    }

    fn month_days(self, month: u8) -> u8 {
        let leap = self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn day_of_year(self) -> u16 {
        (1..self.month).map(|month| u16::from(self.month_days(month))).sum::<u16>() + u16::from(self.day)
    }

    /// Days since Sunday: 1 January of year 1 was a Monday, and every year adds a day, every leap year two.
    fn weekday(self) -> usize {
        let before = usize::from(self.year - 1);
        (before + before / 4 - before / 100 + before / 400 + usize::from(self.day_of_year())) % 7
    }
}
