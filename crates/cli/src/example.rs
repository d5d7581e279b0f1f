//! A user and a movie from the data of a model, to try the model with.

use std::cmp::Reverse;

use matinee_model::{Model, MovieRow};
use matinee_train::ratings::Dataset;

/// The first user, and the movie that most users rated.
pub fn of_model(model: &Model) -> Option<(&str, &str)> {
    let listed = |id: &str| model.catalogue().find(&id.into()).is_some();
    let ids = model.movie_ids();
    let movies = (0_u32..).zip(ids.iter());
    let movies = movies.map(|(row, id)| (id, listed(id), model.rating_count(MovieRow(row))));
    Some((model.first_user()?, most_rated(movies)?))
}

/// The same, from the data that a model was trained on.
pub fn of_dataset(dataset: &Dataset) -> Option<(&str, &str)> {
    let mut counts = vec![0; dataset.movie_count()];
    dataset.ratings.iter().for_each(|rating| counts[rating.movie.index()] += 1);
    let is_listed = |listed: bool| listed && !dataset.catalogue.is_empty();
    let ids = dataset.movie_ids.table();
    let movies = ids.iter().zip(&dataset.listed).zip(counts);
    let movies = movies.map(|((id, &listed), count)| (id, is_listed(listed), count));
    let (users, movie) = (dataset.user_ids.table(), most_rated(movies)?);
    Some(((!users.is_empty()).then(|| users.id(0))?, movie))
}

/// The movie with the most ratings among those in the catalogue; the first of several.
fn most_rated<'a>(movies: impl Iterator<Item = (&'a str, bool, u32)>) -> Option<&'a str> {
    let listed = (0_usize..).zip(movies).filter(|(_, (_, is_listed, _))| *is_listed);
    listed.max_by_key(|&(row, (_, _, count))| (count, Reverse(row))).map(|(_, (id, ..))| id)
}

/// An argument, quoted for a shell if necessary.
pub fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// An option with its value, quoted for a shell. The value may begin with a dash.
pub fn option(name: &str, value: &str) -> String {
    let separator = if value.starts_with('-') { "=" } else { " " };
    format!("{name}{separator}{}", quoted(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_if_a_shell_would_change_them() {
        for (text, expected) in [
            ("2959", "2959"),
            ("my model", "'my model'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("a;b", "'a;b'"),
            ("müller", "'müller'"),
        ] {
            assert_eq!(quoted(text), expected);
        }
        assert_eq!((option("--user", "2"), option("--user", "-2")), ("--user 2".into(), "--user=-2".into()));
    }

    #[test]
    fn the_most_rated_movie_is_in_the_catalogue() {
        let movies = [("a", true, 2), ("b", false, 9), ("c", true, 3), ("d", true, 3)];
        assert_eq!(most_rated(movies.into_iter()), Some("c"));
        assert_eq!(most_rated([("b", false, 9)].into_iter()), None);
    }
}
