//! The words of titles and queries.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words that nobody searches for: articles, which titles have at the front or after a comma, and "and", which may be
/// an ampersand.
const IGNORED: [&str; 23] = [
    "the", "a", "an", "la", "le", "les", "l", "el", "los", "las", "il", "lo", "gli", "der", "die", "das",
    "den", "det", "de", "het", "o", "os", "and",
];

/// The least words of a name that is known by its initials.
const MIN_INITIALS: usize = 4;

/// The words of a text without those that nobody searches for.
pub(super) fn words(text: &str) -> Vec<Box<str>> {
    all_words(text).into_iter().filter(|word| !IGNORED.contains(&&**word)).collect()
}

/// The initials of a name, or of its part before the colon: `lotr`.
pub(super) fn initials(name: &str) -> Option<Box<str>> {
    let start = name.split(':').next()?;
    let words: Vec<&str> = start.split_whitespace().collect();
    let words = match words.first() {
        Some(first) if IGNORED.contains(&&*first.to_lowercase()) => &words[1..],
        _ => &words[..],
    };
    let letters: String =
        words.iter().filter_map(|word| word.chars().next()).flat_map(char::to_lowercase).collect();
    (words.len() >= MIN_INITIALS).then(|| letters.into())
}

/// The words of a text in lower case without accents. A hyphenated word gives its parts and the whole.
pub(super) fn all_words(text: &str) -> Vec<Box<str>> {
    let mut words = Vec::new();
    for chunk in text.split(|letter: char| letter.is_whitespace() || "/,:;()[]!?\"+".contains(letter)) {
        let mut whole = String::new();
        let mut start = 0;
        let mut parts = 0;
        let letters = chunk.nfkd().filter(|&letter| !is_combining_mark(letter)).flat_map(char::to_lowercase);
        for letter in letters {
            match letter {
                'æ' => whole.push_str("ae"),
                'œ' => whole.push_str("oe"),
                'ø' => whole.push('o'),
                'ß' => whole.push_str("ss"),
                'ł' => whole.push('l'),
                'đ' => whole.push('d'),
                letter if letter.is_alphanumeric() => whole.push(letter),
                // An apostrophe or a full stop does not split a word. A hyphen and everything else does.
                '\'' | '’' | '.' => {}
                _ if whole.len() > start => {
                    words.push(Box::from(&whole[start..]));
                    start = whole.len();
                    parts += 1;
                }
                _ => {}
            }
        }
        if parts > 0 && whole.len() > start {
            words.push(Box::from(&whole[start..]));
        }
        if (parts == 0 || whole.len() > start) && !whole.is_empty() {
            words.push(whole.into_boxed_str());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_without_accents_and_hyphens_give_parts_and_whole() {
        for (text, expected) in [
            ("Spider-Man", "spider man spiderman"),
            ("a-b-c", "a b c abc"),
            ("-x", "x"),
            ("x-", "x"),
            (" -- ", ""),
            ("Schindler's List", "schindlers list"),
            ("E.T. l’été", "et lete"),
            ("Æon Œuvre Øre Straße Łódź Đorđe", "aeon oeuvre ore strasse lodz dorde"),
            ("A/B,C:D;E(F)[G]!H?\"I+J", "a b c d e f g h i j"),
        ] {
            assert_eq!(all_words(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn a_long_name_is_known_by_its_initials() {
        for (name, expected) in [
            ("Lord of the Rings: The Two Towers", Some("lotr")),
            ("The Good, the Bad and the Ugly", Some("gtbatu")),
            ("Fight Club", None),
            ("", None),
        ] {
            assert_eq!(initials(name).as_deref(), expected, "{name}");
        }
    }
}
