//! Finds the columns by the names in the header.

/// A column, with the names that it may have.
pub(super) struct Column {
    /// The name in `MovieLens`.
    pub(super) name: &'static str,
    /// Other names, in lower case, with letters and digits only.
    others: &'static [&'static str],
}

pub(super) const USER: Column = Column { name: "userId", others: &["user", "uid"] };
pub(super) const MOVIE: Column =
    Column { name: "movieId", others: &["itemid", "filmid", "movie", "item", "film"] };
pub(super) const RATING: Column = Column { name: "rating", others: &["score", "stars"] };
pub(super) const TIMESTAMP: Column = Column {
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
pub(super) const ID: Column = Column { name: "movieId", others: &["itemid", "filmid", "id"] };
pub(super) const TITLE: Column = Column { name: "title", others: &["movietitle"] };
pub(super) const GENRES: Column = Column { name: "genres", others: &["genre"] };

impl Column {
    /// Its index in a header. The exact name is preferred to other spellings of it, and those to other names.
    pub(super) fn find(&self, header: &[String]) -> Option<usize> {
        let own = self.name.to_ascii_lowercase();
        let spelled = |name: &str| header.iter().position(|field| letters(field) == name);
        let exact = header.iter().position(|field| field.trim() == self.name);
        exact.or_else(|| spelled(&own)).or_else(|| self.others.iter().find_map(|other| spelled(other)))
    }
}

/// Makes `movie_id`, `Movie ID` and `movieId` the same name.
fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The note about columns of a file that are not `used`. `None` if there are none.
pub(super) fn unused(header: &[String], used: &[Option<usize>]) -> Option<String> {
    let is_unused = |(column, _): &(usize, &String)| !used.contains(&Some(*column));
    let names: Vec<String> =
        header.iter().enumerate().filter(is_unused).map(|(_, name)| format!("`{}`", name.trim())).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("the column {} is not used", names[0])),
        _ => Some(format!("the columns {} are not used", names.join(", "))),
    }
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
    fn columns_that_are_not_used_are_named() {
        let header = header("userId,tag,movieId,review");
        assert_eq!(unused(&header, &[Some(0), Some(2)]).unwrap(), "the columns `tag`, `review` are not used");
        assert_eq!(unused(&header, &[Some(0), Some(1), Some(2), Some(3), None]), None);
    }
}
