//! What the next pass computes, without everything else that a run knows: it is sent to where the ratings are.

use super::layout::Layout;
use super::movies::Movies;
use super::pass::{Passed, pass};
use super::priors::Prior;
use super::sets::{Counting, SetStep};
use super::shape::Shape;
use super::users::Users;
use crate::state::{StateError, StateReader, StateWriter};

/// What the next pass computes.
pub(crate) enum Assignment {
    /// Sums that no epoch changes.
    Counting,
    /// The posteriors of the users.
    Users(Posteriors),
    /// A step of the improvement of the sets.
    Step(SetStep),
}

/// What the posteriors of the users depend on: see [`Users`].
pub(crate) struct Posteriors {
    shape: Shape,
    movies: Movies,
    rated: Vec<f32>,
    prior: Prior,
    noise: f64,
}

impl Assignment {
    /// The pass over these ratings.
    pub(crate) fn pass(&self, layout: &Layout) -> Passed {
        match self {
            Self::Counting => pass(&Counting, layout),
            Self::Users(posteriors) => pass(&posteriors.users(), layout),
            Self::Step(step) => pass(step, layout),
        }
    }

    pub(crate) fn save(&self, state: &mut StateWriter<'_>) {
        match self {
            Self::Counting => state.number(0),
            Self::Users(posteriors) => {
                state.number(1);
                posteriors.save(state);
            }
            Self::Step(step) => {
                state.number(2);
                step.save(state);
            }
        }
    }

    /// Reads what [`save`](Self::save) wrote, for so many movies.
    pub(crate) fn restore(movie_count: usize, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(match state.number()? {
            0 => Self::Counting,
            1 => Self::Users(Posteriors::restore(movie_count, state)?),
            2 => Self::Step(SetStep::restore(movie_count, state)?),
            other => return Err(StateError::new(format!("{other} is not a pass of vb"))),
        })
    }
}

impl From<Users<'_>> for Posteriors {
    fn from(users: Users<'_>) -> Self {
        let Users { shape, movies, rated, prior, noise } = users;
        Self { shape, movies: movies.clone(), rated: rated.to_vec(), prior: prior.clone(), noise }
    }
}

impl Posteriors {
    fn users(&self) -> Users<'_> {
        let Self { shape, movies, rated, prior, noise } = self;
        Users { shape: *shape, movies, rated, prior, noise: *noise }
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.shape.save(state);
        self.movies.save(state);
        state.floats(&self.rated);
        self.prior.save(state);
        state.real(self.noise);
    }

    fn restore(movie_count: usize, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let shape = Shape::restore(state)?;
        let movies = Movies::of_state(shape, movie_count, state)?;
        let rated = state.all_floats()?;
        if rated.len() != movie_count * shape.order() {
            return Err(StateError::new("its sets have other movies".to_owned()));
        }
        let mut prior = Prior::new(shape, 1.0, 1.0);
        prior.restore(state)?;
        Ok(Self { shape, movies, rated, prior, noise: state.real()? })
    }
}
