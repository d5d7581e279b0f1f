//! The attributes of movies in the catalogue, as features for the algorithms.

use std::collections::BTreeMap;

use matinee_model::{Catalogue, IdTable, Movie};

use crate::ranking::AttributeInverse;

/// Years are grouped by five, so that each group has enough ratings to learn from.
const YEARS_PER_GROUP: u16 = 5;
/// A word that occurs in only one title says no more than the movie's id.
const MIN_TITLES_PER_WORD: usize = 2;
/// Shorter words and stop words are in too many titles.
const MIN_LETTERS: usize = 3;
const STOP_WORDS: [&str; 5] = ["the", "and", "for", "with", "from"];

/// The movies with each attribute, by groups of attributes.
#[derive(Debug, Clone, Default)]
pub struct MovieAttributes {
    groups: Vec<Vec<Vec<u32>>>,
    inverse: AttributeInverse,
}

impl MovieAttributes {
    /// The genres, years and title words of the movies, whose rows are those of `rows`.
    pub fn new(catalogue: &Catalogue, rows: IdTable<'_>) -> Self {
        let mut genres = Group::default();
        let mut years = Group::default();
        let mut words = Group::default();
        for movie in catalogue.iter() {
            let Some(row) = rows.find(movie.id) else { continue };
            for genre in movie.genres() {
                genres.add(genre.to_owned(), row);
            }
            if let Some(year) = movie.year() {
                years.add((year / YEARS_PER_GROUP).to_string(), row);
            }
            for word in words_of(movie) {
                words.add(word, row);
            }
        }
        let groups = vec![genres.having(1), years.having(1), words.having(MIN_TITLES_PER_WORD)];
        Self { groups, inverse: AttributeInverse::default() }
    }

    /// What a ranking head computes of them, kept for the next one.
    pub(crate) fn inverse(&self) -> &AttributeInverse {
        &self.inverse
    }

    /// The rows of the movies that have an attribute, by group and attribute.
    pub fn groups(&self) -> &[Vec<Vec<u32>>] {
        &self.groups
    }
}

/// The distinct words of a title in lower case.
fn words_of(movie: Movie<'_>) -> Vec<String> {
    let name = movie.name().to_lowercase();
    let letters = |word: &&str| word.chars().count() >= MIN_LETTERS && !STOP_WORDS.contains(word);
    let mut words: Vec<String> =
        name.split(|c: char| !c.is_alphanumeric()).filter(letters).map(str::to_owned).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Attributes by name, so that their order does not depend on the order of the catalogue.
#[derive(Default)]
struct Group(BTreeMap<String, Vec<u32>>);

impl Group {
    fn add(&mut self, attribute: String, row: u32) {
        self.0.entry(attribute).or_default().push(row);
    }

    /// The rows of each attribute that at least `count` movies have.
    fn having(self, count: usize) -> Vec<Vec<u32>> {
        self.0.into_values().filter(|rows| rows.len() >= count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genres_years_and_shared_words_are_groups() {
        let csv = "movieId,title,genres\n1,Toy Story (1995),Comedy|Children\n2,\"Toys, The (1996)\",Comedy\n\
                   3,Toy Story 2 (1999),Comedy\n4,Untitled,(no genres listed)\n";
        let catalogue = Catalogue::parse(csv.as_bytes()).unwrap();
        let attributes = MovieAttributes::new(&catalogue, catalogue.ids());
        let [genres, years, words] = attributes.groups() else { panic!("three groups") };
        assert_eq!(genres, &[vec![0], vec![0, 1, 2]], "Children, Comedy");
        assert_eq!(years, &[vec![0, 1, 2]], "the second half of the nineties");
        assert_eq!(words, &[vec![0, 2], vec![0, 2]], "story, toy");
    }
}
