//! A run without the ratings: it says what to compute in a pass over them, and takes what the pass has added up.
//!
//! The ratings may lie in this process as one layout, or anywhere in parts. A pass over each part gives the same sums as a
//! pass over the whole, because all sums are of whole numbers.

use matinee_model::Factors;

use super::Vb;
use super::assignment::Assignment;
use super::epoch;
use super::facts::{Facts, STEPS};
use super::features::Features;
use super::layout::Layout;
use super::movies::Movies;
use super::pass::{Passed, Step, pass};
use super::priors::{Deviations, NOISE, Prior, noise};
use super::served::{self, UserRows};
use super::sets::Counting;
use super::shape::Shape;
use super::units::Units;
use super::users::Users;
use crate::state::{StateError, StateReader, StateWriter};

/// The variances at the start. Factors of users are about 1, those of movies in units of stars.
const BIAS_VARIANCE: f64 = 0.2;
const USER_VARIANCE: f64 = 1.0;
const MOVIE_VARIANCE: f64 = 0.02;
/// The epochs before variances go [further](super::priors). In the first ones, everything is far from its final value, and
/// they would go much too far.
const FIRST_EPOCHS: usize = 2;

/// A run without its ratings.
pub(crate) struct Learner {
    epochs: usize,
    epochs_done: usize,
    shape: Shape,
    facts: Facts,
    /// The sum of the squares of the ratings minus the mean.
    squared_ratings: f64,
    movies: Movies,
    features: Features,
    user_prior: Prior,
    movie_prior: Prior,
    noise: f64,
    train_rmse: f64,
    /// Whether the sums are there that no epoch changes.
    is_counted: bool,
}

impl Learner {
    /// A run on ratings with these facts. `groups` has, group by group and attribute by attribute, the rows of the
    /// movies that have it.
    pub(crate) fn new(algorithm: Vb, facts: Facts, groups: &[Vec<Vec<u32>>], seed: u64) -> Self {
        let shape = Shape { factors: algorithm.factors };
        let movie_count = facts.movie_count();
        let place = |&row: &u32| facts.places.of_row(row);
        let groups: Vec<Vec<Vec<u32>>> = groups
            .iter()
            .map(|group| group.iter().map(|rows| rows.iter().map(place).collect()).collect())
            .collect();
        Self {
            epochs: algorithm.epochs,
            epochs_done: 0,
            shape,
            facts,
            squared_ratings: 0.0,
            movies: Movies::new(shape, movie_count, seed),
            features: Features::new(movie_count, &groups, shape.order()),
            user_prior: Prior::new(shape, BIAS_VARIANCE, USER_VARIANCE),
            movie_prior: Prior::new(shape, BIAS_VARIANCE, MOVIE_VARIANCE),
            noise: NOISE,
            train_rmse: 0.0,
            is_counted: false,
        }
    }

    /// The number of epochs.
    pub(crate) fn epochs(&self) -> usize {
        self.epochs
    }

    /// The number of finished epochs.
    pub(crate) fn epochs_done(&self) -> usize {
        self.epochs_done
    }

    /// Whether no pass is left.
    pub(crate) fn is_done(&self) -> bool {
        self.epochs_done == self.epochs
    }

    /// What the ratings are relative to, and how many each movie has.
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The next pass, over these ratings.
    pub(crate) fn pass(&self, layout: &Layout) -> Passed {
        if self.is_counted { pass(&self.users(), &[layout]) } else { pass(&Counting, &[layout]) }
    }

    /// The next pass, without the rest of the run.
    pub(crate) fn assignment(&self) -> Assignment {
        if self.is_counted { Assignment::Epoch(Box::new(self.users())) } else { Assignment::Counting }
    }

    /// The length of the sums of a movie, and the number of totals, of the next pass.
    pub(crate) fn lengths(&self) -> [usize; 2] {
        if self.is_counted { epoch::lengths(&self.units()) } else { Counting.lengths() }
    }

    /// Takes what the pass over all ratings has added up.
    pub(crate) fn take(&mut self, passed: Passed) {
        if self.is_counted {
            return self.solve(passed);
        }
        self.is_counted = true;
        self.squared_ratings = passed.totals[0] as f64 / f64::from(STEPS * STEPS);
        self.features.sets.count(&passed.sums);
    }

    /// The root mean squared error on the ratings in the last epoch.
    pub(crate) fn train_rmse(&self) -> f64 {
        self.train_rmse
    }

    /// Solves the movies, and estimates priors, noise and coefficients.
    fn solve(&mut self, Passed { sums, totals }: Passed) {
        let rating_count = self.facts.rating_count;
        let [squared_errors, rater_variances] = epoch::last_totals(&totals);
        let of_users = Deviations::of_totals(&totals, self.shape, self.facts.rater_count);
        let expected = self.features.expected();
        let solved = self.movies.solve(&sums, &self.units(), &expected, &self.movie_prior, self.noise);
        // Solving the coefficients needs their memory.
        drop((sums, expected));
        let steps = [of_users.mean(), solved.deviations.mean()];
        self.user_prior.update(&of_users, &steps[0]);
        let precision = self.movie_prior.precision.clone();
        self.movie_prior.update(&solved.deviations, &steps[1]);
        let goes_further = self.epochs_done >= FIRST_EPOCHS;
        if goes_further {
            self.movie_prior.go_further(&precision);
        }
        // Messages are rounded, so the sum may be below zero if there is hardly any noise.
        self.noise = noise((self.squared_ratings + solved.squares).max(0.0), rating_count);
        self.epochs_done += 1;
        let (steps, priors) = ([&*steps[0], &*steps[1]], [&self.user_prior, &self.movie_prior]);
        self.features.improve(&self.facts, solved.rows, steps, priors, rater_variances, goes_further);
        self.train_rmse = (squared_errors / rating_count as f64).sqrt();
    }

    /// The rows of users with these ratings.
    pub(crate) fn user_rows(&self, layout: &Layout) -> UserRows {
        served::user_rows(&self.users(), &self.features.sets, &self.facts, layout)
    }

    /// The length of a user's row.
    pub(crate) fn row_width(&self) -> usize {
        served::width(self.shape)
    }

    /// The model, with the rows of all users.
    pub(crate) fn factors(&self, rows: UserRows) -> Factors {
        served::factors(&self.movies, &self.features, &self.facts, rows)
    }

    /// The units of what users send in the next pass.
    fn units(&self) -> Units {
        Units::of(&self.user_prior, self.noise)
    }

    fn users(&self) -> Users {
        let search = self.features.search(&self.facts);
        Users::new(&self.movies, self.features.sets.all_rated(), &search, &self.user_prior, self.noise)
    }

    /// Writes what epochs change.
    pub(crate) fn save_epochs(&self, state: &mut StateWriter<'_>) {
        state.number(self.epochs_done as u64);
        self.movies.save(state);
        self.features.save(state);
        self.user_prior.save(state);
        self.movie_prior.save(state);
        state.real(self.noise);
    }

    /// Reads what [`save_epochs`](Self::save_epochs) wrote.
    pub(crate) fn restore_epochs(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.epochs_done = state.number()? as usize;
        if self.epochs_done > self.epochs {
            return Err(StateError::new(format!("it has {} of {} epochs", self.epochs_done, self.epochs)));
        }
        self.movies.restore(state)?;
        self.features.restore(state)?;
        self.user_prior.restore(state)?;
        self.movie_prior.restore(state)?;
        self.noise = state.real()?;
        Ok(())
    }

    /// Writes everything, also before anything is counted.
    pub(crate) fn save(&self, state: &mut StateWriter<'_>) {
        self.facts.save(state);
        self.save_epochs(state);
        self.features.sets.save_counts(state);
        state.real(self.squared_ratings);
        state.number(self.is_counted.into());
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(crate) fn restore(
        algorithm: Vb,
        groups: &[Vec<Vec<u32>>],
        seed: u64,
        state: &mut StateReader<'_>,
    ) -> Result<Self, StateError> {
        let mut learner = Self::new(algorithm, Facts::restore(state)?, groups, seed);
        learner.restore_epochs(state)?;
        learner.features.sets.restore_counts(state)?;
        learner.squared_ratings = state.real()?;
        learner.is_counted = match state.number()? {
            0 => false,
            1 => true,
            other => return Err(StateError::new(format!("{other} is not a pass of vb"))),
        };
        Ok(learner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::vb::facts::Counts;
    use crate::algorithms::vb::priors::further;
    use crate::ratings::{Rating, Ratings};
    use matinee_model::{MovieRow, UserRow};

    fn ratings() -> Ratings {
        let pairs = (0..60_u32).flat_map(|user| (0..30_u32).map(move |movie| (user, movie)));
        pairs
            .filter(|(user, movie)| (user * 7 + movie * 3) % 5 < 2)
            .map(|(user, movie)| Rating {
                user: UserRow(user),
                movie: MovieRow(movie),
                value: (1 + (user * movie + user + movie / 3) % 5) as f32,
            })
            .collect()
    }

    #[test]
    fn after_the_first_epochs_variances_go_further_than_their_estimates() {
        let ratings = ratings();
        let facts = || Facts::from(Counts::of(60, 30, ratings.iter()));
        let layout = Layout::new(60, &ratings, &facts());
        let counted = || {
            let mut learner = Learner::new(Vb { factors: 2, epochs: 4 }, facts(), &[], 0);
            learner.take(learner.pass(&layout));
            learner
        };
        let mut learner = counted();
        for _ in 0..FIRST_EPOCHS {
            learner.take(learner.pass(&layout));
        }
        let (prior, ratio) = (learner.movie_prior.clone(), learner.features.set_ratios[0]);

        // Makes the same step as if it were the first.
        let mut bytes = Vec::new();
        let mut writer = StateWriter::new(&mut bytes);
        learner.save_epochs(&mut writer);
        writer.finish().unwrap();
        let mut plain = counted();
        plain.restore_epochs(&mut StateReader::new(&bytes[..], bytes.len() as u64)).unwrap();
        plain.epochs_done = 0;

        learner.take(learner.pass(&layout));
        plain.take(plain.pass(&layout));
        let mut expected = plain.movie_prior.clone();
        expected.go_further(&prior.precision);
        assert_ne!(expected.covariance, plain.movie_prior.covariance);
        assert_eq!(learner.movie_prior.covariance, expected.covariance);
        let expected = further(plain.features.set_ratios[0], ratio);
        assert_ne!(expected, plain.features.set_ratios[0]);
        assert_eq!(learner.features.set_ratios[0], expected);
    }
}
