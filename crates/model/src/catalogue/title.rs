//! The parts of a `MovieLens` title: the name and the year.

/// `title` without the year in the parentheses that it ends with.
pub(super) fn name(title: &str) -> &str {
    match title.trim_end().rsplit_once('(') {
        Some((name, _)) if year(title).is_some() => name.trim_end(),
        _ => title.trim_end(),
    }
}

/// The year in the parentheses that `title` ends with: `(1999)`, or the first of `(1975-1979)`, `(2007-)`.
pub(super) fn year(title: &str) -> Option<u16> {
    let inside = title.trim_end().strip_suffix(')')?.rsplit_once('(')?.1;
    let (first, last) = inside.split_once(['-', '–']).unwrap_or((inside, ""));
    let is_year = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_year(first) && (last.is_empty() || is_year(last)) { first.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{name, year};

    #[test]
    fn only_a_closing_year_is_no_part_of_the_name() {
        for (title, expected) in [
            ("Fight Club (1999)", "Fight Club"),
            ("Nikita (Femme Nikita, La) (1990)", "Nikita (Femme Nikita, La)"),
            ("Fawlty Towers (1975-1979) ", "Fawlty Towers"),
            ("(500) Days of Summer", "(500) Days of Summer"),
            ("", ""),
        ] {
            assert_eq!(name(title), expected, "{title}");
        }
    }

    #[test]
    fn only_a_closing_year_counts() {
        for (title, expected) in [
            ("Fight Club (1999)", Some(1999)),
            ("Babylon 5 ", None),
            ("Toy Story (1995) ", Some(1995)),
            ("Fawlty Towers (1975-1979)", Some(1975)),
            ("Big Bang Theory, The (2007-)", Some(2007)),
            ("Nikita (Femme Nikita, La) (1990)", Some(1990)),
            ("2001: A Space Odyssey", None),
            ("(500) Days of Summer", None),
            ("Kids (19x5)", None),
            ("Kids (1995-x)", None),
            ("Kids (123)", None),
            ("Kids (19955)", None),
            ("Kids (1995-96)", None),
            (")", None),
            ("", None),
        ] {
            assert_eq!(year(title), expected, "{title}");
        }
    }
}
