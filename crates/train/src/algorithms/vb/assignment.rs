//! What the next pass computes, without everything else that a run knows: it is sent to where the ratings are.

use super::layout::Layout;
use super::pass::{Passed, pass};
use super::sets::Counting;
use super::users::Users;
use crate::state::{StateError, StateReader, StateWriter};

/// What the next pass computes.
pub(crate) enum Assignment {
    /// Sums that no epoch changes.
    Counting,
    /// The pass of an epoch.
    Epoch(Box<Users>),
}

impl Assignment {
    /// The pass over the ratings of all these layouts.
    pub(crate) fn pass(&self, layouts: &[&Layout]) -> Passed {
        match self {
            Self::Counting => pass(&Counting, layouts),
            Self::Epoch(users) => pass(&**users, layouts),
        }
    }

    pub(crate) fn save(&self, state: &mut StateWriter<'_>) {
        match self {
            Self::Counting => state.number(0),
            Self::Epoch(users) => {
                state.number(1);
                users.save(state);
            }
        }
    }

    /// Reads what [`save`](Self::save) wrote, for so many movies.
    pub(crate) fn restore(movie_count: usize, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(match state.number()? {
            0 => Self::Counting,
            1 => Self::Epoch(Box::new(Users::of_state(movie_count, state)?)),
            other => return Err(StateError::new(format!("{other} is not a pass of vb"))),
        })
    }
}
