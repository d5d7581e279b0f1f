//! Searches titles. Words may come in any order, be only prefixes, be written in one, and contain typing errors. Accents
//! and articles are ignored, and `2`, `II` and `two` are the same.
//!
//! The first search builds the index, not the loading of a model.

mod aliases;
mod distance;
mod fit;
mod words;

use std::cmp::Reverse;
use std::collections::HashMap;

use distance::Distance;
use fit::{Fit, Found};
use words::{all_words, words};

use super::{Catalogue, title};

/// The most words of a query that are used. Each may scan the whole vocabulary.
const MAX_WORDS: usize = 12;

/// A title that the query gives as a whole counts as if so many times more people had rated it: it comes before longer
/// titles, unless they are much better known. People who type "lord of the rings" mean the film that everybody knows.
const WHOLE_TITLE: u32 = 8;

/// In front of a year in the index, so that "2001" finds the title before the movies of that year.
const YEAR: char = '(';

/// In front of two neighbouring words of a title in the index that are written in one there: `+toystory`.
const JOINED: char = '+';

/// The words of all titles, sorted, with the movies of each.
#[derive(Debug)]
pub(super) struct SearchIndex {
    words: Vec<Box<str>>,
    offsets: Vec<u32>,
    movies: Vec<u32>,
    /// The number of words in each movie's title, without the year and what else stands in parentheses.
    lengths: Vec<u8>,
}

/// Which words may match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// Similar words only where the word that was typed does not exist.
    Usual,
    /// Similar words always: "forest gump" has an error, although there is a forest in another title.
    Lenient,
}

impl SearchIndex {
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let mut pairs: Vec<(Box<str>, u32)> = Vec::new();
        let mut lengths = Vec::with_capacity(catalogue.len());
        for (row, movie) in (0..).zip(catalogue.iter()) {
            let name = words(title::display(movie.title).name);
            lengths.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            pairs.extend(indexed(movie.title).into_iter().map(|word| (word, row)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        let (mut distinct, mut offsets, mut movies) = (Vec::<Box<str>>::new(), Vec::new(), Vec::new());
        for (word, row) in pairs {
            if distinct.last() != Some(&word) {
                distinct.push(word);
                offsets.push(movies.len() as u32);
            }
            movies.push(row);
        }
        offsets.push(movies.len() as u32);
        Self { words: distinct, offsets, movies, lengths }
    }

    /// The catalogue rows of the movies that match every word of the query, best first: by the quality of the match,
    /// then by `weight`, then by the length of the title.
    pub(super) fn search(&self, query: &str, weight: impl Fn(usize) -> u32) -> Vec<usize> {
        let mut sought = words(query);
        if sought.is_empty() {
            // A query of articles only is taken as it is.
            sought = all_words(query);
        }
        sought.truncate(MAX_WORDS);
        let mut found = self.spellings(&sought, Strictness::Usual);
        if found.is_empty() && sought.iter().any(|word| !is_number(word)) {
            // The third movie of a series need not have the number in its title.
            let without: Vec<Box<str>> = sought.iter().filter(|word| !is_number(word)).cloned().collect();
            if without.len() < sought.len() {
                sought = without;
                found = self.spellings(&sought, Strictness::Usual);
            }
        }
        if found.is_empty() {
            found = self.spellings(&sought, Strictness::Lenient);
        }
        let key = |&Found { row, fit, words, are_whole_words }: &Found| {
            let is_whole = are_whole_words && usize::from(self.lengths[row]) <= words;
            let weight = weight(row).saturating_mul(if is_whole { WHOLE_TITLE } else { 1 });
            (Reverse(fit), Reverse(weight), Reverse(is_whole), self.lengths[row], row)
        };
        found.sort_by_cached_key(key);
        found.into_iter().map(|found| found.row).collect()
    }

    /// The movies that match the words, or the words with two neighbours written in one: "good fellas".
    fn spellings(&self, sought: &[Box<str>], strictness: Strictness) -> Vec<Found> {
        let mut best: HashMap<usize, Found> = HashMap::new();
        let mut add = |found: Vec<Found>| {
            for found in found {
                let known = best.entry(found.row).or_insert(found);
                *known = if found.fit > known.fit { found } else { *known };
            }
        };
        add(self.matching(sought, strictness));
        for place in 1..sought.len() {
            let joined: Box<str> = [&*sought[place - 1], &*sought[place]].concat().into();
            if self.words.binary_search(&joined).is_ok() {
                let spelling = [&sought[..place - 1], &[joined], &sought[place + 1..]].concat();
                let mut found = self.matching(&spelling, strictness);
                // One word stands for two.
                for found in &mut found {
                    found.fit += Fit::Exact.value();
                }
                add(found);
            }
        }
        best.into_values().collect()
    }

    /// The movies that match every word.
    fn matching(&self, sought: &[Box<str>], strictness: Strictness) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for (place, word) in sought.iter().enumerate() {
            let fits = self.fits(word, strictness);
            found = match place {
                0 => fits.iter().map(|&(row, fit)| Found::nothing(row).with(fit)).collect(),
                _ => intersect(&found, &fits),
            };
        }
        found
    }

    /// The movies with a matching word, by ascending row, each with its best match.
    fn fits(&self, sought: &str, strictness: Strictness) -> Vec<(usize, Fit)> {
        let mut best = vec![Fit::None; self.lengths.len()];
        let mut is_found = false;
        for (place, word) in self.starting_with(sought) {
            is_found = true;
            self.raise(&mut best, place, if word.len() == sought.len() { Fit::Exact } else { Fit::Prefix });
        }
        let joined = format!("{JOINED}{sought}");
        for (place, word) in self.starting_with(&joined) {
            is_found = true;
            self.raise(&mut best, place, if word.len() == joined.len() { Fit::Joined } else { Fit::Prefix });
        }
        if sought.len() > 1 && sought.bytes().all(|byte| byte.is_ascii_digit()) {
            for (place, _) in self.starting_with(&format!("{YEAR}{sought}")) {
                is_found = true;
                self.raise(&mut best, place, Fit::Year);
            }
        }
        // If the word exists, it is usually not a typing error.
        if !is_found || strictness == Strictness::Lenient {
            self.forgive_errors(sought, strictness, &mut best);
        }
        best.into_iter().enumerate().filter(|(_, fit)| *fit > Fit::None).collect()
    }

    fn starting_with<'i>(&'i self, start: &'i str) -> impl Iterator<Item = (usize, &'i str)> {
        let first = self.words.partition_point(|word| **word < *start);
        let words = self.words.iter().enumerate().skip(first).map(|(place, word)| (place, &**word));
        words.take_while(move |(_, word)| word.starts_with(start))
    }

    /// Adds the movies with a word that is similar to the one sought, or starts with something similar. Two words in one
    /// must be similar as a whole: what they start with is one of them, and is compared on its own.
    fn forgive_errors(&self, sought: &str, strictness: Strictness, best: &mut [Fit]) {
        let letters: Vec<char> = sought.chars().collect();
        let allowed = match letters.len() {
            0..=3 => return,
            4..=7 => 1,
            _ => 2,
        };
        let mut distance = Distance::between(letters, allowed, strictness == Strictness::Lenient);
        for (place, word) in self.words.iter().enumerate().filter(|(_, word)| !word.starts_with(YEAR)) {
            let joined = word.strip_prefix(JOINED);
            let (whole, prefix) = distance.to(joined.unwrap_or(word));
            if whole <= allowed {
                self.raise(best, place, Fit::Misspelt);
            } else if prefix <= allowed && joined.is_none() {
                self.raise(best, place, Fit::MisspeltPrefix);
            }
        }
    }

    fn raise(&self, best: &mut [Fit], place: usize, fit: Fit) {
        for &row in &self.movies[self.offsets[place] as usize..self.offsets[place + 1] as usize] {
            best[row as usize] = best[row as usize].max(fit);
        }
    }
}

/// The movies that are in both lists, with the sum of their matches. Both lists are sorted by row.
fn intersect(found: &[Found], fits: &[(usize, Fit)]) -> Vec<Found> {
    let with_fit = |found: &Found| {
        let place = fits.binary_search_by_key(&found.row, |fit| fit.0).ok()?;
        Some(found.with(fits[place].1))
    };
    found.iter().filter_map(with_fit).collect()
}

/// What a title is found by: its words, what else they are called, neighbours in one, initials, and the year.
fn indexed(title: &str) -> Vec<Box<str>> {
    let mut indexed = words(title::name(title));
    let neighbours: Vec<Box<str>> =
        indexed.windows(2).map(|pair| format!("{JOINED}{}", pair.concat()).into()).collect();
    let others: Vec<Box<str>> =
        indexed.iter().enumerate().flat_map(|(place, word)| aliases::of(word, place > 0)).collect();
    indexed.extend(neighbours);
    indexed.extend(others);
    indexed.extend(words::initials(title::display(title).name));
    if let Some(year) = title::year(title) {
        indexed.push(format!("{YEAR}{year}").into());
    }
    indexed
}

fn is_number(word: &str) -> bool {
    word.len() < 3 && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "movieId,title,genres\n\
        1,Toy Story (1995),A\n2,Toy Story 2 (1999),A\n3,\"American President, The (1995)\",A\n\
        4,\"Matrix, The (1999)\",A\n5,\"Matrix Reloaded, The (2003)\",A\n6,Amélie (2001),A\n\
        7,\"Misérables, Les (1995)\",A\n8,Spider-Man (2002),A\n9,Schindler's List (1993),A\n\
        10,\"Godfather, The (1972)\",A\n11,\"Godfather: Part II, The (1974)\",A\n12,A (1964),A\n13,E.T. (1982),A\n";

    fn search(query: &str) -> Vec<String> {
        let catalogue = Catalogue::parse(CSV.as_bytes()).unwrap();
        let weights = |movie: crate::Movie<'_>| movie.id.parse().unwrap_or(0);
        catalogue.search(query, weights).take(5).map(|movie| movie.id.to_owned()).collect()
    }

    #[test]
    fn words_are_found_in_any_order_and_by_prefix() {
        for (query, first) in [
            ("toy story", "1"),
            ("story toy 1999", "2"),
            ("the american president", "3"),
            ("president american", "3"),
            ("ameri", "3"),
            ("THE MATRIX", "4"),
            ("matrix relo", "5"),
            ("list schindlers", "9"),
            ("schindler's", "9"),
            ("et", "13"),
            ("e.t.", "13"),
        ] {
            assert_eq!(search(query).first().map(String::as_str), Some(first), "{query}");
        }
    }

    #[test]
    fn accents_articles_hyphens_and_typing_errors_do_not_matter() {
        for (query, first) in [
            ("amelie", "6"),
            ("AMÉLIE", "6"),
            ("miserables", "7"),
            ("les misérables", "7"),
            ("toystroy", "1"),
            ("spiderman", "8"),
            ("spider man", "8"),
            ("spider-man", "8"),
            ("godfahter", "10"),
            ("godfater", "10"),
            ("matirx", "4"),
            ("shcindlers lits", "9"),
        ] {
            let found = search(query);
            assert!(found.iter().take(2).any(|id| id == first), "{query}: {found:?}");
        }
    }

    #[test]
    fn the_longer_a_word_the_more_errors_are_forgiven() {
        for (query, is_found) in [
            ("toi", false),
            ("tois", false),
            ("lits", true),
            ("ltsi", false),
            ("storzz", false),
            ("matrzz", false),
            ("matriz", true),
            ("matix", true),
            ("presifent", true),
            ("presifemt", true),
            ("prezifemt", false),
            ("reloadde", true),
            ("relaodde", true),
            ("relaodd", false),
            ("eloaded", true),
            ("eoladed", false),
        ] {
            assert_eq!(!search(query).is_empty(), is_found, "{query}");
        }
    }

    #[test]
    fn words_may_be_joined_split_abbreviated_and_numbered() {
        for (query, first) in [
            ("toystory", "1"),
            ("toystory 2", "2"),
            ("toyst", "2"),
            ("godfather 2", "11"),
            ("godfather two", "11"),
            ("godfather part ii", "11"),
            ("toy story two", "2"),
            ("toy story 7", "1"),
            ("the matrix 1999", "4"),
        ] {
            assert_eq!(search(query).first().map(String::as_str), Some(first), "{query}");
        }
    }

    #[test]
    fn a_title_comes_before_the_movies_of_a_year() {
        let csv = "movieId,title,genres\n1,Heat (2001),A\n2,2001: A Space Odyssey (1968),A\n";
        let catalogue = Catalogue::parse(csv.as_bytes()).unwrap();
        let found: Vec<&str> = catalogue.search("2001", |_| 1).map(|movie| movie.id).collect();
        assert_eq!(found, ["2", "1"]);
        assert_eq!(catalogue.search("heat 2001", |_| 1).count(), 1);
    }

    #[test]
    fn an_error_is_forgiven_although_the_word_exists_elsewhere() {
        let csv = "movieId,title,genres\n1,Forrest Gump (1994),A\n2,Forest (2010),A\n3,Kane (1941),A\n";
        let catalogue = Catalogue::parse(csv.as_bytes()).unwrap();
        let first = |query: &str| catalogue.search(query, |_| 1).next().map(|movie| movie.id.to_owned());
        assert_eq!(first("forest gump").as_deref(), Some("1"));
        assert_eq!(first("forest").as_deref(), Some("2"));
        assert_eq!(first("cane").as_deref(), Some("3"), "the first letter, too");
        assert_eq!(first("umpire"), None);
    }

    #[test]
    fn every_word_must_match() {
        assert_eq!(search("matrix president"), [""; 0]);
        assert_eq!(search("xyzzy"), [""; 0]);
        assert_eq!(search(""), [""; 0]);
        assert_eq!(search("  ?! "), [""; 0]);
    }

    #[test]
    fn of_equal_matches_the_heavier_comes_first() {
        assert_eq!(search("godf"), ["11", "10"]);
        assert_eq!(search("godfather"), ["10", "11"], "the whole title before the longer one");
    }
}
