//! The parts of a `MovieLens` title: the name, other names, and the year.

/// Articles that titles have after a comma, so that they are sorted by the next word.
const ARTICLES: [&str; 28] = [
    "the", "a", "an", "la", "le", "les", "l'", "el", "los", "las", "il", "lo", "gli", "i", "der", "die",
    "das", "den", "det", "de", "het", "o", "os", "un", "une", "una", "ein", "eine",
];

/// A title as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Display<'t> {
    /// The name without its article: `Matrix`.
    pub(super) name: &'t str,
    /// The article that belongs in front of the name; empty if there is none.
    article: &'t str,
    /// What else stands in parentheses, with them: ` (a.k.a. Se7en)`.
    others: &'t str,
}

/// `title` without the year in the parentheses that it ends with. A title that is nothing but a year stays as it is.
pub(super) fn name(title: &str) -> &str {
    match title.trim_end().rsplit_once('(') {
        Some((name, _)) if year(title).is_some() && !name.trim_end().is_empty() => name.trim_end(),
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

/// `title` as people write it: without the year, and without other names in parentheses.
pub(super) fn display(title: &str) -> Display<'_> {
    let whole = name(title);
    let mut rest = whole;
    while let Some(shorter) = without_parentheses(rest) {
        rest = shorter;
    }
    let (name, article) = split_article(rest);
    Display { name, article, others: &whole[rest.len()..] }
}

/// `text` without the parentheses that it ends with, if they hold another name and not a part of this one: "Birdman: Or
/// (The Unexpected Virtue of Ignorance)".
fn without_parentheses(text: &str) -> Option<&str> {
    let (before, inside) = text.strip_suffix(')')?.rsplit_once('(')?;
    let before = before.strip_suffix(' ')?.trim_end();
    let is_part = before.ends_with([':', '-']) || before.ends_with(" Or") || before.ends_with(" or");
    (!before.is_empty() && !is_part && !inside.contains(')')).then_some(before)
}

/// A name, and the article that it has after a comma.
fn split_article(name: &str) -> (&str, &str) {
    match name.rsplit_once(',').map(|(rest, last)| (rest, last.trim_start())) {
        Some((rest, article)) if ARTICLES.contains(&&*article.to_lowercase()) => (rest, article),
        _ => (name, ""),
    }
}

impl Display<'_> {
    /// `The Matrix`.
    pub(super) fn name(&self) -> String {
        in_order(self.name, self.article)
    }

    /// The other names, with commas between them: `Se7en`; empty if there are none.
    pub(super) fn others(&self) -> String {
        let own = self.name();
        let names = self.others.split(['(', ')']).map(str::trim).filter(|name| !name.is_empty());
        let others = names.map(|name| {
            let (name, article) = split_article(name.strip_prefix("a.k.a.").unwrap_or(name).trim_start());
            in_order(name, article)
        });
        others.filter(|name| *name != own).collect::<Vec<_>>().join(", ")
    }
}

fn in_order(name: &str, article: &str) -> String {
    match article {
        "" => name.to_owned(),
        article if article.ends_with('\'') => format!("{article}{name}"),
        article => format!("{article} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{display, name, year};

    #[test]
    fn only_a_closing_year_is_no_part_of_the_name() {
        for (title, expected) in [
            ("Fight Club (1999)", "Fight Club"),
            ("Nikita (Femme Nikita, La) (1990)", "Nikita (Femme Nikita, La)"),
            ("Fawlty Towers (1975-1979) ", "Fawlty Towers"),
            ("(500) Days of Summer", "(500) Days of Summer"),
            ("(1999) ", "(1999)"),
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

    #[test]
    fn titles_are_shown_as_people_write_them() {
        for (title, name, others) in [
            ("Matrix, The (1999)", "The Matrix", ""),
            ("Toy Story (1995)", "Toy Story", ""),
            (
                "Lord of the Rings: The Fellowship of the Ring, The (2001)",
                "The Lord of the Rings: The Fellowship of the Ring",
                "",
            ),
            ("Seven (a.k.a. Se7en) (1995)", "Seven", "Se7en"),
            (
                "Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)",
                "The Good, the Bad and the Ugly",
                "Il Buono, il brutto, il cattivo",
            ),
            (
                "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
                "The City of Lost Children",
                "La Cité des enfants perdus",
            ),
            (
                "Léon: The Professional (a.k.a. The Professional) (Léon) (1994)",
                "Léon: The Professional",
                "The Professional, Léon",
            ),
            ("Avventura, L' (Adventure, The) (1960)", "L'Avventura", "The Adventure"),
            ("Misérables, Les (1995)", "Les Misérables", ""),
            ("Valachi Papers,The (1972)", "The Valachi Papers", ""),
            (
                "Birdman: Or (The Unexpected Virtue of Ignorance) (2014)",
                "Birdman: Or (The Unexpected Virtue of Ignorance)",
                "",
            ),
            ("(500) Days of Summer (2009)", "(500) Days of Summer", ""),
            ("Sex, Lies, and Videotape (1989)", "Sex, Lies, and Videotape", ""),
            (
                "Bride of Frankenstein, The (Bride of Frankenstein) (1935)",
                "The Bride of Frankenstein",
                "Bride of Frankenstein",
            ),
            ("M (1931)", "M", ""),
            ("(1999)", "(1999)", ""),
            ("", "", ""),
        ] {
            let shown = display(title);
            assert_eq!((&*shown.name(), &*shown.others()), (name, others), "{title}");
        }
    }
}
