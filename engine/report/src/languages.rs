//! English names of languages, for people who do not know the codes by heart: those of the one table of languages.

use xlt_core::languages::find;

/// English name of a language, from a code such as `heb_Hebr` (ISO 639-3, an underscore, a script), where the table knows it.
#[must_use]
pub fn english_name(code: &str) -> Option<&'static str> {
    find(code).map(|language| language.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_told_apart_and_the_unknown_stays_unknown() {
        assert_eq!(english_name("zho_Hant"), Some("Chinese (Traditional)"));
        assert_eq!(english_name("arb_Latn"), Some("Modern Standard Arabic (Romanized)"));
        assert_eq!(english_name("heb_Hebr"), Some("Hebrew"));
        assert_eq!(english_name("xxx_Latn"), None);
    }
}
