//! What somebody says about a movie.

use matinee_model::{MovieId, UserId};

use crate::Moment;

/// What a user says about a movie. A mark replaces an older one of the same kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mark {
    /// The user rates it.
    Rated(f32),
    /// The user takes the rating back.
    Unrated,
    /// The user is not interested: it must not be recommended.
    Hidden,
    /// It may be recommended again.
    Shown,
}

/// The kinds of marks. A movie may have one of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Whether and how it is rated.
    Rating,
    /// Whether it is hidden.
    Hiding,
}

/// A mark to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Who says it.
    pub user: UserId,
    /// About which movie.
    pub movie: MovieId,
    /// What.
    pub mark: Mark,
    /// When. The latest mark of a kind counts; of two at the same time, the one that arrived later.
    pub time: Moment,
}

impl Mark {
    /// Its kind.
    pub fn kind(self) -> Kind {
        match self {
            Self::Rated(_) | Self::Unrated => Kind::Rating,
            Self::Hidden | Self::Shown => Kind::Hiding,
        }
    }

    /// Whether it says the same as no mark at all, unless the model was trained on a rating.
    pub fn is_undoing(self) -> bool {
        matches!(self, Self::Unrated | Self::Shown)
    }

    /// The number that a store keeps for it: the rating, 1 for hidden, and none if it undoes.
    pub fn value(self) -> Option<f32> {
        match self {
            Self::Rated(rating) => Some(rating),
            Self::Hidden => Some(1.0),
            Self::Unrated | Self::Shown => None,
        }
    }

    /// The mark of this kind with this [value](Self::value).
    pub fn of(kind: Kind, value: Option<f32>) -> Self {
        match (kind, value) {
            (Kind::Rating, Some(rating)) => Self::Rated(rating),
            (Kind::Rating, None) => Self::Unrated,
            (Kind::Hiding, Some(_)) => Self::Hidden,
            (Kind::Hiding, None) => Self::Shown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_from_its_kind_and_value() {
        for mark in [Mark::Rated(4.5), Mark::Unrated, Mark::Hidden, Mark::Shown] {
            assert_eq!(Mark::of(mark.kind(), mark.value()), mark);
            assert_eq!(mark.is_undoing(), mark.value().is_none());
        }
    }
}
