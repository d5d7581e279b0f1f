//! Searches titles. Words may come in any order, be only prefixes, and contain typing errors. Accents and articles are
//! ignored.
//!
//! The first search builds the index, not the loading of a model.

use std::cmp::Reverse;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Catalogue;

/// Articles: titles have them at the front or after a comma, and nobody searches for them.
const ARTICLES: [&str; 22] = [
    "the", "a", "an", "la", "le", "les", "l", "el", "los", "las", "il", "lo", "gli", "der", "die", "das",
    "den", "det", "de", "het", "o", "os",
];

/// The most words of a query that are used. Each may scan the whole vocabulary.
const MAX_WORDS: usize = 12;

/// The words of all titles, sorted, with the movies of each.
#[derive(Debug)]
pub(super) struct SearchIndex {
    words: Vec<Box<str>>,
    offsets: Vec<u32>,
    movies: Vec<u32>,
    /// The number of words in each movie's title.
    lengths: Vec<u8>,
}

/// How well a word of a title matches a word of the query. Greater is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    None,
    Misspelt,
    Beginning,
    Exact,
}

impl SearchIndex {
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let mut pairs: Vec<(Box<str>, u32)> = Vec::new();
        let mut lengths = Vec::with_capacity(catalogue.len());
        for (row, movie) in (0..).zip(catalogue.iter()) {
            let words = words(movie.title);
            lengths.push(u8::try_from(words.len()).unwrap_or(u8::MAX));
            pairs.extend(words.into_iter().map(|word| (word, row)));
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
        let mut found: Vec<(usize, u32)> = Vec::new();
        for (place, word) in sought.iter().enumerate() {
            let fits = self.fits(word);
            found = match place {
                0 => fits.into_iter().map(|(row, fit)| (row, fit as u32)).collect(),
                _ => intersect(&found, &fits),
            };
        }
        let count = sought.len();
        let key = |&(row, fit): &(usize, u32)| {
            let is_whole =
                fit == count as u32 * Fit::Exact as u32 && usize::from(self.lengths[row]) <= count + 1;
            (Reverse(is_whole), Reverse(fit), Reverse(weight(row)), self.lengths[row], row)
        };
        found.sort_by_cached_key(key);
        found.into_iter().map(|(row, _)| row).collect()
    }

    /// The movies with a matching word, by ascending row, each with its best match.
    fn fits(&self, sought: &str) -> Vec<(usize, Fit)> {
        let mut best = vec![Fit::None; self.lengths.len()];
        let first = self.words.partition_point(|word| **word < *sought);
        let mut is_found = false;
        for (place, word) in self.words.iter().enumerate().skip(first) {
            if !word.starts_with(sought) {
                break;
            }
            is_found = true;
            self.raise(
                &mut best,
                place,
                if word.len() == sought.len() { Fit::Exact } else { Fit::Beginning },
            );
        }
        // If the word exists, it is not a typing error.
        if !is_found {
            self.forgive_errors(sought, &mut best);
        }
        best.into_iter().enumerate().filter(|(_, fit)| *fit > Fit::None).collect()
    }

    /// Adds the movies with a word that is similar to the one sought, or starts with something similar.
    fn forgive_errors(&self, sought: &str, best: &mut [Fit]) {
        let letters: Vec<char> = sought.chars().collect();
        let allowed = match letters.len() {
            0..=3 => return,
            4..=7 => 1,
            _ => 2,
        };
        let mut distance = Distance::default();
        for (place, word) in self.words.iter().enumerate() {
            if distance.of_beginning(&letters, word, allowed) <= allowed {
                self.raise(best, place, Fit::Misspelt);
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
fn intersect(found: &[(usize, u32)], fits: &[(usize, Fit)]) -> Vec<(usize, u32)> {
    let with_fit = |&(row, sum): &(usize, u32)| {
        let place = fits.binary_search_by_key(&row, |fit| fit.0).ok()?;
        Some((row, sum + fits[place].1 as u32))
    };
    found.iter().filter_map(with_fit).collect()
}

/// The words of a text without articles.
fn words(text: &str) -> Vec<Box<str>> {
    all_words(text).into_iter().filter(|word| !ARTICLES.contains(&&**word)).collect()
}

/// The words of a text in lower case without accents. A hyphenated word gives its parts and the whole.
fn all_words(text: &str) -> Vec<Box<str>> {
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

/// Rows of the edit distance table, reused between words.
#[derive(Default)]
struct Distance {
    before: Vec<usize>,
    last: Vec<usize>,
    next: Vec<usize>,
    letters: Vec<char>,
}

impl Distance {
    /// The edit distance (optimal string alignment) from `sought` to the nearest prefix of `word`: the number of letters
    /// to insert, delete, replace or swap with their neighbour. Any number above `limit` if it is larger than `limit`.
    /// The first letter must be right: errors there are rare, and this excludes unrelated words.
    fn of_beginning(&mut self, sought: &[char], word: &str, limit: usize) -> usize {
        let Self { before, last, next, letters } = self;
        letters.clear();
        letters.extend(word.chars().take(sought.len() + limit));
        if letters.first() != sought.first() || letters.len() + limit < sought.len() {
            return limit + 1;
        }
        last.clear();
        last.extend(0..=letters.len());
        before.clone_from(last);
        for (i, letter) in sought.iter().enumerate() {
            next.clear();
            next.push(i + 1);
            for (j, other) in letters.iter().enumerate() {
                let mut least =
                    (last[j] + usize::from(letter != other)).min(last[j + 1] + 1).min(next[j] + 1);
                if i > 0 && j > 0 && *letter == letters[j - 1] && sought[i - 1] == *other {
                    least = least.min(before[j - 1] + 1);
                }
                next.push(least);
            }
            std::mem::swap(before, last);
            std::mem::swap(last, next);
        }
        last.iter().copied().min().unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            ("eloaded", false),
        ] {
            assert_eq!(!search(query).is_empty(), is_found, "{query}");
        }
    }

    /// The distance by its definition, starting from the last letters.
    fn optimal_string_alignment(a: &[char], b: &[char]) -> usize {
        let ([a_start @ .., a_last], [b_start @ .., b_last]) = (a, b) else { return a.len() + b.len() };
        let replaced = optimal_string_alignment(a_start, b_start) + usize::from(a_last != b_last);
        let left_out = optimal_string_alignment(a_start, b).min(optimal_string_alignment(a, b_start)) + 1;
        let swapped = match (a_start, b_start) {
            ([a_start @ .., a_before], [b_start @ .., b_before])
                if a_before == b_last && a_last == b_before =>
            {
                optimal_string_alignment(a_start, b_start) + 1
            }
            _ => usize::MAX,
        };
        replaced.min(left_out).min(swapped)
    }

    proptest! {
        #[test]
        fn the_distance_is_that_of_the_nearest_prefix(words in prop::collection::vec(("[ab]{1,4}", "[abc]{1,6}"), 3), limit in 1_usize..3) {
            let mut distance = Distance::default();
            for (sought, word) in words {
                let (sought, letters): (Vec<char>, Vec<char>) = (sought.chars().collect(), word.chars().collect());
                let found = distance.of_beginning(&sought, &word, limit);
                let beginnings = (0..=letters.len()).map(|end| optimal_string_alignment(&sought, &letters[..end]));
                let nearest = beginnings.min().filter(|_| sought[0] == letters[0]).unwrap_or(usize::MAX);
                prop_assert_eq!(found.min(limit + 1), nearest.min(limit + 1));
            }
        }
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
