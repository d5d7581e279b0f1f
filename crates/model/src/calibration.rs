//! From the factors' score to the predicted rating.
//!
//! The errors of a factor model follow patterns: scores of users with few ratings are too extreme, and scores of users
//! whose ratings vary a lot are not extreme enough. A ridge regression on a hold-out predicts these errors. With `t` the
//! score in units, relative to the centre, the correction is the sum of
//!
//! - *bilinear*: `f_u' (A + t B) g_i`, where `f_u` and `g_i` contain 1, the logarithm of the number of ratings, and their
//!   spread, of the user and of the movie;
//! - *unrated*: `r t` if the movie has no ratings. Its score rests on its attributes alone, and is not extreme enough;
//! - a *link*: `q t^2 + c t^3`; the prediction still rises with the score everywhere on the scale;
//! - the *rank score*: how near the ranking head sees the movie to what the user likes.
//!
//! A user without ratings is predicted by the factors alone.

use serde::{Deserialize, Serialize};

use crate::RatingScale;
pub use crate::rank_score::Signals;

/// The numbers of the bilinear part.
pub const BILINEAR_TERMS: usize = 18;
/// The numbers of the rank score's part.
pub const RANK_TERMS: usize = 3;
/// The usual spread has the weight of this many ratings.
const USUAL_RATINGS: f64 = 5.0;
/// Below this value, the effect of a rank score is nearly linear; above, it is logarithmic.
const RANK_UNIT: f32 = 0.2;
/// The number of units in a scale. On the scale from 0.5 to 5, a unit is one star.
const UNITS: f32 = 4.5;

/// How a score becomes a predicted rating.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "CalibrationTable")]
pub struct Calibration(CalibrationTable);

/// [`Calibration`] as it is written in the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationTable {
    /// What features are relative to.
    pub frame: Frame,
    /// `A` and `B`, row-major: [`BILINEAR_TERMS`] numbers.
    pub bilinear: Vec<f32>,
    /// `r`, the weight for movies without ratings. Older calibrations have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrated: Option<f32>,
    /// `q` and `c`, where there is a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<[f32; 2]>,
    /// The weights of the rank score's terms, where a ranking head gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank_score: Option<[f32; RANK_TERMS]>,
}

/// What features are relative to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// The score at which `t` is 0.
    pub centre: f32,
    /// The spread that is assumed without ratings.
    pub usual_spread: f32,
    /// The means of the users' features: logarithm of the number of ratings and one, and spread in units.
    pub users: [f32; 2],
    /// The same of the movies.
    pub movies: [f32; 2],
}

/// Why numbers are not a calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalibrationError {
    /// A number is not finite.
    #[error("the calibration holds a number that is not finite")]
    NotFinite,
    /// There are too many or too few weights.
    #[error("the calibration does not have {BILINEAR_TERMS} bilinear weights")]
    Weights,
}

/// Number and spread of the ratings of a user or a movie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Support {
    /// How many there are.
    pub count: u32,
    /// Their standard deviation about their mean, shrunk towards the usual one.
    pub spread: f32,
}

/// Count, sum and sum of squares of ratings.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    count: u32,
    sum: f64,
    squares: f64,
}

/// The features of the regression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Of the bilinear part.
    pub bilinear: [f32; BILINEAR_TERMS],
    /// Of movies without ratings.
    pub unrated: f32,
    /// Of the link.
    pub link: [f32; 2],
    /// Of the rank score.
    pub rank_score: [f32; RANK_TERMS],
}

/// A score, and everything else that the correction depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The factors' score, not clipped.
    pub score: f32,
    /// Of the user.
    pub user: Support,
    /// Of the movie.
    pub movie: Support,
    /// The score of the ranking head; 0 without one.
    pub rank_score: f32,
}

impl Calibration {
    /// The table it was made of.
    pub fn table(&self) -> &CalibrationTable {
        &self.0
    }

    /// The predicted rating, clipped to the scale.
    pub fn predict(&self, scored: &Scored, scale: RatingScale) -> f32 {
        if scored.user.count == 0 {
            return scale.clip(scored.score);
        }
        let CalibrationTable { frame, bilinear, unrated, link, rank_score } = &self.0;
        let terms = frame.terms(scored, scale);
        let sum = |weights: &[f32], terms: &[f32]| -> f32 {
            weights.iter().zip(terms).map(|(weight, term)| weight * term).sum()
        };
        let correction = sum(bilinear, &terms.bilinear)
            + unrated.map_or(0.0, |weight| weight * terms.unrated)
            + link.map_or(0.0, |weights| sum(&weights, &terms.link))
            + rank_score.map_or(0.0, |weights| sum(&weights, &terms.rank_score));
        scale.clip(scored.score + correction * unit(scale))
    }
}

impl TryFrom<CalibrationTable> for Calibration {
    type Error = CalibrationError;

    fn try_from(table: CalibrationTable) -> Result<Self, CalibrationError> {
        let CalibrationTable { frame, bilinear, unrated, link, rank_score } = &table;
        let Frame { centre, usual_spread, users, movies } = frame;
        let options = unrated.iter().chain(link.iter().flatten()).chain(rank_score.iter().flatten());
        let weights = bilinear.iter().chain(options);
        let numbers = [centre, usual_spread].into_iter().chain(users).chain(movies).chain(weights);
        let are_finite = numbers.fold(true, |finite, number| finite & number.is_finite());
        if bilinear.len() != BILINEAR_TERMS {
            Err(CalibrationError::Weights)
        } else if !are_finite {
            Err(CalibrationError::NotFinite)
        } else {
            Ok(Self(table))
        }
    }
}

impl Frame {
    /// The score in units, from the centre.
    fn relative(&self, score: f32, scale: RatingScale) -> f32 {
        (score - self.centre) / unit(scale)
    }

    /// The features of the regression.
    pub fn terms(&self, scored: &Scored, scale: RatingScale) -> Terms {
        let features = |support: Support, [log_count, spread]: [f32; 2]| {
            [1.0, (support.count as f32).ln_1p() - log_count, support.spread / unit(scale) - spread]
        };
        let (user, movie) = (features(scored.user, self.users), features(scored.movie, self.movies));
        let t = self.relative(scored.score, scale);
        let bilinear = std::array::from_fn(|index| {
            let product = user[index % 9 / 3] * movie[index % 3];
            if index < 9 { product } else { product * t }
        });
        let clipped = self.relative(scale.clip(scored.score), scale);
        let rank = (scored.rank_score.max(0.0) / RANK_UNIT).ln_1p();
        Terms {
            bilinear,
            unrated: if scored.movie.count == 0 { t } else { 0.0 },
            link: [clipped.powi(2), clipped.powi(3)],
            rank_score: [rank, rank * user[1], rank * movie[1]],
        }
    }

    /// Whether `t + q t^2 + c t^3` rises everywhere on the scale.
    pub fn is_rising(&self, [q, c]: [f32; 2], scale: RatingScale) -> bool {
        let slope = |t: f32| 1.0 + 2.0 * q * t + 3.0 * c * t * t;
        let ends = [scale.min(), scale.max()].map(|end| self.relative(end, scale));
        let turn = -q / (3.0 * c);
        let at_turn = if (ends[0]..ends[1]).contains(&turn) { slope(turn) } else { slope(ends[0]) };
        ends.into_iter().map(slope).chain([at_turn]).all(|slope| slope > 0.0)
    }
}

impl Moments {
    /// One rating more.
    pub fn add(&mut self, rating: f32) {
        let rating = f64::from(rating);
        self.count += 1;
        self.sum += rating;
        self.squares += rating * rating;
    }

    /// Of all of these ratings.
    pub fn of(ratings: impl IntoIterator<Item = f32>) -> Self {
        let mut moments = Self::default();
        ratings.into_iter().for_each(|rating| moments.add(rating));
        moments
    }

    /// Their number and spread. The spread is shrunk towards `usual_spread`.
    pub fn support(self, usual_spread: f32) -> Support {
        let Self { count, sum, squares } = self;
        let ratings = f64::from(count);
        let about_mean = (squares - sum * sum / ratings.max(1.0)).max(0.0);
        let usual = USUAL_RATINGS * f64::from(usual_spread).powi(2);
        Support { count, spread: ((about_mean + usual) / (ratings + USUAL_RATINGS)).sqrt() as f32 }
    }
}

fn unit(scale: RatingScale) -> f32 {
    (scale.max() - scale.min()) / UNITS
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: RatingScale = RatingScale::MOVIELENS;

    fn table() -> CalibrationTable {
        let mut bilinear = vec![0.0; BILINEAR_TERMS];
        (bilinear[0], bilinear[3], bilinear[10]) = (0.1, -0.2, 0.5);
        CalibrationTable {
            frame: Frame { centre: 3.5, usual_spread: 1.0, users: [2.0, 1.0], movies: [1.0, 1.0] },
            bilinear,
            unrated: Some(0.4),
            link: Some([0.05, -0.01]),
            rank_score: Some([0.3, 0.0, 0.0]),
        }
    }

    fn scored() -> Scored {
        let support = Support { count: 19, spread: 1.0 };
        Scored { score: 3.0, user: support, movie: support, rank_score: RANK_UNIT }
    }

    #[test]
    fn the_prediction_is_the_documented_sum() {
        let calibration = Calibration::try_from(table()).unwrap();
        let (t, log) = (-0.5_f32, 20.0_f32.ln());
        let expected = 3.0 + 0.1 - 0.2 * (log - 2.0) + 0.5 * t * (log - 1.0) + 0.05 * t * t
            - 0.01 * t * t * t
            + 0.3 * 2.0_f32.ln();
        let found = calibration.predict(&scored(), SCALE);
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn the_score_of_an_unrated_movie_is_stretched() {
        let calibration = Calibration::try_from(table()).unwrap();
        let without = Calibration::try_from(CalibrationTable { unrated: None, ..table() }).unwrap();
        let unrated = Scored { movie: Support { count: 0, spread: 1.0 }, ..scored() };
        let change = calibration.predict(&unrated, SCALE) - without.predict(&unrated, SCALE);
        assert!((change - 0.4 * -0.5).abs() < 1e-6, "{change}");
        assert_eq!(calibration.predict(&scored(), SCALE), without.predict(&scored(), SCALE));
    }

    #[test]
    fn whoever_has_no_ratings_is_predicted_by_the_factors() {
        let calibration = Calibration::try_from(table()).unwrap();
        let nobody = Support { count: 0, spread: 1.0 };
        assert_eq!(calibration.predict(&Scored { user: nobody, ..scored() }, SCALE), 3.0);
        assert_eq!(calibration.predict(&Scored { user: nobody, score: 9.0, ..scored() }, SCALE), 5.0);
    }

    #[test]
    fn predictions_keep_to_the_scale() {
        let calibration = Calibration::try_from(table()).unwrap();
        for score in [-100.0, -1.0, 4.9, 100.0] {
            assert!(SCALE.contains(calibration.predict(&Scored { score, ..scored() }, SCALE)), "{score}");
        }
    }

    #[test]
    fn a_link_that_falls_somewhere_is_known() {
        let frame = table().frame;
        for (link, rises) in [
            ([0.0, 0.0], true),
            ([0.05, -0.01], true),
            ([0.3, 0.0], false),
            ([-0.4, 0.0], false),
            ([0.0, -0.05], false),
            ([0.0, 0.3], true),
            ([-0.5, 0.2], true),
            ([-1.0, 0.32], false),
        ] {
            assert_eq!(frame.is_rising(link, SCALE), rises, "{link:?}");
        }
    }

    #[test]
    fn spread_is_shrunk_towards_the_usual_one() {
        assert_eq!(Moments::default().support(1.25), Support { count: 0, spread: 1.25 });
        let found = Moments::of([1.0, 5.0, 1.0, 5.0, 3.0]).support(1.0);
        assert_eq!((found.count, found.spread), (5, (21.0_f32 / 10.0).sqrt()));
    }

    #[test]
    fn lying_tables_are_refused() {
        let refused = |change: fn(&mut CalibrationTable)| {
            let mut lie = table();
            change(&mut lie);
            Calibration::try_from(lie).unwrap_err()
        };
        assert_eq!(refused(|table| drop(table.bilinear.drain(1..))), CalibrationError::Weights);
        assert_eq!(refused(|table| table.bilinear.push(0.0)), CalibrationError::Weights);
        assert_eq!(refused(|table| table.bilinear[17] = f32::NAN), CalibrationError::NotFinite);
        assert_eq!(refused(|table| table.frame.movies[1] = f32::INFINITY), CalibrationError::NotFinite);
        assert_eq!(refused(|table| table.unrated = Some(f32::NAN)), CalibrationError::NotFinite);
        assert_eq!(refused(|table| table.link = Some([0.0, f32::NAN])), CalibrationError::NotFinite);
        assert_eq!(refused(|table| table.rank_score = Some([f32::NAN; 3])), CalibrationError::NotFinite);
    }
}
