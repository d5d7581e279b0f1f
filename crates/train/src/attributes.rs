//! What the catalogue tells of movies beside their ids.

use std::collections::BTreeMap;

use matinee_model::{Catalogue, IdTable, Movie};

/// Years are told apart by half decades: enough ratings each to learn from.
const YEARS_A_BIN: u16 = 5;
/// A word that one title alone has says nothing that the movie's id does not.
const MIN_TITLES_A_WORD: usize = 2;
/// Words of fewer letters, and these, are in too many titles.
const MIN_LETTERS: usize = 3;
const STOP_WORDS: [&str; 5] = ["the", "and", "for", "with", "from"];

/// The movies with each attribute, by groups of attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MovieAttributes {
    groups: Vec<Vec<Vec<u32>>>,
}

impl MovieAttributes {
    /// Genres, years and title words of the movies with these rows.
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
                years.add((year / YEARS_A_BIN).to_string(), row);
            }
            for word in words_of(movie) {
                words.add(word, row);
            }
        }
        Self { groups: vec![genres.having(1), years.having(1), words.having(MIN_TITLES_A_WORD)] }
    }

    /// By group and attribute, the rows of the movies that have it.
    pub fn groups(&self) -> &[Vec<Vec<u32>>] {
        &self.groups
    }
}

/// The words of a title in lower case, each once.
fn words_of(movie: Movie<'_>) -> Vec<String> {
    let name = movie.name().to_lowercase();
    let letters = |word: &&str| word.chars().count() >= MIN_LETTERS && !STOP_WORDS.contains(word);
    let mut words: Vec<String> =
        name.split(|c: char| !c.is_alphanumeric()).filter(letters).map(str::to_owned).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Attributes by name, so that their order does not depend on the catalogue's.
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
