//! English names of languages, for people who do not know the codes by heart.

/// English name of a language, from a code such as `heb_Hebr` (ISO 639-3, an underscore, a script), where it is known.
/// For languages written in more than one script the script is named too.
#[must_use]
pub fn english_name(code: &str) -> Option<String> {
    let (language, script) = code.split_once('_').unwrap_or((code, ""));
    let index = NAMES.binary_search_by_key(&language, |(code, _)| code).ok()?;
    let name = NAMES[index].1;
    let script = match (language, script) {
        ("zho", "Hans") => ", simplified",
        ("zho", "Hant") => ", traditional",
        ("arb" | "ben" | "hin" | "npi" | "sin" | "urd", "Latn") => ", romanized",
        _ => "",
    };
    Some(format!("{name}{script}"))
}

/// Sorted by code.
#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("acm", "Mesopotamian Arabic"), ("afr", "Afrikaans"), ("als", "Albanian"), ("amh", "Amharic"),
    ("apc", "Levantine Arabic"), ("arb", "Standard Arabic"), ("ars", "Najdi Arabic"), ("ary", "Moroccan Arabic"),
    ("arz", "Egyptian Arabic"), ("asm", "Assamese"), ("azj", "Azerbaijani"), ("bam", "Bambara"), ("ben", "Bengali"),
    ("bod", "Tibetan"), ("bul", "Bulgarian"), ("cat", "Catalan"), ("ceb", "Cebuano"), ("ces", "Czech"),
    ("ckb", "Central Kurdish"), ("dan", "Danish"), ("deu", "German"), ("ell", "Greek"), ("eng", "English"),
    ("est", "Estonian"), ("eus", "Basque"), ("fas", "Persian"), ("fin", "Finnish"), ("fra", "French"), ("fuv", "Fulfulde"),
    ("gaz", "Oromo"), ("grn", "Guarani"), ("guj", "Gujarati"), ("hat", "Haitian Creole"), ("hau", "Hausa"),
    ("heb", "Hebrew"), ("hin", "Hindi"), ("hrv", "Croatian"), ("hun", "Hungarian"), ("hye", "Armenian"), ("ibo", "Igbo"),
    ("ilo", "Ilocano"), ("ind", "Indonesian"), ("isl", "Icelandic"), ("ita", "Italian"), ("jav", "Javanese"),
    ("jpn", "Japanese"), ("kac", "Jingpho"), ("kan", "Kannada"), ("kat", "Georgian"), ("kaz", "Kazakh"),
    ("kea", "Kabuverdianu"), ("khk", "Mongolian"), ("khm", "Khmer"), ("kin", "Kinyarwanda"), ("kir", "Kyrgyz"),
    ("kor", "Korean"), ("lao", "Lao"), ("lin", "Lingala"), ("lit", "Lithuanian"), ("lug", "Ganda"), ("luo", "Luo"),
    ("lvs", "Latvian"), ("mal", "Malayalam"), ("mar", "Marathi"), ("mkd", "Macedonian"), ("mlt", "Maltese"),
    ("mri", "Maori"), ("mya", "Burmese"), ("nld", "Dutch"), ("nob", "Norwegian"), ("npi", "Nepali"),
    ("nso", "Northern Sotho"), ("nya", "Nyanja"), ("ory", "Odia"), ("pan", "Punjabi"), ("pbt", "Pashto"),
    ("pes", "Persian"), ("plt", "Malagasy"), ("pol", "Polish"), ("por", "Portuguese"), ("ron", "Romanian"),
    ("rus", "Russian"), ("shn", "Shan"), ("sin", "Sinhala"), ("slk", "Slovak"), ("slv", "Slovene"), ("sna", "Shona"),
    ("snd", "Sindhi"), ("som", "Somali"), ("sot", "Southern Sotho"), ("spa", "Spanish"), ("srp", "Serbian"),
    ("ssw", "Swati"), ("sun", "Sundanese"), ("swe", "Swedish"), ("swh", "Swahili"), ("tam", "Tamil"), ("tel", "Telugu"),
    ("tgk", "Tajik"), ("tgl", "Tagalog"), ("tha", "Thai"), ("tir", "Tigrinya"), ("tsn", "Tswana"), ("tso", "Tsonga"),
    ("tur", "Turkish"), ("ukr", "Ukrainian"), ("urd", "Urdu"), ("uzn", "Uzbek"), ("vie", "Vietnamese"), ("war", "Waray"),
    ("wol", "Wolof"), ("xho", "Xhosa"), ("yor", "Yoruba"), ("zho", "Chinese"), ("zsm", "Malay"), ("zul", "Zulu"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_code_is_found() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        for (code, name) in NAMES {
            assert_eq!(english_name(code).as_deref(), Some(*name));
        }
    }

    #[test]
    fn scripts_are_told_apart_and_the_unknown_stays_unknown() {
        assert_eq!(english_name("zho_Hant").as_deref(), Some("Chinese, traditional"));
        assert_eq!(english_name("arb_Latn").as_deref(), Some("Standard Arabic, romanized"));
        assert_eq!(english_name("heb_Hebr").as_deref(), Some("Hebrew"));
        assert_eq!(english_name("xxx_Latn"), None);
    }
}
