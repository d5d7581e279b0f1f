//! Finds the columns of a CSV file by the names in its header.
//!
//! Ratings, catalogues and batches of pairs are read with the same names.

/// A column, with the names that it may have.
#[derive(Debug)]
pub struct Column {
    /// The name in `MovieLens`.
    pub name: &'static str,
    /// Other names, in lower case, with letters and digits only.
    others: &'static [&'static str],
}

/// The user who rated, or who is requested.
pub const USER: Column = Column { name: "userId", others: &["user", "uid"] };
/// The movie that was rated, or that is requested.
pub const MOVIE: Column = Column { name: "movieId", others: &["itemid", "filmid", "movie", "item", "film"] };
/// The rating.
pub const RATING: Column = Column { name: "rating", others: &["score", "stars"] };
/// When the rating was given.
pub const TIMESTAMP: Column = Column {
    name: "timestamp",
    others: &[
        "time",
        "ts",
        "datetime",
        "date",
        "ratedat",
        "createdat",
        "updatedat",
        "ratingtime",
        "ratingdate",
    ],
};
/// The movie in a catalogue.
pub const ID: Column = Column { name: "movieId", others: &["itemid", "filmid", "id"] };
/// Its title.
pub const TITLE: Column = Column { name: "title", others: &["movietitle"] };
/// Its genres.
pub const GENRES: Column = Column { name: "genres", others: &["genre"] };

impl Column {
    /// Its index in a header. The exact name is preferred to other spellings of it, and these to other names.
    pub fn find(&self, header: &[String]) -> Option<usize> {
        let exact = header.iter().position(|field| field.trim() == self.name);
        exact.or_else(|| self.places(header).first().copied())
    }

    /// Its indices in a header, by the first of its names that occurs in any spelling. Several indices make it ambiguous.
    pub fn places(&self, header: &[String]) -> Vec<usize> {
        let own = letters(self.name);
        let spelled = |name: &str| -> Vec<usize> {
            let is_it = |(_, field): &(usize, &String)| letters(field) == name;
            header.iter().enumerate().filter(is_it).map(|(place, _)| place).collect()
        };
        let names = std::iter::once(own.as_str()).chain(self.others.iter().copied());
        names.map(spelled).find(|places| !places.is_empty()).unwrap_or_default()
    }
}

/// Makes `movie_id`, `Movie ID` and `movieId` the same name.
fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &str) -> Vec<String> {
        names.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_found_by_any_usual_name() {
        for (names, expected) in [
            ("userId,movieId,rating,timestamp", [0, 1, 2, 3]),
            ("USERID,MovieID,Rating,Timestamp", [0, 1, 2, 3]),
            ("rated_at,score,item_id,user_id", [3, 2, 1, 0]),
            ("user id, movie-id ,stars,time", [0, 1, 2, 3]),
            ("user,movie,rating,date", [0, 1, 2, 3]),
            ("user,userId,movieId,rating,date,timestamp", [1, 2, 3, 5]),
        ] {
            let header = header(names);
            let found = [USER, MOVIE, RATING, TIMESTAMP].map(|column| column.find(&header));
            assert_eq!(found, expected.map(Some), "{names}");
        }
        assert_eq!(TIMESTAMP.find(&header("userId,movieId,rating,tag")), None);
    }

    #[test]
    fn a_name_may_occur_twice() {
        assert_eq!(USER.places(&header("user_id,userId,user")), [0, 1]);
        assert_eq!(USER.places(&header("user,uid,user")), [0, 2]);
        assert!(USER.places(&header("rating")).is_empty());
    }
}
