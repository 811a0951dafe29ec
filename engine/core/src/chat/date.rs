//! A calendar date.

/// A day of the Gregorian calendar. As a moment it is its midnight.
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

    pub(super) fn year(self) -> u16 {
        self.year
    }

    pub(super) fn month(self) -> u8 {
        self.month
    }

    pub(super) fn day(self) -> u8 {
        self.day
    }

    pub(super) fn month_name(self) -> &'static str {
        MONTHS[usize::from(self.month - 1)]
    }

    pub(super) fn weekday_name(self) -> &'static str {
        WEEKDAYS[self.weekday()]
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

    pub(super) fn day_of_year(self) -> u16 {
        (1..self.month).map(|month| u16::from(self.month_days(month))).sum::<u16>() + u16::from(self.day)
    }

    /// Days since Sunday: 1 January of year 1 was a Monday, and every year adds a day, every leap year two.
    fn weekday(self) -> usize {
        let before = usize::from(self.year - 1);
        (before + before / 4 - before / 100 + before / 400 + usize::from(self.day_of_year())) % 7
    }
}
