//! Fitting the calibration on hold-outs: see [`matinee_model::calibration`].
//!
//! There are several hold-outs, because the errors on a single one are too few to fit all the weights well. Each is predicted
//! by a model that was learned without it. The same hold-outs also measure the model and its intervals. A rating that the calibration was fitted on would look too
//! well predicted. So for these measurements, the ratings of each user are predicted by a calibration that was fitted on
//! other users only (cross-fitting).

use matinee_model::calibration::{
    BILINEAR_TERMS, Calibration, CalibrationTable, Frame, Moments, RANK_TERMS, Scored, Signals, Terms,
};
use matinee_model::ranking::RankingWeights;
use matinee_model::{Factors, Rated, RatingScale};
use nalgebra::{DMatrix, DVector};

use crate::evaluation::TestRating;
use crate::ratings::{Dataset, Ratings};

/// With fewer ratings nothing is fitted.
const FEWEST: usize = 500;
/// The ridge: added to the diagonal of the normal equations, in squared units.
const RIDGE: f64 = 30.0;
/// The number of hold-outs.
pub const HOLD_OUTS: usize = 2;
/// The number of parts into which the users are divided for cross-fitting.
const PARTS: usize = 5;

/// The facts about users and movies that a calibration uses, from the ratings that a model was trained on.
pub struct KnownRatings {
    users: Vec<(Moments, Signals)>,
    movies: Vec<Moments>,
}

/// A hold-out, and what was learned without it.
#[derive(Debug, Clone, Copy)]
pub struct HeldOut<'a> {
    /// The ratings that were learned from.
    pub train: &'a Ratings,
    /// The ratings that were held out.
    pub asked: &'a [TestRating],
    /// The rating head.
    pub factors: &'a Factors,
    /// The ranking head, if there is one.
    pub ranking: Option<&'a RankingWeights>,
}

/// Hold-outs with the features of the regression.
pub struct Explained {
    scored: Vec<Scored>,
    asked: Vec<TestRating>,
    scale: RatingScale,
    frame: Frame,
    has_rank_score: bool,
}

/// The parts that are fitted besides the bilinear one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// The slope of the scores of unrated movies.
    pub unrated: bool,
    /// The curve through the scores.
    pub link: bool,
    /// The score of the ranking head, if it has one.
    pub rank_score: bool,
}

impl KnownRatings {
    /// Of these ratings of the data set.
    pub fn of(dataset: &Dataset, ratings: &Ratings) -> Self {
        let mut rated = vec![Vec::new(); dataset.user_count()];
        let mut movies = vec![Moments::default(); dataset.movie_count()];
        for rating in ratings {
            rated[rating.user.index()].push(Rated { movie: rating.movie, rating: rating.value });
            movies[rating.movie.index()].add(rating.value);
        }
        let scale = dataset.scale;
        let known = |rated: &Vec<Rated>| {
            (Moments::of(rated.iter().map(|rated| rated.rating)), Signals::of(rated, scale))
        };
        let users = rated.iter().map(known).collect();
        Self { users, movies }
    }

    /// The spread of each movie's ratings, for the artifact.
    pub fn movie_spreads(&self, usual_spread: f32) -> Vec<f32> {
        self.movies.iter().map(|moments| moments.support(usual_spread).spread).collect()
    }

    /// The score of each of these ratings, and everything else that the correction depends on.
    pub fn scored(
        &self,
        factors: &Factors,
        ranking: Option<&RankingWeights>,
        asked: &[TestRating],
        usual_spread: f32,
    ) -> Vec<Scored> {
        let (factors, view) = (factors.view(), ranking.map(RankingWeights::view));
        let nothing = Moments::default();
        let one = |asked: &TestRating| {
            let user = asked.user.map(|user| &self.users[user.index()]);
            let movie = asked.movie.map_or(nothing, |movie| self.movies[movie.index()]);
            let rank_score = match (user, &view, asked.movie) {
                (Some((_, signals)), Some(view), Some(movie)) => signals.rank_score(view, movie),
                _ => 0.0,
            };
            Scored {
                score: factors.score(asked.user, asked.movie),
                user: user.map_or(nothing, |known| known.0).support(usual_spread),
                movie: movie.support(usual_spread),
                rank_score,
            }
        };
        asked.iter().map(one).collect()
    }
}

impl Explained {
    /// These hold-outs, ready to be fitted on. `None` if they are too small together.
    pub fn new(dataset: &Dataset, hold_outs: &[HeldOut<'_>]) -> Option<Self> {
        let asked: Vec<TestRating> = hold_outs.iter().flat_map(|of| of.asked).copied().collect();
        if asked.len() < FEWEST {
            return None;
        }
        let scale = dataset.scale;
        let usual_spread = deviation(hold_outs[0].train);
        let scored: Vec<Scored> = hold_outs
            .iter()
            .flat_map(|of| {
                KnownRatings::of(dataset, of.train).scored(of.factors, of.ranking, of.asked, usual_spread)
            })
            .collect();
        let frame = frame(&scored, &asked, usual_spread, scale);
        let has_rank_score =
            hold_outs.iter().all(|of| matches!(of.ranking, Some(RankingWeights::Ease { .. })));
        Some(Self { scored, asked, scale, frame, has_rank_score })
    }

    /// The calibration that is fitted on all of them.
    pub fn fit(&self, parts: Parts) -> Option<Calibration> {
        self.fit_on(parts, |_| true)
    }

    /// The calibration that is fitted on those that are `admitted`.
    pub fn fit_where(&self, parts: Parts, admitted: impl Fn(&TestRating) -> bool) -> Option<Calibration> {
        self.fit_on(parts, |index| admitted(&self.asked[index]))
    }

    /// The prediction of each rating, by a calibration that was fitted on other users.
    pub fn cross_fit(&self) -> Option<Vec<f32>> {
        let part_of = |index: usize| self.asked[index].user.map_or(0, |user| user.index() % PARTS);
        let others: Vec<Calibration> = (0..PARTS)
            .map(|part| self.fit_on(Parts::ALL, |index| part_of(index) != part))
            .collect::<Option<_>>()?;
        let predict = |(index, scored): (usize, &Scored)| others[part_of(index)].predict(scored, self.scale);
        Some(self.scored.iter().enumerate().map(predict).collect())
    }

    /// Fits on the ratings that are `admitted`. The link is left out if a higher score could lead to a lower prediction.
    fn fit_on(&self, parts: Parts, admitted: impl Fn(usize) -> bool) -> Option<Calibration> {
        let rows: Vec<(Terms, f64)> = (0..self.asked.len())
            .filter(|&index| admitted(index) && self.scored[index].user.count > 0)
            .map(|index| {
                let scored = &self.scored[index];
                let left = (self.asked[index].rating - scored.score) / unit(self.scale);
                (self.frame.terms(scored, self.scale), f64::from(left))
            })
            .collect();
        let parts = Parts { rank_score: parts.rank_score && self.has_rank_score, ..parts };
        let table = self.regress(&rows, parts)?;
        let rises = table.link.is_none_or(|link| self.frame.is_rising(link, self.scale));
        let table = if rises { table } else { self.regress(&rows, Parts { link: false, ..parts })? };
        Calibration::try_from(table).ok()
    }

    fn regress(&self, rows: &[(Terms, f64)], parts: Parts) -> Option<CalibrationTable> {
        let numbers = |terms: &Terms| -> Vec<f64> {
            let unrated = Some(&terms.unrated).filter(|_| parts.unrated);
            let link = terms.link.iter().filter(|_| parts.link);
            let rank = terms.rank_score.iter().filter(|_| parts.rank_score);
            let all = terms.bilinear.iter().chain(unrated).chain(link).chain(rank);
            all.map(|&term| f64::from(term)).collect()
        };
        let weights = ridge(rows.iter().map(|(terms, left)| (numbers(terms), *left)))?;
        let mut weights = weights.iter().map(|&weight| weight as f32);
        let bilinear = weights.by_ref().take(BILINEAR_TERMS).collect();
        let mut next = || weights.next().unwrap_or_default();
        let unrated = parts.unrated.then(&mut next);
        let link = parts.link.then(|| [next(), next()]);
        let rank_score = parts.rank_score.then(|| std::array::from_fn::<f32, RANK_TERMS, _>(|_| next()));
        Some(CalibrationTable { frame: self.frame, bilinear, unrated, link, rank_score })
    }
}

impl Parts {
    /// What a model is calibrated with.
    pub const ALL: Self = Self { unrated: true, link: true, rank_score: true };
}

/// The weights of the ridge regression.
fn ridge(rows: impl Iterator<Item = (Vec<f64>, f64)>) -> Option<DVector<f64>> {
    let mut rows = rows.peekable();
    let order = rows.peek()?.0.len();
    let mut gram = DMatrix::identity(order, order) * RIDGE;
    let mut products = DVector::zeros(order);
    for (terms, left) in rows {
        let terms = DVector::from_vec(terms);
        gram.ger(1.0, &terms, &terms, 1.0);
        products.axpy(left, &terms, 1.0);
    }
    Some(gram.cholesky()?.solve(&products))
}

/// The means of the hold-out, which features are relative to.
fn frame(scored: &[Scored], asked: &[TestRating], usual_spread: f32, scale: RatingScale) -> Frame {
    let count = scored.len().max(1) as f64;
    let mean = |of: &dyn Fn(&Scored) -> f32| {
        (scored.iter().map(|scored| f64::from(of(scored))).sum::<f64>() / count) as f32
    };
    let log_count = |count: u32| (count as f32).ln_1p();
    let ratings: f64 = asked.iter().map(|asked| f64::from(asked.rating)).sum();
    Frame {
        centre: (ratings / count) as f32,
        usual_spread,
        users: [mean(&|of| log_count(of.user.count)), mean(&|of| of.user.spread / unit(scale))],
        movies: [mean(&|of| log_count(of.movie.count)), mean(&|of| of.movie.spread / unit(scale))],
    }
}

/// The standard deviation of ratings about their mean.
fn deviation(ratings: &Ratings) -> f32 {
    let count = ratings.len().max(1) as f64;
    let mean = ratings.iter().map(|rating| f64::from(rating.value)).sum::<f64>() / count;
    let squares: f64 = ratings.iter().map(|rating| (f64::from(rating.value) - mean).powi(2)).sum();
    (squares / count).sqrt() as f32
}

fn unit(scale: RatingScale) -> f32 {
    crate::algorithms::relative_range(scale) as f32
}
