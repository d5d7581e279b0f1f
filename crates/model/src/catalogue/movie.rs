//! What the catalogue knows about one movie.

use super::title;

/// One movie of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movie<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its title. In `MovieLens` it ends with the year: `Fight Club (1999)`.
    pub title: &'a str,
    pub(super) genres: &'a str,
    pub(super) imdb_id: &'a str,
    pub(super) tmdb_id: &'a str,
}

impl<'a> Movie<'a> {
    /// Its genres in the order of the catalogue, each once. `(no genres listed)`, as `MovieLens` writes it, gives none.
    pub fn genres(&self) -> impl Iterator<Item = &'a str> {
        let named = self.genres.split('|').map(str::trim);
        let is_first =
            move |(place, genre): &(usize, &str)| !named.clone().take(*place).any(|other| other == *genre);
        let each = self.genres.split('|').map(str::trim).enumerate().filter(is_first).map(|(_, genre)| genre);
        each.filter(|genre| !genre.is_empty() && *genre != "(no genres listed)")
    }

    /// The digits after `tt` in its id at `IMDb`, if the catalogue has it.
    pub fn imdb_id(&self) -> Option<&'a str> {
        Some(self.imdb_id).filter(|id| !id.is_empty())
    }

    /// Its id in The Movie Database, if the catalogue has it.
    pub fn tmdb_id(&self) -> Option<&'a str> {
        Some(self.tmdb_id).filter(|id| !id.is_empty())
    }

    /// What a record of the catalogue has.
    pub(super) fn fields(&self) -> [&'a str; 5] {
        [self.id, self.title, self.genres, self.imdb_id, self.tmdb_id]
    }

    /// Its genres as in the catalogue, joined by `|`.
    pub(crate) fn genre_text(&self) -> &'a str {
        self.genres
    }

    /// Its title without the year.
    pub fn name(&self) -> &'a str {
        title::name(self.title)
    }

    /// Its title as people write it: `The Matrix`, without the year, other names and the article after a comma.
    pub fn display_title(&self) -> String {
        title::display(self.title).name()
    }

    /// The other names in its title, such as the original one, separated by commas; empty if there are none.
    pub fn other_titles(&self) -> String {
        title::display(self.title).others()
    }

    /// The year at the end of its title. For a series, the first year.
    pub fn year(&self) -> Option<u16> {
        title::year(self.title)
    }
}
