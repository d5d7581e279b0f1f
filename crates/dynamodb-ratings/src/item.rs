//! The items of the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use matinee_live_ratings::{Kind, Mark, Moment, Position, Record};
use matinee_model::{MovieId, UserId};

/// The partition key.
pub(super) const USER: &str = "user";
/// The sort key.
pub(super) const MOVIE: &str = "movie";
/// The sort key of the time at which a user was deleted.
pub(super) const FORGOTTEN: &str = "forgotten";
/// That time.
pub(super) const FORGOTTEN_AT: &str = "forgotten_at";
/// When the last write arrived, by the clock of whoever wrote it. Its mark may have an older time.
pub(super) const KEPT_AT: &str = "kept_at";
/// The start of the sort key of a movie.
const PREFIX: &str = "movie#";

/// The attributes of a kind of marks.
pub(super) struct Columns {
    /// The value; missing if the mark undoes another.
    pub(super) value: &'static str,
    /// The time of the mark.
    pub(super) time: &'static str,
}

impl Columns {
    /// Those of ratings, and those of hidden movies.
    pub(super) const ALL: [Self; 2] = [Self::of(Kind::Rating), Self::of(Kind::Hiding)];

    pub(super) const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Rating => Self { value: "rating", time: "rated_at" },
            Kind::Hiding => Self { value: "hidden", time: "hidden_at" },
        }
    }
}

/// An item. What has another form is ignored: another program may add attributes and items.
pub(super) struct Item(pub(super) HashMap<String, AttributeValue>);

impl Item {
    /// The mark of this kind, with its time.
    pub(super) fn mark(&self, kind: Kind) -> Option<(Mark, Moment)> {
        let columns = Columns::of(kind);
        let time = Moment(self.number(columns.time)?);
        Some((Mark::of(kind, self.number(columns.value)), time))
    }

    /// What the item says.
    pub(super) fn records(&self) -> Vec<Record> {
        if self.text(MOVIE) == Some(FORGOTTEN) {
            return self.forgotten().map(Record::Forgotten).into_iter().collect();
        }
        let Some(movie) = self.movie_key().and_then(|key| key.strip_prefix(PREFIX)) else {
            return Vec::new();
        };
        let marks = [Kind::Rating, Kind::Hiding].into_iter().filter_map(|kind| self.mark(kind));
        marks.map(|(mark, time)| Record::Marked { movie: movie.into(), mark, time }).collect()
    }

    /// When the user was deleted, if the item says that.
    pub(super) fn forgotten(&self) -> Option<Moment> {
        self.number(FORGOTTEN_AT).map(Moment)
    }

    /// The sort key, if it is that of a movie.
    pub(super) fn movie_key(&self) -> Option<&str> {
        self.text(MOVIE).filter(|key| key.starts_with(PREFIX))
    }

    /// The user.
    pub(super) fn user(&self) -> UserId {
        self.text(USER).unwrap_or_default().into()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }
}

/// The sort key of a movie.
pub(super) fn key(movie: &MovieId) -> String {
    format!("{PREFIX}{movie}")
}

/// The position of a key among all records: the length of the user's id, the user, and the sort key.
pub(super) fn position(key: &HashMap<String, AttributeValue>) -> Option<Position> {
    let (user, movie) = (key.get(USER)?.as_s().ok()?, key.get(MOVIE)?.as_s().ok()?);
    Some(Position(format!("{}:{user}{movie}", user.len())))
}

/// The key at a position.
pub(super) fn key_at(Position(text): &Position) -> Option<HashMap<String, AttributeValue>> {
    let (length, rest) = text.split_once(':')?;
    let (user, movie) = rest.split_at_checked(length.parse().ok()?)?;
    let attribute = |name: &str, value: &str| (name.to_owned(), AttributeValue::S(value.to_owned()));
    Some(HashMap::from([attribute(USER, user), attribute(MOVIE, movie)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(attributes: &[(&str, AttributeValue)]) -> Item {
        Item(attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn text(value: &str) -> AttributeValue {
        AttributeValue::S(value.to_owned())
    }

    fn number(value: &str) -> AttributeValue {
        AttributeValue::N(value.to_owned())
    }

    #[test]
    fn an_item_says_what_was_last_marked() {
        let marked = |mark, time| Record::Marked { movie: "7".into(), mark, time: Moment(time) };
        let both = item(&[
            (MOVIE, text("movie#7")),
            ("rating", number("4.5")),
            ("rated_at", number("5")),
            ("hidden_at", number("6")),
            ("note", text("of another program")),
        ]);
        assert_eq!(both.records(), [marked(Mark::Rated(4.5), 5), marked(Mark::Shown, 6)]);
        let forgotten = item(&[(MOVIE, text(FORGOTTEN)), (FORGOTTEN_AT, number("9"))]);
        assert_eq!(forgotten.records(), [Record::Forgotten(Moment(9))]);
        for other in [item(&[(MOVIE, text("settings"))]), item(&[(MOVIE, text("movie#7"))]), item(&[])] {
            assert!(other.records().is_empty());
        }
    }

    #[test]
    fn a_position_is_read_back() {
        for (user, movie) in [("1", "movie#2"), ("a:b", FORGOTTEN), ("é", "movie#:")] {
            let key = item(&[(USER, text(user)), (MOVIE, text(movie))]).0;
            assert_eq!(key_at(&position(&key).unwrap()), Some(key));
        }
    }
}
