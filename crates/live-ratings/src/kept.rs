//! What is kept of one user.

use std::collections::BTreeSet;

use matinee_model::MovieId;

use crate::{Mark, Moment};

/// One fact that a store keeps about a user.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// The latest mark of its kind on a movie.
    Marked {
        /// The movie.
        movie: MovieId,
        /// The mark.
        mark: Mark,
        /// Its time.
        time: Moment,
    },
    /// The user was deleted. Nothing up to this time counts any more.
    Forgotten(Moment),
}

/// What is kept of one user.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    /// The ratings that were given or taken back, oldest first.
    pub ratings: Vec<KeptRating>,
    /// The movies that must not be recommended.
    pub hidden: BTreeSet<Box<str>>,
    /// When the user was deleted. Ratings that a model learned of this user do not count, because it may have learned
    /// them before.
    pub forgotten: Option<Moment>,
    /// The time of the newest mark that counts.
    pub latest: Option<Moment>,
}

/// A rating that was given or taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRating {
    /// The movie.
    pub movie: MovieId,
    /// The rating; `None` if it was taken back.
    pub rating: Option<f32>,
    /// When.
    pub time: Moment,
}

impl Kept {
    /// What these records of one user say together, in whatever order they come.
    pub fn of(records: impl IntoIterator<Item = Record>) -> Self {
        let (mut kept, mut hidden) = (Self::default(), Vec::new());
        for record in records {
            match record {
                Record::Forgotten(time) => kept.forgotten = kept.forgotten.max(Some(time)),
                Record::Marked { movie, mark, time } => {
                    kept.latest = kept.latest.max(Some(time));
                    match mark {
                        Mark::Rated(rating) => {
                            kept.ratings.push(KeptRating { movie, rating: Some(rating), time });
                        }
                        Mark::Unrated => kept.ratings.push(KeptRating { movie, rating: None, time }),
                        Mark::Hidden => hidden.push((movie, time)),
                        Mark::Shown => {}
                    }
                }
            }
        }
        // While a user is being deleted, older marks may still be there.
        let counts = |time: Moment| kept.forgotten.is_none_or(|forgotten| time > forgotten);
        kept.latest = kept.latest.filter(|&latest| counts(latest));
        kept.ratings.retain(|rating| counts(rating.time));
        let hidden = hidden.into_iter().filter(|&(_, time)| counts(time));
        kept.hidden = hidden.map(|(movie, _)| movie.as_str().into()).collect();
        kept.ratings.sort_by(|a, b| a.time.cmp(&b.time).then_with(|| a.movie.as_str().cmp(b.movie.as_str())));
        kept
    }

    /// Whether nothing is kept, so that the model alone answers.
    pub fn is_empty(&self) -> bool {
        self.ratings.is_empty() && self.hidden.is_empty() && self.forgotten.is_none()
    }

    /// The movies that must not be recommended.
    pub fn hidden(&self) -> impl Iterator<Item = MovieId> {
        self.hidden.iter().map(|movie| MovieId::from(movie.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(movie: &str, mark: Mark, time: i64) -> Record {
        Record::Marked { movie: movie.into(), mark, time: Moment(time) }
    }

    #[test]
    fn ratings_come_oldest_first() {
        let kept = Kept::of([
            marked("b", Mark::Rated(4.0), 3),
            marked("c", Mark::Unrated, 1),
            marked("a", Mark::Rated(2.0), 3),
        ]);
        let found: Vec<_> = kept.ratings.iter().map(|kept| (kept.movie.as_str(), kept.rating)).collect();
        assert_eq!(found, [("c", None), ("a", Some(2.0)), ("b", Some(4.0))]);
        assert!(!kept.is_empty() && Kept::of([]).is_empty());
    }

    #[test]
    fn nothing_counts_up_to_the_time_when_a_user_was_deleted() {
        let kept = Kept::of([
            marked("old", Mark::Rated(4.0), 5),
            marked("new", Mark::Rated(3.0), 6),
            marked("hidden before", Mark::Hidden, 4),
            marked("hidden after", Mark::Hidden, 9),
            marked("shown", Mark::Shown, 9),
            Record::Forgotten(Moment(5)),
        ]);
        assert_eq!(kept.ratings.len(), 1);
        assert_eq!(kept.ratings[0].movie.as_str(), "new");
        assert_eq!(kept.hidden().map(|movie| movie.to_string()).collect::<Vec<_>>(), ["hidden after"]);
        assert_eq!((kept.forgotten, kept.latest), (Some(Moment(5)), Some(Moment(9))));
        let nothing = Kept::of([marked("old", Mark::Rated(4.0), 5), Record::Forgotten(Moment(5))]);
        assert_eq!(nothing, Kept { forgotten: Some(Moment(5)), ..Kept::default() });
    }
}
